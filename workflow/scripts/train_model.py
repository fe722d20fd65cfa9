from robust_mer.jobs import job

wildcards = snakemake.wildcards
with job(snakemake, f"{snakemake.rule} {wildcards.model} {wildcards.trained_on}"):
    from robust_mer.corruption.corrupt import read_alpha_bars
    from robust_mer.identity import parse_identity
    from robust_mer.replicas import by_replica
    from robust_mer.training.train import train_replicas

    training = snakemake.config["training"]  # not params: how wide a run is changes no result
    corruptions = snakemake.params.corruptions
    noisy = [name for name, how in corruptions.items() if how["noises"]]
    schedules = map(read_alpha_bars, snakemake.input.schedules)
    train_replicas(
        by_replica(snakemake.output.checkpoints),
        by_replica(snakemake.output.histories),
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        features=dict(zip(snakemake.params.extractors, snakemake.input.features, strict=True)),
        corruptions=corruptions,
        alpha_bars=dict(zip(noisy, schedules, strict=True)),
        teachers=by_replica(snakemake.input.teachers),
        trained_on=wildcards.trained_on,
        model=snakemake.params.model,
        normalise=snakemake.params.normalise,
        encoders=snakemake.params.encoders,
        not_finite=snakemake.params.not_finite,
        code=parse_identity(snakemake.params.code)[0],
        device=training["device"],
        max_replicas=None if training["max_replicas"] == "auto" else training["max_replicas"],
        threads=snakemake.threads,
        trusted=snakemake.params.teacher_implementations,
    )
