"""Corruptions as the config resolves them."""

from helpers.settings import complete
from robust_mer.conditions import CLEAN, Corruption, NoiseSpec, parse_corruption
from robust_mer.corruption.registry import NOISES
from robust_mer.settings import Plugin, load

MODALITIES = ("audio", "video", "text")


def noise(kind, **settings):
    """A noise of the registry."""
    return Plugin(NOISES[kind], settings).build()


def corruption(name, modalities=MODALITIES, seed=1, **settings):
    """A corruption of features by its name, e.g. ``gaussian_-10dB``, in these modalities."""
    if name == CLEAN:
        return Corruption(CLEAN)
    parsed = parse_corruption(name)
    implementation = NOISES[parsed.kind]
    if parsed.unit == "%":
        settings["rate"] = parsed.amount / 100
    spec = NoiseSpec(
        kind=parsed.kind,
        target_snr_db=parsed.amount if parsed.unit == "dB" else None,
        implementation=implementation,
        settings=complete(implementation, settings, "test"),
        is_mask=load(implementation).is_mask,
    )
    return Corruption(name, dict.fromkeys(modalities, spec), seed)
