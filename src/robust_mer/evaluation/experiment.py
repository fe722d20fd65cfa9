"""Experiments as typed values, for scores, tables and figures; imports no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from robust_mer.conditions import CLEAN, NONE, PARTIAL
from robust_mer.errors import InputError
from robust_mer.metrics.metric import Metric
from robust_mer.protocols.protocol import Protocol, drawn_conditions
from robust_mer.settings import Plugin
from robust_mer.tasks.task import Task

AVERAGE = "average"
DRAWN = "drawn"
POOLED = "pooled"
COMPLETE = "complete"
SAME = "same"
SAME_NONE = "same, none clean"

REPLICATES = 2000
"""Of the bootstrap."""
CONFIDENCE = 0.95
"""Of its intervals."""
MIN_SPEAKERS = 8
"""An interval from fewer speakers is too narrow to be conclusive."""
BINS = 15
"""Of confidence, in which calibration is measured."""

_DECIBEL = "dB"


class Evaluation(NamedTuple):
    """A model, what it was trained on, and the corruption that it is tested on."""

    model: str
    trained_on: str
    tested_on: str


class Training(NamedTuple):
    """A model, and what it was trained on."""

    model: str
    trained_on: str


class TrainedOn(NamedTuple):
    """What a model was trained on: a corruption and a protocol."""

    corruption: str
    protocol: str


@dataclass(frozen=True)
class CorruptionFacts:
    """What a corruption's name means, as the plan parsed it."""

    kind: str
    amount: float | None = None
    unit: str = ""
    less_is_worse: bool = False
    """Whether a smaller amount is a stronger corruption, as for an SNR."""
    is_raw: bool = False
    """Whether it corrupts recordings rather than features."""


@dataclass(frozen=True)
class Experiment:
    """One experiment of a run, for its scores, tables and figures."""

    name: str
    corpus: str
    models: Mapping[str, str]
    """Class of every model by its name, in the order of the tables' lines."""
    folds: tuple[int, ...]
    seeds: tuple[int, ...]
    task: Plugin
    """What is predicted."""
    metrics: tuple[Plugin, ...]
    """What is measured, in the order of the tables' columns."""
    evaluations: tuple[Evaluation, ...] = ()
    corruptions: Mapping[str, CorruptionFacts] = field(default_factory=dict)
    """By name, those that models are trained or tested on, and the members of named ones."""
    trainings: Mapping[str, TrainedOn] = field(default_factory=dict)
    """Corruption and protocol of each ``trained_on``."""
    note: str | None = None
    """Of the corpus, shown with every result."""
    published: str | None = None
    """The papers' name of the corpus, if they have it."""
    is_mask_aware: tuple[str, ...] = ()
    """Models that know which modalities are corrupted; tables list them last."""
    trained_once: tuple[str, ...] = ()
    """Models that the config trains on one corruption for all tests; like those that are trained on
    clean data, they are compared with all others."""
    named: Mapping[str, list[str] | dict[str, str]] = field(default_factory=dict)
    """Corruptions behind the names of ``corruption.named``: alternatives, or by modality."""
    one_condition_seed: int | None = None
    """Seed that draws the only condition of each utterance; None: each counts under all."""
    tested_under: Mapping[str, Plugin] = field(default_factory=dict)
    """The protocols that say in which condition each utterance is also tested, by name."""
    modalities: tuple[str, ...] = ()
    """Of the corpus, in their order."""
    protocol_seed: int = 0
    """Of these protocols' draws."""
    presence: Mapping[str, tuple[bool, ...]] = field(default_factory=dict)
    """By utterance, whether it has frames of each of the modalities. Jobs read it where a protocol
    needs it; the plan does not know it."""

    @cached_property
    def predicts(self) -> Task:
        """The task, before it reads a corpus."""
        task: Task = self.task.build()
        return task

    @cached_property
    def measures(self) -> tuple[Metric, ...]:
        """The metrics, ready to be computed."""
        return tuple(metric.build() for metric in self.metrics)

    @cached_property
    def main(self) -> Metric:
        """The measure by which models are compared, and epochs were chosen."""
        name = self.predicts.selection.name
        return next(metric for metric in self.measures if metric.name == name)

    @property
    def has_raw(self) -> bool:
        """Whether models are tested on corrupted recordings."""
        return any(self.facts(one.tested_on).is_raw for one in self.evaluations)

    @property
    def has_corruptions(self) -> bool:
        """Whether models are tested on anything but clean data."""
        return any(one.tested_on != CLEAN for one in self.evaluations)

    def heading(self, corruptions: tuple[str, ...] = ()) -> "Experiment":
        """The experiment without models, for a figure that shows none."""
        return Experiment(
            self.name,
            self.corpus,
            {},
            self.folds,
            (),
            self.task,
            self.metrics,
            corruptions={name: self.facts(name) for name in corruptions},
            note=self.note,
        )

    @cached_property
    def protocols(self) -> dict[str, Protocol]:
        """Those of ``tested_under``, ready to draw."""
        return {name: protocol.build() for name, protocol in self.tested_under.items()}

    @property
    def needs_presence(self) -> bool:
        """Whether one of these protocols needs to know which utterances have frames."""
        return any(protocol.needs_presence for protocol in self.protocols.values())

    def drawn_conditions(self, utterances: Sequence[str]) -> dict[str, list[str]]:
        """The condition of each utterance under each protocol of ``tested_under``.

        As if corruptions touched all modalities; see `condition_met`.
        """
        modalities, seed = list(self.modalities), self.protocol_seed
        is_present = None
        if self.needs_presence:
            if unknown := [name for name in utterances if name not in self.presence]:
                raise InputError(
                    f"the feature files do not have {unknown[0]}, which the predictions have; "
                    "delete the predictions and run again"
                )
            is_present = np.array([self.presence[name] for name in utterances], bool)
        return {
            name: drawn_conditions(protocol, modalities, seed, utterances, is_present)
            for name, protocol in self.protocols.items()
        }

    def facts(self, corruption: str) -> CorruptionFacts:
        """Facts of a corruption; the kind of ``clean`` or a name without amount is the name."""
        return self.corruptions.get(corruption, CorruptionFacts(corruption))

    def noise_and_snr(self, corruption: str) -> tuple[str, float]:
        """Kind and target SNR in dB of a corruption; NaN for one that has no SNR."""
        facts = self.facts(corruption)
        if facts.amount is None or facts.unit != _DECIBEL:
            return facts.kind, float("nan")
        return facts.kind, float(facts.amount)

    def severity(self, corruption: str) -> float:
        """A corruption's amount, with the sign changed if less is worse; NaN without an amount."""
        facts = self.facts(corruption)
        if facts.amount is None:
            return float("nan")
        return -facts.amount if facts.less_is_worse else facts.amount

    def trained_on(self, name: str) -> TrainedOn:
        """The corruption and the protocol that a model was trained with."""
        return self.trainings.get(name, TrainedOn(name, PARTIAL))

    def none_clean(self, name: str) -> bool:
        """Whether a model was trained with no modality clean."""
        return self.trained_on(name).protocol == NONE

    def training_of(self, trained_on: str, tested_on: str) -> str:
        """What a model was trained on, relative to the corruption that it is tested on.

        ``clean``; ``same``: that corruption; ``same, none clean``: that corruption on all
        modalities; or its own name, if it is another one or has another protocol.
        """
        corruption, protocol = self.trained_on(trained_on)
        if corruption == CLEAN or corruption != tested_on:
            return trained_on
        return {PARTIAL: SAME, NONE: SAME_NONE}.get(protocol, trained_on)

    def training_under(
        self, model: str, trained_on: str, tested_on: str, protocol: str
    ) -> str | None:
        """What a model was trained on, relative to the corruption and protocol of its test.

        ``same``; the name of what it was trained on; or None if that was meant for one test alone,
        e.g. for another rate. A model that the config trains once is meant for all.
        """
        training = self.trained_on(trained_on)
        if training == (tested_on, protocol):
            return SAME
        one = self.protocols.get(training.protocol)
        is_of_family = one is not None and one.family is not None
        return None if is_of_family and model not in self.trained_once else trained_on


