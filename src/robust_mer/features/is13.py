"""Acoustic features: openSMILE's IS13 ComParE low-level descriptors and their deltas."""

import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import opensmile
from scipy.signal import resample_poly

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.audio import SAMPLE_RATE, read_audio
from robust_mer.features.utterance import Extraction, Utterance

SETTINGS = {
    # Frames per second, at most 100: openSMILE's frames are 10 ms apart and are resampled to this.
    "frame_rate": 10.0,
}

_OPENSMILE_RATE = 100  # frames per second


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
            values.astype(np.float32), looked_at=len(frames), seconds=len(signal) / SAMPLE_RATE
        )

    def _descriptors(self, signal: np.ndarray) -> np.ndarray:
        """Frames at 100 Hz, float32 [T, 130], of a signal at 16 kHz."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            frames = self._smile(signal, SAMPLE_RATE)[0].T
        if len(frames) == 1 and np.isnan(frames).all():
            raise UtteranceError(
                f"audio too short for one frame: {len(signal) / SAMPLE_RATE:.3f} s"
            )
        return frames
