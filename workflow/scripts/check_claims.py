from pathlib import Path

from pydantic import TypeAdapter

from robust_mer.jobs import job

with job(snakemake, f"check_claims {snakemake.wildcards.experiment}") as record:
    from robust_mer.provenance.origin import origin
    from robust_mer.report.spec import Experiment, TableFiles, TableSpec
    from robust_mer.report.tables.base import make_table
    from robust_mer.report.tables.registry import TABLES
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    experiment = TypeAdapter(Experiment).validate_python(snakemake.params.experiment)
    names = ("summary", "intervals", "comparisons", "utterances", "folds", "layouts")
    for name in ("claims", "orderings"):
        paths = [Path(path) for path in snakemake.output if Path(path).stem.endswith(f"_{name}")]
        make_table(
            TableSpec(name, Plugin(TABLES[name], {}), experiment),
            TableFiles(
                **{name: Path(snakemake.input[name]) for name in names},
                **{path.suffix[1:]: path for path in paths},
            ),
            Runtime(origin=origin(record)),
        )
