from robust_mer.jobs import job

with job(snakemake, f"schedule_noise {snakemake.wildcards.corruption}"):
    from robust_mer.corruption.corrupt import write_schedule

    write_schedule(
        snakemake.output.schedule,
        corruption=snakemake.wildcards.corruption,
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        features=dict(zip(snakemake.params.extractors, snakemake.input.features, strict=True)),
        normalise=snakemake.params.normalise,
        not_finite=snakemake.params.not_finite,
        mode=snakemake.params.mode,
        schedule=snakemake.params.schedule,
        noises=snakemake.params.noises,
    )
