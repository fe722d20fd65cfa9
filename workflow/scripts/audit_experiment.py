from pathlib import Path

from pydantic import TypeAdapter

from robust_mer.jobs import job

with job(snakemake, f"audit_experiment {snakemake.wildcards.experiment}") as record:
    from robust_mer.provenance.origin import origin
    from robust_mer.report.spec import Experiment, Facts, TableFiles, TableSpec
    from robust_mer.report.tables.base import make_table
    from robust_mer.report.tables.registry import TABLES
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    make_table(
        TableSpec(
            "audit",
            Plugin(TABLES["audit"], {}),
            TypeAdapter(Experiment).validate_python(snakemake.params.experiment),
            TypeAdapter(Facts).validate_python(snakemake.params.facts),
        ),
        TableFiles(
            **{name: Path(path) for name, path in snakemake.input.items()},
            **{Path(path).suffix[1:]: Path(path) for path in snakemake.output},
        ),
        Runtime(origin=origin(record)),
    )
