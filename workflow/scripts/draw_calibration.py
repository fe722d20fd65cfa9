from pathlib import Path

from pydantic import TypeAdapter

from robust_mer.jobs import job

with job(snakemake, f"draw_calibration {snakemake.wildcards.experiment}") as record:
    from robust_mer.provenance.origin import origin
    from robust_mer.report.figures.base import make_figure
    from robust_mer.report.figures.registry import FIGURES
    from robust_mer.report.spec import Experiment, FigureFiles, FigureSpec
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    make_figure(
        FigureSpec(
            "raw",
            Plugin(FIGURES["raw"], {}),
            TypeAdapter(Experiment).validate_python(snakemake.params.experiment),
        ),
        FigureFiles(
            calibration=Path(snakemake.input.calibration),
            svg=Path(snakemake.output.svg),
            pdf=Path(snakemake.output.pdf),
        ),
        Runtime(origin=origin(record)),
    )
