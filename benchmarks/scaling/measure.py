"""Time and memory of a command or of a function, each in a separate process, and their growth."""

import math
import multiprocessing
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Seconds, processor seconds, and peak memory."""

    seconds: float
    cpu: float
    megabytes: float


def of_command(command: list[str], folder: Path) -> tuple[Cost, str]:
    """Cost of a command, which must succeed, and its output."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    log = folder / "command.log"
    with log.open("w") as file:
        started = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=folder,
            env={**environment, "OMP_NUM_THREADS": "1"},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text()
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{text[-3000:]}")
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3), text


def of_function(work: Callable, *arguments: object) -> Cost:
    """Cost of a call. The time of processes that it starts counts, their memory does not."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(sender, work, arguments))
    process.start()
    sender.close()
    try:
        cost = receiver.recv()
    except EOFError:
        sys.exit(f"{work.__name__} failed")
    process.join()
    return cost


def _measure(sender, work: Callable, arguments: tuple) -> None:
    started = time.perf_counter()
    work(*arguments)
    seconds = time.perf_counter() - started
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    # not ru_maxrss, which includes the parent's memory at the fork
    status = Path("/proc/self/status").read_text()
    kilobytes = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
    sender.send(Cost(seconds, sum(u.ru_utime + u.ru_stime for u in used), kilobytes / 1e3))


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Exponent k of cost ~ size^k between two sizes; NaN if a cost is not above zero."""
    if min(costs) <= 0:
        return math.nan
    return math.log(costs[1] / costs[0]) / math.log(sizes[1] / sizes[0])


def print_row(cells: Iterable[object]) -> None:
    """Print a line of a Markdown table without buffering, because measurements take minutes."""
    print(f"| {' | '.join(map(_cell, cells))} |", flush=True)


def print_head(cells: Sequence[str]) -> None:
    """The head of a Markdown table; all columns but the first are numbers."""
    print_row(cells)
    print_row(["---", *["---:"] * (len(cells) - 1)])


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if math.isnan(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
