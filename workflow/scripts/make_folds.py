from robust_mer.jobs import job

with job(snakemake, "make_folds"):
    from pathlib import Path

    from robust_mer.corpora.folds import FoldsFiles, FoldsSpec, write_folds
    from robust_mer.runtime import Runtime

    write_folds(
        FoldsSpec(**snakemake.params.folds),
        FoldsFiles(
            utterances=Path(snakemake.input.utterances),
            media=Path(snakemake.input.media),
            folds=Path(snakemake.output.folds),
            checks=Path(snakemake.output.checks),
        ),
        Runtime(),
    )
