"""Speed and memory of audio and text extraction, against the straightforward way.

    python benchmarks/extraction.py [--manifest MANIFEST.csv]

README.md tells the columns. Without a manifest the recordings and texts are generated.
"""

import argparse
import json
import multiprocessing
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import soundfile  # noqa: E402

from robust_mer.features.utterance import Utterance  # noqa: E402
from robust_mer.settings import Plugin, defaults  # noqa: E402

RATE = 16_000
IS13, BERT = "robust_mer.features.is13:IS13", "robust_mer.features.bert:Bert"
ENCODER = "robust_mer.features.audio_encoder:AudioEncoder"


def main() -> None:
    arguments = _parse()
    with tempfile.TemporaryDirectory(prefix="robust-mer-benchmark-", dir=arguments.folder) as name:
        if arguments.manifest:
            utterances = _from_manifest(Path(arguments.manifest))[:: arguments.every]
        else:
            utterances = _generated(Path(name), 100)
        if "is13" in arguments.only:
            _is13(utterances, arguments.repeats)
        if "bert" in arguments.only:
            _bert(utterances, arguments.repeats, arguments.threads)
        if "memory" in arguments.only:
            _memory(Path(name), arguments.minutes)


def _is13(utterances: list[Utterance], repeats: int) -> None:
    """One pass of our configuration against openSMILE's two levels, one after the other."""
    import opensmile

    levels = [
        opensmile.Smile(opensmile.FeatureSet.IS13, level)
        for level in (
            opensmile.FeatureLevel.LowLevelDescriptors,
            opensmile.FeatureLevel.LowLevelDescriptors_Deltas,
        )
    ]
    extractor = Plugin(IS13, {"frame_rate": 100.0}).build()

    def two_passes() -> list[np.ndarray]:
        parts = [[level.process_file(u.audio).to_numpy() for level in levels] for u in utterances]
        return [np.concatenate([a, b[: len(a)]], axis=1) for a, b in parts]

    def one_pass() -> list[np.ndarray]:
        return [extractor.extract(utterance).values for utterance in utterances]

    seconds = sum(soundfile.info(utterance.audio).duration for utterance in utterances)
    print(f"\nis13: {len(utterances)} recordings, {seconds:.0f} s, one thread")
    _compare({"two passes": two_passes, "one pass": one_pass}, repeats, seconds, "x real time")


def _bert(utterances: list[Utterance], repeats: int, threads: int) -> None:
    """Batches of similar length within a shard against one text after the other."""
    import torch

    torch.set_num_threads(threads)
    extractor = Plugin(BERT, {}).build()
    size = extractor.shard_size
    shards = [utterances[first : first + size] for first in range(0, len(utterances), size)]

    def one_by_one() -> list[np.ndarray]:
        return [extractor.extract(utterance).values for utterance in utterances]

    def batched() -> list[np.ndarray]:
        return [found.values for shard in shards for found in extractor.extract_all(shard)]

    print(f"\nbert (the packaged MiniLM): {len(utterances)} texts, {threads} threads")
    _compare({"one by one": one_by_one, "batched": batched}, repeats, len(utterances), "texts/s")


