"""What the jobs of the report are made from, and the files that they read and write.

Free of torch and pandas: planning a run imports this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from robust_mer.conditions import Corruption
from robust_mer.evaluation.experiment import (
    CorpusFacts,
    CorruptionFacts,
    Evaluation,
    Experiment,
    Facts,
    TrainedOn,
    Training,
)
from robust_mer.modality import Modality
from robust_mer.settings import Plugin

__all__ = [
    "CorpusFacts",
    "CorruptionFacts",
    "DrawnFiles",
    "EmbeddingsSpec",
    "Evaluation",
    "Experiment",
    "Facts",
    "FigureFiles",
    "FigureSpec",
    "ReconstructionsSpec",
    "ReportSpec",
    "Results",
    "Shown",
    "TableFiles",
    "TableSpec",
    "TrainedOn",
    "Training",
]


@dataclass(frozen=True)
class TableSpec:
    """What `robust_mer.report.tables.base.make_table` is made from."""

    name: str
    """Of the table, in names of files."""
    table: Plugin
    """A `robust_mer.report.tables.base.ResultTable`."""
    experiment: Experiment
    facts: Facts = field(default_factory=Facts)
    """Those that the table ``uses``."""


@dataclass(frozen=True)
class FigureSpec:
    """What `robust_mer.report.figures.base.make_figure` is made from."""

    name: str
    """Of the figure, in names of files."""
    figure: Plugin
    """A `robust_mer.report.figures.base.ResultFigure`."""
    experiment: Experiment
    facts: Facts = field(default_factory=Facts)
    """Those that the figure ``uses``."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """What tables and figures may read; a class says in ``reads`` which of it by these names."""

    summary: Path | None = None
    """``{experiment}_all.csv``."""
    intervals: Path | None = None
    """``{experiment}_intervals.csv``."""
    comparisons: Path | None = None
    """``{experiment}_comparisons.csv``."""
    reliability: Path | None = None
    """``{experiment}_reliability.csv``."""
    curves: Path | None = None
    """``{experiment}_risk_coverage.csv``."""
    rankings: Path | None = None
    """``{experiment}_rankings.csv``."""
    calibration: Path | None = None
    """``{experiment}_raw.csv``."""
    peeking: Path | None = None
    """``{experiment}_peeking.csv``, of an experiment with ``audit: {peeking: true}``."""
    sets: Path | None = None
    """``{experiment}_sets.csv``."""
    predictions: list[Path] = field(default_factory=list)
    """One per evaluation of the experiment, in their order."""
    histories: list[Path] = field(default_factory=list)
    """Of every replica (by fold, then seed) of every training in ``facts.learning``, in order."""
    candidates: list[Path] = field(default_factory=list)
    """Likewise of ``facts.tuned``: what each replica was chosen from."""
    utterances: Path | None = None
    """The corpus' index."""
    folds: Path | None = None
    """The corpus' folds."""
    checks: Path | None = None
    """The corpus' ``fold_checks.csv``."""
    layouts: Path | None = None
    """``resources/published/layouts.yaml``."""
    published: list[Path] = field(default_factory=list)
    """The papers' numbers, beside the layouts."""

    def path(self, name: str) -> Path:
        """One of the files, by its field.

        Raises:
            ValueError: The table or figure does not name the field in its ``reads``.
        """
        path = getattr(self, name)
        if not isinstance(path, Path):
            raise ValueError(
                f"A table or figure asks for {name!r}, which its `reads` does not name as one of "
                "the files of `robust_mer.report.spec.Results`: add it there"
            )
        return path


@dataclass(frozen=True, kw_only=True)
class TableFiles(Results):
    """What a table reads, and what it writes: those of the three that are in its ``writes``."""

    csv: Path | None = None
    md: Path | None = None
    tex: Path | None = None


@dataclass(frozen=True, kw_only=True)
class DrawnFiles:
    """What every figure writes."""

    svg: Path
    pdf: Path
    caption: Path
    """What stands below it: plain text."""
    chart: Path
    """The same in Vega-Lite, for the page; ``null`` for a figure that is a picture only."""


@dataclass(frozen=True, kw_only=True)
class FigureFiles(Results, DrawnFiles):
    """What a figure reads, and what it writes."""


@dataclass(frozen=True)
class EmbeddingsSpec:
    """What `robust_mer.report.figures.embeddings.draw_embeddings` is made from."""

    experiment: Experiment
    """Its title, see `Experiment.heading`."""
    corruptions: tuple[Corruption, ...]
    """Noises at their SNRs."""
    modalities: tuple[Modality, ...]


@dataclass(frozen=True)
class ReconstructionsSpec:
    """What `robust_mer.report.figures.reconstructions.draw_reconstructions` is made from."""

    experiment: Experiment
    """Its title, see `Experiment.heading`."""
    names: tuple[str, ...]
    """Of the checkpoints, in their order."""
    modalities: tuple[Modality, ...]
    trusted: tuple[str, ...] = ()
    """``module:Class`` of the models, which the checkpoints may name if they are a user's own."""


@dataclass(frozen=True)
class Shown:
    """One experiment on the page, and what is shown of it.

    The names say which of the report's files are whose: the files of all experiments lie one after
    the other, in the order of these names (see `robust_mer.report.page.ReportFiles`).
    """

    experiment: Experiment
    facts: Facts = field(default_factory=Facts)
    tables: Mapping[str, Plugin] = field(default_factory=dict)
    """By name, in the order of the registry; see `robust_mer.report.tables.registry.tables_of`."""
    figures: Mapping[str, Plugin] = field(default_factory=dict)
    """By name; see `robust_mer.report.figures.registry.figures_of`."""
    has_calibration: bool = False
    """Whether recordings were corrupted, so that there is a ``{name}_raw.csv``."""
    logs: tuple[str, ...] = ()
    """What was extracted, as it is called above its counts; a log of extraction for each."""
    scheduled: tuple[str, ...] = ()
    """Corruptions of features that have a schedule."""
    replaced: Mapping[str, float] = field(default_factory=dict)
    """By the name of the log, what takes the place of values that are not finite."""


@dataclass(frozen=True)
class ReportSpec:
    """What `robust_mer.report.page.write_report` is made from."""

    experiments: tuple[Shown, ...]
    checkpoints: tuple[str, ...]
    """Of all replicas; no inputs, because they would be thousands."""
    config: Mapping[str, Any]
    """The config of the run."""
