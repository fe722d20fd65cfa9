"""The progress log of replicas that train as one, and warnings of what goes wrong in them."""

import time
from collections.abc import Callable, Mapping

import numpy as np

from robust_mer.jobs import log
from robust_mer.training.resume import ReplicaRun

_PAUSE = 10.0  # seconds between two lines of the log
_FIRST_WARNING = 5  # epoch; what z carries falls in the first ones and may recover


class Progress:
    """Logs the progress of training at intervals.

    Args:
        runs: The replicas.
        begun: Number of epochs already done.
        epochs: Number of epochs in all.
        waiting: Number of replicas that are trained after these.
    """

    def __init__(self, runs: list[ReplicaRun], begun: int, epochs: int, waiting: int) -> None:
        self._runs, self._begun, self._epochs = runs, begun, epochs
        self._later = -(-waiting // len(runs)) * epochs
        self._started = self._last_report = time.monotonic()
        self._warned: set[ReplicaRun] = set()

    def begin(self, parameters: int, device: str) -> None:
        """Log what is trained."""
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
        """Log the replicas' scores after this epoch, unless the last report is recent."""
        now = time.monotonic()
        runs = [run for run in self._runs if not run.diverged]
        is_due = epoch in (self._begun + 1, self._epochs) or now - self._last_report > _PAUSE
        if not (is_due and runs):
            return
        self._last_report = now
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
        if epoch < _FIRST_WARNING:
            return
        for run in self._runs:
            if run.diverged or run in self._warned:
                continue
            problem = diagnose(run.history[-1])
            if problem is not None:
                log.warning("%s, epoch %d: %s", run, epoch, problem)
                self._warned.add(run)
