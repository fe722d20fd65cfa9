"""The training loop, for replicas that train as one."""

import time
from dataclasses import dataclass

import numpy as np
import torch

from robust_mer.data import LabelledCorpus
from robust_mer.engine.batches import Batches
from robust_mer.engine.frames import Frames
from robust_mer.jobs import log
from robust_mer.training.held_out import HeldOutPart
from robust_mer.training.peeking import peek
from robust_mer.training.progress import Progress
from robust_mer.training.resume import OnEpoch, ReplicaRun
from robust_mer.training.stack import Stack
from robust_mer.training.teaching import digest_clean_parts, teach
from robust_mer.training.validation import Validation


@dataclass(frozen=True)
class LoopOptions:
    """Options that change no result of the loop."""

    save_every: float = 60.0
    """Seconds between saves, which happen at the end of an epoch; 0: after every epoch."""
    on_epoch: OnEpoch | None = None
    """Called after every epoch, before it is recorded."""


def train_as_one(
    runs: list[ReplicaRun],
    corpus: LabelledCorpus,
    frames: dict[str, Frames],
    options: LoopOptions,
    waiting: int,
) -> None:
    """Train all epochs of several replicas and keep one epoch of each.

    Args:
        runs: The replicas, all at the same epoch.
        corpus: Utterances, targets and the task.
        frames: All frames of the corpus, on the device that trains.
        options: How often to save.
        waiting: Number of replicas that are trained after these, for the progress log.
    """
    device = next(iter(frames.values())).values.device
    replicas = [run.data for run in runs]
    stack = Stack(runs, corpus, frames)
    targets = teach(stack.teachers, replicas, corpus, frames, device)
    target = torch.from_numpy(corpus.target).to(device)
    digests = (
        digest_clean_parts(stack.nets, replicas, corpus, frames) if stack.digests_clean else {}
    )
    batches = Batches(replicas, frames, target, targets, stack.needs_clean, digests)
    validation = Validation(replicas, corpus, frames)
    audits = runs[0].peeked is not None
    tested = HeldOutPart(replicas, corpus, frames, "test") if audits else None
    begun = len(runs[0].history)
    epochs = stack.settings.epochs_constant + stack.settings.epochs_falling
    progress = Progress(runs, begun, epochs, waiting)
    progress.begin(stack.nets.weights.shape[1], str(device))
    saving = _Saving(stack, options.save_every)

    for epoch in range(begun + 1, epochs + 1):
        started = time.monotonic()
        rate = stack.optimiser.set_epoch(epoch)
        losses = _train_epoch(stack, batches, epoch)
        figures = validation(stack.nets)
        if options.on_epoch is not None:
            options.on_epoch(epoch, [run.key for run in runs])
        # A replica's share of the time.
        seconds = round((time.monotonic() - started) / len(runs), 3)
        for place in stack.active:
            row = {"epoch": epoch, "learning_rate": rate, **losses[place], **figures[place]}
            runs[place].history.append({**row, "seconds": seconds})
            if runs[place].kept_epoch == epoch:
                stack.keep(place)
        if tested is not None:
            peek(stack.nets, tested, stack.peeked)
        progress.report(epoch)
        progress.warn(epoch, stack.diagnose)
        if not stack.active:
            return
        if epoch < epochs:
            saving.save_if_due()
    stack.finish()


def _train_epoch(stack: Stack, batches: Batches, epoch: int) -> list[dict[str, float]]:
    """Train all replicas for an epoch; returns their mean losses and marks those that diverged."""
    nets, size = stack.nets, stack.settings.batch_size
    draws = batches.draw(epoch, size, nets.sites)
    sums: torch.Tensor | None = None
    names: list[str] = []
    for step in batches.epoch(draws, stack.active, size):
        parts = nets.backward(step.replicas, step.batch, step.keys, stack.settings.clip_norm)
        stack.optimiser.step(step.replicas)
        if sums is None:
            names, sums = list(parts), torch.zeros(len(parts), len(nets), device=nets.device)
        sums[:, step.replicas] += torch.stack(list(parts.values())) * step.samples
    assert sums is not None  # no training part is empty
    counts = [len(replica.parts["train"]) for replica in batches.replicas]
    means = [
        dict(zip(names, (np.array(values) / count).tolist(), strict=True))
        for values, count in zip(sums.T.tolist(), counts, strict=True)
    ]
    finite = nets.weights.sum(dim=1).isfinite().tolist()  # one pass over memory
    for place in stack.active:
        if not (finite[place] and np.isfinite(means[place]["loss"])):
            log.error("%s diverged in epoch %d and is left out", stack.runs[place], epoch)
            stack.runs[place].diverged = True
    return means


class _Saving:
    """Saves replicas at intervals of at least ``every`` seconds."""

    def __init__(self, stack: Stack, every: float) -> None:
        self._stack, self._every, self._patience = stack, every, every
        self._saved = time.monotonic()

    def save_if_due(self) -> None:
        """Save if enough time has passed. Saving takes at most a twentieth of the time."""
        now = time.monotonic()
        if now - self._saved > self._patience:
            self._stack.save()
            self._saved = time.monotonic()
            if self._every:
                self._patience = max(self._every, 20 * (self._saved - now))
