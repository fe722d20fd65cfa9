from dataclasses import fields
from pathlib import Path

from pydantic import TypeAdapter

from robust_mer.jobs import job

with job(snakemake, "write_report"):
    from robust_mer.report.page import ReportFiles, write_report
    from robust_mer.report.spec import ReportSpec
    from robust_mer.runtime import Runtime

    params = snakemake.params
    names = [field.name for field in fields(ReportFiles) if field.name not in ("samples", "html")]
    write_report(
        TypeAdapter(ReportSpec).validate_python(
            {
                "experiments": params.experiments,
                "checkpoints": params.checkpoints,
                "config": params.config,
            }
        ),
        ReportFiles(
            **{name: list(map(Path, snakemake.input[name])) for name in names},
            samples=Path(snakemake.input.samples[0]),
            html=Path(snakemake.output.html),
        ),
        Runtime(),
    )
