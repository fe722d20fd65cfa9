from pathlib import Path

from pydantic import TypeAdapter

from robust_mer.jobs import job

wildcards = snakemake.wildcards
with job(snakemake, f"draw_figure {wildcards.experiment} {wildcards.figure}") as record:
    from robust_mer.provenance.origin import origin
    from robust_mer.report.figures.base import make_figure
    from robust_mer.report.figures.registry import FIGURES
    from robust_mer.report.spec import Experiment, Facts, FigureFiles, FigureSpec
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    inputs = {
        name: list(map(Path, paths)) if name in ("predictions", "histories") else Path(paths)
        for name, paths in snakemake.input.items()
    }
    make_figure(
        FigureSpec(
            wildcards.figure,
            Plugin(FIGURES[wildcards.figure], {}),
            TypeAdapter(Experiment).validate_python(snakemake.params.experiment),
            TypeAdapter(Facts).validate_python(snakemake.params.facts),
        ),
        FigureFiles(**inputs, svg=Path(snakemake.output.svg), pdf=Path(snakemake.output.pdf)),
        Runtime(origin=origin(record)),
    )
