"""Acoustic features: openSMILE's IS13 ComParE low-level descriptors and their deltas."""

import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import opensmile
import soundfile
from scipy.signal import resample_poly

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.utterance import Extraction, Utterance

SETTINGS = {
    # Frames per second, at most 100: openSMILE's frames are 10 ms apart and are resampled to this.
    "frame_rate": 10.0,
}

_SAMPLE_RATE = 16_000  # Hz
_OPENSMILE_RATE = 100  # frames per second
_MAY_LACK = 0.5  # seconds that a recording may end before the index says; annotators round


class IS13:
    """65 low-level descriptors and 65 deltas (130 features), computed in one pass of openSMILE.

    Frames at 100 Hz are low-pass filtered and resampled to ``frame_rate`` as in MMIN. The signal
    is held at its edges there: zeros outside it would pull its first and last frames to zero.

    Source: B. Schuller et al., "The INTERSPEECH 2013 Computational Paralinguistics Challenge",
    Interspeech 2013.
    """

    def __init__(self, settings: dict):
        self.frame_rate = float(settings["frame_rate"])
        if not 0 < self.frame_rate <= _OPENSMILE_RATE:
            raise InputError(
                f"config: frame_rate of is13 is {self.frame_rate:g}, expected more than 0 and at "
                f"most {_OPENSMILE_RATE} (openSMILE's own)"
            )
        packaged = Path(opensmile.__file__).parent / "core/config/is09-13"
        self._smile = opensmile.Smile(
            str(Path(__file__).with_suffix(".conf")),
            "descriptors",
            options={"descriptors": str(packaged / "IS13_ComParE_core.lld.conf.inc")},
        )
        self.names = list(self._smile.feature_names)
        self.weights_sha256 = ""

    def extract(self, utterance: Utterance) -> Extraction:
        """Descriptors of the utterance's audio: float32 [T, 130].

        Raises:
            UtteranceError: the audio is missing, cannot be decoded, ends before the utterance
                does, or is too short for one frame.
        """
        signal = read_audio(utterance)
        frames = self._descriptors(signal)
        ratio = Fraction(self.frame_rate / _OPENSMILE_RATE).limit_denominator(1000)
        values = frames
        if ratio != 1:
            values = resample_poly(
                frames, ratio.numerator, ratio.denominator, axis=0, padtype="edge"
            )
        return Extraction(
            values.astype(np.float32), looked_at=len(frames), seconds=len(signal) / _SAMPLE_RATE
        )

    def _descriptors(self, signal: np.ndarray) -> np.ndarray:
        """Frames at 100 Hz, float32 [T, 130], of a signal at 16 kHz."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            frames = self._smile(signal, _SAMPLE_RATE)[0].T
        if len(frames) == 1 and np.isnan(frames).all():
            raise UtteranceError(
                f"audio too short for one frame: {len(signal) / _SAMPLE_RATE:.3f} s"
            )
        return frames


def read_audio(utterance: Utterance) -> np.ndarray:
    """The utterance's audio: mono, 16 kHz, float32 [samples] that fit into 16 bits.

    Raises:
        UtteranceError: it is missing, cannot be decoded, or ends before the utterance does.
    """
    path = utterance.file("audio")
    start, end = (None, None) if utterance.audio_is_cut else (utterance.start, utterance.end)
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            first = round((start or 0) * rate)
            last = file.frames if end is None else round(end * rate)
            file.seek(min(first, file.frames))
            signal = file.read(max(last - first, 0), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise UtteranceError(f"audio cannot be decoded: {error.error_string}") from error
    if len(signal) < last - first - _MAY_LACK * rate:
        raise UtteranceError(
            f"audio too short: it ends {(last - first - len(signal)) / rate:.2f} s early"
        )
    if not len(signal):
        raise UtteranceError("audio too short: it is empty")
    signal = signal.mean(axis=1)
    if not np.isfinite(signal).all():
        raise UtteranceError("audio holds samples that are not numbers")
    if rate != _SAMPLE_RATE:
        ratio = Fraction(_SAMPLE_RATE, rate)
        signal = resample_poly(signal, ratio.numerator, ratio.denominator)
    # openSMILE's Python interface converts to 16 bits without a limit: a sample of 1.0 wraps to -1.
    return np.clip(signal, -1, 32767 / 32768).astype(np.float32)
