"""What every job of the workflow does around its work: its log, its progress, its end."""

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
JOBS_PER_GPU = "ROBUST_MER_JOBS_PER_GPU"  # what of the config a job's processes all know


class _LogFile(logging.FileHandler):
    """A log that says nothing when its disk is full: the terminal does."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        pass


def prepare_jobs(jobs_per_gpu: int) -> None:
    """Tell the jobs that this process will start where the package lies, and who runs them.

    They import it from where it was imported here, whether it is installed there or not, and a
    user's own modules from the folder that the workflow runs in. On a cluster every node has a
    Snakemake of its own above its job, which reads the workflow and so calls this too.
    """
    os.environ[JOBS_PER_GPU] = str(jobs_per_gpu)
    os.environ[_RUNNER] = f"{os.getpid()} {_processes()}"
    source = str(Path(__file__).parents[1])
    others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([source, *others, str(Path.cwd())]))
    remember_checkout()


def die_with_parent() -> None:
    """Have the kernel end this process when its parent ends.

    Snakemake killed with SIGKILL leaves its jobs running; they would go on writing while the next
    run writes the same files. Linux only; elsewhere nothing happens.
    """
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent, or the Snakemake above it, may have ended before the kernel was asked. A scheduler
    # hands the environment of who submitted on to another node, where that process has no number.
    runner, _, where = os.environ.get(_RUNNER, "").partition(" ")
    orphaned = where == _processes() and not Path("/proc", runner).exists()
    if os.getppid() != parent or orphaned:
        os.kill(os.getpid(), signal.SIGKILL)


def _processes() -> str:
    """Names the processes among which a process id means something: of a kernel and a container."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    if not boot.is_file():
        return ""
    return f"{boot.read_text().strip()} {Path('/proc/self/ns/pid').readlink()}"


@contextmanager
def without_main() -> Iterator[None]:
    """Hide the program's main module while a process is spawned, which would run it again.

    A script of Snakemake has no ``if __name__ == "__main__"`` and would start its job anew.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def job(snakemake: Any, name: str) -> Iterator[JobRecord]:
    """Run a job's body: log, die with Snakemake, say errors of input plainly, leave a record.

    So are faults of the machine, such as a full disk; anything else is a bug and leaves its trace.
    The record (`robust_mer.provenance.record`) is written when the body has ended well. Progress
    goes to the terminal too, since a user watches that, not the log. Slow imports belong into the
    body: a job that is not yet bound to Snakemake outlives it.
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
        if told := error.__cause__ and explain(error.__cause__, name, folder):
            log.error("%s", told)  # the machine's fault, of which a reader made the file's
        raise SystemExit(1) from None
    except Exception as error:
        told = explain(error, name, folder)
        log.error("%s", told) if told else log.exception("failed")
        if disk_fault(error) is not None:
            os._exit(1)  # HDF5 crashes at the end, over a file that it could not close
        raise SystemExit(1) from None
    log.info("done in %.1f s", time.monotonic() - started)


def progress(
    items: Iterable[T],
    total: int,
    what: str,
    every_seconds: float = 15.0,
    size: Callable[[T], int] = lambda _: 1,
) -> Iterator[T]:
    """Yield ``items``; now and then say how many of ``total`` are done, how fast, the time left.

    An item may stand for several, of which ``size`` tells the number.
    """
    started = said = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += size(item)
        now = time.monotonic()
        if now - said >= every_seconds and done < total:
            said = now
            rate = done / (now - started)
            left = (total - done) / rate
            log.info("%d of %d %s, %.3g a second, about %.0f s left", done, total, what, rate, left)
