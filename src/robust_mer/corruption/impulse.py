"""Impulse noise: n is +1 or -1 with a given frequency, else 0 (NMER, section 2.2.2)."""

from torch import Tensor

from robust_mer.corruption.draws import Draws

SETTINGS = {
    # share of the values that the noise hits (NMER, section 3.3), above 0 and at most 1
    "frequency": 0.3,
}

LIMITS = {"frequency": (1e-6, 1)}


def draw(shape: tuple[int, ...], draws: Draws, frequency: float) -> Tensor:
    """Noise of the given shape, power ``frequency``.

    One uniform number decides both whether a value is hit and with which sign.
    """
    uniform = draws.uniform(shape)
    return (uniform < frequency).float() - 2 * (uniform < frequency / 2).float()
