"""Descriptions of experiments for scores, tables and figures."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from robust_mer.conditions import read_name
from robust_mer.evaluation.experiment import (
    CorpusFacts,
    CorruptionFacts,
    Evaluation,
    Experiment,
    Facts,
    TrainedOn,
    Training,
)
from robust_mer.plan import grid
from robust_mer.plan.config import CorpusConfig, ExperimentConfig
from robust_mer.plan.layout import IMPORTED
from robust_mer.report.layouts import PAPERS_ENCODING
from robust_mer.report.words.tuning import remark
from robust_mer.settings import Plugin

if TYPE_CHECKING:
    from robust_mer.plan.plan import Plan


class Experiments:
    """Describes the experiments of a run.

    Args:
        plan: Of the run.
        metrics: What is measured on a corpus.
    """

    def __init__(self, plan: "Plan", metrics: Callable[[str], tuple[Plugin, ...]]) -> None:
        self._plan, self._metrics = plan, metrics
        self.experiment = cache(self._experiment)
        self.facts = cache(self._facts)

    def _experiment(self, name: str) -> Experiment:
        plan = self._plan
        section = plan.grid.experiments[name]
        corpus = plan.corpora[section.corpus].config
        predicts = plan.corpora[section.corpus].predicts
        is_drawn = section.evaluate == "one_per_utterance"
        evaluations = plan.grid.evaluations(section)
        return Experiment(
            name=name,
            corpus=section.corpus,
            models={model: self._described(section.corpus, model) for model in section.models},
            folds=tuple(section.folds),
            seeds=tuple(section.seeds),
            task=plan.corpora[section.corpus].task.plugin,
            metrics=self._metrics(section.corpus),
            evaluations=tuple(Evaluation(*one) for one in evaluations),
            corruptions={c: self._corruption(c) for c in self._every_corruption(section)},
            trainings={one.trained_on: self._trained_on(one.trained_on) for one in evaluations},
            note=" ".join(filter(None, [corpus.note, remark(_candidates(plan, section))])) or None,
            published=corpus.published if predicts.encoding == PAPERS_ENCODING else None,
            is_mask_aware=tuple(
                model for model in section.models if plan.models[model].facts.is_mask_aware
            ),
            trained_once=tuple(
                model for model in section.models if plan.models[model].is_trained_apart
            ),
            named={c: named for c in self._names(section) if (named := plan.corruptions.named(c))},
            one_condition_seed=plan.config.corruption.seed if is_drawn else None,
            tested_under={p: plan.protocols[p].plugin for p in section.protocols_of_tests},
            modalities=tuple(plan.corpora[section.corpus].names),
            protocol_seed=plan.config.corruption.seed,
        )

    def _described(self, corpus: str, model: str) -> str:
        """A model's class, with its modalities if it does not use all of the corpus."""
        chosen = [modality.name for modality in self._plan.modalities(corpus, model)]
        restricted = chosen != self._plan.corpora[corpus].names
        kind = self._plan.models[model].kind
        return kind + (f" on {', '.join(chosen)}" if restricted else "")

    def _names(self, section: ExperimentConfig) -> list[str]:
        names = [
            *section.corruptions,
            *section.tested_on,
            *self._plan.grid.trained_apart(section),
        ]
        return list(dict.fromkeys([*names, *self._plan.grid.members(names)]))

    def _every_corruption(self, section: ExperimentConfig) -> list[str]:
        return [name for name in self._names(section) if read_name(name) is not None]

    def _corruption(self, name: str) -> CorruptionFacts:
        parsed = read_name(name)
        assert parsed is not None, name
        raw = self._plan.corruptions.raw(name)
        if parsed.highest is not None:  # a range has no place on an axis
            return CorruptionFacts(name, is_raw=raw is not None)
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
            weighing=tuple(t for t in trainings if plan.models[t.model].facts.weighs_modalities),
            drawn=tuple(self._drawn(section)),
            data=self._data(section.corpus),
            layered=self._layered(section.corpus),
            peeked=tuple(trainings) if section.audit.peeking else (),
            tuned=tuple(_tuned(plan, section)),
            candidates=_candidates(plan, section),
        )

    def _layered(self, corpus: str) -> tuple[str, ...]:
        """Modalities of whose layers models learn a weighted sum."""
        return tuple(
            modality.name
            for modality in self._plan.corpora[corpus].modalities
            if not modality.extractor.startswith(IMPORTED)
            and self._plan.extractors[modality.extractor].resolved.settings.get("combine")
            == "learned"
        )

    def _sweep(self, models: Sequence[str]) -> dict[str, dict[str, float]]:
        """By hyperparameter, its value in every model that varies it.

        These are the first model and those of the same class that differ from it in one number.
        """
        base, *variants = models
        sweep: dict[str, dict[str, float]] = {}
        for variant in variants:
            plans = [self._plan.models[model] for model in (base, variant)]
            if plans[0].kind != plans[1].kind or any(one.candidates for one in plans):
                continue
            base_settings, other_settings = (one.settings for one in plans)
            changed = [key for key in base_settings if other_settings[key] != base_settings[key]]
            if len(changed) == 1 and isinstance(base_settings[changed[0]], int | float):
                values = sweep.setdefault(changed[0], {base: base_settings[changed[0]]})
                values[variant] = other_settings[changed[0]]
        return sweep

    def at_snrs(self, section: ExperimentConfig) -> dict[str, list[str]]:
        """An experiment's corruptions with an SNR, by the noise on features."""
        noises: dict[str, list[str]] = {}
        for name in self._plan.grid.every_corruption(section):
            parsed = read_name(name)
            if parsed is None or parsed.unit != "dB" or parsed.highest is not None:
                continue  # a range has no place on an axis
            if self._plan.corruptions.raw(name) is None:
                noises.setdefault(parsed.kind, []).append(name)
        return noises

    def _drawn(self, section: ExperimentConfig) -> list[str]:
        """Corruptions that figures draw beside clean data: noises at two SNRs or more."""
        return [
            name for names in self.at_snrs(section).values() if len(names) > 1 for name in names
        ]

    def recordings(self, name: str) -> list[tuple[str, str]]:
        """The modalities that an experiment corrupts before extraction, and by what."""
        section = self._plan.grid.experiments[name]
        pairs = [
            pair
            for member in self._plan.grid.members(self._names(section))
            for pair in self._plan.corruption(section.corpus, member).recorded.items()
        ]
        return list(dict.fromkeys(pairs))

    def raw_corruptions(self, name: str) -> list[str]:
        """The corruptions in an experiment that consist of one of recordings alone."""
        section = self._plan.grid.experiments[name]
        return [
            c
            for c in self._plan.grid.every_corruption(section)
            if self._plan.corruptions.raw(c) is not None
        ]

    def scheduled(self, name: str) -> list[str]:
        """Corruptions with a schedule of noise, i.e. without corruptions of recordings alone."""
        section = self._plan.grid.experiments[name]
        return [c for c in self._plan.scheduled(section) if self._plan.corruptions.raw(c) is None]

    def _data(self, corpus: str) -> CorpusFacts:
        plan = self._plan.corpora[corpus]
        contains = plan.config.contains
        extractors = [plan.modality(name).extractor for name in plan.heard]
        heard = {name: self._plan.extractors[name].transcript for name in extractors}
        recogniser: str = self._plan.recogniser["model"] if heard else ""
        if contains is None:
            contains = [name for one in plan.recorded for name in _collections(one.config)]
        return CorpusFacts(
            generated=any(one.generator is not None for one in plan.recorded),
            contains=tuple(dict.fromkeys(contains)),
            extractors={
                **{m.extractor: self._trained_for(m.extractor) for m in plan.modalities},
                **({recogniser: None} if recogniser else {}),
            },
            recogniser=recogniser,
            heard=heard,
            answers={} if plan.reader is None else plan.open_reader().answers(),
        )

    def _trained_for(self, extractor: str) -> list[str] | None:
        """Collections that an extractor's network was trained on; None: unknown."""
        if extractor.startswith(IMPORTED):
            return None
        return self._plan.extractors[extractor].trained_on


def _tuned(plan: "Plan", section: ExperimentConfig) -> Iterator[Training]:
    """Tuned models of an experiment, and their tuned teachers."""
    every: dict[Training, None] = {}
    for model, trained_on, _ in plan.grid.evaluations(section):
        one: grid.Training | None = grid.Training(section.corpus, model, trained_on)
        while one is not None:
            every[Training(one.model, one.trained_on)] = None
            one = plan.grid.teacher_of(one)
    return (one for one in every if plan.models[one.model].candidates)


def _candidates(plan: "Plan", section: ExperimentConfig) -> dict[str, int]:
    """The number of candidates of each of these."""
    return {one.model: len(plan.models[one.model].candidates) for one in _tuned(plan, section)}


def _collections(config: CorpusConfig) -> list[str]:
    """The collections that a corpus consists of, as far as the config says."""
    if config.contains is not None:
        return config.contains
    return [] if config.published is None else [config.published]
