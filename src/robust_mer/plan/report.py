"""Tables and figures of every experiment, and their input files."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robust_mer.errors import InputError
from robust_mer.evaluation.experiment import Training
from robust_mer.metrics.metric import Metric
from robust_mer.metrics.registry import METRICS
from robust_mer.plan.config import ExperimentConfig, PluginConfig
from robust_mer.plan.experiments import Experiments
from robust_mer.plan.job import Paths
from robust_mer.plan.layout import CANDIDATES, HISTORY, PEEKED
from robust_mer.plan.messages import unknown
from robust_mer.plan.plugins import resolve
from robust_mer.report.figures.base import ResultFigure
from robust_mer.report.figures.registry import FIGURES, figures_of
from robust_mer.report.layouts import read_layouts
from robust_mer.report.spec import Results
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.tables.registry import TABLES, tables_of
from robust_mer.settings import Plugin, load
from robust_mer.tasks.task import Task

if TYPE_CHECKING:
    from robust_mer.plan.plan import Plan

SAMPLES = "nmer_table1_samples.csv"
"""The papers' numbers of utterances."""
TABLES_OF_SCORES = {
    "summary": "all",
    "intervals": "intervals",
    "comparisons": "comparisons",
    "reliability": "reliability",
    "curves": "risk_coverage",
    "rankings": "rankings",
    "calibration": "raw",
    "peeking": "peeking",
    "sets": "sets",
}
"""Tables that evaluation writes, by the name under which tables and figures read them."""
_RESERVED = ("all", "intervals", "risk_coverage", "tsne", "reconstructions")
_SPLIT = "by_"
_PLURALS = {"class": "classes", "number": "numbers", "label": "several labels"}


