"""What the config tells the jobs of a corruption."""

from pathlib import Path

from robust_mer.corruption.corrupt import write_schedule
from robust_mer.corruption.noise import Noise
from robust_mer.corruption.registry import NOISES
from robust_mer.corruption.specs import ScheduleFiles, ScheduleSpec
from robust_mer.modality import Modality
from robust_mer.protocol import CLEAN, Corruption, noise_specs, parse_corruption
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin, complete, load

MODALITIES = ("audio", "video", "text")


def noise(kind: str, **settings) -> Noise:
    """A noise of the registry."""
    return Plugin(NOISES[kind], settings).build()


def noises(corruption, modalities=MODALITIES, **settings):
    """As ``Config.noises``: per modality that is touched, what is drawn."""
    if corruption == CLEAN:
        return {}
    parsed = parse_corruption(corruption)
    implementation = NOISES[parsed.kind]
    if parsed.unit == "%":
        settings["rate"] = parsed.amount / 100
    how = {
        "kind": parsed.kind,
        "target_snr_db": parsed.amount if parsed.unit == "dB" else None,
        "implementation": implementation,
        "settings": complete(implementation, settings, "test"),
        "is_mask": load(implementation).is_mask,
    }
    return dict.fromkeys(modalities, how)


def trained_on(corruption, **options):
    """As the workflow's ``training_corruptions`` for one corruption."""
    return {corruption: {"noises": noises(corruption, **options), "seed": 1}}


def schedule_noise(
    path,
    corruption,
    utterances_csv,
    folds_csv,
    features,
    normalise,
    not_finite,
    noises,
    mode="exact",
    schedule="linear",
):
    """Write a corruption's schedule; features, normalise and not_finite by modality."""
    touched = [modality for modality in features if modality in noises]
    write_schedule(
        ScheduleSpec(
            Corruption(corruption, noise_specs(noises)),
            tuple(Modality(m, "", "", normalise[m], not_finite[m]) for m in touched),
            mode,
            schedule,
        ),
        ScheduleFiles(
            Path(utterances_csv), Path(folds_csv), [Path(features[m]) for m in touched], Path(path)
        ),
        Runtime(),
    )
