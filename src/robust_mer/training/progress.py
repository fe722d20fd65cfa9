"""The progress log of replicas that train as one, and warnings of what goes wrong in them."""

import time
from collections.abc import Callable, Mapping

import numpy as np

from robust_mer.jobs import log
from robust_mer.training.resume import ReplicaRun

_PAUSE = 10.0  # seconds between two lines of the log
_PATIENCE = 5  # epochs in which a replica may be ill without a warning


class Progress:
    """Says now and then how far training has come.

    Args:
        runs: The replicas.
        begun: Epochs that lie behind them.
        epochs: Epochs in all.
        waiting: How many replicas wait for the end of these.
    """

    def __init__(self, runs: list[ReplicaRun], begun: int, epochs: int, waiting: int) -> None:
        self._runs, self._begun, self._epochs = runs, begun, epochs
        self._later = -(-waiting // len(runs)) * epochs
        self._started = self._said = time.monotonic()
        self._warned: set[ReplicaRun] = set()

    def begin(self, parameters: int, device: str) -> None:
        """Say what is trained."""
        runs = self._runs
        log.info(
            "%s%s: %d parameters, %d training utterances, %s",
            runs[0],
            f" to {runs[-1]} as one ({len(runs)} replicas)" if len(runs) > 1 else "",
            parameters,
            len(runs[0].data.parts["train"]),
            device,
        )

    def report(self, epoch: int) -> None:
        """Say how well the replicas do after this epoch, unless that was said just now."""
        now = time.monotonic()
        runs = [run for run in self._runs if not run.diverged]
        is_due = epoch in (self._begun + 1, self._epochs) or now - self._said > _PAUSE
        if not (is_due and runs):
            return
        self._said = now
        values = [run.selected[-1] for run in runs]
        seconds = (now - self._started) / (epoch - self._begun)
        log.info(
            "epoch %d of %d: loss %.4f, validation %s %.3f (best %.3f)%s, %.0f s left",
            epoch,
            self._epochs,
            np.mean([run.history[-1]["loss"] for run in runs]),
            runs[0].selection.title,
            np.mean(values),
            np.mean([run.best for run in runs]),
            f", means of {len(runs)} replicas ({min(values):.3f} to {max(values):.3f})"
            if len(runs) > 1
            else "",
            seconds * (self._epochs - epoch + self._later),
        )

    def warn(self, epoch: int, diagnose: Callable[[Mapping[str, float]], str | None]) -> None:
        """Warn once of every replica in which something is wrong after the first epochs.

        Args:
            epoch: The epoch that has ended.
            diagnose: See `Model.diagnose`.
        """
        if epoch < _PATIENCE:
            return
        for run in self._runs:
            if run.diverged or run in self._warned:
                continue
            problem = diagnose(run.history[-1])
            if problem is not None:
                log.warning("%s, epoch %d: %s", run, epoch, problem)
                self._warned.add(run)
