"""Checks of the config that involve several sections."""

import os
from collections.abc import Mapping, Sequence
from itertools import chain, product
from pathlib import Path

from robust_mer.conditions import CLEAN, letters
from robust_mer.corruption.raw.files import ReadsFiles
from robust_mer.errors import InputError
from robust_mer.plan.config import Config, ExperimentConfig
from robust_mer.plan.corpora import CorpusPlan
from robust_mer.plan.corruptions import Corruptions, RawCorruption
from robust_mer.plan.extractors import ExtractorPlan
from robust_mer.plan.layout import IMPORTED
from robust_mer.plan.messages import unknown
from robust_mer.plan.models import ModelPlan
from robust_mer.plan.protocol_checks import (
    check_audit,
    check_protocols_of_tests,
    check_untuned,
    distribution_of,
)
from robust_mer.plan.tuning import place_of
from robust_mer.protocols.protocol import Protocol

_FEWEST_GROUPS = 3  # of utterances that the same folds test, by any scheme


class Checks:
    """Checks of experiments against the sections that they select from.

    Args:
        config: The config, with every section checked by itself.
        corpora: Its corpora.
        models: Its models.
        corruptions: Its corruptions.
        protocols: Its protocols by name.
        extractors: Its extractors by name.
    """

    def __init__(
        self,
        config: Config,
        corpora: Mapping[str, CorpusPlan],
        models: Mapping[str, ModelPlan],
        corruptions: Corruptions,
        protocols: Mapping[str, Protocol],
        extractors: Mapping[str, ExtractorPlan],
    ) -> None:
        self._config, self._corpora, self._models = config, corpora, models
        self._corruptions, self._protocols, self._extractors = corruptions, protocols, extractors

    def check(self) -> None:
        """Check everything.

        Raises:
            InputError: with the key that is wrong.
        """
        for name, experiment in self._config.experiments.items():
            self._check_experiment(f"experiments.{name}", experiment)
        for name in self._config.run:
            if name not in self._config.experiments:
                raise InputError(unknown(f"run: {name}", name, self._config.experiments))
            experiment = self._config.experiments[name]
            for corpus in self._corpora[experiment.corpus].recorded:
                _check_folder(corpus)
            self._check_files(experiment)

    def _check_experiment(self, place: str, experiment: ExperimentConfig) -> None:
        if experiment.corpus not in self._corpora:
            raise InputError(
                unknown(f"{place}.corpus: {experiment.corpus}", experiment.corpus, self._corpora)
            )
        corpus = self._corpora[experiment.corpus]
        _check_used_folds(place, experiment, corpus)
        check_protocols_of_tests(place, experiment, corpus, self._protocols)
        for model in experiment.models:
            self._check_model(place, experiment, corpus, model)
        for key, names in (
            ("corruptions", experiment.corruptions),
            ("tested_on", experiment.tested_on),
        ):
            for name in names:
                for member in self._corruptions.members(name):
                    self._check_corruption(f"{place}.{key}", experiment, corpus, member)
        for model in experiment.models:
            self._check_trainings(place, experiment, corpus, model)
        if experiment.audit.peeking:
            trained = {name: self._trained_under(experiment, name) for name in experiment.models}
            modalities = {
                name: [m.name for m in corpus.of_model(self._models[name].modalities)]
                for name in experiment.models
            }
            check_audit(
                f"{place}.audit.peeking", experiment, corpus, modalities, trained, self._protocols
            )
            check_untuned(
                f"{place}.audit.peeking", [self._models[name] for name in experiment.models]
            )

    def _check_model(
        self, place: str, experiment: ExperimentConfig, corpus: CorpusPlan, name: str
    ) -> None:
        if name not in self._models:
            raise InputError(unknown(f"{place}.models: {name}", name, self._models))
        model = self._models[name]
        encoding = corpus.predicts.encoding
        if encoding not in model.facts.encodings:
            able = [n for n, one in self._models.items() if encoding in one.facts.encodings]
            raise InputError(
                f"config: {place}.models: {name} cannot predict the target of {corpus.name} (task "
                f"{corpus.config.task}); models that can: {', '.join(able)}"
            )
        for modality in model.modalities or []:
            if modality not in corpus.names:
                raise InputError(
                    unknown(f"models.{name}.modalities: {modality}", modality, corpus.names)
                )
        if model.teacher and model.modalities != self._models[model.teacher].modalities:
            raise InputError(
                f"config: models.{name} and its teacher {model.teacher} use different modalities"
            )
        chosen = [modality.name for modality in corpus.of_model(model.modalities)]
        number = model.facts.modalities
        if number not in (None, len(chosen)):
            raise InputError(
                f"config: {place}.models: {model.kind} takes {number} of the modalities, not "
                f"{', '.join(chosen)}; choose by models.{name}.modalities"
            )
        _check_settings(model, chosen)

    def _check_corruption(
        self, place: str, experiment: ExperimentConfig, corpus: CorpusPlan, name: str
    ) -> None:
        try:
            for modality, part in (self._corruptions.named(name) or {}).items():
                key = f"corruption.named.{name}.{modality}"
                if modality not in corpus.names:
                    raise InputError(unknown(key, modality, corpus.names))
                _check_part(key, modality, self._corruptions.raw(part), corpus)
            raws = self._corruptions.recordings(name)
            for raw in raws:
                _check_raw(corpus, raw, self._extractors)
            self._corruptions.resolve(name, corpus.names, corpus.heard)
        except InputError as error:
            message = str(error).removeprefix("config: ")
            raise InputError(f"config: {place}: {message}") from None
        if raws:
            self._check_use_of_raw(place, experiment, corpus, name)

    def _check_use_of_raw(
        self, place: str, experiment: ExperimentConfig, corpus: CorpusPlan, name: str
    ) -> None:
        used = {
            modality.name
            for model in experiment.models
            for modality in corpus.of_model(self._models[model].modalities)
        }
        touched = self._corruptions.resolve(name, corpus.names, corpus.heard).touched
        if used.isdisjoint(touched):
            raise InputError(
                f"config: {place}: {name} corrupts {', '.join(touched)}, which none of the models "
                "uses"
            )
        if experiment.evaluate == "one_per_utterance" and len(touched) == 1:
            raise InputError(
                f"config: {place}: {name} has one partial condition, under which all "
                "utterances are tested; expected evaluate: every_condition"
            )

    def _check_trainings(
        self, place: str, experiment: ExperimentConfig, corpus: CorpusPlan, name: str
    ) -> None:
        """Check that a model can be trained on what the experiment, or its own section, says."""
        once = self._models[name].trained_once
        key, names, protocols = f"{place}.conditions", experiment.corruptions, experiment.conditions
        if once is not None:
            key, names, protocols = (
                f"models.{name}.trained_under",
                [once.corruption],
                [once.protocol],
            )
            for member in self._corruptions.members(once.corruption):
                self._check_corruption(f"models.{name}.trained_on", experiment, corpus, member)
        self._check_trained_on(key, names, protocols, corpus, name)

    def _check_trained_on(
        self,
        place: str,
        corruptions: Sequence[str],
        protocols: Sequence[str],
        corpus: CorpusPlan,
        name: str,
    ) -> None:
        """Check that corruptions have the conditions that a model is trained under."""
        modalities = [m.name for m in corpus.of_model(self._models[name].modalities)]
        members = chain.from_iterable(map(self._corruptions.members, corruptions))
        for corruption, protocol in product(members, protocols):
            touched = self._corruptions.resolve(corruption, modalities, corpus.heard).touched
            if corruption != CLEAN and not _corrupts(
                self._protocols[protocol], place, protocol, modalities, touched
            ):
                raise InputError(
                    f"config: {place}: {name} uses {', '.join(modalities)}, of which {corruption} "
                    f"corrupts {', '.join(touched) or 'none'}: the protocol {protocol} has no such "
                    f"condition; remove {protocol}, or train {name} in a separate experiment"
                )

    def _trained_under(self, experiment: ExperimentConfig, name: str) -> list[str]:
        """The protocols that a model of an experiment is trained under; none on clean data."""
        once = self._models[name].trained_once
        if once is None:
            return experiment.conditions
        return [] if once.corruption == CLEAN else [once.protocol]

    def _check_files(self, experiment: ExperimentConfig) -> None:
        """Check that the files which corruptions of recordings read are on disk."""
        trains = any(self._models[m].trained_once is None for m in experiment.models)
        once = [self._models[m].trained_once for m in experiment.models]
        apart = [one.corruption for one in once if one is not None]
        groups = self._corpora[experiment.corpus].config.folds.groups or _FEWEST_GROUPS
        for names, needed in (
            (experiment.corruptions, groups if trains else 1),
            (experiment.tested_on, 1),
            (apart, groups),
        ):
            for raw in chain.from_iterable(map(self._corruptions.recordings, names)):
                _check_noise_files(raw, needed)


