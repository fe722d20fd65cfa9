from robust_mer.jobs import job

with job(snakemake, f"draw_embeddings {snakemake.wildcards.experiment}") as record:
    from robust_mer.corruption.corrupt import read_alpha_bars
    from robust_mer.evaluation.embeddings import NoiseOfCorpus
    from robust_mer.evaluation.figures.embeddings import draw_embeddings
    from robust_mer.provenance.origin import origin

    noises = snakemake.params.noises.items()
    draw_embeddings(
        {**snakemake.params.experiment, "origin": origin(record)},
        [
            NoiseOfCorpus(name, of_modality, read_alpha_bars(schedule), snakemake.params.seed)
            for (name, of_modality), schedule in zip(noises, snakemake.input.schedules, strict=True)
        ],
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        features=dict(zip(snakemake.params.extractors, snakemake.input.features, strict=True)),
        normalise=snakemake.params.normalise,
        not_finite=snakemake.params.not_finite,
        svg=snakemake.output.svg,
        pdf=snakemake.output.pdf,
        distances_csv=snakemake.output.distances,
    )
