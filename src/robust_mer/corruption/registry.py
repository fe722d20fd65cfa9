"""What corrupts features, by name: one line each."""

# Added to the features at an SNR, in dB.
NOISES = {
    "gaussian": "robust_mer.corruption.gaussian:draw",
    "impulse": "robust_mer.corruption.impulse:draw",
    "uniform": "robust_mer.corruption.uniform:draw",
    "laplace": "robust_mer.corruption.laplace:draw",
    "pink": "robust_mer.corruption.pink:draw",
    "bursts": "robust_mer.corruption.bursts:draw",
}

# Multiplied with the features, so there is no SNR to aim at.
MASKS = {
    "missing": "robust_mer.corruption.missing:draw",
    "dropped": "robust_mer.corruption.dropped:draw",
}
