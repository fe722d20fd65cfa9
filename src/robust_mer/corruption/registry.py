"""Noise types by name: one line each."""

NOISES = {
    "gaussian": "robust_mer.corruption.gaussian:draw",
    "impulse": "robust_mer.corruption.impulse:draw",
}
