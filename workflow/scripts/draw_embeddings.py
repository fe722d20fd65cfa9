from robust_mer.jobs import job

with job(snakemake, f"draw_embeddings {snakemake.wildcards.experiment}") as record:
    from robust_mer.corruption.corrupt import read_alpha_bars
    from robust_mer.evaluation.embeddings import NoiseOfCorpus
    from robust_mer.evaluation.figures.embeddings import draw_embeddings
    from robust_mer.modality import modalities_of
    from robust_mer.protocol import Corruption, noise_specs
    from robust_mer.provenance.origin import origin

    params = snakemake.params
    noises = params.noises.items()
    draw_embeddings(
        {**params.experiment, "origin": origin(record)},
        [
            NoiseOfCorpus(
                Corruption(name, noise_specs(of_modality), params.seed), read_alpha_bars(schedule)
            )
            for (name, of_modality), schedule in zip(noises, snakemake.input.schedules, strict=True)
        ],
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        modalities=modalities_of(params.extractors, params.normalise, params.not_finite),
        features=snakemake.input.features,
        svg=snakemake.output.svg,
        pdf=snakemake.output.pdf,
        distances_csv=snakemake.output.distances,
    )
