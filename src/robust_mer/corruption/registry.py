"""Noises on features by name."""

NOISES = {
    "gaussian": "robust_mer.corruption.gaussian:Gaussian",
    "impulse": "robust_mer.corruption.impulse:Impulse",
    "uniform": "robust_mer.corruption.uniform:Uniform",
    "laplace": "robust_mer.corruption.laplace:Laplace",
    "pink": "robust_mer.corruption.pink:Pink",
    "bursts": "robust_mer.corruption.bursts:Bursts",
    "missing": "robust_mer.corruption.missing:Missing",
    "dropped": "robust_mer.corruption.dropped:Dropped",
    "blocks": "robust_mer.corruption.blocks:Blocks",
}
