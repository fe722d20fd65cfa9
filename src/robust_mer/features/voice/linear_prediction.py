"""Linear prediction of many frames at once, and the residual of a whole signal."""

import numpy as np
from scipy.signal.windows import hann

_FRAME, _HOP = 0.025, 0.005  # seconds
_FLOOR = 1e-12  # of a frame's energy: keeps the recursion stable for silence and pure tones


def cut_frames(signal: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Frames [T, length] that begin at samples ``starts``, zeros outside the signal."""
    leading = max(0, -int(starts.min(initial=0)))
    trailing = max(0, int(starts.max(initial=0)) + length - len(signal))
    padded = np.pad(signal, (leading, trailing))
    return np.lib.stride_tricks.sliding_window_view(padded, length)[starts + leading]


def overlap_add(frames: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """The sum [length] of frames [T, L] that begin at samples ``starts``."""
    places = starts[:, None] + np.arange(frames.shape[1])
    is_inside = (places >= 0) & (places < length)
    return np.bincount(places[is_inside], frames[is_inside], minlength=length)


def predict(frames: np.ndarray, order: int) -> np.ndarray:
    """Prediction error filters [T, order + 1] of frames [T, L], each with a first coefficient of 1.

    Autocorrelation method, Levinson's recursion. Source: J. Makhoul, "Linear prediction: a
    tutorial review", Proc. IEEE 63(4), 1975.
    """
    size = 1 << (frames.shape[1] + order).bit_length()
    power = np.abs(np.fft.rfft(frames, size)) ** 2
    r = np.fft.irfft(power, size)[:, : order + 1]
    r[:, 0] += _FLOOR * (1 + r[:, 0])
    a = np.zeros((len(frames), order + 1))
    a[:, 0] = 1
    error = r[:, 0].copy()
    for i in range(1, order + 1):
        reflection = -np.einsum("tj,tj->t", a[:, :i], r[:, i:0:-1]) / error
        a[:, 1 : i + 1] += reflection[:, None] * a[:, i - 1 :: -1][:, :i]
        error *= 1 - reflection**2
    return a


def filter_frames(a: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Frames [T, L] through filters [T, P] without poles; zeros before a frame."""
    out = np.zeros(frames.shape)
    for lag in range(a.shape[1]):
        out[:, lag:] += a[:, lag, None] * frames[:, : frames.shape[1] - lag]
    return out


def residual(
    signal: np.ndarray, rate: int, order: int, predicted_from: np.ndarray | None = None
) -> np.ndarray:
    """Residual of a signal's linear prediction [samples]; every frame keeps its energy.

    Args:
        signal: Samples.
        rate: In Hz.
        order: Of the prediction.
        predicted_from: Signal of the same length that the predictor is fitted to instead.

    Source: T. Drugman and A. Alwan, "Joint robust voicing detection and pitch estimation based on
    residual harmonics", Interspeech 2011, section 2.
    """
    length, hop = round(_FRAME * rate), round(_HOP * rate)
    starts = np.arange(-length + hop, len(signal), hop)
    window = hann(length, sym=False)
    frames = cut_frames(signal, starts, length) * window
    source = frames
    if predicted_from is not None:
        source = cut_frames(predicted_from, starts, length) * window
    error = filter_frames(predict(source, order), frames)
    energy = np.sum(error**2, axis=1, keepdims=True)
    error *= np.sqrt(np.sum(frames**2, axis=1, keepdims=True) / np.maximum(energy, 1e-300))
    return overlap_add(error, starts, len(signal))
