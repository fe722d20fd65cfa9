from robust_mer.jobs import job

with job(snakemake, f"align_features {snakemake.wildcards.extractor}"):
    from robust_mer.features.alignment import align_features

    align_features(
        snakemake.output.features,
        snakemake.output.table,
        source=snakemake.input.features,
        source_table=snakemake.input.table,
        words_csv=snakemake.input.words,
        problems_csv=snakemake.input.problems,
        utterances_csv=snakemake.input.utterances,
        modality=snakemake.params.modality,
        not_finite=snakemake.params.not_finite,
    )
