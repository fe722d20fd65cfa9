"""Noise types by name: one line each."""

NOISES = {
    "gaussian": "robust_mer.corruption.gaussian:draw",
    "missing": "robust_mer.corruption.missing:draw",
    "impulse": "robust_mer.corruption.impulse:draw",
}
