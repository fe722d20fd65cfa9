"""A model in a separate process, so that a clip on which a decoder hangs or dies fails alone."""

import multiprocessing
import signal
from collections.abc import Collection
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from robust_mer.coverage import COVERAGE
from robust_mer.errors import InputError
from robust_mer.export.clip import Clip
from robust_mer.export.predict import Prediction, Predictor, UnusableClipError
from robust_mer.faults import disk_fault, is_gpu_fault, is_out_of_memory
from robust_mer.garbage import collect_rarely
from robust_mer.jobs import die_with_parent, without_main


class TooSlowError(UnusableClipError):
    """A clip took longer than it was allowed to; with more time it may have a prediction."""


class MachineFaultError(UnusableClipError):
    """Memory ran out or the GPU failed: the process is of no more use, and a new one may do it."""


class IsolatedPredictor:
    """As `Predictor`, in a process that is ended if it takes too long; a context manager.

    Args:
        folder: The exported model.
        trusted: Code of the model outside this package; see `load_model`.
        max_seconds: For a clip, at most.
        coverage: See `Predictor`.

    Raises:
        InputError: the folder holds no model.
    """

    def __init__(
        self,
        folder: str | Path,
        trusted: Collection[str] = (),
        max_seconds: float = 1800.0,
        coverage: float = COVERAGE,
    ) -> None:
        if not 0 < max_seconds < float("inf"):
            raise InputError(f"--max-seconds is {max_seconds:g}, expected seconds above 0")
        self._begin = (str(folder), tuple(trusted), coverage)
        self.max_seconds, self.coverage = max_seconds, coverage
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def __call__(self, clip: Clip) -> Prediction:
        """What the model says about a clip; see `Predictor`.

        Raises:
            UnusableClipError: nothing of the clip can be used, or it ended the process.
            TooSlowError: it took too long.
            MachineFaultError: memory ran out, or the GPU failed; the next clip gets a new process.
            InputError: an extractor is not that of the training run.
        """
        if not self._process.is_alive():
            self._start()
        with suppress(BrokenPipeError):  # it is dead: reading from it will tell
            self._connection.send(clip)
        if not self._connection.poll(self.max_seconds):
            self._end()
            raise TooSlowError(
                f"it took more than {self.max_seconds:g} s; --max-seconds allows more"
            )
        try:
            prediction: Prediction = self._receive()
        except MachineFaultError:
            self._end()
            raise
        return prediction

    def _start(self) -> None:
        spawn = multiprocessing.get_context("spawn")  # a fork would copy torch's locks and threads
        self._connection, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, *self._begin), daemon=True)
        with without_main():
            self._process.start()
        theirs.close()
        self.description: dict[str, Any] = self._receive()

    def _receive(self) -> Any:
        try:
            said = self._connection.recv()
        except (EOFError, ConnectionResetError):
            self._end()
            code = self._process.exitcode or 0
            what = signal.Signals(-code).name if code < 0 else f"exit status {code}"
            raise UnusableClipError(f"it ended the process: {what}") from None
        if isinstance(said, Exception):
            raise said
        return said

    def _end(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.join()


def _serve(connection: Connection, folder: str, trusted: tuple[str, ...], coverage: float) -> None:
    """Body of the process: load the model, then predict the clips that come."""
    collect_rarely()
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    try:
        predictor = Predictor(folder, trusted, coverage)
    except Exception as error:
        connection.send(_sendable(error))
        return
    connection.send(predictor.description)
    with suppress(EOFError):
        while True:
            clip = connection.recv()
            try:
                connection.send(predictor(clip))
            except Exception as error:
                connection.send(_sendable(error))


def _sendable(error: Exception) -> Exception:
    """An error as it can cross to another process."""
    if isinstance(error, InputError):
        return error
    if (code := disk_fault(error)) is not None:
        return OSError(code, str(error))
    is_of_machine = is_out_of_memory(error) or is_gpu_fault(error)
    kind = MachineFaultError if is_of_machine else UnusableClipError
    return kind(f"{type(error).__name__}: {error}")
