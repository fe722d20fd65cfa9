from robust_mer.jobs import job

corruption = snakemake.wildcards.corruption
with job(snakemake, f"measure_noise {corruption}"):
    from robust_mer.corruption.corrupt import read_alpha_bars
    from robust_mer.evaluation.embeddings import NoiseOfCorpus, write_noise_snr

    write_noise_snr(
        snakemake.output.measured,
        NoiseOfCorpus(
            corruption,
            snakemake.params.noises,
            read_alpha_bars(snakemake.input.schedule),
            snakemake.params.seed,
        ),
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        features=dict(zip(snakemake.params.extractors, snakemake.input.features, strict=True)),
        normalise=snakemake.params.normalise,
        not_finite=snakemake.params.not_finite,
    )
