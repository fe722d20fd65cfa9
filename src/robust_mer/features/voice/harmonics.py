"""Spectra, harmonics and phases of a voice, frame by frame."""

from collections.abc import Iterator

import numpy as np

from robust_mer.features.voice.linear_prediction import cut_frames

SIZE = 4096  # points of a frame's spectrum

_PERIODS = 3
_FRAMES_AT_ONCE = 256  # bounds the memory for a long recording
_QUIETEST = 1e-7  # amplitude; a hundredth of the resolution of 16 bits


def analyse(
    signal: np.ndarray, rate: int, centres: np.ndarray, f0: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield slices of the frames and their spectra: complex [frames, SIZE / 2 + 1].

    The Blackman window of three periods is zero at the neighbouring harmonics. Its sum is 1, and
    time 0 of the phases is the middle of the frame.

    Source: G. Degottex et al., "COVAREP: a collaborative voice analysis repository", ICASSP 2014.

    Args:
        signal: Samples.
        rate: Hz.
        centres: Samples in the middle of the frames [T].
        f0: Hz [T].
    """
    for first in range(0, len(centres), _FRAMES_AT_ONCE):
        block = slice(first, first + _FRAMES_AT_ONCE)
        yield block, _spectra(signal, rate, centres[block], f0[block])


def _spectra(signal: np.ndarray, rate: int, centres: np.ndarray, f0: np.ndarray) -> np.ndarray:
    half = np.round(_PERIODS * rate / f0 / 2)
    reach = int(half.max())
    frames = cut_frames(signal, centres - reach, 2 * reach + 1)
    place = np.arange(-reach, reach + 1) / half[:, None]
    window = 0.42 + 0.5 * np.cos(np.pi * place) + 0.08 * np.cos(2 * np.pi * place)
    window[np.abs(place) > 1] = 0
    frames = frames * (window / window.sum(axis=1, keepdims=True))
    turned = np.zeros((len(frames), SIZE))
    turned[:, : reach + 1] = frames[:, reach:]
    turned[:, SIZE - reach :] = frames[:, :reach]
    return np.fft.rfft(turned)


def count_harmonics(rate: int, f0: np.ndarray) -> np.ndarray:
    """Number of harmonics below half the rate, without the 0th: [T]."""
    return np.ceil(rate / 2 / f0).astype(int) - 1


def take_harmonics(spectra: np.ndarray, rate: int, f0: np.ndarray, count: int) -> np.ndarray:
    """Harmonics 0 to ``count`` of spectra of `analyse`: complex [T, count + 1].

    Those beyond half the rate repeat the spectrum's last value.
    """
    place = f0[:, None] * np.arange(count + 1) * (SIZE / rate)
    place = np.minimum(place, SIZE / 2 - 1e-6)
    lower = place.astype(int)
    share = place - lower
    rows = np.arange(len(spectra))[:, None]
    return spectra[rows, lower] * (1 - share) + spectra[rows, lower + 1] * share


def minimum_phase(amplitude: np.ndarray) -> np.ndarray:
    """Phase [..., K + 1] of the minimum-phase filter with these amplitudes at harmonics 0 to K.

    The 0th is replaced by the 1st, because recordings contain nothing useful at 0 Hz.

    Source: A. V. Oppenheim and R. W. Schafer, "Discrete-time signal processing", ch. 12 (the
    phase is the Hilbert transform of the logarithm).
    """
    level = np.log(np.maximum(amplitude, _QUIETEST))
    level[..., 0] = level[..., 1]
    cepstrum = np.fft.irfft(level)
    half = amplitude.shape[-1] - 1
    cepstrum[..., 1:half] *= 2
    cepstrum[..., half + 1 :] = 0
    return np.fft.rfft(cepstrum).imag


def source_phases(harmonics: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Phases without the vocal tract's, estimated as the minimum phase of the amplitudes.

    Source: G. Degottex and D. Erro, "A uniform phase representation for the harmonic model in
    speech synthesis applications", EURASIP J. Audio, Speech, and Music Processing 2014:38.

    Args:
        harmonics: Complex [T, K + 1].
        counts: Number of harmonics of each frame, without the 0th [T].

    Returns:
        Phases in rad [T, K + 1], 0 after the last harmonic and for the 0th.
    """
    phases = np.zeros(harmonics.shape)
    for count in np.unique(counts):
        rows = counts == count
        values = harmonics[rows, : count + 1]
        phases[rows, : count + 1] = np.angle(values) - minimum_phase(np.abs(values))
    phases[:, 0] = 0
    return phases


def wrap(phase: np.ndarray) -> np.ndarray:
    """Angles between -pi and pi."""
    return np.angle(np.exp(1j * phase))


def distort(phases: np.ndarray) -> np.ndarray:
    """Phase distortion of harmonics 0 to K - 1: the deviation from what the 1st predicts.

    The difference between neighbours k and k + 1 minus the 1st, which does not depend on the time
    of the frame.

    Source: G. Degottex and D. Erro 2014, as above.

    Args:
        phases: rad [..., K + 1].

    Returns:
        Angles in rad [..., K], not wrapped.
    """
    return np.diff(phases, axis=-1) - phases[..., 1:2]
