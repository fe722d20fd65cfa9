"""Speed of training on random data: a straightforward loop, a tidy one, and the engine.

    python benchmarks/training.py

It needs no install and no data, and does not measure accuracy. README.md explains the columns.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections import Counter
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from engine import Engine
from limits import measure, needs
from plain_nets import NETS
from random_corpus import (
    CLASSES,
    ENCODERS,
    FULL,
    WIDTHS,
    RandomCorpus,
    draw_corpus,
    write_published_layout,
    write_workflow_files,
)
from straightforward import Straightforward
from tidy import Tidy

from robust_mer.modality import FeatureShape
from robust_mer.models.registry import implementation
from robust_mer.settings import load
from robust_mer.tasks.classification import Classification, ClassificationSettings

FOLDS, SEEDS = 10, 3
# Epochs times replicas behind NMER's tables on IEMOCAP.
GRID = {"nmer": (2 * 4 + 4) * FOLDS * SEEDS * 60, "men": 2 * FOLDS * SEEDS * 20}
GRID_IN_WORDS = """\
Every training of MEN and NMER for NMER's tables 2 to 5 on IEMOCAP, no other model:
  nmer                240 replicas (table 2: 2 noises x 4 SNRs x 10 folds x 3 seeds; table 3 is
                      part of it) and 120 (table 5: 4 SNRs), 60 epochs each
  men                 30 replicas, 20 epochs each
  invariance_teacher  30 replicas, 20 epochs each, taken to cost as much as men's"""


def main() -> None:
    arguments = _parse()
    device, threads, epochs = torch.device(arguments.device), arguments.threads, arguments.epochs
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    corpus = draw_corpus(arguments.utterances)
    figures: dict = {"setting": _setting(device, threads, corpus), "models": {}}
    for name, value in figures["setting"].items():
        print(f"{name:9} {value}", flush=True)
    keys = [(fold, seed) for seed in range(1, SEEDS + 1) for fold in range(1, FOLDS + 1)]
    if device.type == "cuda":
        stacks, engine_threads = [keys[: arguments.replicas]], threads
        engine_name = f"(c) engine, a stack of {len(stacks[0])}"
    else:
        stacks, engine_threads = [[key] for key in keys[:threads]], 1
        engine_name = f"(c) engine, {len(stacks)} processes"
    with tempfile.TemporaryDirectory(prefix="robust-mer-benchmark-") as name:
        folder = Path(name)
        published = write_published_layout(corpus, folder)
        files = write_workflow_files(corpus, folder)
        engine = Engine(files, folder, stacks, device.type, engine_threads)
        for model in arguments.models:
            _check_size(model)
            spent_a = _spent(Straightforward(model, corpus, published, device), epochs)
            spent_b = _spent(Tidy(model, corpus, device), epochs)
            torch.cuda.empty_cache()
            rates = {
                "(a) straightforward": epochs / spent_a.total(),
                "(b) tidy": epochs / spent_b.total(),
                engine_name: engine.rate(model, epochs),
            }
            shares_a = {kind: seconds / spent_a.total() for kind, seconds in spent_a.items()}
            figures["models"][model] = {"rates": rates, "shares of (a)": shares_a}
            _print_rates(model, rates, shares_a)
    figures["limits"] = _limits(device, threads)
    for model, result in figures["models"].items():
        seconds = 1 / result["rates"][engine_name]
        result["floors"] = _floors(model, corpus, figures["limits"], len(stacks[0]), seconds)
    if figures["models"].keys() == GRID.keys():
        figures["grid hours"] = _grid_hours(figures["models"], len(corpus.utterances))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], help="default: cuda if there is one")
    parser.add_argument("--models", nargs="+", choices=list(NETS), default=list(NETS))
    parser.add_argument("--utterances", type=int, help=f"default: {FULL} on a GPU, 1000 on a CPU")
    parser.add_argument("--epochs", type=int, default=3, help="counted, after one that is not")
    parser.add_argument("--replicas", type=int, default=FOLDS * SEEDS, help="of (c) on a GPU")
    parser.add_argument(
        "--threads", type=int, default=len(os.sched_getaffinity(0)), help="CPU cores to use"
    )
    parser.add_argument("--json", type=Path, help="write the figures there too")
    arguments = parser.parse_args()
    arguments.device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    arguments.utterances = arguments.utterances or (FULL if arguments.device == "cuda" else 1000)
    return arguments