def _compare(ways: dict[str, Callable], repeats: int, amount: float, unit: str) -> None:
    """Time two ways by turns; the first is the yardstick."""
    found = {name: way() for name, way in ways.items()}  # and warms up
    first, second = found.values()
    assert [len(values) for values in first] == [len(values) for values in second]
    difference = max(np.abs(a - b).max() for a, b in zip(first, second, strict=True))
    wall, processor = {name: [] for name in ways}, {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            started = time.perf_counter(), time.process_time()
            way()
            wall[name].append(time.perf_counter() - started[0])
            processor[name].append(time.process_time() - started[1])
    yardstick = next(iter(ways))
    print(f"{'way':12} {'s':>8} {'cpu s':>8} {unit:>12} {'times':>6} {'times (cpu)':>12}")
    for name in ways:
        s, cpu = min(wall[name]), min(processor[name])
        times, cpu_times = min(wall[yardstick]) / s, min(processor[yardstick]) / cpu
        print(f"{name:12} {s:8.2f} {cpu:8.2f} {amount / s:12.1f} {times:6.2f} {cpu_times:12.2f}")
    print(f"largest difference: {difference:.1e}", flush=True)


def _memory(folder: Path, minutes: int) -> None:
    """The most that a process holds while it extracts one long recording."""
    recording = folder / "long.wav"
    with soundfile.SoundFile(recording, "w", RATE, 1, "PCM_16") as file:
        for minute in range(minutes):
            file.write(_voice(60.0, np.random.default_rng(minute)))
    settings = {**defaults(ENCODER), "model": str(_tiny_encoder(folder / "encoder"))}
    print(f"\nmemory: one recording of {minutes} min, one thread")
    print(f"{'extractor':30} {'GB at rest':>10} {'GB at most':>10} {'s':>8}  frames")
    for name, implementation, given in (
        ("is13", IS13, defaults(IS13)),
        ("audio_encoder, 768-d, one layer", ENCODER, settings),
    ):
        spawn = multiprocessing.get_context("spawn")
        queue = spawn.Queue()
        process = spawn.Process(target=_hold, args=(queue, implementation, given, recording))
        process.start()
        rest, most, seconds, shape = queue.get()
        process.join()
        print(f"{name:30} {rest:10.2f} {most:10.2f} {seconds:8.1f}  {shape}", flush=True)


def _hold(queue, implementation: str, settings: dict, recording: Path) -> None:
    extractor = Plugin(implementation, settings).build()
    rest = _peak()
    started = time.perf_counter()
    values = extractor.extract(_utterance("long", recording, "")).values
    seconds = time.perf_counter() - started
    queue.put((rest, _peak(), seconds, values.shape))


def _peak() -> float:
    """The most memory, in GB, that this process held; Linux's rusage counts its parent's too."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 2**20


def _tiny_encoder(folder: Path) -> Path:
    """wav2vec 2.0 with random weights: as wide as the base model, of one layer, few filters."""
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    config = Wav2Vec2Config(num_hidden_layers=1, conv_dim=(64,) * 7)
    Wav2Vec2Model(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["hidden_size"] == 768
    return folder


def _generated(folder: Path, count: int) -> list[Utterance]:
    """Gliding voices of 1 to 6 s, and texts of 3 to 42 words, most of them short."""
    rng = np.random.default_rng(0)
    words = ["oh", "i", "do", "not", "know", "what", "you", "need", "me", "for", "notice", "great"]
    found = []
    for i in range(count):
        path = folder / f"{i:03}.wav"
        soundfile.write(path, _voice(rng.uniform(1, 6), rng), RATE)
        length = min(42, 3 + round(rng.exponential(8)))
        found.append(_utterance(str(i), path, " ".join(rng.choice(words, length))))
    return found


def _from_manifest(manifest: Path) -> list[Utterance]:
    table = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    rows = table[["utterance", "audio", "text"]].itertuples(index=False)
    return [_utterance(name, manifest.parent / audio, text) for name, audio, text in rows]


def _utterance(name: str, audio: Path, text: str) -> Utterance:
    return Utterance(name, audio, None, "", None, None, text, True)


def _voice(seconds: float, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * (rng.uniform(90, 220) * t + 3 * np.sin(2 * np.pi * 0.7 * t))
    tone = sum(np.sin(k * phase) / k for k in range(1, 12))
    spoken = np.sin(2 * np.pi * 1.5 * t) > -0.5
    return 0.1 * tone * spoken + rng.normal(0, 0.002, len(t))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parts = ["is13", "bert", "memory"]
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--manifest", help="table of utterance, audio, text")
    parser.add_argument("--every", type=int, default=1, help="take every n-th row of it")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2, help="of the text's network")
    parser.add_argument("--minutes", type=int, default=60, help="length of the long recording")
    parser.add_argument("--folder", help="where temporary files go")
    return parser.parse_args()


if __name__ == "__main__":
    main()