@dataclass(frozen=True)
class CorpusFacts:
    """The origin of a corpus and of the networks behind its features."""

    generated: bool = False
    """Whether the workflow makes the corpus."""
    contains: tuple[str, ...] = ()
    """The collections that it consists of."""
    extractors: Mapping[str, list[str] | None] = field(default_factory=dict)
    """By name, the collections that an extractor's network was trained on; None: unknown."""
    recogniser: str = ""
    """The speech recogniser whose words extractors receive; empty: none."""
    heard: Mapping[str, str] = field(default_factory=dict)
    """By the name of such an extractor, which words: ``recognised``, ``recognised_if_missing``."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Columns of the index with people's answers, by what these people met."""


@dataclass(frozen=True)
class Facts:
    """What the plan knows of an experiment beyond `Experiment`; few results depend on it."""

    sweep: Mapping[str, dict[str, float]] = field(default_factory=dict)
    """By hyperparameter, its value in every model of its sweep."""
    learning: tuple[Training, ...] = ()
    """Models that learn in epochs, and so have histories."""
    reconstructing: tuple[Training, ...] = ()
    """Models that reconstruct missing modalities."""
    weighing: tuple[Training, ...] = ()
    """Models that say how they weigh the modalities of an utterance."""
    drawn: tuple[str, ...] = ()
    """Corruptions that figures draw beside clean data: noises on features at two SNRs or more."""
    data: CorpusFacts = field(default_factory=CorpusFacts)
    layered: tuple[str, ...] = ()
    """Modalities of whose layers models learn a weighted sum."""
    peeked: tuple[Training, ...] = ()
    """Models of which an audit kept the answers for the test part after every epoch: all or none
    of those that the experiment evaluates."""
    tuned: tuple[Training, ...] = ()
    """Models, and teachers of models, whose replicas are chosen among candidates."""
    candidates: Mapping[str, int] = field(default_factory=dict)
    """By the name of such a model, how many candidates it has."""

    def only(self, names: tuple[str, ...]) -> "Facts":
        """Only the named facts, so that a change of others reruns nothing."""
        return replace(Facts(), **{name: getattr(self, name) for name in names})
