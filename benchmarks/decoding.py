"""Processor seconds for reading videos and sound: this package beside the bare libraries.

    python benchmarks/decoding.py

README.md tells the columns.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from robust_mer.features.audio import SAMPLE_RATE, read_audio
from robust_mer.features.utterance import Utterance
from robust_mer.features.video import Clip

WIDTH, HEIGHT, FPS, RATE = 720, 480, 25, 5
CODECS = {"avi (MJPG)": ("mjpeg", "a.avi"), "mp4 (H.264)": ("libx264", "a.mp4")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    seconds = parser.parse_args().seconds
    print(f"{'file':<14}{'bare, cpu s':>12}{'this package':>14}{'ratio':>8}")
    with tempfile.TemporaryDirectory(prefix="robust-mer-benchmark-") as folder:
        for name, (codec, file) in CODECS.items():
            path = _film(Path(folder, file), codec, seconds)
            utterance = Utterance("u", None, path, "", None, None, "", False)
            _compare(name, lambda path=path: _opencv(path), lambda u=utterance: list(Clip(u, RATE)))
        for suffix in ("wav", "flac", "mp3"):
            path = Path(folder, f"a.{suffix}")
            noise = np.random.default_rng(0).normal(0, 0.1, seconds * SAMPLE_RATE)
            soundfile.write(path, noise, SAMPLE_RATE)
            utterance = Utterance("u", path, None, "", None, None, "", True)
            _compare(
                suffix,
                lambda path=path: soundfile.read(path, dtype="float32"),
                lambda u=utterance: read_audio(u),
            )


def _compare(name: str, bare: Callable[[], object], ours: Callable[[], object]) -> None:
    """The least of five runs each, in turn."""
    seconds = {bare: [], ours: []}
    for _ in range(5):
        for run, taken in seconds.items():
            before = time.process_time()
            run()
            taken.append(time.process_time() - before)
    first, second = (min(taken) for taken in seconds.values())
    print(f"{name:<14}{first:>12.3f}{second:>14.3f}{second / first:>8.2f}")


def _film(path: Path, codec: str, seconds: int) -> Path:
    """Noise that drifts."""
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    scene = cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for i in range(seconds * FPS):
            picture = av.VideoFrame.from_ndarray(np.roll(scene, i, axis=1), format="bgr24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def _opencv(path: Path) -> list[np.ndarray]:
    """Every fifth picture, from the start."""
    video, pictures, number = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), [], 0
    while video.grab():
        if number % (FPS // RATE) == 0:
            pictures.append(video.retrieve()[1])
        number += 1
    return pictures


if __name__ == "__main__":
    main()
