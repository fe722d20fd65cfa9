from robust_mer.jobs import job

with job(snakemake, f"resample_features {snakemake.wildcards.extractor}"):
    from pathlib import Path

    from robust_mer.features.resampling import resample_features
    from robust_mer.features.specs import ResampleFiles, ResampleSpec
    from robust_mer.runtime import Runtime

    resample_features(
        ResampleSpec(snakemake.params.frame_rate, snakemake.params.not_finite),
        ResampleFiles(
            source=Path(snakemake.input.source),
            source_table=Path(snakemake.input.source_table),
            features=Path(snakemake.output.features),
            table=Path(snakemake.output.table),
        ),
        Runtime(),
    )
