"""Files of a replica that outlive its job, so that no replica is trained twice.

A finished replica, or the state of an interrupted one, is in ``.replicas/`` beside the checkpoint.
Snakemake deletes the outputs of a job that it starts, but nothing in that folder. The files are
valid only for the same data, settings and code, which their identity records.
"""

import hashlib
import json
import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from robust_mer.data import LabelledCorpus, Normaliser
from robust_mer.engine.checkpoint import save_checkpoint
from robust_mer.files import whole
from robust_mer.models.model import Model
from robust_mer.store import Features

PEEKED = "peeked"
"""Tensor of what an audit has kept [epochs, conditions, n, outputs]."""
History = list[dict[str, float]]
"""A row per epoch: ``epoch``, losses and figures by the name of their column."""

_FOLDER = ".replicas"


def corpus_identity(corpus: LabelledCorpus) -> str:
    """Hash of everything in a corpus that training reads, except the folds."""
    facts = [corpus.task.describe(), corpus.utterances]
    digest = hashlib.sha256(json.dumps(facts).encode())
    digest.update(corpus.target.tobytes())
    for modality, store in corpus.features.items():
        add_features(digest, modality, store)
    return digest.hexdigest()


def add_features(digest: Any, modality: str, store: Features) -> None:
    """Add all that training reads of some features to a hash."""
    digest.update(json.dumps([modality, store.names]).encode())
    if store.layers:  # the same values without layers are other frames
        digest.update(json.dumps(store.layers).encode())
    digest.update(np.ascontiguousarray(store.offsets).data)
    digest.update(np.ascontiguousarray(store.values).data)


class Saved:
    """The files of one replica.

    Args:
        checkpoint: Path of the published checkpoint.
        history: Path of the published history.
        identity: Hash of everything that determines the replica.
        peeked: Path of what an audit publishes; None without an audit. An audit does not change
            the identity, because it does not change the replica.
        test_identity: Hash of the test part, which only an audit reads.
    """

    def __init__(
        self,
        checkpoint: str | Path,
        history: str | Path,
        identity: str,
        peeked: str | Path | None = None,
        test_identity: str = "",
    ) -> None:
        self.identity, self._test_identity = identity, test_identity
        self._checkpoint, self._history = Path(checkpoint), Path(history)
        folder = self._checkpoint.parent / _FOLDER
        self._finished = folder / self._checkpoint.name
        self._finished_history = folder / self._history.name
        self._peeked = None if peeked is None else Path(peeked)
        self._finished_peeked = folder / f"{self._checkpoint.stem}.{test_identity}.peeked.parquet"
        self._progress = folder / f"{self._checkpoint.stem}.progress.safetensors"

    def is_finished(self) -> bool:
        """Whether the replica has been trained, with the same identity and with all files."""
        return (
            _facts(self._finished).get("identity") == self.identity
            and self._finished_history.exists()
            and (self._peeked is None or self._finished_peeked.exists())
        )

    def publish(self) -> None:
        """Link a finished replica to its published paths."""
        for source, place in (
            (self._finished_peeked, self._peeked),
            (self._finished_history, self._history),
            (self._finished, self._checkpoint),
        ):
            if place is None:
                continue
            with whole(place) as unfinished:
                try:
                    os.link(source, unfinished)
                except OSError:  # a file system without links
                    shutil.copyfile(source, unfinished)
                os.utime(unfinished)  # Snakemake expects outputs younger than inputs

    def finish(
        self,
        model: Model,
        normalisers: dict[str, Normaliser],
        facts: dict[str, Any],
        history: str,
        peeked: pd.DataFrame | None = None,
    ) -> None:
        """Keep a trained replica; ``history`` is the text of its csv."""
        self._finished.unlink(missing_ok=True)  # never beside the files of another training
        for audited in self._finished.parent.glob(f"{self._checkpoint.stem}.*peeked.parquet"):
            audited.unlink()
        if peeked is not None:
            with whole(self._finished_peeked) as unfinished:
                peeked.to_parquet(unfinished, index=False)
        with whole(self._finished_history) as unfinished:
            unfinished.write_text(history, encoding="utf-8")
        save_checkpoint(self._finished, model, normalisers, {**facts, "identity": self.identity})
        self._progress.unlink(missing_ok=True)

    def save(
        self, together: ExitStack, tensors: dict[str, Tensor], history: History, device: str
    ) -> None:
        """Write the state of a replica in training; it becomes valid when ``together`` closes.

        Replicas that train as one are saved together, so that they resume as one.
        """
        facts = {
            "identity": self.identity,
            "device": device,
            "history": history,
            "audited": self._test_identity if PEEKED in tensors else None,
        }
        unfinished = together.enter_context(whole(self._progress))
        save_file(
            {name: value.cpu().contiguous() for name, value in tensors.items()},
            unfinished,
            {"facts": json.dumps(facts)},
        )

    def history(self, device: str) -> History:
        """The epochs of an interrupted replica.

        Empty if it has another identity, or comes from another device, whose noise differs, or if
        an audit lacks the outputs of its epochs for this test part.
        """
        facts = _facts(self._progress)
        same = facts.get("identity") == self.identity and facts.get("device") == device
        same = same and (self._peeked is None or facts.get("audited") == self._test_identity)
        history: History = facts.get("history", []) if same else []
        return history

    def tensors(self) -> dict[str, Tensor]:
        """The tensors that `save` wrote."""
        with safe_open(self._progress, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def _facts(path: Path) -> dict[str, Any]:
    """Facts of a file; empty if it is missing or broken, so that it is written again."""
    try:
        with safe_open(path, "pt") as file:
            facts = json.loads(file.metadata()["facts"])
    except (OSError, KeyError, TypeError, ValueError, RecursionError, SafetensorError):
        return {}
    return facts if isinstance(facts, dict) else {}
