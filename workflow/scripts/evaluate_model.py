from robust_mer.jobs import job

wildcards = snakemake.wildcards
with job(snakemake.log[0], f"evaluate_model {wildcards.model} {wildcards.tested_on}"):
    from robust_mer.corruption.corrupt import read_alpha_bars
    from robust_mer.evaluation.evaluate import evaluate_replicas

    evaluate_replicas(
        snakemake.output.predictions,
        checkpoints=list(snakemake.input.checkpoints),
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        features=dict(zip(snakemake.params.extractors, snakemake.input.features, strict=True)),
        alpha_bars=read_alpha_bars(snakemake.input.schedule) if snakemake.input.schedule else {},
        tested_on=wildcards.tested_on,
        not_finite=snakemake.params.not_finite,
        noise=snakemake.params.noise,
        device=snakemake.config["training"]["device"],
        threads=snakemake.threads,
    )
