"""Trains many replicas at once on the small corpus."""

from helpers.corpus import NORMALISE, WIDTHS
from helpers.noises import trained_on
from robust_mer.models.registry import MODELS
from robust_mer.settings import complete
from robust_mer.training.train import train_replicas

KEYS = [(fold, seed) for fold in (1, 2, 3) for seed in (1, 2)]


def described(name, **changes):
    quick = {"epochs_constant": 2, "epochs_falling": 1, "batch_size": 16, "learning_rate": 1e-3}
    if name in ("nmer", "nmer_without_invariance"):
        quick |= {"layers": 1, "feed_forward": 64}
    implementation = MODELS[name].implementation
    settings = complete(implementation, {**quick, **changes}, "test")
    return {"implementation": implementation, "settings": settings}


def train(corpus, folder, name="nmer", keys=KEYS, teachers=None, **changes):
    """Checkpoints of some replicas trained on Gaussian noise."""
    folder.mkdir(parents=True, exist_ok=True)
    alpha_bars = {(fold, m): 0.3 for fold in (1, 2, 3) for m in WIDTHS}
    checkpoints = {key: folder / f"fold{key[0]}_seed{key[1]}.safetensors" for key in keys}
    arguments = {
        "checkpoints": checkpoints,
        "histories": {key: path.with_suffix(".csv") for key, path in checkpoints.items()},
        **corpus,
        "corruptions": trained_on("gaussian_-10dB"),
        "alpha_bars": {"gaussian_-10dB": alpha_bars},
        "teachers": teachers or {},
        "trained_on": "gaussian_-10dB",
        "model": described(name),
        "normalise": NORMALISE,
        "not_finite": dict.fromkeys(NORMALISE),
        "code": "test",
        "device": "cpu",
        "max_replicas": None,
        "threads": 1,
        "save_every": 60,
        **changes,
    }
    train_replicas(**arguments)
    return checkpoints


def teach(corpus, folder):
    clean = {"trained_on": "clean", "corruptions": trained_on("clean")}
    return train(corpus, folder / "teacher", "invariance_teacher", **clean)