def _corrupts(
    protocol: Protocol, place: str, name: str, modalities: list[str], touched: list[str]
) -> bool:
    """Whether training under a protocol meets a corruption that touches some modalities.

    A protocol that would corrupt nothing anyway, such as ``random_0%``, is taken as it is meant.
    """
    complete = "".join(letters(modalities).values())
    drawn, of_all = (
        {
            condition
            for condition, probability in distribution_of(
                protocol, place, name, modalities, of_these
            ).items()
            if probability > 0
        }
        for of_these in (touched, modalities)
    )
    return bool(drawn) and (drawn != {complete} or of_all == {complete})


def _check_settings(model: ModelPlan, modalities: list[str]) -> None:
    """Check that a model with these settings can have these modalities."""
    number, fewest = len(modalities), model.facts.fewest_modalities
    if number < fewest:
        raise InputError(
            f"config: models.{model.name}.modalities: {model.kind} needs {fewest} or more, not "
            f"{', '.join(modalities)} alone"
        )
    for one in model.candidates or [model]:
        if problem := one.facts(**one.settings).problem(number):
            place = place_of(f"models.{model.name}", one.tuned_values)
            raise InputError(f"config: {place}: {problem} (the model has {number} modalities)")


def _check_used_folds(place: str, experiment: ExperimentConfig, corpus: CorpusPlan) -> None:
    """Check the folds that an experiment uses, where the config alone says how many there are."""
    how, last = corpus.config.folds, max(experiment.folds)
    if corpus.members and last > 1:
        raise InputError(
            f"config: {place}.folds: there is no fold {last}: joined corpora have fold 1 alone"
        )
    if how.scheme in ("session_groups", "speaker_groups") and last > (how.groups or last):
        raise InputError(
            f"config: {place}.folds: there is no fold {last}: corpora.{corpus.name}.folds makes "
            f"{how.groups} groups, each of which is tested once"
        )


