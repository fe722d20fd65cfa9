"""A replica in training: its epochs so far, and what a later job resumes or reuses."""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from robust_mer.engine.checkpoint import build_model
from robust_mer.engine.replica import ReplicaData, replica_seed
from robust_mer.files import sha256
from robust_mer.jobs import log
from robust_mer.metrics.metric import Metric
from robust_mer.models.model import Model
from robust_mer.replicas import Replica
from robust_mer.training.peeking import Peeked
from robust_mer.training.saved import History, Saved
from robust_mer.training.spec import validation_column

OnEpoch = Callable[[int, Sequence[Replica]], None]
"""Called after an epoch with its number and the replicas that train as one."""


@dataclass(eq=False)
class ReplicaRun:
    """The training of one replica."""

    data: ReplicaData
    facts: dict[str, Any]
    """Of its checkpoint; see `save_checkpoint`."""
    teacher: Path | None
    """Checkpoint of its teacher."""
    trusted: list[str]
    """Code that the teacher's checkpoint may name; see `load_checkpoint`."""
    saved: Saved
    selection: Metric
    """Metric by which the epoch is chosen."""
    peeked: Peeked | None = None
    """What an audit keeps of its test part; None without an audit."""
    history: History = field(default_factory=list)
    diverged: bool = False

    def __str__(self) -> str:
        return str(self.data)

    @property
    def key(self) -> Replica:
        """Its fold and seed."""
        return Replica(self.data.fold, self.data.seed)

    @property
    def selected(self) -> list[float]:
        """The selection metric after each epoch; the worst value where it is undefined."""
        worst = -math.inf if self.selection.higher_is_better else math.inf
        values = [row[validation_column(self.selection)] for row in self.history]
        return [worst if math.isnan(value) else value for value in values]

    @property
    def best(self) -> float:
        """The best value of the selection metric so far."""
        return max(self.selected) if self.selection.higher_is_better else min(self.selected)

    @property
    def best_epoch(self) -> int:
        """The first epoch with the best value of the selection metric."""
        return int(self.history[self.selected.index(self.best)]["epoch"])

    @property
    def kept_epoch(self) -> int:
        """The epoch whose weights are kept, of those so far."""
        if self.facts["settings"].get("keep") == "last":
            return int(self.history[-1]["epoch"])
        return self.best_epoch

    def new_model(self) -> Model:
        """Its model before training, with weights that depend on fold and seed only."""
        torch.manual_seed(replica_seed(self.data.seed, self.data.fold, "model"))
        return build_model(self.facts)

    def resume(self, device: str) -> None:
        """Read the history of an interrupted training on this kind of device."""
        self.history = self.saved.history(device)
        if self.peeked is not None:
            self.peeked.outputs = []  # those of the history's epochs are loaded with the weights

    def finish(self, model: Model) -> None:
        """Keep the trained model, the history and what an audit kept."""
        facts = {**self.facts, "selected_epoch": self.kept_epoch}
        epochs = pd.DataFrame(self.history)
        history = epochs.assign(kept=epochs["epoch"] == self.kept_epoch).to_csv(index=False)
        peeked = None if self.peeked is None else self.peeked.table()
        self.saved.finish(model, self.data.normalisers, facts, history, peeked)

    def give_up(self) -> None:
        """Keep a candidate that diverged: the weights before training, a last epoch without metric.

        It is never chosen; its files let the others be chosen.
        """
        lost = {"epoch": len(self.history) + 1, validation_column(self.selection): math.nan}
        epochs = pd.DataFrame([*self.history, lost])
        kept = epochs["epoch"] == lost["epoch"]
        self.saved.finish(
            self.new_model(),
            self.data.normalisers,
            {**self.facts, "selected_epoch": lost["epoch"]},
            epochs.assign(kept=kept).to_csv(index=False),
        )


def waiting(runs: list[ReplicaRun], device: str) -> list[ReplicaRun]:
    """The unfinished replicas; those that were interrupted resume."""
    unfinished = []
    for run in runs:
        if run.saved.is_finished():
            log.info("%s was already trained on the same data and is reused", run)
            continue
        run.resume(device)
        if run.history:
            log.info("%s resumes after epoch %d", run, len(run.history))
        unfinished.append(run)
    return unfinished


def identity_of_test_part(replica: ReplicaData) -> str:
    """Hash of the utterances that an audit of a replica is scored on."""
    rows = json.dumps(replica.parts["test"].tolist())
    return hashlib.sha256(rows.encode()).hexdigest()[:16]


def identity(shared: dict[str, Any], replica: ReplicaData, teacher: Path | None) -> str:
    """Hash of everything that determines a replica.

    Args:
        shared: What all replicas of the job have in common; JSON.
        replica: Its data.
        teacher: Checkpoint of its teacher.
    """
    facts = {
        "fold": replica.fold,
        "seed": replica.seed,
        "parts": {part: rows.tolist() for part, rows in replica.parts.items() if part != "test"},
        "alpha_bar": [
            {modality: spec.alpha_bar for modality, spec in corruption.modalities.items()}
            for corruption in replica.corruptions
        ],
        "teacher": None if teacher is None else sha256(teacher),
    }
    return hashlib.sha256(json.dumps([shared, facts], sort_keys=True).encode()).hexdigest()
