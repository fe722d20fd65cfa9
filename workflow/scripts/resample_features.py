from robust_mer.jobs import job

with job(snakemake, f"resample_features {snakemake.wildcards.extractor}"):
    from robust_mer.features.resampling import resample_features

    resample_features(
        snakemake.output.features,
        snakemake.output.table,
        source=snakemake.input.features,
        source_table=snakemake.input.table,
        frame_rate=snakemake.params.frame_rate,
        not_finite=snakemake.params.not_finite,
    )
