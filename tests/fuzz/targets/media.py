"""Recordings: sound, video, what the index and `robust-mer predict` look at."""

from itertools import islice
from pathlib import Path

import numpy as np
import soundfile
from generators.iemocap import avi

from fuzz.engine import Target
from fuzz.mutate import Files
from fuzz.targets.files import made
from robust_mer.corpora.durations import duration
from robust_mer.errors import UtteranceError
from robust_mer.export.clip import open_clip
from robust_mer.features.audio import decode_audio
from robust_mer.features.utterance import Utterance
from robust_mer.features.video import Clip

_KINDS = {"wav": "PCM_16", "flac": None, "mp3": None, "aiff": None, "ogg": None}


def _sound(names: tuple[str, ...]) -> list[Files]:
    signal = 0.1 * np.sin(np.arange(4000) / 5)

    def make(kind: str, rate: int, channels: int):
        def write(root: Path) -> None:
            held = np.repeat(signal[:, None], channels, axis=1)
            soundfile.write(root / f"x.{kind}", held, rate, _KINDS[kind])

        return write

    found = [made(make(kind, 16_000, 1)) for kind in names]
    return [*found, made(make("wav", 44_100, 2)), made(make("wav", 8000, 1))]


def _read_sound(root: Path, results: Path) -> None:
    refused = None
    for path in root.glob("x.*"):
        duration(path)
        for start, end, is_cut in ((None, None, True), (0.05, 0.15, False)):
            utterance = Utterance("u", path, None, "", start, end, "", is_cut)
            try:
                decode_audio(utterance)
            except UtteranceError as error:
                refused = error
    if refused:
        raise refused


def _video() -> list[Files]:
    import cv2

    def make(name: str, codec: str):
        def write(root: Path) -> None:
            video = cv2.VideoWriter(
                str(root / name), cv2.VideoWriter_fourcc(*codec), 10.0, (32, 32)
            )
            for n in range(4):
                video.write(np.full((32, 32, 3), 60 * n, np.uint8))
            video.release()

        return write

    return [made(make("x.avi", "MJPG")), made(make("x.mp4", "mp4v"))]


def _read_video(root: Path, results: Path) -> None:
    for path in root.glob("x.*"):
        duration(path)
        clip = Clip(Utterance("u", None, path, "left", None, None, "", True), 10.0)
        for _ in islice(clip, 1000):
            pass


def _headers() -> list[Files]:
    mp4 = next(files for files in _video() if "x.mp4" in files)
    return [{"x.avi": avi(3)}, mp4]


def _read_headers(root: Path, results: Path) -> None:
    for path in root.glob("x.*"):
        duration(path)


def _read_clip(root: Path, results: Path) -> None:
    with open_clip(*sorted(root.glob("*.*")), start=0.0, end=0.2):
        pass


def _clips() -> list[Files]:
    return [*_sound(("wav", "flac")), *_video(), {"x.txt": "Some words, ünd more.".encode()}]


TARGETS = [
    Target("sound", lambda: _sound(tuple(_KINDS)), _read_sound, utterance_errors=True),
    Target("video", _video, _read_video, utterance_errors=True),
    Target("headers", _headers, _read_headers),
    Target("clip", _clips, _read_clip),
]
