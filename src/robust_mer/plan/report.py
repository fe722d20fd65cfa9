"""What is shown of every experiment: tables, figures, and the files behind them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robust_mer.errors import InputError
from robust_mer.evaluation.experiment import (
    CorpusFacts,
    CorruptionFacts,
    Evaluation,
    Experiment,
    Facts,
    TrainedOn,
    Training,
)
from robust_mer.metrics import DEFAULT_METRICS, METRICS, Metric
from robust_mer.plan.config import ExperimentConfig, PluginConfig
from robust_mer.plan.job import Paths
from robust_mer.plan.layout import IMPORTED
from robust_mer.plan.plugins import resolve
from robust_mer.protocol import read_name
from robust_mer.report.figures.base import ResultFigure
from robust_mer.report.figures.registry import FIGURES, figures_of
from robust_mer.report.layouts import read_layouts
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.tables.registry import TABLES, tables_of
from robust_mer.settings import Plugin, load

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
    "calibration": "raw",
}
"""Tables that evaluation writes, by the name under which tables and figures read them."""
_RESERVED = ("all", "intervals", "risk_coverage", "tsne", "reconstructions")
_SPLIT = "by_"


class ReportPlan:
    """What a run shows.

    Args:
        plan: Of the run.
        published: Folder of the papers' numbers.
    """

    def __init__(self, plan: "Plan", published: str) -> None:
        self._plan, self.published = plan, published
        config = plan.config
        self.metrics = self._plan_metrics(config.metrics)
        self.own_tables = _plan_own(config.tables, TABLES, "tables", ResultTable)
        self.own_figures = _plan_own(config.figures, FIGURES, "figures", ResultFigure)
        self.experiment = cache(self._experiment)
        self.facts = cache(self._facts)

    @cached_property
    def layouts(self) -> dict[str, Any]:
        """The papers' tables as data, by name."""
        return read_layouts(f"{self.published}/layouts.yaml")

    @staticmethod
    def _plan_metrics(sections: Mapping[str, PluginConfig]) -> tuple[Plugin, ...]:
        """Those of every run, and those that the config adds."""
        plugins = {load(metric.implementation).name: metric for metric in DEFAULT_METRICS}
        for name, section in sections.items():
            place = f"metrics.{name}"
            metric = resolve(METRICS, section.kind or name, section.given, place, Metric)
            column = metric.kind.name
            if column in plugins:
                raise InputError(f"config: {place}: there is another metric with the name {column}")
            plugins[column] = metric.plugin
        return tuple(plugins.values())

    # -- an experiment as its results see it -----------------------------------------------------

    def _experiment(self, name: str) -> Experiment:
        plan = self._plan
        section = plan.grid.experiments[name]
        corpus = plan.corpora[section.corpus].config
        is_drawn = section.evaluate == "one_per_utterance"
        evaluations = plan.grid.evaluations(section)
        return Experiment(
            name=name,
            corpus=section.corpus,
            models={model: self._described(section.corpus, model) for model in section.models},
            folds=tuple(section.folds),
            seeds=tuple(section.seeds),
            evaluations=tuple(Evaluation(*one) for one in evaluations),
            corruptions={c: self._corruption(c) for c in self._every_corruption(section)},
            trainings={one.trained_on: self._trained_on(one.trained_on) for one in evaluations},
            note=corpus.note,
            published=corpus.published,
            is_mask_aware=tuple(
                model for model in section.models if plan.models[model].facts.is_mask_aware
            ),
            named={c: named for c in self._names(section) if (named := plan.corruptions.named(c))},
            one_condition_seed=plan.config.corruption.seed if is_drawn else None,
            metrics=self.metrics,
        )

    def _described(self, corpus: str, model: str) -> str:
        """A model's class, with its modalities where it does not use all of the corpus'."""
        chosen = [modality.name for modality in self._plan.modalities(corpus, model)]
        restricted = chosen != self._plan.corpora[corpus].names
        kind = self._plan.models[model].kind
        return kind + (f" on {', '.join(chosen)}" if restricted else "")

    def _names(self, section: ExperimentConfig) -> list[str]:
        names = [*section.corruptions, *section.tested_on]
        return list(dict.fromkeys([*names, *self._plan.grid.members(names)]))

    def _every_corruption(self, section: ExperimentConfig) -> list[str]:
        return [name for name in self._names(section) if read_name(name) is not None]

    def _corruption(self, name: str) -> CorruptionFacts:
        parsed = read_name(name)
        assert parsed is not None, name
        raw = self._plan.corruptions.raw(name)
        less_is_worse = parsed.unit == "dB" or (raw is not None and raw.resolved.kind.of_rest)
        return CorruptionFacts(
            parsed.kind, parsed.amount, parsed.unit or "", less_is_worse, raw is not None
        )

    def _trained_on(self, name: str) -> TrainedOn:
        parsed = self._plan.grid.parse_trained_on(name)
        return TrainedOn(parsed.corruption, parsed.protocol)

    def _facts(self, name: str) -> Facts:
        plan = self._plan
        section = plan.grid.experiments[name]
        trainings = dict.fromkeys(
            Training(one.model, one.trained_on) for one in plan.grid.evaluations(section)
        )
        return Facts(
            sweep=self._sweep(section.models),
            learning=tuple(t for t in trainings if plan.models[t.model].learns_in_epochs),
            reconstructing=tuple(t for t in trainings if plan.models[t.model].facts.reconstructs),
            drawn=tuple(self._drawn(section)),
            data=self._data(section.corpus),
        )

    def _sweep(self, models: Sequence[str]) -> dict[str, dict[str, float]]:
        """By hyperparameter, its value in every model that takes part.

        These are models of one class that differ from the first in one number alone; the first
        takes part everywhere.
        """
        base, *others = models
        sweep: dict[str, dict[str, float]] = {}
        for other in others:
            if self._plan.models[other].kind != self._plan.models[base].kind:
                continue
            ours, theirs = (self._plan.models[model].settings for model in (base, other))
            changed = [key for key in ours if theirs[key] != ours[key]]
            if len(changed) == 1 and isinstance(ours[changed[0]], int | float):
                values = sweep.setdefault(changed[0], {base: ours[changed[0]]})
                values[other] = theirs[changed[0]]
        return sweep

    def at_snrs(self, section: ExperimentConfig) -> dict[str, list[str]]:
        """An experiment's noises on features, each with its corruptions, that have an SNR."""
        noises: dict[str, list[str]] = {}
        for name in self._plan.grid.every_corruption(section):
            parsed = read_name(name)
            if parsed and parsed.unit == "dB" and self._plan.corruptions.raw(name) is None:
                noises.setdefault(parsed.kind, []).append(name)
        return noises

    def _drawn(self, section: ExperimentConfig) -> list[str]:
        """Corruptions that are drawn beside clean data: noises at two SNRs or more."""
        return [
            name for names in self.at_snrs(section).values() if len(names) > 1 for name in names
        ]

    def raw_corruptions(self, name: str) -> list[str]:
        """The corruptions of recordings in an experiment."""
        section = self._plan.grid.experiments[name]
        return [
            c
            for c in self._plan.grid.every_corruption(section)
            if self._plan.corruptions.raw(c) is not None
        ]

    def scheduled(self, name: str) -> list[str]:
        """Corruptions of features that have a schedule; what recordings lose is shown elsewhere."""
        section = self._plan.grid.experiments[name]
        return [c for c in self._plan.scheduled(section) if self._plan.corruptions.raw(c) is None]

    def _data(self, corpus: str) -> CorpusFacts:
        plan = self._plan.corpora[corpus]
        own = [plan.config.published] if plan.config.published is not None else []
        contains = plan.config.contains
        return CorpusFacts(
            generated=plan.generator is not None,
            contains=tuple(own if contains is None else contains),
            extractors={m.extractor: self._trained_for(m.extractor) for m in plan.modalities},
        )

    def _trained_for(self, extractor: str) -> list[str] | None:
        """Collections that an extractor's network was trained on; None: unknown."""
        if extractor.startswith(IMPORTED):
            return None
        trained_on = self._plan.extractors[extractor].resolved.kind.trained_on
        return None if trained_on is None else list(trained_on)

    # -- tables and figures ----------------------------------------------------------------------

    def tables(self, name: str) -> dict[str, Plugin]:
        """The tables of an experiment by name."""
        return tables_of(self.experiment(name), self.facts(name), self.layouts, self.own_tables)

    def figures(self, name: str) -> dict[str, Plugin]:
        """The figures of an experiment by name."""
        return figures_of(self.experiment(name), self.facts(name), self.own_figures)

    @cached_property
    def generic_figures(self) -> list[str]:
        """Figures of the run that `make_figure` draws; the others have jobs of their own."""
        figures = _merged(self.figures(name) for name in self._plan.grid.experiments)
        return [n for n, one in figures.items() if load(one.implementation).job == "make_figure"]

    @cached_property
    def table_rules(self) -> dict[str, tuple[type[ResultTable], list[str]]]:
        """By the name of a rule, a class of its tables and their names.

        A rule for each section of the report and set of forms that tables are written in.
        """
        rules: dict[str, tuple[type[ResultTable], list[str]]] = {}
        tables = _merged(self.tables(name) for name in self._plan.grid.experiments)
        for name, table in tables.items():
            kind: type[ResultTable] = load(table.implementation)
            rule = f"make_{kind.section}_{'_'.join(kind.writes)}"
            rules.setdefault(rule, (kind, []))[1].append(name)
        return rules

    def table_files(self, name: str) -> list[str]:
        """All tables of an experiment that have a csv, those by columns among them."""
        return [*self.tables(name), *self.split_names(name)]

    def split_names(self, name: str) -> list[str]:
        """Tables by the values of columns of the index."""
        corpus = self._plan.corpora[self._plan.grid.experiments[name].corpus]
        return [f"{_SPLIT}{column}" for column in corpus.config.split_by]

    # -- the files that they read ----------------------------------------------------------------

    def inputs(self, name: str, reads: Iterable[str]) -> dict[str, Paths]:
        """Files of an experiment by the names under which tables and figures read them."""
        return {read: self._input(name, read) for read in reads}

    def _input(self, name: str, read: str) -> Paths:
        plan, layout = self._plan, self._plan.layout
        section = plan.grid.experiments[name]
        if read in TABLES_OF_SCORES:
            return layout.table(name, TABLES_OF_SCORES[read])
        if read == "predictions":
            return [
                layout.predictions(section.corpus, *one) for one in plan.grid.evaluations(section)
            ]
        if read == "histories":
            replicas = plan.grid.replicas_of(section)
            return [
                path
                for model, trained_on in self.facts(name).learning
                for path in plan.checkpoints(
                    section.corpus, model, trained_on, replicas, ".history.csv"
                )
            ]
        if read == "layouts":
            return f"{self.published}/layouts.yaml"
        if read == "published":
            return self.published_tables
        of_corpus = {"utterances": "utterances", "folds": "folds", "checks": "fold_checks"}
        return layout.of_corpus(section.corpus, f"{of_corpus[read]}.csv")

    @cached_property
    def published_tables(self) -> list[str]:
        """The papers' measures."""
        names = sorted(path.name for path in Path(self.published).glob("*.csv"))
        return [f"{self.published}/{name}" for name in names if name != SAMPLES]


def _plan_own(
    sections: Mapping[str, PluginConfig], registry: Mapping[str, str], key: str, base: type[Any]
) -> dict[str, Plugin]:
    """A user's own tables or figures."""
    plugins = {}
    for name, section in sections.items():
        if name in registry or name in _RESERVED or name.startswith(_SPLIT):
            raise InputError(f"config: {key}.{name} is the name of another one; choose another")
        plugins[name] = resolve(
            registry, section.kind or name, section.given, f"{key}.{name}", base
        ).plugin
    return plugins


def _merged(plugins: Iterable[Mapping[str, Plugin]]) -> dict[str, Plugin]:
    merged: dict[str, Plugin] = {}
    for one in plugins:
        merged |= one
    return merged
