"""Trains and evaluates single replicas on the small corpus of ``tests/unit/conftest.py``."""

import pandas as pd

from helpers.corpus import NORMALISE, NOT_FINITE
from helpers.noises import noises, trained_on
from robust_mer.corruption.corrupt import read_alpha_bars, write_schedule
from robust_mer.evaluation.evaluate import evaluate_replicas
from robust_mer.models.registry import MODELS
from robust_mer.settings import complete
from robust_mer.training.train import train_replicas


def model(name, **changes):
    implementation = MODELS[name].implementation
    quick = {"epochs_constant": 6, "epochs_falling": 2, "batch_size": 16, "learning_rate": 3e-3}
    if name == "nmer":
        quick |= {"layers": 1, "feed_forward": 64}
    return {
        "implementation": implementation,
        "settings": complete(implementation, {**quick, **changes}, "test"),
    }


def schedule_of(corpus, folder, corruption, mode="exact", **settings):
    """Write and name a corruption's schedule."""
    path = folder / f"{corruption}.csv"
    write_schedule(
        path,
        corruption,
        **corpus,
        normalise=NORMALISE,
        not_finite=NOT_FINITE,
        mode=mode,
        schedule="linear",
        noises=noises(corruption, **settings),
    )
    return path


def alpha_bars(corpus, folder, corruption):
    return {} if corruption == "clean" else read_alpha_bars(schedule_of(corpus, folder, corruption))


def train(corpus, folder, name="men", condition="clean", teacher=None, seed=1, **changes):
    """Train one replica, fold 1, e.g. on gaussian_-10dB_none; its checkpoint and history."""
    if "corruptions" not in changes:
        corruption = condition.removesuffix("_none")
        changes["corruptions"] = trained_on(corruption)
        changes["alpha_bars"] = {corruption: alpha_bars(corpus, folder, corruption)}
    stem = folder / f"{name}_{condition}"
    key = (1, seed)
    arguments = {
        "checkpoints": {key: f"{stem}.safetensors"},
        "histories": {key: f"{stem}.csv"},
        **corpus,
        "teachers": {key: teacher} if teacher else {},
        "trained_on": condition,
        "model": changes.get("model") or model(name),
        "normalise": NORMALISE,
        "not_finite": NOT_FINITE,
        "code": "test",
        "device": "cpu",
        "max_replicas": None,
        "threads": 1,
        "save_every": 60,
        **changes,
    }
    train_replicas(**arguments)
    return f"{stem}.safetensors", f"{stem}.csv"


def evaluate(corpus, folder, checkpoint, tested_on):
    path = folder / "predictions.parquet"
    evaluate_replicas(
        path,
        [checkpoint],
        **corpus,
        noises=noises(tested_on),
        alpha_bars=alpha_bars(corpus, folder, tested_on),
        seed=1,
        not_finite=NOT_FINITE,
        device="cpu",
        threads=1,
    )
    return pd.read_parquet(path)
