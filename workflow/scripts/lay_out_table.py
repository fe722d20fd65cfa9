from pathlib import Path

from pydantic import TypeAdapter

from robust_mer.jobs import job

wildcards = snakemake.wildcards
with job(snakemake, f"lay_out_table {wildcards.experiment} {wildcards.table}") as record:
    from robust_mer.provenance.origin import origin
    from robust_mer.report.spec import Experiment, TableFiles, TableSpec
    from robust_mer.report.tables.base import make_table
    from robust_mer.report.tables.registry import PAPER_TABLE
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    names = ("summary", "intervals", "comparisons", "utterances", "folds", "layouts")
    make_table(
        TableSpec(
            wildcards.table,
            Plugin(PAPER_TABLE, {"layout": wildcards.table}),
            TypeAdapter(Experiment).validate_python(snakemake.params.experiment),
        ),
        TableFiles(
            **{name: Path(snakemake.input[name]) for name in names},
            **{Path(path).suffix[1:]: Path(path) for path in snakemake.output},
        ),
        Runtime(origin=origin(record)),
    )
