"""Corpora of the config: reader, folds, modalities and their extractors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from robust_mer.conditions import letters
from robust_mer.corpora.generator import Generator
from robust_mer.corpora.joined import JOINED, JoinedSettings
from robust_mer.corpora.reader import FeatureReader, Reader, WordReader
from robust_mer.corpora.registry import GENERATORS, READERS
from robust_mer.errors import InputError
from robust_mer.features.extractor import Extractor
from robust_mer.features.faces import FacesSettings
from robust_mer.features.recogniser import RecogniserSettings
from robust_mer.features.registry import EXTRACTORS
from robust_mer.features.sound import AudioSettings, SoundSettings
from robust_mer.features.specs import Transcript
from robust_mer.features.training_data import known_training_data
from robust_mer.modality import Encoder, Modality
from robust_mer.plan.config import Config, CorpusConfig, FeaturesConfig, ModalityConfig
from robust_mer.plan.layout import ALIGNED, IMPORTED, Layout, resampled
from robust_mer.plan.messages import unknown
from robust_mer.plan.plugins import Resolved, checked_settings, load_class, resolve
from robust_mer.settings import Plugin, load
from robust_mer.tasks.registry import TASKS
from robust_mer.tasks.task import Task

_TASK_KEYS = ("target", "target_range", "selection")
_FOLD_KEYS = {"groups": ("session_groups", "speaker_groups"), "validation": ("part",)}


@dataclass(frozen=True)
class ExtractorPlan:
    """An extractor that the config names."""

    name: str
    resolved: Resolved[Extractor]
    weights_sha256: str
    transcript: Transcript = "index"
    stated: Sequence[str] | None = None
    """What the config says that its network was trained on; None: nothing."""

    @property
    def trained_on(self) -> list[str] | None:
        """Collections that its network was trained on; None: unknown."""
        known = self.resolved.kind.trained_on
        if known is None:
            known = known_training_data(str(self.resolved.settings.get("model")))
        if known is None and self.stated is None:
            return None
        return list(dict.fromkeys([*(known or ()), *(self.stated or ())]))

    @property
    def is_heard(self) -> bool:
        """Whether it receives words that a recogniser hears in the sound."""
        return self.transcript != "index"

    @property
    def modality(self) -> str:
        """The modality that it extracts."""
        return self.resolved.kind.modality

    @property
    def looks_at_faces(self) -> bool:
        """Whether it reads faces rather than whole pictures or another modality."""
        return self.resolved.kind.looks_at_faces and self.resolved.settings.get("of") != "frame"


@dataclass(frozen=True)
class CorpusPlan:
    """A corpus of the config."""

    name: str
    config: CorpusConfig
    reader: Resolved[Reader] | None
    """None for joined corpora."""
    generator: Resolved[Generator] | None
    modalities: tuple[Modality, ...]
    task: Resolved[Task]
    joined: JoinedSettings | None = None
    """How corpora are joined; None for a corpus of its own."""
    members: tuple["CorpusPlan", ...] = ()
    """The corpora that are joined, those for training first."""
    heard: tuple[str, ...] = ()
    """The modalities whose words are recognised from the sound."""

    @property
    def recorded(self) -> tuple["CorpusPlan", ...]:
        """The corpora that hold the recordings: the members, or the corpus itself."""
        return self.members or (self,)

    @property
    def plugin(self) -> Plugin:
        """The reader of a corpus that is not joined."""
        assert self.reader is not None, self.name
        return self.reader.plugin

    def of_model(self, modalities: list[str] | None) -> tuple[Modality, ...]:
        """The modalities that a model uses; all of them if ``modalities`` is None."""
        return tuple(m for m in self.modalities if modalities is None or m.name in modalities)

    def modality(self, name: str) -> Modality:
        """A modality by its name."""
        return next(modality for modality in self.modalities if modality.name == name)

    @cached_property
    def predicts(self) -> Task:
        """The task, before it reads the corpus."""
        task: Task = self.task.plugin.build()
        return task

    @cached_property
    def names(self) -> list[str]:
        """Names of the modalities, in their order."""
        return [modality.name for modality in self.modalities]

    def open_reader(self) -> Reader:
        """An instance of the reader for the corpus' folder."""
        reader: Reader = self.plugin.build(Path(self.config.root))
        return reader


