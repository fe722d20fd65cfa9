"""Acoustic features: any feature set that openSMILE's Python package brings."""

from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from robust_mer.features.audio import decode_audio
from robust_mer.features.extractor import Extractor
from robust_mer.features.is13 import OPENSMILE_RATE, FrameRate, descriptors
from robust_mer.features.rates import rate_ratio, resample
from robust_mer.features.sound import AudioSettings
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.settings import Settings

_LEVELS = {
    "lld": ["LowLevelDescriptors"],
    "lld_deltas": ["LowLevelDescriptors", "LowLevelDescriptors_Deltas"],
    "functionals": ["Functionals"],
}


_FRAME_RATE = 10.0


class OpenSmileSettings(AudioSettings):
    """Settings of `OpenSmile`."""

    feature_set: Literal[
        "ComParE_2016",
        "GeMAPSv01b",
        "eGeMAPSv01b",
        "eGeMAPSv02",
        "emobase",
        "IS09",
        "IS10",
        "IS11",
        "IS12",
        "IS13",
    ] = "eGeMAPSv02"
    """Name of the set in openSMILE's Python package."""
    level: Literal["lld", "lld_deltas", "functionals"] = "lld"
    """``lld``: low-level descriptors; ``lld_deltas``: these and their deltas; ``functionals``:
    statistics over the utterance, which then is one frame."""
    frame_rate: FrameRate = _FRAME_RATE
    """Frames per second of the descriptors: openSMILE's frames are resampled to this."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.level == "lld_deltas" and "GeMAPS" in self.feature_set:
            # Asked for them by their level's name, openSMILE ends the process.
            raise ValueError(
                f"level is lld_deltas, but {self.feature_set} has no deltas; choose lld, "
                "functionals or another feature_set"
            )
        if self.level == "functionals" and self.frame_rate != _FRAME_RATE:
            raise ValueError("functionals are one frame per utterance; remove frame_rate")
        return self


class OpenSmile(Extractor):
    """openSMILE's descriptors or functionals of a named set.

    For IS13's descriptors with their deltas, the extractor ``is13`` is twice as fast.

    Sources: F. Eyben et al., "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice
    research and affective computing", IEEE Trans. Affective Computing 7(2), 2016, and the
    challenges of Interspeech for the others.
    """

    settings_class = OpenSmileSettings
    settings: OpenSmileSettings
    modality = "audio"
    trained_on = ()

    def __init__(self, settings: OpenSmileSettings) -> None:
        import opensmile

        super().__init__(settings)
        feature_set, level = settings.feature_set, settings.level
        self._smiles = [
            opensmile.Smile(opensmile.FeatureSet[feature_set], opensmile.FeatureLevel[name])
            for name in _LEVELS[level]
        ]
        self._resamples = level != "functionals"
        rate = settings.frame_rate
        self._ratio = rate_ratio(OPENSMILE_RATE, rate, "frame_rate of opensmile")
        self.frame_rate = rate if self._resamples else None
        self.names = [name for smile in self._smiles for name in smile.feature_names]

    @classmethod
    def rate_of(cls, settings: Settings) -> float | None:
        """That of the settings; 0 for functionals."""
        assert isinstance(settings, OpenSmileSettings)
        return 0.0 if settings.level == "functionals" else settings.frame_rate

    def extract(self, utterance: Utterance) -> Extraction:
        """Descriptors [T, D] or functionals [1, D] of the utterance's audio, float32.

        Raises:
            UtteranceError: the audio is missing, cannot be decoded, ends before the utterance
                does, or is too short for one frame.
        """
        audio = decode_audio(utterance, self.settings.sound)
        parts = [descriptors(smile, audio.signal) for smile in self._smiles]
        frames = np.concatenate([part[: len(parts[0])] for part in parts], axis=1)
        looked_at = len(frames)
        if self._resamples:
            frames = resample(frames, self._ratio)
        return Extraction(frames, looked_at, audio.seconds, audio.note)
