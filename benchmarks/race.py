"""Which way to train many small nets at once is fastest? Two races and a verdict.

    python benchmarks/race.py

It needs no install and no data. Race 1: the recurrent encoder alone, forward and backward. Race 2:
a whole training step. Every entrant runs in a process of its own, so that none can spoil another's
memory, wait for ever, or take the others down with it. Numbers are float32, tf32 is off.
"""

import argparse
import gc
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from recurrent import encoders, steps
from recurrent.problem import Result, difference, draw_lengths, draw_problem, reference
from recurrent.timing import limits, seconds

WITHIN = 1.5  # of the best: the simplest of these wins
CHECKED_STEP = 4  # whose losses are compared: the first behind a graph's warm-up
WRONG = 1e-3  # relative error from which on an entrant is out


@dataclass(frozen=True)
class Size:
    """How big the races are; the whole step is raced with all but the first ``replicas``."""

    replicas: tuple[int, ...]
    batch: int
    longest: int  # frames
    widths: dict[str, int]


FULL = Size((1, 10, 30), 128, 340, {"audio": 130, "video": 342, "text": 1024})
SMALL = Size((1, 2), 16, 24, {"audio": 13, "video": 34, "text": 20})


def main() -> None:
    arguments = _parse()
    device = torch.device(arguments.device)
    size = FULL if device.type == "cuda" else SMALL
    if arguments.job:
        _be_a_child(arguments.job, device, size, arguments.folder)
        return
    figures = {"setting": _setting(device), "jobs": {}, "skipped": {}, "verdicts": {}}
    for name, value in figures["setting"].items():
        print(f"{name:9} {value}", flush=True)
    deadline = time.monotonic() + 60 * arguments.minutes
    with tempfile.TemporaryDirectory(prefix="robust-mer-race-") as folder:
        for job in (job for job in _jobs() if job in (arguments.only or _jobs())):
            rows, reason = _run(job, device, Path(folder), deadline, arguments.patience)
            figures["jobs"][job] = rows
            if reason:
                figures["skipped"][job] = reason
    _report(figures, size)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], help="default: cuda if there is one")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    parser.add_argument("--minutes", type=float, default=8.5, help="after which no more is run")
    parser.add_argument("--patience", type=float, default=120, help="seconds for one entrant")
    parser.add_argument("--only", nargs="+", choices=_jobs(), metavar="JOB", help=f"of {_jobs()}")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    return arguments


def _jobs() -> list[str]:
    """Race 2 decides, so it comes before race 1, should time run out."""
    entrants = [f"step {name}" for name in steps.VARIANTS]
    return ["limits", "text", *entrants, *(f"encoder {name}" for name in encoders.CANDIDATES)]


def _setting(device: torch.device) -> dict[str, str]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor()
    versions = {"Python": platform.python_version(), "torch": torch.__version__}
    versions["cuDNN"] = str(torch.backends.cudnn.version())
    try:
        versions["Triton"] = importlib.metadata.version("triton")
    except importlib.metadata.PackageNotFoundError:
        versions["Triton"] = "none"
    return {
        "device": f"{name or device.type}, {os.cpu_count()} CPU cores",
        "versions": ", ".join(f"{what} {version}" for what, version in versions.items()),
    }


