"""What is kept of a replica between jobs, so that none is trained twice.

A finished replica, or the state of an interrupted one, lies in ``.replicas/`` beside the
checkpoint: Snakemake deletes the outputs of a job that it starts, but does not look there. The
files count only while data, settings and code are the same, which their identity says.
"""

import hashlib
import json
import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from robust_mer.data import Corpus, Normaliser
from robust_mer.engine.checkpoint import save_checkpoint
from robust_mer.files import whole
from robust_mer.models.model import Model

History = list[dict[str, float]]
"""A row an epoch: ``epoch``, losses and figures by the name of their column."""

_FOLDER = ".replicas"


def corpus_identity(corpus: Corpus) -> str:
    """Hash of everything in a corpus that training reads, but the folds."""
    facts = [corpus.task.describe(), corpus.utterances]
    digest = hashlib.sha256(json.dumps(facts).encode())
    digest.update(corpus.target.tobytes())
    for modality, store in corpus.features.items():
        digest.update(json.dumps([modality, store.names]).encode())
        digest.update(np.ascontiguousarray(store.offsets).data)
        digest.update(np.ascontiguousarray(store.values).data)
    return digest.hexdigest()


class Saved:
    """The files of one replica.

    Args:
        checkpoint: Where its checkpoint belongs.
        history: Where its history belongs.
        identity: Hash of all that makes the replica what it is.
    """

    def __init__(self, checkpoint: str | Path, history: str | Path, identity: str) -> None:
        self.identity = identity
        self._checkpoint, self._history = Path(checkpoint), Path(history)
        folder = self._checkpoint.parent / _FOLDER
        self._finished = folder / self._checkpoint.name
        self._finished_history = folder / self._history.name
        self._progress = folder / f"{self._checkpoint.stem}.progress.safetensors"

    def is_finished(self) -> bool:
        """Whether the replica has been trained, with the same identity."""
        return (
            _facts(self._finished).get("identity") == self.identity
            and self._finished_history.exists()
        )

    def publish(self) -> None:
        """Put a finished replica where it belongs, without taking up the space twice."""
        for kept, place in (
            (self._finished_history, self._history),
            (self._finished, self._checkpoint),
        ):
            with whole(place) as unfinished:
                try:
                    os.link(kept, unfinished)
                except OSError:  # a file system without links
                    shutil.copyfile(kept, unfinished)
                os.utime(unfinished)  # Snakemake wants outputs younger than inputs

    def finish(
        self, model: Model, normalisers: dict[str, Normaliser], facts: dict[str, Any], history: str
    ) -> None:
        """Keep a trained replica; ``history`` is the text of its csv."""
        self._finished.unlink(missing_ok=True)  # it must never stand beside another's history
        with whole(self._finished_history) as unfinished:
            unfinished.write_text(history, encoding="utf-8")
        save_checkpoint(self._finished, model, normalisers, {**facts, "identity": self.identity})
        self._progress.unlink(missing_ok=True)

    def save(
        self, together: ExitStack, tensors: dict[str, Tensor], history: History, device: str
    ) -> None:
        """Keep the state of a replica in training; it counts when ``together`` is closed.

        Replicas that train as one are saved together, so that they can be resumed as one.
        """
        facts = {"identity": self.identity, "device": device, "history": history}
        unfinished = together.enter_context(whole(self._progress))
        save_file(
            {name: value.cpu().contiguous() for name, value in tensors.items()},
            unfinished,
            {"facts": json.dumps(facts)},
        )

    def history(self, device: str) -> History:
        """The epochs of an interrupted replica.

        Empty if it has another identity, or comes from another device, whose noise differs.
        """
        facts = _facts(self._progress)
        same = facts.get("identity") == self.identity and facts.get("device") == device
        history: History = facts.get("history", []) if same else []
        return history

    def tensors(self) -> dict[str, Tensor]:
        """What `save` kept."""
        with safe_open(self._progress, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def _facts(path: Path) -> dict[str, Any]:
    """Facts of a file; none of one that is missing or broken, which is then written anew."""
    try:
        with safe_open(path, "pt") as file:
            facts = json.loads(file.metadata()["facts"])
    except (OSError, KeyError, TypeError, ValueError, RecursionError, SafetensorError):
        return {}
    return facts if isinstance(facts, dict) else {}
