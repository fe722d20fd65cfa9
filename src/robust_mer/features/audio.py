"""The audio of an utterance: decoded, cut out, at one sample rate."""

from fractions import Fraction

import numpy as np
import soundfile
from scipy.signal import resample_poly

from robust_mer.errors import UtteranceError
from robust_mer.features.utterance import Utterance

SAMPLE_RATE = 16_000  # Hz

_MAY_LACK = 0.5  # seconds that a recording may end before the index says; annotators round


def read_audio(utterance: Utterance) -> np.ndarray:
    """The utterance's audio as it is received: mono, 16 kHz, float32 [samples] that fit 16 bits.

    Every acoustic extractor reads through here, so that a corruption of recordings reaches it.

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
    if rate != SAMPLE_RATE:
        ratio = Fraction(SAMPLE_RATE, rate)
        signal = resample_poly(signal, ratio.numerator, ratio.denominator)
    if utterance.alter_audio is not None:
        signal = utterance.alter_audio(_limited(signal), SAMPLE_RATE)
    return _limited(signal)


def _limited(signal: np.ndarray) -> np.ndarray:
    # openSMILE's Python interface converts to 16 bits without a limit: a sample of 1.0 wraps to -1.
    return np.clip(signal, -1, 32767 / 32768).astype(np.float32)
