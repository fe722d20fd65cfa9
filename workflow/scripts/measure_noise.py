from robust_mer.jobs import job

corruption = snakemake.wildcards.corruption
with job(snakemake, f"measure_noise {corruption}"):
    from robust_mer.corruption.corrupt import read_alpha_bars
    from robust_mer.evaluation.embeddings import NoiseOfCorpus, write_noise_snr
    from robust_mer.modality import modalities_of
    from robust_mer.protocol import Corruption, noise_specs

    params = snakemake.params

    write_noise_snr(
        snakemake.output.measured,
        NoiseOfCorpus(
            Corruption(corruption, noise_specs(params.noises), params.seed),
            read_alpha_bars(snakemake.input.schedule),
        ),
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        modalities=modalities_of(params.extractors, params.normalise, params.not_finite),
        features=snakemake.input.features,
    )
