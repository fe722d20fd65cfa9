"""What every job of the workflow shares: log, progress, errors and record."""

import ctypes
import logging
import os
import signal
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from robust_mer.errors import InputError
from robust_mer.faults import disk_fault, explain
from robust_mer.provenance.checkout import remember_checkout
from robust_mer.provenance.record import JobRecord

T = TypeVar("T")

log = logging.getLogger("robust_mer")

_PR_SET_PDEATHSIG = 1
_RUNNER = "ROBUST_MER_RUNNER"
JOBS_PER_GPU = "ROBUST_MER_JOBS_PER_GPU"  # in the environment, for all processes of a job


class _LogFile(logging.FileHandler):
    """A log that ignores a full disk, which the terminal reports."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        pass


def prepare_jobs(jobs_per_gpu: int) -> None:
    """Set the environment of the jobs that this process will start.

    They import the package from the same folder as this process, whether it is installed or not,
    and a user's modules from the folder of the run. On a cluster, Snakemake runs once more on every
    node; it reads the workflow and therefore calls this too.
    """
    os.environ[JOBS_PER_GPU] = str(jobs_per_gpu)
    os.environ[_RUNNER] = f"{os.getpid()} {_processes()}"
    source = str(Path(__file__).parents[1])
    folders = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([source, *folders, str(Path.cwd())]))
    remember_checkout()


def die_with_parent() -> None:
    """Have the kernel end this process when its parent ends.

    A Snakemake killed with SIGKILL leaves its jobs running; they would keep writing the files that
    the next run writes. Does nothing except on Linux.
    """
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent, or the Snakemake above it, may have ended before the call. A scheduler may copy
    # the environment to another node, where the process id means nothing.
    runner, _, namespace = os.environ.get(_RUNNER, "").partition(" ")
    orphaned = namespace == _processes() and not Path("/proc", runner).exists()
    if os.getppid() != parent or orphaned:
        os.kill(os.getpid(), signal.SIGKILL)


def _processes() -> str:
    """Identify the kernel and container in which a process id is valid."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    if not boot.is_file():
        return ""
    return f"{boot.read_text().strip()} {Path('/proc/self/ns/pid').readlink()}"


@contextmanager
def without_main() -> Iterator[None]:
    """Hide the main module while a process is spawned, which would run it again.

    A script of Snakemake has no ``if __name__ == "__main__"`` and would restart its job.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def job(snakemake: Any, name: str) -> Iterator[JobRecord]:
    """Run a job's body: keep a log, die with Snakemake, explain errors, write a record.

    An error of input or a fault of the machine, such as a full disk, becomes one message; anything
    else is a bug and logs its traceback. The record (`robust_mer.provenance.record`) is written
    when the body has succeeded. Progress goes to the terminal too, because users watch that rather
    than the log. Put slow imports into the body: a job that is not yet bound to Snakemake outlives
    it.
    """
    die_with_parent()
    log_path = snakemake.log[0]
    folder = Path(log_path).parent
    try:
        file = _LogFile(log_path, mode="w", encoding="utf-8")
    except OSError as error:
        raise SystemExit(f"[{name}] {explain(error, name, folder) or error}") from None
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    terminal = logging.StreamHandler(sys.stderr)
    escaped = name.replace("%", "%%")  # as in packetloss_20%
    terminal.setFormatter(logging.Formatter(f"[{escaped}] %(message)s"))
    log.setLevel(logging.INFO)
    log.handlers[:] = [file, terminal]
    log.propagate = False
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addHandler(file)
    started = time.monotonic()
    try:
        record = JobRecord(snakemake)
        yield record
        record.write()
    except InputError as error:
        log.error("%s", error)
        if advice := error.__cause__ and explain(error.__cause__, name, folder):
            log.error("%s", advice)  # a fault of the machine that a reader took for the file's
        raise SystemExit(1) from None
    except Exception as error:
        advice = explain(error, name, folder)
        log.error("%s", advice) if advice else log.exception("failed")
        if disk_fault(error) is not None:
            os._exit(1)  # HDF5 crashes at exit over a file that it could not close
        raise SystemExit(1) from None
    log.info("done in %.1f s", time.monotonic() - started)


def progress(
    items: Iterable[T],
    total: int,
    unit: str,
    every_seconds: float = 15.0,
    size: Callable[[T], int] = lambda _: 1,
) -> Iterator[T]:
    """Yield ``items``; log at intervals how many of ``total`` are done, the rate, the time left.

    ``size`` returns how many an item counts for.
    """
    started = last_report = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += size(item)
        now = time.monotonic()
        if now - last_report >= every_seconds and done < total:
            last_report = now
            rate = done / (now - started)
            remaining = (total - done) / rate
            text = "%d of %d %s, %.3g a second, about %.0f s left"
            log.info(text, done, total, unit, rate, remaining)
