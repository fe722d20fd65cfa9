"""Acoustic features: openSMILE's IS13 ComParE low-level descriptors and their deltas."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import AfterValidator, Field

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.audio import SAMPLE_RATE, decode_audio
from robust_mer.features.extractor import Extractor
from robust_mer.features.rates import rate_ratio, resample
from robust_mer.features.sound import AudioSettings
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.settings import Settings

if TYPE_CHECKING:
    import opensmile
    from opensmile.core.lib import OpenSMILE

OPENSMILE_RATE = 100  # frames per second

_BLOCK = 16_000  # samples that openSMILE is given at a time


def _check_rate(rate: float) -> float:
    try:
        rate_ratio(OPENSMILE_RATE, rate, "openSMILE's frames")
    except InputError as error:
        raise ValueError(str(error)) from None
    return rate


FrameRate = Annotated[float, Field(ge=0.1, le=OPENSMILE_RATE), AfterValidator(_check_rate)]
"""A rate in Hz to which openSMILE's frames can be resampled."""


class IS13Settings(AudioSettings):
    """Settings of `IS13`."""

    frame_rate: FrameRate = 10.0
    """Frames per second: openSMILE's frames are 10 ms apart and are resampled to this."""


class IS13(Extractor):
    """65 low-level descriptors and 65 deltas (130 features), computed in one pass of openSMILE.

    Frames at 100 Hz are low-pass filtered and resampled to ``frame_rate`` as in MMIN. The signal
    is held at its edges there: zeros outside it would pull its first and last frames to zero.

    Source: B. Schuller et al., "The INTERSPEECH 2013 Computational Paralinguistics Challenge",
    Interspeech 2013.
    """

    settings_class = IS13Settings
    settings: IS13Settings
    modality = "audio"
    trained_on = ()

    def __init__(self, settings: IS13Settings) -> None:
        import opensmile

        super().__init__(settings)
        self.frame_rate = settings.frame_rate
        self._ratio = rate_ratio(OPENSMILE_RATE, self.frame_rate, "frame_rate of is13")
        packaged = Path(opensmile.__file__).parent / "core/config/is09-13"
        self._smile = opensmile.Smile(
            str(Path(__file__).with_suffix(".conf")),
            "descriptors",
            options={"descriptors": str(packaged / "IS13_ComParE_core.lld.conf.inc")},
        )
        self.names = list(self._smile.feature_names)

    @classmethod
    def rate_of(cls, settings: Settings) -> float | None:
        """That of the settings."""
        assert isinstance(settings, IS13Settings)
        return settings.frame_rate

    def extract(self, utterance: Utterance) -> Extraction:
        """Descriptors of the utterance's audio: float32 [T, 130].

        Raises:
            UtteranceError: the audio is missing, cannot be decoded, ends before the utterance
                does, or is too short for one frame.
        """
        audio = decode_audio(utterance, self.settings.sound)
        frames = descriptors(self._smile, audio.signal)
        values = resample(frames, self._ratio)
        return Extraction(values, len(frames), audio.seconds, audio.note)


def descriptors(smile: "opensmile.Smile", signal: np.ndarray) -> np.ndarray:
    """OpenSMILE's frames, float32 [T, D], of a signal at 16 kHz.

    The same as the package's own ``smile(signal, 16_000)``, which holds a recording of an hour as
    2.6 GB; here the engine is fed while it runs.

    Raises:
        UtteranceError: the signal is too short for one frame.
    """
    from opensmile.core.config import config

    frames = bytearray()
    source = str(Path(__file__).with_suffix(".source.conf"))
    engine = smile._smile(options={**smile._options(), "source": source})
    feeder, ended = None, threading.Event()
    try:
        engine.external_sink_set_callback(
            config.EXTERNAL_OUTPUT_COMPONENT, lambda frame: frames.extend(frame.tobytes())
        )
        written = _write(engine, signal, 0)
        if written < len(signal):
            feeder = threading.Thread(target=_feed, args=(engine, signal, written, ended))
            feeder.start()
        engine.run()
    finally:
        ended.set()
        if feeder is not None:
            feeder.join()
        engine.free()
    if not frames:
        raise UtteranceError(f"audio too short for one frame: {len(signal) / SAMPLE_RATE:.3f} s")
    return np.frombuffer(frames, np.float32).reshape(-1, smile.num_features)


def _write(engine: "OpenSMILE", signal: np.ndarray, start: int) -> int:
    """Write a signal to the engine from ``start`` on until its ring is full; how far that came."""
    from opensmile.core.config import config

    for first in range(start, len(signal), _BLOCK):
        block = signal[first : first + _BLOCK] * np.float32(32768)
        if not engine.external_audio_source_write_data(
            config.EXTERNAL_SOURCE_COMPONENT, block.astype(np.int16).tobytes()
        ):
            return first
    engine.external_audio_source_set_eoi(config.EXTERNAL_SOURCE_COMPONENT)
    return len(signal)


def _feed(engine: "OpenSMILE", signal: np.ndarray, written: int, ended: threading.Event) -> None:
    """Go on writing while another thread runs the engine."""
    while written < len(signal) and not ended.wait(0.001):
        written = _write(engine, signal, written)
