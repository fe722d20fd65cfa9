from robust_mer.jobs import job

wildcards = snakemake.wildcards
with job(snakemake, f"evaluate_model {wildcards.model} {wildcards.tested_on}"):
    from robust_mer.corruption.corrupt import read_alpha_bars
    from robust_mer.evaluation.evaluate import evaluate_replicas

    evaluate_replicas(
        snakemake.output.predictions,
        checkpoints=list(snakemake.input.checkpoints),
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        features=dict(zip(snakemake.params.extractors, snakemake.input.features, strict=True)),
        noises=snakemake.params.noises,
        corrupted=dict(zip(snakemake.params.raw, snakemake.input.corrupted, strict=True)),
        alpha_bars=read_alpha_bars(snakemake.input.schedule) if snakemake.input.schedule else {},
        seed=snakemake.params.seed,
        not_finite=snakemake.params.not_finite,
        device=snakemake.config["training"]["device"],
        threads=snakemake.threads,
        trusted=[snakemake.params.implementation],
    )
