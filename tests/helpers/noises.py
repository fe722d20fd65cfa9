"""What the config tells the jobs of a corruption."""

from robust_mer.corruption.registry import MASKS, NOISES
from robust_mer.protocol import CLEAN, parse_corruption
from robust_mer.settings import complete

MODALITIES = ("audio", "video", "text")


def noises(corruption, modalities=MODALITIES, **settings):
    """As ``Config.noises``: per modality that is touched, what is drawn."""
    if corruption == CLEAN:
        return {}
    parsed = parse_corruption(corruption)
    implementation = {**NOISES, **MASKS}[parsed.kind]
    if parsed.unit == "%":
        settings["rate"] = parsed.amount / 100
    how = {
        "kind": parsed.kind,
        "target_snr_db": parsed.amount if parsed.unit == "dB" else None,
        "implementation": implementation,
        "settings": complete(implementation, settings, "test"),
        "is_mask": parsed.kind in MASKS,
    }
    return dict.fromkeys(modalities, how)


def trained_on(corruption, **options):
    """As the workflow's ``training_corruptions`` for one corruption."""
    return {corruption: {"noises": noises(corruption, **options), "seed": 1}}