class ReportPlan:
    """Tables and figures of a run.

    Args:
        plan: Of the run.
        published: Folder of the papers' numbers.
    """

    def __init__(self, plan: "Plan", published: str) -> None:
        self._plan, self.published = plan, published
        config = plan.config
        self._metrics = {
            name: resolve(
                METRICS, one.kind or name, one.settings, f"metrics.{name}", Metric, one.own_keys()
            )
            for name, one in config.metrics.items()
        }
        self._check_metrics()
        self.own_tables = _plan_own(config.tables, TABLES, "tables", ResultTable)
        self.own_figures = _plan_own(config.figures, FIGURES, "figures", ResultFigure)
        experiments = Experiments(plan, self.metrics)
        self.experiment, self.facts = experiments.experiment, experiments.facts
        self.at_snrs, self.scheduled = experiments.at_snrs, experiments.scheduled
        self.raw_corruptions, self.recordings = experiments.raw_corruptions, experiments.recordings

    @cached_property
    def layouts(self) -> dict[str, Any]:
        """The papers' tables as data, by name."""
        return read_layouts(f"{self.published}/layouts.yaml")

    def metrics(self, corpus: str) -> tuple[Plugin, ...]:
        """What is measured on a corpus: the metrics of its task, and those that the config adds."""
        task = self._plan.corpora[corpus].predicts
        plugins = {}
        for name in task.measured:
            kind = task.selectable[name]
            implementation = f"{kind.__module__}:{kind.__qualname__}"
            plugins[name] = Plugin(implementation, kind.settings_class().model_dump())
        for name, metric in self._metrics.items():
            if not _can_measure(task, metric.kind):
                continue
            if plugins.get(metric.kind.name, metric.plugin) != metric.plugin:
                raise InputError(
                    f"config: metrics.{name}: another metric has the name {metric.kind.name}; "
                    "choose another name"
                )
            plugins[metric.kind.name] = metric.plugin
        return tuple(plugins.values())

    def _check_metrics(self) -> None:
        """Check that each metric of the config measures some corpus of the run."""
        plan = self._plan
        names = dict.fromkeys(one.corpus for one in plan.grid.experiments.values())
        tasks = {name: plan.corpora[name].predicts for name in names}
        for name, metric in self._metrics.items():
            if not any(_can_measure(task, metric.kind) for task in tasks.values()):
                corpora = ", ".join(
                    f"{n} ({plan.corpora[n].config.task}{_scale(task.scale)})"
                    for n, task in tasks.items()
                )
                measured = f"{_PLURALS[metric.kind.encoding]}{_scale(metric.kind.scale)}"
                raise InputError(
                    f"config: metrics.{name} measures {measured}, which no corpus of the run "
                    f"predicts: {corpora}"
                )
        for corpus in tasks:
            self.metrics(corpus)

    # -- tables and figures ----------------------------------------------------------------------

    def tables(self, name: str) -> dict[str, Plugin]:
        """The tables of an experiment by name."""
        return tables_of(self.experiment(name), self.facts(name), self.layouts, self.own_tables)

    def figures(self, name: str) -> dict[str, Plugin]:
        """The figures of an experiment by name."""
        return figures_of(self.experiment(name), self.facts(name), self.own_figures)

    @cached_property
    def generic_figures(self) -> list[str]:
        """Figures of the run that `make_figure` draws; the others have separate jobs."""
        figures = _merged(self.figures(name) for name in self._plan.grid.experiments)
        return [n for n, one in figures.items() if load(one.implementation).job == "make_figure"]

    @cached_property
    def table_rules(self) -> dict[str, tuple[type[ResultTable], list[str]]]:
        """By the name of a rule, the class of its tables and their names.

        There is a rule for each section of the report and set of file formats.
        """
        rules: dict[str, tuple[type[ResultTable], list[str]]] = {}
        tables = _merged(self.tables(name) for name in self._plan.grid.experiments)
        for name, table in tables.items():
            kind: type[ResultTable] = load(table.implementation)
            if name in self._plan.config.tables and not {"csv", "md"} <= {*kind.writes}:
                raise InputError(
                    f"config: tables.{name}: `writes` of {kind.__name__} is "
                    f"{', '.join(kind.writes)}; it must have csv and md, which the report reads"
                )
            rule = f"make_{kind.section}_{'_'.join(kind.writes)}"
            rules.setdefault(rule, (kind, []))[1].append(name)
        return rules

    def table_files(self, name: str) -> list[str]:
        """All tables of an experiment that have a csv, including those by column."""
        return [*self.tables(name), *self.split_names(name)]

    def split_names(self, name: str) -> list[str]:
        """Names of the tables by the values of a column of the index."""
        corpus = self._plan.corpora[self._plan.grid.experiments[name].corpus]
        return [f"{_SPLIT}{column}" for column in corpus.config.split_by]

    # -- input files -----------------------------------------------------------------------------

    def inputs(self, name: str, reads: Iterable[str]) -> dict[str, Paths]:
        """Files of an experiment by the names under which tables and figures read them."""
        return {key: self._input(name, key) for key in reads}

    def _input(self, name: str, key: str) -> Paths:
        plan, layout = self._plan, self._plan.layout
        section = plan.grid.experiments[name]
        if key in TABLES_OF_SCORES:
            return layout.table(name, TABLES_OF_SCORES[key])
        if key == "predictions":
            return [
                layout.predictions(section.corpus, *one) for one in plan.grid.evaluations(section)
            ]
        if key == "histories":
            return self._of_replicas(section, self.facts(name).learning, HISTORY)
        if key == "candidates":
            return self._of_replicas(section, self.facts(name).tuned, CANDIDATES)
        if key == "peeked":
            return self._of_replicas(section, self.facts(name).peeked, PEEKED)
        if key == "presence":
            corpus = plan.corpora[section.corpus]
            is_needed = self.experiment(name).needs_presence
            return plan.feature_files(corpus.name, corpus.modalities) if is_needed else []
        if key == "layouts":
            return f"{self.published}/layouts.yaml"
        if key == "published":
            return self.published_tables
        of_corpus = {"utterances": "utterances", "folds": "folds", "checks": "fold_checks"}
        return layout.of_corpus(section.corpus, f"{of_corpus[key]}.csv")

    def _of_replicas(
        self, section: ExperimentConfig, trainings: Iterable[Training], suffix: str
    ) -> list[str]:
        """Files of all replicas of some trainings."""
        replicas = self._plan.grid.replicas_of(section)
        return [
            path
            for model, trained_on in trainings
            for path in self._plan.checkpoints(section.corpus, model, trained_on, replicas, suffix)
        ]

    @cached_property
    def published_tables(self) -> list[str]:
        """The papers' measures."""
        names = sorted(path.name for path in Path(self.published).glob("*.csv"))
        return [f"{self.published}/{name}" for name in names if name != SAMPLES]


def _can_measure(task: Task, kind: type[Metric]) -> bool:
    """Whether a metric makes sense of a task's answers."""
    return kind.encoding == task.encoding and kind.scale in (None, task.scale)


def _scale(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f" from {ends[0]:g} to {ends[1]:g}"


def _plan_own(
    sections: Mapping[str, PluginConfig], registry: Mapping[str, str], key: str, base: type[Any]
) -> dict[str, Plugin]:
    """A user's tables or figures."""
    plugins = {}
    for name, section in sections.items():
        if name in registry or name in _RESERVED or name.startswith(_SPLIT):
            raise InputError(f"config: {key}.{name}: this name is taken; choose another")
        place, kind = f"{key}.{name}", section.kind or name
        own = resolve(registry, kind, section.settings, place, base, section.own_keys())
        if own.kind.section not in own.kind.sections:
            raise InputError(
                unknown(f"{place}: section {own.kind.section}", own.kind.section, own.kind.sections)
            )
        known = [field.name for field in fields(Results)]
        for read in own.kind.reads:
            if read not in known:
                raise InputError(unknown(f"{place}: {read}, which it reads,", read, known))
        plugins[name] = own.plugin
    return plugins


def _merged(plugins: Iterable[Mapping[str, Plugin]]) -> dict[str, Plugin]:
    merged: dict[str, Plugin] = {}
    for one in plugins:
        merged |= one
    return merged
