from robust_mer.jobs import job

wildcards = snakemake.wildcards
with job(snakemake.log[0], f"train_model {wildcards.model} {wildcards.trained_on}"):
    from robust_mer.corruption.corrupt import read_alpha_bars
    from robust_mer.training.train import train_replica

    train_replica(
        checkpoint=snakemake.output.checkpoint,
        history=snakemake.output.history,
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        features=dict(zip(snakemake.params.normalise, snakemake.input.features, strict=True)),
        alpha_bars=read_alpha_bars(snakemake.input.schedule) if snakemake.input.schedule else {},
        teacher=snakemake.input.teacher or None,  # an empty list where there is none
        trained_on=wildcards.trained_on,
        fold=int(wildcards.fold),
        seed=int(wildcards.seed),
        model=snakemake.params.model,
        normalise=snakemake.params.normalise,
        noise=snakemake.params.noise,
        device=snakemake.config["training"]["device"],
        threads=snakemake.threads,
    )