def _run(
    job: str, device: torch.device, folder: Path, deadline: float, patience: float
) -> tuple[list[dict], str]:
    """What a child measured, and why there is nothing or no more."""
    kind, _, name = job.partition(" ")
    runs_on_cpu = {"encoder": encoders.ON_CPU, "step": steps.ON_CPU}
    if device.type == "cpu" and name and name not in runs_on_cpu[kind]:
        return [], "needs a GPU"
    left = min(patience, deadline - time.monotonic())
    if left <= 0:
        return [], "no time left"
    written = folder / f"{job}.jsonl"
    command = [sys.executable, __file__, "--device", device.type, "--folder", folder, "--job", job]
    # Few kernels are compiled: in the process itself, so that nothing outlives it.
    # Streams need queues of their own in the device, or they wait for one another.
    environment = {
        **os.environ,
        "TORCHINDUCTOR_COMPILE_THREADS": "1",
        "CUDA_DEVICE_MAX_CONNECTIONS": "32",
    }
    started, reason = time.monotonic(), ""
    try:
        done = subprocess.run(  # noqa: S603
            command, timeout=left, env=environment, stderr=subprocess.PIPE, text=True
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["said nothing"]
            print(*said[-15:], sep="\n")
            reason = f"exit code {done.returncode}: {said[-1]}"
    except subprocess.TimeoutExpired:
        reason = f"stopped after {left:.0f} s"
    lines = written.read_text(encoding="utf-8").splitlines() if written.exists() else []
    print(f"{job:24} {time.monotonic() - started:5.1f} s {reason}", flush=True)
    return [json.loads(line) for line in lines], reason


def _be_a_child(job: str, device: torch.device, size: Size, folder: Path) -> None:
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    if device.type == "cpu":
        torch.set_num_threads(1)  # as the engine does, which runs a process on each core
    kind, _, name = job.partition(" ")
    rows = {"limits": _limits, "encoder": _encoder, "step": _step, "text": _text}[kind]
    with (folder / f"{job}.jsonl").open("w", encoding="utf-8") as file:
        for row in rows(name, device, size, folder):
            print(json.dumps(row), file=file, flush=True)


def _limits(_name: str, device: torch.device, _size: Size, _folder: Path) -> Iterator[dict]:
    yield limits(device)


def _encoder(name: str, device: torch.device, size: Size, folder: Path) -> Iterator[dict]:
    for modality in ("audio", "video"):
        for replicas in reversed(size.replicas):  # should time run out, the largest are there
            problem = draw_problem(
                replicas, size.widths[modality], device, size.batch, size.longest
            )
            _forget_peak(device)
            step = encoders.CANDIDATES[name](problem)
            taken, spread = seconds(step, device)
            peak = _peak_gb(device)
            first, second = _copy(step()), _copy(step())
            errors = [
                difference(second, replica, reference(problem, replica, folder))
                for replica in {0, replicas - 1}
            ]
            yield {
                "cell": f"{modality} R={replicas}",
                "seconds": taken,
                "spread": spread,
                "peak GB": peak,
                "error": max(errors),
                # A result that differs between two runs by more than rounding is a race.
                "moves": max(difference(first, r, _one(second, r)) for r in range(replicas)),
            }
            del problem, step, first, second


def _copy(result: Result) -> Result:
    """What the next step does not overwrite."""
    return result[0].clone(), [gradient.clone() for gradient in result[1]]


def _one(result: Result, replica: int) -> Result:
    return result[0][replica].cpu().double(), [g[replica].cpu().double() for g in result[1]]


def _step(name: str, device: torch.device, size: Size, _folder: Path) -> Iterator[dict]:
    for model in steps.MODELS:
        for replicas in reversed(size.replicas[1:]):
            _forget_peak(device)
            sizes = (device, size.widths, size.batch, size.longest)
            with steps.training_step(name, model, replicas, *sizes) as step:
                warmed_up = 3 if name.endswith(("graph", "graphs")) and device.type == "cuda" else 0
                for _ in range(CHECKED_STEP - warmed_up):
                    losses = step().tolist()
                taken, spread = seconds(step, device)
            yield {
                "cell": f"{model} R={replicas}",
                "seconds": taken,
                "spread": spread,
                "peak GB": _peak_gb(device),
                "replicas x steps/s": replicas / taken,
                "losses": losses,
            }
            del step


def _text(_name: str, device: torch.device, size: Size, _folder: Path) -> Iterator[dict]:
    for tf32 in (False, True) if device.type == "cuda" else (False,):
        torch.set_float32_matmul_precision("high" if tf32 else "highest")
        torch.backends.cudnn.allow_tf32 = tf32
        for replicas in size.replicas[1:]:
            row = {"cell": f"{'tf32' if tf32 else 'float32'} R={replicas}"}
            for way, as_products in (("grouped convolution", False), ("products", True)):
                _forget_peak(device)
                step = steps.text_step(
                    as_products, replicas, device, size.widths["text"], size.batch
                )
                row[way] = seconds(step, device)[0]
            yield row


def _forget_peak(device: torch.device) -> None:
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _peak_gb(device: torch.device) -> float:
    """Memory that torch held at most; graphs keep theirs, so what is in use says too little."""
    return torch.cuda.max_memory_reserved() / 1e9 if device.type == "cuda" else 0.0


def _report(figures: dict, size: Size) -> None:
    jobs = figures["jobs"]
    for row in jobs.get("limits", []):
        print("\nmeasured:", ", ".join(f"{what} {value:.4g}" for what, value in row.items()))
        _print_floors(row, size)
    _compare_losses(jobs)
    for kind, title, columns in (
        ("encoder", "race 1, the recurrent encoder", ["error", "moves"]),
        ("step", "race 2, a training step", ["replicas x steps/s", "loss differs"]),
    ):
        found = {job.partition(" ")[2]: rows for job, rows in jobs.items() if job.startswith(kind)}
        print(f"\n{title}: ms for all replicas, spread, GB at most,", ", ".join(columns))
        for name, rows in found.items():
            for row in rows:
                others = " ".join(f"{row[column]:10.3g}" for column in columns)
                print(
                    f"{name:16} {row['cell']:12} {1000 * row['seconds']:10.3f} "
                    f"{row['spread']:6.1%} {row['peak GB']:7.2f} {others}"
                )
        figures["verdicts"][kind] = verdicts = _verdicts(found)
        for cell, chosen in verdicts.items():
            print(f"verdict  {cell:12} {chosen}")
    for row in jobs.get("text", []):
        ways = {way: 1000 * value for way, value in row.items() if way != "cell"}
        parts = (f"{way} {value:.3f} ms" for way, value in ways.items())
        print(f"\ntext CNN, {row['cell']}:", ", ".join(parts), end="")
    print()
    for job, reason in figures["skipped"].items():
        print(f"skipped  {job}: {reason}")


def _print_floors(limits_found: dict[str, float], size: Size) -> None:
    """Operations over real frames at the rate of a large product; a launch a time and direction."""
    for replicas in size.replicas:
        lengths = torch.stack(
            [draw_lengths((size.batch,), size.longest, r) for r in range(replicas)]
        )
        for modality in ("audio", "video"):
            # Forward; gradients of the weights, and of the states.
            products = 2 * (size.widths[modality] + 128) + 128
            operations = 2 * 512 * products * float(lengths.sum())
            floor = operations / limits_found["float32 TFLOP/s"] / 1e9
            line = f"{modality} R={replicas}: at least {floor:.3f} ms for products in float32"
            if "launch in a graph µs" in limits_found:
                chain = 2 * int(lengths.max()) * limits_found["launch in a graph µs"] / 1000
                line += f"; {chain:.3f} ms for one kernel a time, forward and backward"
            print(line)


def _compare_losses(jobs: dict[str, list[dict]]) -> None:
    """Relative difference of every entrant's losses from the first entrant's in that cell."""
    first: dict[str, torch.Tensor] = {}
    for job, rows in jobs.items():
        for row in rows if job.startswith("step") else []:
            losses = torch.tensor(row["losses"])
            expected = first.setdefault(row["cell"], losses)
            row["loss differs"] = float(((losses - expected) / expected).abs().max())


def _verdicts(found: dict[str, list[dict]]) -> dict[str, str]:
    """By cell, and for all cells of the largest number of replicas together."""
    cells: dict[str, dict[str, float]] = {}
    for name, rows in found.items():
        for row in rows:
            if all(row.get(column, 0.0) < WRONG for column in ("error", "moves", "loss differs")):
                cells.setdefault(row["cell"], {})[name] = row["seconds"]
    most = max((cell.rpartition("=")[2] for cell in cells), key=int, default="")
    largest = [times for cell, times in cells.items() if cell.endswith(f"={most}")]
    together = {
        name: sum(times[name] for times in largest)
        for name in found
        if largest and all(name in times for times in largest)
    }
    if together:
        cells[f"all R={most}"] = together
    return {cell: verdict(times) for cell, times in cells.items()}


def verdict(times: dict[str, float]) -> str:
    """The simplest within 1.5 times the best; entrants are in the order of their simplicity."""
    best = min(times, key=times.__getitem__)
    chosen = next(name for name, taken in times.items() if taken <= WITHIN * times[best])
    behind = f", {times[chosen] / times[best]:.2f} times {best}" if chosen != best else ", the best"
    return f"{chosen}{behind} ({1000 * times[chosen]:.3f} ms)"


if __name__ == "__main__":
    main()
