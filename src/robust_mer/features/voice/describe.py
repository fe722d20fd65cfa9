"""COVAREP's features of a signal."""

import numpy as np
from scipy.signal import butter, sosfiltfilt

from robust_mer.features.audio import SAMPLE_RATE
from robust_mer.features.covarep import CEPSTRA, HOP
from robust_mer.features.voice.envelope import true_envelope, warped_cepstrum
from robust_mer.features.voice.glottal import (
    find_closures,
    find_polarity,
    inverse_filter,
    measure_cycles,
    residual_order,
)
from robust_mer.features.voice.harmonics import (
    analyse,
    count_harmonics,
    source_phases,
    take_harmonics,
)
from robust_mer.features.voice.lf_fit import fit_rd
from robust_mer.features.voice.linear_prediction import residual
from robust_mer.features.voice.phase_distortion import phase_distortion
from robust_mer.features.voice.pitch import HIGHEST, LOWEST, track_pitch
from robust_mer.features.voice.wavelets import maxima_dispersion, peak_slope

_SLOWEST = 30  # Hz


def describe_voice(signal: np.ndarray) -> np.ndarray:
    """COVAREP's features of a signal at 16 kHz: [T, 74]."""
    rate = SAMPLE_RATE
    # Forwards and backwards, which keeps the phase. Components slower than any voice would modulate
    # the frames.
    signal = sosfiltfilt(butter(2, _SLOWEST, "high", fs=rate, output="sos"), signal)
    signal = signal * find_polarity(signal, rate)
    centres = np.arange(HOP // 2, len(signal), HOP)
    f0, voiced = track_pitch(signal, rate, centres)
    # Spectra and phases of unvoiced frames need an F0 too: it is interpolated linearly.
    f0_filled = np.full(len(f0), np.sqrt(LOWEST * HIGHEST))
    if voiced.any():
        f0_filled = np.interp(centres, centres[voiced], f0[voiced])
    counts = count_harmonics(rate, f0_filled)
    harmonics = np.empty((len(centres), counts.max() + 1), complex)
    cepstra = np.empty((len(centres), CEPSTRA))
    for block, spectra in analyse(signal, rate, centres, f0_filled):
        harmonics[block] = take_harmonics(spectra, rate, f0_filled[block], counts.max())
        envelope = true_envelope(spectra, rate, f0_filled[block])
        cepstra[block] = warped_cepstrum(envelope, rate, CEPSTRA - 1)
    phases = source_phases(harmonics, counts)
    means, deviations = phase_distortion(phases, counts, rate, f0_filled)
    cycles = _parameters_of_cycles(signal, centres, f0, voiced)
    return np.column_stack(
        [
            *(voiced * np.stack([f0, voiced, *cycles])),
            peak_slope(signal, rate, centres),
            *(voiced * np.stack(fit_rd(phases, counts))),
            np.full(len(f0), np.nan),  # creak
            cepstra,
            means,
            deviations,
        ]
    )


def _parameters_of_cycles(
    signal: np.ndarray, centres: np.ndarray, f0: np.ndarray, voiced: np.ndarray
) -> np.ndarray:
    """NAQ, QOQ, H1H2, PSP and MDQ, interpolated linearly between cycles: [5, T].

    0 if no cycle was detected.
    """
    rate = SAMPLE_RATE
    parameters = np.zeros((5, len(centres)))
    if not voiced.any():
        return parameters
    error = residual(signal, rate, residual_order(rate))
    closures = find_closures(signal, error, rate, float(np.median(f0[voiced])))
    closures = closures[np.interp(closures, centres, voiced.astype(float)) >= 0.5]
    if len(closures) < 2:
        return parameters
    f0_at_closures = np.interp(closures, centres[voiced], f0[voiced])
    cycles = measure_cycles(inverse_filter(signal, rate), closures, rate, f0_at_closures[1:])
    values = np.stack(
        [cycles.naq, cycles.qoq, cycles.h1h2, cycles.psp, maxima_dispersion(error, closures)]
    )
    # A gap between voiced stretches is not a cycle.
    ratio = np.diff(closures) * f0_at_closures[1:] / rate
    is_cycle = (ratio > 0.5) & (ratio < 2)
    if is_cycle.any():
        for row, parameter in zip(parameters, values[:, is_cycle], strict=True):
            row[:] = np.interp(centres, cycles.middle[is_cycle], parameter)
    return parameters