def plan_extractors(features: FeaturesConfig, faces: Mapping[str, Any]) -> dict[str, ExtractorPlan]:
    """The extractors of the config by name.

    Args:
        features: The section ``features``. What counts as sound becomes settings of extractors of
            sound.
        faces: Complete settings of the face search, which become settings of extractors of faces.
    """
    plans = {}
    sound = checked_settings(SoundSettings, features.sound, "features.sound")
    for name, section in features.extractors.items():
        place = f"features.extractors.{name}"
        if name.startswith(IMPORTED):
            raise InputError(
                f"config: {place}: names that begin with {IMPORTED} are reserved for the published "
                "features of a corpus; choose another name"
            )
        settings = section.settings
        resolved = resolve(EXTRACTORS, section.kind or name, settings, place, Extractor)
        shared = {"faces": faces} if resolved.kind.looks_at_faces else {}
        if issubclass(resolved.kind.settings_class, AudioSettings):
            shared = {"sound": sound}
        if shared:
            resolved = resolve(
                EXTRACTORS, section.kind or name, {**settings, **shared}, place, Extractor
            )
        if section.transcript != "index" and resolved.kind.modality != "text":
            raise InputError(
                f"config: {place}.transcript: {name} extracts {resolved.kind.modality}, not text; "
                "remove it"
            )
        plans[name] = ExtractorPlan(
            name, resolved, section.weights_sha256, section.transcript, section.trained_on
        )
    return plans


def plan_corpora(
    config: Config, extractors: Mapping[str, ExtractorPlan], layout: Layout
) -> dict[str, CorpusPlan]:
    """The corpora of the config by name, but for those that are joined of others.

    Raises:
        InputError: with the key that is wrong.
    """
    return {
        name: _plan_corpus(name, section, extractors, layout)
        for name, section in config.corpora.items()
        if section.reader != JOINED
    }


def _plan_corpus(
    name: str, section: CorpusConfig, extractors: Mapping[str, ExtractorPlan], layout: Layout
) -> CorpusPlan:
    place = f"corpora.{name}"
    if section.generator is not None:
        section = _generated(place, section, layout.raw(name), Layout().raw(name))
    if section.reader not in READERS and ":" not in section.reader:
        known = [*READERS, JOINED]
        raise InputError(unknown(f"{place}.reader: {section.reader}", section.reader, known))
    if not section.root:
        raise InputError(f"config: {place}.root is missing")
    reader = resolve(READERS, section.reader, section.settings, place, Reader)
    generator = None
    if section.generator is not None:
        kind = section.generator.kind or name
        generator = resolve(
            GENERATORS, kind, section.generator.settings, f"{place}.generator", Generator
        )
    _check_folds(place, section)
    modalities = plan_modalities(place, section, [reader], extractors)
    return CorpusPlan(
        name,
        section,
        reader,
        generator,
        modalities,
        plan_task(place, section),
        heard=heard(modalities, extractors),
    )


def _generated(place: str, section: CorpusConfig, root: str, usual: str) -> CorpusConfig:
    """The section of a generated corpus, whose root is in the folder of the results."""
    if section.root not in ("", usual, root):
        raise InputError(
            f"config: {place}.root is {section.root!r}, but a generated corpus is always in "
            f"{root}; remove root"
        )
    return section.model_copy(update={"root": root})


def heard(
    modalities: Sequence[Modality], extractors: Mapping[str, ExtractorPlan]
) -> tuple[str, ...]:
    """The modalities whose words are recognised from the sound."""
    return tuple(
        modality.name
        for modality in modalities
        if modality.extractor in extractors and extractors[modality.extractor].is_heard
    )


def _check_folds(place: str, section: CorpusConfig) -> None:
    for key, schemes in _FOLD_KEYS.items():
        if getattr(section.folds, key) is not None and section.folds.scheme not in schemes:
            raise InputError(
                f"config: {place}.folds.{key} is for the scheme {' or '.join(schemes)}, not "
                f"{section.folds.scheme}; remove it, or set it to null if another file sets it"
            )


def plan_modalities(
    place: str,
    section: CorpusConfig,
    readers: Sequence[Resolved[Reader]],
    extractors: Mapping[str, ExtractorPlan],
) -> tuple[Modality, ...]:
    """The modalities of a corpus, or of joined ones with all their readers."""
    letters(list(section.modalities))
    return tuple(
        _plan_modality(f"{place}.modalities.{name}", name, readers, modality, extractors)
        for name, modality in section.modalities.items()
    )


def plan_task(place: str, section: CorpusConfig) -> Resolved[Task]:
    """The task, with the keys of the corpus that are its settings."""
    if section.task not in TASKS and ":" not in section.task:
        raise InputError(unknown(f"{place}.task: {section.task}", section.task, TASKS))
    kind = load_class(TASKS.get(section.task, section.task), f"{place}.task", Task)
    keys = {key: getattr(section, key) for key in _TASK_KEYS}
    given = {key: value for key, value in keys.items() if value is not None}
    known = kind.settings_class.model_fields
    for key in given:
        if key not in known:
            raise InputError(
                f"config: {place}.{key}: the task {section.task} has no {key}; remove it, or set "
                "another task"
            )
    for key, field in known.items():
        if field.is_required() and key not in given:
            raise InputError(f"config: {place}: the task {section.task} needs {key}")
    if section.unlabelled == "keep" and not kind.keeps_unlabelled:
        raise InputError(
            f"config: {place}.unlabelled: the task {section.task} cannot learn from utterances "
            "without a target; expected leave_out"
        )
    return resolve(TASKS, section.task, given, place, Task)


