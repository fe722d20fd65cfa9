"""Corpora of the config: reader, folds, task and modalities."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from robust_mer.corpora.generator import Generator
from robust_mer.corpora.joined import JOINED, JoinedSettings
from robust_mer.corpora.reader import Reader
from robust_mer.corpora.registry import GENERATORS, READERS
from robust_mer.errors import InputError
from robust_mer.modality import Modality
from robust_mer.plan.config import Config, CorpusConfig
from robust_mer.plan.extractors import ExtractorPlan
from robust_mer.plan.layout import Layout
from robust_mer.plan.messages import unknown
from robust_mer.plan.modalities import heard, plan_modalities
from robust_mer.plan.plugins import Resolved, load_class, resolve
from robust_mer.settings import Plugin
from robust_mer.tasks.registry import TASKS
from robust_mer.tasks.task import Task

_TASK_KEYS = ("target", "target_range", "selection")
_FOLD_KEYS = {"groups": ("session_groups", "speaker_groups"), "validation": ("part",)}


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
    reader = resolve(READERS, section.reader, section.settings, place, Reader, section.own_keys())
    generator = None
    if section.generator is not None:
        kind = section.generator.kind or name
        generator = resolve(
            GENERATORS,
            kind,
            section.generator.settings,
            f"{place}.generator",
            Generator,
            section.generator.own_keys(),
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
            f"config: {place}.root is {section.root!r}, but the corpus has a generator, which "
            f"always writes to {root}; remove root, or give a corpus of your own another name"
        )
    return section.model_copy(update={"root": root})


def _check_folds(place: str, section: CorpusConfig) -> None:
    for key, schemes in _FOLD_KEYS.items():
        if getattr(section.folds, key) is not None and section.folds.scheme not in schemes:
            raise InputError(
                f"config: {place}.folds.{key} is for the scheme {' or '.join(schemes)}, not "
                f"{section.folds.scheme}; remove it, or set it to null if another file sets it"
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
