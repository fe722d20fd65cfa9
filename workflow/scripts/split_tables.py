from pathlib import Path

from pydantic import TypeAdapter

from robust_mer.jobs import job

with job(snakemake, f"split_tables {snakemake.wildcards.experiment}"):
    from robust_mer.evaluation.spec import SplitSpec
    from robust_mer.evaluation.split import SplitFiles, write_split
    from robust_mer.report.spec import Experiment
    from robust_mer.runtime import Runtime

    write_split(
        SplitSpec(
            TypeAdapter(Experiment).validate_python(snakemake.params.experiment),
            snakemake.wildcards.column,
        ),
        SplitFiles(
            list(map(Path, snakemake.input.predictions)),
            Path(snakemake.input.utterances),
            Path(snakemake.output.table),
        ),
        Runtime(),
    )
