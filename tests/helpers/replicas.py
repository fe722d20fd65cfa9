"""Jobs of training and evaluation on the small corpus of ``tests/unit/conftest.py``."""

from pathlib import Path

import pandas as pd

from robust_mer.corruption.corrupt import write_schedule
from robust_mer.corruption.registry import MASKS, NOISES
from robust_mer.data import read_corpus
from robust_mer.evaluation.evaluate import evaluate_replicas
from robust_mer.evaluation.spec import EvaluateFiles, EvaluateSpec
from robust_mer.modality import modalities_of
from robust_mer.models.registry import MODELS
from robust_mer.protocol import (
    CLEAN,
    MISSING,
    PROTOCOLS,
    Corruption,
    NoiseSpec,
    parse_corruption,
    parse_trained_on,
)
from robust_mer.replicas import Replica
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin, complete
from robust_mer.task import DEFAULT_TASK
from robust_mer.training.spec import TrainFiles, TrainSpec
from robust_mer.training.train import train_replicas

NORMALISE = {"audio": True, "video": False, "text": False}
MODALITIES = tuple(NORMALISE)
CPU = Runtime(device="cpu")


def modalities(normalise=NORMALISE, not_finite=None):
    """The modalities of the corpus; ``not_finite`` by name, None refuses such values."""
    names = {name: name for name in normalise}
    return modalities_of(names, normalise, not_finite or dict.fromkeys(normalise))


def read(corpus, not_finite=None, normalise=NORMALISE):
    """The corpus whose paths the fixture ``corpus`` gives."""
    files = corpus["features"]
    chosen = [one for one in modalities(normalise, not_finite) if one.name in files]
    return read_corpus(corpus["utterances_csv"], corpus["folds_csv"], chosen, files.values())


def corruption(name, touched=MODALITIES, seed=1, **settings):
    """A corruption as the config resolves it, e.g. ``gaussian_-10dB``."""
    if name == CLEAN:
        return Corruption(CLEAN)
    parsed = parse_corruption(name)
    implementation = {**NOISES, **MASKS}[parsed.kind]
    if parsed.unit == "%":
        settings["rate"] = parsed.amount / 100
    spec = NoiseSpec(
        kind=parsed.kind,
        target_snr_db=parsed.amount if parsed.unit == "dB" else None,
        implementation=implementation,
        settings=complete(implementation, settings, "test"),
        is_mask=parsed.kind in MASKS or parsed.kind == MISSING,
    )
    return Corruption(name, dict.fromkeys(touched, spec), seed)


def model(name, **settings):
    """A model with its settings; all others are its defaults."""
    implementation = MODELS[name].implementation
    return Plugin(implementation, complete(implementation, settings, "test"))


def schedule(corpus, folder, one, mode="exact", **settings):
    """Write a corruption's schedule, unless it is there, and name it."""
    if isinstance(one, str):
        one = corruption(one, **settings)
    path = Path(folder) / f"{one.name}.csv"
    write_schedule(
        path,
        one.name,
        **corpus,
        normalise=NORMALISE,
        not_finite=dict.fromkeys(NORMALISE),
        mode=mode,
        schedule="linear",
        noises={modality: vars(spec) for modality, spec in one.noises.items()},
    )
    return path


def constant_schedule(path, alpha_bar, folds):
    """Write a schedule with one alpha bar for all folds and modalities."""
    rows = [
        {"fold": fold, "modality": modality, "alpha_bar": alpha_bar}
        for fold in folds
        for modality in MODALITIES
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def train_spec(plugin, trained_on, corruptions, **changes):
    """What a model is trained on; the protocol is the one that ``trained_on`` says."""
    fields = {
        "model": plugin,
        "modalities": modalities(),
        "trained_on": trained_on,
        "corruptions": tuple(corruptions),
        "protocol": Plugin(PROTOCOLS[parse_trained_on(trained_on)[1]], {}),
        "task": DEFAULT_TASK,
        "code": "test",
        **changes,
    }
    return TrainSpec(**fields)


def train_files(corpus, folder, keys, schedules=(), teachers=()):
    """Files of a training job; its checkpoints and histories go into the folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    names = [Replica(*key).name for key in keys]
    return TrainFiles(
        utterances=Path(corpus["utterances_csv"]),
        folds=Path(corpus["folds_csv"]),
        features=[Path(path) for path in corpus["features"].values()],
        schedules=list(schedules),
        teachers=list(teachers),
        checkpoints=[folder / f"{name}.safetensors" for name in names],
        histories=[folder / f"{name}.history.csv" for name in names],
    )


def train(corpus, folder, plugin, trained_on, corruptions, keys, schedules=(), teachers=(), **how):
    """Train some replicas on a CPU; their checkpoints.

    Args:
        corpus: Paths, as the fixture gives them.
        folder: Where checkpoints and histories go.
        plugin: The model; see `model`.
        trained_on: Name of what it is trained on.
        corruptions: What the name means.
        keys: Fold and seed of each replica.
        schedules: Of the corruptions with noises.
        teachers: Checkpoints of the teachers.
        how: Changes of the spec's fields; ``max_replicas``, ``device``, ``save_every`` and
            ``on_epoch`` go to the job.
    """
    runtime = Runtime(device=how.pop("device", "cpu"), max_replicas=how.pop("max_replicas", None))
    options = {name: how.pop(name) for name in ("save_every", "on_epoch") if name in how}
    files = train_files(corpus, folder, keys, schedules, teachers)
    train_replicas(train_spec(plugin, trained_on, corruptions, **how), files, runtime, **options)
    return files.checkpoints


def history_of(checkpoint):
    """The history that lies beside a checkpoint."""
    return pd.read_csv(Path(checkpoint).with_suffix(".history.csv"))


def evaluate(corpus, path, checkpoints, one, schedule_csv=None, corrupted=(), read_as=None):
    """Write and read predictions under a corruption.

    Args:
        corpus: Paths, as the fixture gives them.
        path: The predictions' file.
        checkpoints: Of the replicas.
        one: The corruption.
        schedule_csv: Its schedule, where it has one.
        corrupted: Features of corrupted recordings.
        read_as: The modalities; None: as models are trained here.
    """
    files = EvaluateFiles(
        utterances=Path(corpus["utterances_csv"]),
        folds=Path(corpus["folds_csv"]),
        features=[Path(file) for file in corpus["features"].values()],
        corrupted=list(corrupted),
        schedule=schedule_csv,
        checkpoints=[Path(file) for file in checkpoints],
        predictions=Path(path),
    )
    spec = EvaluateSpec(read_as or modalities(), one, ())
    evaluate_replicas(spec, files, CPU)
    return pd.read_parquet(path)
