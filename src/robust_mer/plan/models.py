"""Models of the config."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from robust_mer.conditions import CLEAN, PARTIAL
from robust_mer.errors import InputError
from robust_mer.models.registry import MODELS
from robust_mer.models.settings import ModelSettings
from robust_mer.plan.config import ModelConfig
from robust_mer.plan.messages import unknown
from robust_mer.plan.plugins import checked_settings, load_class, unknown_class
from robust_mer.plan.tuning import candidates_of
from robust_mer.settings import Plugin


@dataclass(frozen=True)
class TrainedOn:
    """What a model is trained on: a corruption and a protocol."""

    corruption: str
    protocol: str = PARTIAL

    def __str__(self) -> str:
        """Its name in paths; the protocol ``partial`` is left out."""
        is_partial = self.protocol == PARTIAL
        return self.corruption if is_partial else f"{self.corruption}_{self.protocol}"


@dataclass(frozen=True)
class ModelPlan:
    """A model that the config names."""

    name: str
    kind: str
    """Its class, as the config names it."""
    facts: type[ModelSettings]
    """Class of its settings, with what planning must know of the model."""
    plugin: Plugin
    teacher: str | None
    """The model that must be trained first."""
    modalities: list[str] | None
    """Modalities that it uses; None: all."""
    trained_once: TrainedOn | None
    """What it is trained on in every experiment; None: on what the experiment says."""
    candidates: "tuple[ModelPlan, ...]" = ()
    """What a tuned model is chosen from; none of another model."""
    tuned_values: Mapping[str, Any] = field(default_factory=dict)
    """Of a candidate, the values that make it one."""
    tuned_model: str | None = None
    """Of a candidate, the model that is chosen from it and others."""

    @property
    def is_trained_apart(self) -> bool:
        """Whether it is trained on a corruption that its own section names."""
        return self.trained_once is not None and self.trained_once.corruption != CLEAN

    @property
    def settings(self) -> dict[str, Any]:
        """The complete settings."""
        return self.plugin.settings

    @property
    def learns_in_epochs(self) -> bool:
        """Whether it has a learning curve."""
        return "epochs_constant" in self.settings


def plan_models(sections: Mapping[str, ModelConfig]) -> dict[str, ModelPlan]:
    """The models of the config by name.

    Raises:
        InputError: with the key that is wrong.
    """
    plans = {name: _plan_model(name, section) for name, section in sections.items()}
    for plan in plans.values():
        _check_teacher(plan, plans)
    return plans


def _plan_model(name: str, section: ModelConfig) -> ModelPlan:
    place, kind = f"models.{name}", section.kind or name
    facts, implementation = _load_facts(kind, place)
    teacher = section.teacher or facts.teacher
    trained_once = _trained_once(section, facts, place)

    def planned(name: str, settings: dict[str, Any]) -> ModelPlan:
        plugin = Plugin(implementation, settings)
        return ModelPlan(name, kind, facts, plugin, teacher, section.modalities, trained_once)

    given, keys = section.settings, section.own_keys()
    if not section.tune:
        return planned(name, checked_settings(facts, given, place, keys))
    candidates = tuple(
        replace(planned(candidate, settings), tuned_values=tuned, tuned_model=name)
        for candidate, tuned, settings in candidates_of(name, given, section.tune, facts, keys)
    )
    # What planning asks of its settings is the same for all of them.
    return replace(planned(name, candidates[0].settings), candidates=candidates)


def _trained_once(section: ModelConfig, facts: type[ModelSettings], place: str) -> TrainedOn | None:
    if section.trained_on is None:
        if section.trained_under is not None:
            raise InputError(
                f"config: {place}.trained_under: the protocol of {place}.trained_on, which is "
                "missing; add it, or remove the protocol"
            )
        return TrainedOn(CLEAN) if facts.trained_on_clean else None
    if facts.trained_on_clean:
        raise InputError(f"config: {place}.trained_on: this class is always trained on clean data")
    is_clean = section.trained_on == CLEAN
    if is_clean and section.trained_under not in (None, PARTIAL):
        raise InputError(
            f"config: {place}.trained_under: {section.trained_under}: clean data have no corrupted "
            "modality; remove it"
        )
    return TrainedOn(section.trained_on, section.trained_under or PARTIAL)


def _load_facts(kind: str, place: str) -> tuple[type[ModelSettings], str]:
    """Settings class and implementation of a registered class or of a user's class."""
    if kind in MODELS:
        facts = load_class(MODELS[kind], f"{place}.class", ModelSettings)
        return facts, facts.implementation
    if ":" not in kind:
        raise unknown_class(place, kind, MODELS)
    from robust_mer.models.model import Model  # imports torch, as a user's model does

    facts = load_class(kind, f"{place}.class", Model).settings_class
    if not (isinstance(facts, type) and issubclass(facts, ModelSettings)):
        raise InputError(
            f"config: {place}.class: {kind}: its settings_class is {facts!r}, expected a subclass "
            "of robust_mer.models.settings.ModelSettings"
        )
    return facts, kind


def _check_teacher(plan: ModelPlan, plans: Mapping[str, ModelPlan]) -> None:
    place, needed = f"models.{plan.name}.teacher", plan.facts.teacher
    if needed is None:
        if plan.teacher is not None:
            raise InputError(f"config: {place}: {plan.kind} has no teacher")
        return
    if plan.teacher is None or plan.teacher not in plans:
        raise InputError(unknown(f"{place}: {plan.teacher}", str(plan.teacher), plans))
    teacher = plans[plan.teacher]
    if teacher.kind != needed:
        raise InputError(
            f"config: {place}: {plan.teacher} is of class {teacher.kind}, expected {needed}"
        )
    for key in plan.facts.same_as_teacher:
        for one in (plan, teacher):
            if any(key in candidate.tuned_values for candidate in one.candidates):
                raise InputError(
                    f"config: models.{one.name}.tune.{key}: {plan.name} takes over the weights of "
                    f"{teacher.name}, so both need the same {key}; set it in both sections instead"
                )
        own, expected = plan.settings[key], teacher.settings[key]
        if own != expected:
            raise InputError(
                f"config: models.{plan.name}.{key} is {own}, but that of its teacher, "
                f"{plan.teacher}, is {expected}; give both models the same, or name another teacher"
            )
