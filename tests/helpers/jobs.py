"""Jobs of corruption, training and evaluation on the small corpus, run in this process."""

from pathlib import Path

import pandas as pd

from helpers.corpus import NORMALISE, modalities
from helpers.experiments import parse_trained_on
from helpers.noises import MODALITIES
from helpers.tasks import CLASSIFICATION
from robust_mer.corruption.corrupt import write_schedule
from robust_mer.corruption.specs import ScheduleFiles, ScheduleSpec
from robust_mer.evaluation.evaluate import evaluate_replicas
from robust_mer.evaluation.spec import EvaluateFiles, EvaluateSpec
from robust_mer.protocols.registry import PROTOCOLS
from robust_mer.replicas import Replica
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.training.spec import TrainFiles, TrainSpec
from robust_mer.training.train import train_replicas


def run_schedule(corpus, path, corruption, mode="exact", read_as=None, betas="linear"):
    """Write a corruption's schedule."""
    files = corpus["features"]
    touched = [one for one in read_as or modalities() if one.name in corruption.noises]
    write_schedule(
        ScheduleSpec(corruption, tuple(touched), mode, betas),
        ScheduleFiles(
            utterances=Path(corpus["utterances_csv"]),
            folds=Path(corpus["folds_csv"]),
            features=[Path(files[one.name]) for one in touched],
            schedule=Path(path),
        ),
        Runtime(),
    )
    return Path(path)


def constant_schedule(path, alpha_bar, folds):
    """Write a schedule with one alpha bar for all folds and modalities."""
    rows = [
        {"fold": fold, "modality": modality, "alpha_bar": alpha_bar}
        for fold in folds
        for modality in MODALITIES
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    return Path(path)


def train_spec(model, trained_on, corruptions, **changes):
    """What is trained; ``trained_on`` says the protocol."""
    fields = {
        "model": Plugin(**model),
        "modalities": modalities(),
        "trained_on": trained_on,
        "corruptions": tuple(corruptions),
        "protocol": Plugin(PROTOCOLS[parse_trained_on(trained_on)[1]], {}),
        "task": CLASSIFICATION,
        "code": "test",
    }
    return TrainSpec(**fields | changes)


def train_files(corpus, folder, keys, schedules=(), teachers=(), audits=False, recorded=()):
    """Files of a training job, with checkpoints and histories in ``folder``."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    names = [Replica(*key).name for key in keys]
    return TrainFiles(
        utterances=Path(corpus["utterances_csv"]),
        folds=Path(corpus["folds_csv"]),
        features=[Path(path) for path in corpus["features"].values()],
        schedules=[Path(path) for path in schedules],
        recorded=[Path(path) for path in recorded],
        teachers=[Path(path) for path in teachers],
        checkpoints=[folder / f"{name}.safetensors" for name in names],
        histories=[folder / f"{name}.history.csv" for name in names],
        peeked=[folder / f"{name}.peeked.parquet" for name in names] if audits else [],
    )


def run_training(spec, files, device="cpu", max_replicas=None, save_every=60.0, on_epoch=None):
    """Train; the checkpoint of each fold and seed."""
    runtime = Runtime(device=device, max_replicas=max_replicas)
    train_replicas(spec, files, runtime, save_every, on_epoch)
    return {tuple(Replica.of(path)): path for path in files.checkpoints}


def run_evaluation(
    corpus,
    path,
    checkpoints,
    corruption,
    schedule=None,
    corrupted=(),
    read_as=None,
    task=CLASSIFICATION,
):
    """Predictions of some replicas."""
    chosen = modalities({name: NORMALISE[name] for name in corpus["features"]})
    spec = EvaluateSpec(tuple(read_as or chosen), corruption, (), task)
    files = EvaluateFiles(
        utterances=Path(corpus["utterances_csv"]),
        folds=Path(corpus["folds_csv"]),
        features=[Path(file) for file in corpus["features"].values()],
        corrupted=[Path(file) for file in corrupted],
        schedule=schedule,
        checkpoints=[Path(file) for file in checkpoints],
        predictions=Path(path),
    )
    evaluate_replicas(spec, files, Runtime(device="cpu"))
    return pd.read_parquet(path)
