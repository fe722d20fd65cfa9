"""Trained models, exported ones, replicas that were kept, and word vectors."""

import hashlib
import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from helpers.exported import describe
from helpers.tasks import CLASSIFICATION

from fuzz.engine import Target
from fuzz.mutate import Files
from fuzz.targets.files import made
from robust_mer.data import Normaliser
from robust_mer.engine.checkpoint import build_model, load_checkpoint, save_checkpoint
from robust_mer.export.folder import ModalityInput, load_model
from robust_mer.export.predict import Predictor
from robust_mer.features.glove import Glove, GloveSettings
from robust_mer.features.utterance import Utterance
from robust_mer.models.registry import settings_class
from robust_mer.training.saved import Saved

_WIDTHS = {"audio": 3, "text": 2}


def _facts() -> dict:
    settings = settings_class("logistic_regression")
    return {
        "implementation": settings.implementation,
        "settings": settings().model_dump(),
        "inputs": {m: {"width": width, "encoder": "recurrent"} for m, width in _WIDTHS.items()},
        "task": {
            **asdict(CLASSIFICATION),
            "description": {"classes": ["angry", "sad"]},
        },
        "trained_on": "clean",
        "fold": 1,
        "seed": 1,
        "epoch": 3,
    }


def _save(path: Path) -> None:
    facts = _facts()
    normalisers = {m: Normaliser(np.zeros(w, "f4"), np.ones(w, "f4")) for m, w in _WIDTHS.items()}
    save_checkpoint(path, build_model(facts), normalisers, facts)


def _checkpoint() -> list[Files]:
    return [made(lambda root: _save(root / "model.safetensors"))]


def _read_checkpoint(root: Path, results: Path) -> None:
    load_checkpoint(root / "model.safetensors")


def _saved(root: Path) -> Saved:
    return Saved(root / "fold1_seed1.safetensors", root / "fold1_seed1.csv", "identity")


def _replicas() -> list[Files]:
    def make(root: Path) -> None:
        saved = _saved(root)
        saved.finish(build_model(_facts()), {}, _facts(), "epoch\n1\n")
        with ExitStack() as together:
            history = [{"epoch": 1, "ua": 0.5}]
            saved.save(together, {"a": torch.zeros(3)}, history, "cpu")

    return [made(make)]


def _read_replicas(root: Path, results: Path) -> None:
    saved = _saved(root)
    saved.is_finished()
    if saved.history("cpu"):
        saved.tensors()


def _exported() -> list[Files]:
    def make(root: Path) -> None:
        _save(root / "model.safetensors")
        inputs = {
            "audio": ModalityInput("is13", "is13", "", {}, "", 3, True, None),
            "text": ModalityInput(
                "glove",
                "glove",
                "robust_mer.features.glove:Glove",
                {"vectors": "x.txt", "lower_case": True},
                "",
                2,
                False,
                0.0,
            ),
        }
        describe(root, _facts(), inputs)

    return [made(make)]


def _read_exported(root: Path, results: Path) -> None:
    # sometimes the description is made to fit, or nothing after the checksum would be reached
    description, weights = root / "model.json", root / "model.safetensors"
    if description.is_file() and weights.is_file():
        try:
            told = json.loads(description.read_bytes())
        except (ValueError, RecursionError):
            told = None
        if isinstance(told, dict):
            told["weights_sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
            description.write_text(json.dumps(told), encoding="utf-8")
    load_model(root)
    Predictor(root)


_VECTORS = "".join(f"{word} 0.1 -0.2 3e-2\n" for word in ("the", "it", "'s", "é", ".", "x"))


def _glove() -> list[Files]:
    binary = b"2 3\n" + b"".join(
        w + b" " + np.ones(3, "<f4").tobytes() + b"\n" for w in (b"a", b"b")
    )

    def packaged(root: Path) -> None:
        np.save(root / "x.npy", np.ones((2, 3), "f4"))
        pd.DataFrame({"word": ["a", "b"]}).to_parquet(root / "x.parquet")

    return [
        {"x.txt": _VECTORS.encode()},
        {"x.vec": b"6 3\n" + _VECTORS.encode()},
        {"x.bin": binary},
        made(packaged),
    ]


def _read_glove(root: Path, results: Path) -> None:
    for name in ("x.txt", "x.vec", "x.bin", "x.npy"):
        if (root / name).is_file():
            glove = Glove(GloveSettings(vectors=str(root / name)))
            glove.extract(Utterance("u", None, None, "", None, None, "it's the A é!", True))


TARGETS = [
    Target("checkpoint", _checkpoint, _read_checkpoint),
    Target("replicas", _replicas, _read_replicas),
    Target("exported", _exported, _read_exported),
    Target("glove", _glove, _read_glove),
]
