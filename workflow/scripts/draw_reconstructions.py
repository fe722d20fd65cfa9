from robust_mer.jobs import job

with job(snakemake, f"draw_reconstructions {snakemake.wildcards.experiment}") as record:
    from robust_mer.evaluation.figures.reconstructions import draw_reconstructions
    from robust_mer.modality import modalities_of
    from robust_mer.provenance.origin import origin

    params = snakemake.params
    draw_reconstructions(
        {**params.experiment, "origin": origin(record)},
        dict(zip(params.names, snakemake.input.checkpoints, strict=True)),
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        modalities=modalities_of(params.extractors, None, params.not_finite),
        features=snakemake.input.features,
        svg=snakemake.output.svg,
        pdf=snakemake.output.pdf,
        distances_csv=snakemake.output.distances,
        trusted=params.implementations,
    )