def _check_noise_files(raw: RawCorruption, needed: int) -> None:
    if issubclass(raw.resolved.kind, ReadsFiles):
        try:
            raw.resolved.plugin.build().check(needed)
        except InputError as error:
            raise InputError(f"config: corruption.raw.{raw.kind}: {error}") from None


def _check_folder(corpus: CorpusPlan) -> None:
    """Check that a corpus is on disk unless a job generates it."""
    root = Path(corpus.config.root)
    if corpus.generator is None and not os.path.isdir(root):  # noqa: PTH112 (names too long)
        raise InputError(
            f"config: corpora.{corpus.name}.root: there is no folder {root} (looked for "
            f"{root.resolve()}). Set it to the folder of the corpus, in the config or by "
            f"--config 'corpora={{{corpus.name}: {{root: /path/to/it}}}}'"
        )


def _check_part(key: str, modality: str, raw: RawCorruption | None, corpus: CorpusPlan) -> None:
    if raw is not None and modality not in raw.touches(corpus.heard):
        raise InputError(
            f"{key}: {raw.name} corrupts {raw.modality}, and the words of corpora.{corpus.name} "
            "are not recognised from it; set transcript: recognised of the extractor, or remove "
            f"{modality}"
        )


def _check_raw(
    corpus: CorpusPlan, raw: RawCorruption, extractors: Mapping[str, ExtractorPlan]
) -> None:
    if raw.modality not in corpus.names:
        raise InputError(
            f"{raw.name} corrupts {raw.modality}, which corpora.{corpus.name}.modalities does "
            f"not have, only {', '.join(corpus.names)}"
        )
    modality = corpus.modality(raw.modality)
    if modality.extractor.startswith(IMPORTED):
        raise InputError(
            f"{raw.name} corrupts recordings, but corpora.{corpus.name} brings published features"
        )
    if extractors[modality.extractor].resolved.kind.reads_tables:
        raise InputError(
            f"{raw.name} corrupts recordings, but corpora.{corpus.name}.modalities."
            f"{modality.name}.extractor, {modality.extractor}, reads tables that were made of the "
            "recordings as they are; choose a corruption of features, such as gaussian_5dB"
        )
    if corpus.members and raw.resolved.kind.needs_others:
        raise InputError(
            f"{raw.name} needs utterances of other training speakers, or noise files apart from "
            "those of the test, of which joined corpora have none beside the tested ones; choose "
            "another corruption"
        )
    if modality.name == "text" and modality.features != modality.extractor:
        raise InputError(
            f"{raw.name} changes words, but corpora.{corpus.name}.modalities.text.aligned_to needs "
            "those of the transcript"
        )
