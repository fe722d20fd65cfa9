from robust_mer.jobs import job

with job(snakemake, f"measure_corrupted {snakemake.wildcards.raw}"):
    from pathlib import Path

    from robust_mer.corruption.raw.measure import write_measured
    from robust_mer.corruption.specs import MeasureFiles, MeasureSpec
    from robust_mer.modality import Modality
    from robust_mer.runtime import Runtime

    params = snakemake.params
    write_measured(
        MeasureSpec(Modality(params.modality, "", params.extractor, True, params.not_finite)),
        MeasureFiles(
            utterances=Path(snakemake.input.utterances),
            folds=Path(snakemake.input.folds),
            clean=Path(snakemake.input.clean),
            corrupted=Path(snakemake.input.corrupted),
            schedule=Path(snakemake.output.schedule),
        ),
        Runtime(),
    )
