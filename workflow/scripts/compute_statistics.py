from pathlib import Path

from pydantic import TypeAdapter

from robust_mer.jobs import job

with job(snakemake, f"compute_statistics {snakemake.wildcards.experiment}") as record:
    from robust_mer.evaluation.scores import ScoresFiles, compute_statistics
    from robust_mer.evaluation.spec import ScoresSpec
    from robust_mer.provenance.origin import origin
    from robust_mer.report.spec import Experiment, TableFiles, TableSpec
    from robust_mer.report.tables.base import make_table
    from robust_mer.report.tables.registry import TABLES
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    experiment = TypeAdapter(Experiment).validate_python(snakemake.params.experiment)
    runtime = Runtime(origin=origin(record))
    files = ScoresFiles(
        list(map(Path, snakemake.input.predictions)),
        Path(snakemake.input.utterances),
        Path(snakemake.input.folds),
        intervals=Path(snakemake.output.intervals),
        comparisons=Path(snakemake.output.comparisons[0]),
        reliability=Path(snakemake.output.reliability[0]),
        curves=Path(snakemake.output.curves),
    )
    compute_statistics(ScoresSpec(experiment), files, runtime)
    for name, path in (("comparisons", files.comparisons), ("reliability", files.reliability)):
        make_table(
            TableSpec(name, Plugin(TABLES[name], {}), experiment),
            TableFiles(
                comparisons=files.comparisons,
                reliability=files.reliability,
                folds=files.folds,
                md=path.with_suffix(".md"),
            ),
            runtime,
        )
