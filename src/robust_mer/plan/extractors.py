"""Extractors of the config, with the face search and the recogniser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from robust_mer.errors import InputError
from robust_mer.features.denseface import DenseFaceTrainingSettings
from robust_mer.features.extractor import Extractor
from robust_mer.features.faces import FacesSettings
from robust_mer.features.recogniser import RecogniserSettings
from robust_mer.features.registry import EXTRACTORS
from robust_mer.features.sound import AudioSettings, SoundSettings
from robust_mer.features.specs import Transcript
from robust_mer.features.training_data import known_training_data
from robust_mer.plan.config import FeaturesConfig
from robust_mer.plan.layout import IMPORTED
from robust_mer.plan.plugins import Resolved, checked_settings, resolve


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
        kind, keys = section.kind or name, section.own_keys()
        _refuse_shared(settings, place)
        resolved = resolve(EXTRACTORS, kind, settings, place, Extractor, keys)
        shared = {"faces": faces} if resolved.kind.looks_at_faces else {}
        if issubclass(resolved.kind.settings_class, AudioSettings):
            shared = {"sound": sound}
        if shared:
            resolved = resolve(EXTRACTORS, kind, {**settings, **shared}, place, Extractor, keys)
        if section.transcript != "index" and resolved.kind.modality != "text":
            raise InputError(
                f"config: {place}.transcript: {name} extracts {resolved.kind.modality}, not text; "
                "remove it"
            )
        plans[name] = ExtractorPlan(
            name, resolved, section.weights_sha256, section.transcript, section.trained_on
        )
    return plans


def plan_faces(features: FeaturesConfig) -> dict[str, Any]:
    """Complete settings of the face search."""
    return checked_settings(FacesSettings, features.faces, "features.faces")


def plan_recogniser(features: FeaturesConfig) -> dict[str, Any]:
    """Complete settings of the speech recogniser."""
    sound = checked_settings(SoundSettings, features.sound, "features.sound")
    _refuse_shared(features.asr, "features.asr")
    return checked_settings(RecogniserSettings, {**features.asr, "sound": sound}, "features.asr")


def plan_denseface_training(features: FeaturesConfig) -> dict[str, Any]:
    """Complete settings of ``snakemake train_denseface``."""
    given = features.denseface_training
    return checked_settings(DenseFaceTrainingSettings, given, "features.denseface_training")


def _refuse_shared(settings: Mapping[str, Any], place: str) -> None:
    """Refuse the settings that all extractors share beside one of them."""
    for key in ("faces", "sound"):
        if key in settings:
            raise InputError(
                f"config: {place}.{key}: all extractors share these settings; move them to "
                f"features.{key}"
            )