def _plan_modality(
    place: str,
    name: str,
    readers: Sequence[Resolved[Reader]],
    section: ModalityConfig,
    extractors: Mapping[str, ExtractorPlan],
) -> Modality:
    extractor = section.extractor
    encoder: Encoder = "convolutional" if name == "text" else "recurrent"
    if extractor.startswith(IMPORTED):
        _check_import(place, name, readers, section)
    elif extractor not in extractors:
        raise InputError(unknown(f"{place}.extractor: {extractor}", extractor, extractors))
    else:
        _check_extractor(place, name, section, extractors[extractor])
        encoder = extractors[extractor].resolved.kind.encoder
    _check_reading(place, name, readers, section)
    features = extractor
    if section.aligned_to is not None:
        features += ALIGNED
    elif section.frame_rate is not None:
        features = resampled(extractor, repr(section.frame_rate).removesuffix(".0"))
    return Modality(
        name=name,
        extractor=extractor,
        features=features,
        normalise=section.normalise,
        not_finite=section.not_finite,
        encoder=section.encoder or encoder,
    )


def _check_import(
    place: str, name: str, readers: Sequence[Resolved[Reader]], section: ModalityConfig
) -> None:
    if section.extractor != IMPORTED + name:
        raise InputError(
            f"config: {place}.extractor is {section.extractor}, expected {IMPORTED}{name}"
        )
    for reader in _unable(readers, FeatureReader):
        corpus = place.partition(".modalities")[0]
        raise InputError(
            f"config: {corpus}.reader: {_reader_name(reader)} provides no features; readers that "
            f"do: {', '.join(_readers_with(FeatureReader))}"
        )


def _check_extractor(
    place: str, name: str, section: ModalityConfig, extractor: ExtractorPlan
) -> None:
    if extractor.modality != name:
        raise InputError(
            f"config: {place}.extractor: {extractor.name} extracts {extractor.modality}, not {name}"
        )
    if extractor.is_heard and section.aligned_to is not None:
        raise InputError(
            f"config: {place}.aligned_to: {extractor.name} receives recognised words, which are "
            "not those of the corpus' word times; remove aligned_to"
        )
    unfilled = extractor.resolved.kind.unfilled
    if unfilled and section.not_finite is None:
        reasons = "; ".join(f"{feature}: {reason}" for feature, reason in unfilled.items())
        raise InputError(
            f"config: {place}.extractor: {extractor.name} leaves features NaN ({reasons}). Set a "
            f"value that replaces them, e.g. not_finite: 0"
        )


def _check_reading(
    place: str, name: str, readers: Sequence[Resolved[Reader]], section: ModalityConfig
) -> None:
    keys = [key for key in ("aligned_to", "frame_rate") if getattr(section, key) is not None]
    if len(keys) > 1:
        raise InputError(f"config: {place} has aligned_to and frame_rate; expected one of them")
    if keys and section.extractor.startswith(IMPORTED):
        raise InputError(
            f"config: {place}.{keys[0]}: the times of published frames are unknown, so they "
            "cannot be resampled or aligned"
        )
    if section.frame_rate is not None and name == "text":
        raise InputError(
            f"config: {place}.frame_rate: frames of text are tokens and have no rate; remove it"
        )
    for reader in _unable(readers, WordReader) if section.aligned_to is not None else []:
        raise InputError(
            f"config: {place}.aligned_to: {_reader_name(reader)} has no word times; readers that "
            f"have them: {', '.join(_readers_with(WordReader))}"
        )


def _unable(readers: Sequence[Resolved[Reader]], ability: type) -> list[Resolved[Reader]]:
    return [reader for reader in readers if not issubclass(reader.kind, ability)]


def _reader_name(reader: Resolved[Reader]) -> str:
    implementation = reader.plugin.implementation
    return next((n for n, known in READERS.items() if known == implementation), implementation)


def _readers_with(ability: type) -> list[str]:
    return [
        name
        for name, implementation in READERS.items()
        if issubclass(resolve_reader(implementation), ability)
    ]


def resolve_reader(implementation: str) -> type[Reader]:
    """The class of a registered reader."""
    kind: type[Reader] = load(implementation)
    return kind


def plan_faces(features: FeaturesConfig) -> dict[str, Any]:
    """Complete settings of the face search."""
    return checked_settings(FacesSettings, features.faces, "features.faces")


def plan_recogniser(features: FeaturesConfig) -> dict[str, Any]:
    """Complete settings of the speech recogniser."""
    sound = checked_settings(SoundSettings, features.sound, "features.sound")
    return checked_settings(RecogniserSettings, {**features.asr, "sound": sound}, "features.asr")
