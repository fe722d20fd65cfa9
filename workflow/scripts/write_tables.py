from pathlib import Path

from pydantic import TypeAdapter

from robust_mer.jobs import job

with job(snakemake, f"write_tables {snakemake.wildcards.experiment}") as record:
    from robust_mer.evaluation.scores import SummaryFiles, write_summary
    from robust_mer.evaluation.spec import SummarySpec
    from robust_mer.provenance.origin import origin
    from robust_mer.report.spec import Experiment, TableFiles, TableSpec
    from robust_mer.report.tables.base import make_table
    from robust_mer.report.tables.registry import TABLES
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    experiment = TypeAdapter(Experiment).validate_python(snakemake.params.experiment)
    summary = Path(snakemake.output.summary)
    runtime = Runtime(origin=origin(record))
    write_summary(
        SummarySpec(experiment, tuple(snakemake.params.corruptions)),
        SummaryFiles(
            list(map(Path, snakemake.input.predictions)),
            list(map(Path, snakemake.input.schedules)),
            list(map(Path, snakemake.input.published)),
            summary,
        ),
        runtime,
    )
    for name in ("average", "conditions"):
        paths = {
            suffix: summary.with_name(f"{experiment.name}_{name}.{suffix}")
            for suffix in ("csv", "md", "tex")
        }
        make_table(
            TableSpec(name, Plugin(TABLES[name], {}), experiment),
            TableFiles(summary=summary, **paths),
            runtime,
        )