def _setting(device: torch.device, threads: int, corpus: RandomCorpus) -> dict[str, str]:
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        rows = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(row.partition(": ")[2] for row in rows if row.startswith("model name"))
    parts = ", ".join(f"{len(rows)} {part}" for part, rows in corpus.parts[1].items())
    frames = corpus.length["audio"]
    size = sum(values.nbytes for values in corpus.values.values()) / 1e9
    return {
        "device": f"{name}, {threads} CPU threads",
        "versions": f"Python {platform.python_version()}, torch {torch.__version__}",
        "data": f"random (speeds only, no accuracy), {size:.2f} GB: {len(corpus.utterances)} of "
        f"{FULL} utterances, fold 1 {parts}; audio and video of {frames.mean():.0f} frames in the "
        f"mean, {frames.max()} at most",
    }


def _check_size(model: str) -> None:
    """Check that the plain nets have as many parameters as the package's."""
    kind = load(implementation(model))
    inputs = {m: FeatureShape(width, ENCODERS[m]) for m, width in WIDTHS.items()}
    ours = kind(kind.settings_class(), inputs, Classification(ClassificationSettings(), CLASSES))
    counts = [sum(p.numel() for p in net.parameters()) for net in (NETS[model](), ours)]
    if counts[0] != counts[1]:
        raise SystemExit(f"{model} has {counts[0]} parameters here and {counts[1]} in the package")


def _spent(loop: Straightforward | Tidy, epochs: int) -> Counter[str]:
    """Seconds by kind of work, over all epochs except the first."""
    loop.epoch()
    return sum((Counter(loop.epoch()) for _ in range(epochs)), Counter())


def _print_rates(model: str, rates: dict[str, float], shares_a: dict[str, float]) -> None:
    print(f"\n{model:30} s/epoch/replica  epochs x replicas/s  times (a)  times (b)")
    a, b, _ = rates.values()
    for variant, rate in rates.items():
        print(f"{variant:30} {1 / rate:15.4f} {rate:20.4f} {rate / a:10.2f} {rate / b:10.2f}")
    shares = (f"{what} {share:.0%}" for what, share in shares_a.items())
    print("(a) spends its time on", ", ".join(shares), flush=True)


def _limits(device: torch.device, threads: int) -> dict[str, float]:
    """Measure and print the device's limits, for a CPU also those of one thread."""
    print("\nmeasured limits")
    for count in [threads] if device.type == "cuda" else sorted({1, threads}):
        torch.set_num_threads(count)
        limits = measure(device)
        hardware = "GPU" if device.type == "cuda" else f"{count} thread" + "s" * (count > 1)
        print(f"{hardware:9}", ", ".join(f"{name} {value:.4g}" for name, value in limits.items()))
    return limits


def _floors(
    model: str, corpus: RandomCorpus, limits: dict[str, float], stacked: int, seconds: float
) -> dict[str, float]:
    """Print the least seconds of an epoch of a replica, by cause, beside those of (c)."""
    needed = needs(NETS[model](), corpus)
    print(
        f"\n{model}: an epoch of a replica needs {needed['operations'] / 1e12:.3g} TFLOP in matrix "
        f"products, {needed['bytes'] / 1e9:.3g} GB to or from memory\n"
        f"and {needed['chain']:.0f} recurrent steps that wait for one another"
    )
    floors = {
        f"arithmetic at the {kind} rate": needed["operations"] / 1e9 / limits[f"{kind} GFLOP/s"]
        for kind in ("float32", "tf32")
        if f"{kind} GFLOP/s" in limits
    }
    floors["memory"] = needed["bytes"] / 1e9 / limits["copy GB/s"]
    if "launch in a graph µs" in limits:
        chain = needed["chain"] * limits["launch in a graph µs"] / 1e6
        floors[f"a launch per recurrent step, for {stacked} replicas"] = chain / stacked
    for cause, floor in floors.items():
        print(f"  at least {floor:.5f} s: {cause}; (c) takes {seconds / floor:.1f} times that")
    print(f"  limit: {max(floors, key=floors.__getitem__)}")
    return floors


def _grid_hours(models: dict[str, dict], utterances: int) -> dict[str, float]:
    """Print hours for NMER's tables by variant, extrapolated to the whole corpus."""
    print(f"\nextrapolated. {GRID_IN_WORDS}")
    hours = {}
    for variant in models["men"]["rates"]:
        seconds = sum(count / models[model]["rates"][variant] for model, count in GRID.items())
        hours[variant] = seconds / 3600 * FULL / utterances
        print(f"{variant:30} {hours[variant]:10.2f} hours")
    return hours


if __name__ == "__main__":
    main()
