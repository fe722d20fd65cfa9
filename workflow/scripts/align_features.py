from robust_mer.jobs import job

with job(snakemake, f"align_features {snakemake.wildcards.extractor}"):
    from pathlib import Path

    from robust_mer.features.alignment import align_features
    from robust_mer.features.specs import AlignFiles, AlignSpec
    from robust_mer.runtime import Runtime

    align_features(
        AlignSpec(snakemake.params.modality, snakemake.params.not_finite),
        AlignFiles(
            source=Path(snakemake.input.source),
            source_table=Path(snakemake.input.source_table),
            words=Path(snakemake.input.words),
            problems=Path(snakemake.input.problems),
            utterances=Path(snakemake.input.utterances),
            features=Path(snakemake.output.features),
            table=Path(snakemake.output.table),
        ),
        Runtime(),
    )
