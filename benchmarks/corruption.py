"""Time to draw noise for an epoch, beside the training that it feeds, on random data.

    python benchmarks/corruption.py

It needs no install and no data, and says nothing about accuracy. README.md tells the columns.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from engine import Engine
from random_corpus import FOLD, FULL, WIDTHS, RandomCorpus, draw_corpus, write_workflow_files

from robust_mer.corruption.draws import FreshDraws
from robust_mer.corruption.registry import NOISES
from robust_mer.settings import Plugin

MODELS = ("men_augmented", "nmer")
BATCH = 128
IS_NOISY = 0.5  # share of a modality's utterances, over the six conditions
REPETITIONS = 3


def main() -> None:
    arguments = _parse()
    device = torch.device(arguments.device)
    torch.set_num_threads(1)
    corpus = draw_corpus(arguments.utterances)
    rows = corpus.parts[FOLD]["train"]
    print(f"{device}, one CPU thread; random data: {len(rows)} of {FULL} utterances train")
    drawing = {
        name: min(_seconds(path, corpus, device) for _ in range(REPETITIONS))
        for name, path in NOISES.items()
    }
    training = {}
    with tempfile.TemporaryDirectory(prefix="robust-mer-benchmark-") as name:
        folder = Path(name)
        engine = Engine(
            write_workflow_files(corpus, folder), folder, [[(FOLD, 1)]], device.type, threads=1
        )
        for model in MODELS:
            training[model] = 1 / engine.rate(model, arguments.epochs)
            print(f"{model}: {training[model]:.3f} s for an epoch of one replica", flush=True)
    print(f"\n{'noise':10} s/epoch  times gaussian  " + "  ".join(f"share of {m}" for m in MODELS))
    for noise, seconds in drawing.items():
        shares = "  ".join(f"{seconds / training[m]:{len(m) + 9}.1%}" for m in MODELS)
        print(f"{noise:10} {seconds:7.3f} {seconds / drawing['gaussian']:15.2f}  {shares}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"drawing": drawing, "training": training}, indent=1))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], help="default: cuda if there is one")
    parser.add_argument("--utterances", type=int, help=f"default: {FULL} on a GPU, 1000 on a CPU")
    parser.add_argument("--epochs", type=int, default=3, help="of training, after a first one")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    arguments = parser.parse_args()
    arguments.device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    arguments.utterances = arguments.utterances or (FULL if arguments.device == "cuda" else 1000)
    return arguments


def _seconds(implementation: str, corpus: RandomCorpus, device: torch.device) -> float:
    """Seconds to draw the noise of an epoch of one replica, batch by batch, as training does."""
    noise = Plugin(implementation, {}).build()
    draws = FreshDraws(torch.Generator(device).manual_seed(0))
    rng = np.random.default_rng(0)
    order = rng.permutation(corpus.parts[FOLD]["train"])
    batches = [
        (width, corpus.length[modality][rows[rng.random(len(rows)) < IS_NOISY]])
        for rows in np.split(order, range(BATCH, len(order), BATCH))
        for modality, width in WIDTHS.items()
    ]
    noise(batches[0][1], batches[0][0], draws)
    _wait(device)
    began = time.perf_counter()
    for width, lengths in batches:
        noise(lengths, width, draws)
    _wait(device)
    return time.perf_counter() - began


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    main()
