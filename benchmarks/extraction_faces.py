"""Faces of one minute of video: this package's finder beside facenet-pytorch frame by frame.

    python benchmarks/extraction_faces.py

README.md explains the columns.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import skimage
import torch
from facenet_pytorch import MTCNN

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from robust_mer.features.detector import overlap
from robust_mer.features.face_finder import FaceFinder
from robust_mer.features.faces import FacesSettings
from robust_mer.features.utterance import Utterance
from robust_mer.features.video import Clip

SETTINGS = FacesSettings()
WIDTH, HEIGHT, FPS = 720, 480, 25
IEMOCAP_FRAMES = 750_000
AGREE = 0.7  # intersection over union


def main() -> None:
    arguments = _parse()
    torch.set_num_threads(arguments.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    hardware = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    with tempfile.TemporaryDirectory(prefix="robust-mer-benchmark-") as folder:
        video = _compose(Path(folder, "faces.mp4"), arguments)
        utterance = Utterance("u", None, video, "", None, None, "", False)
        rate = SETTINGS.frame_rate
        smallest = round(SETTINGS.min_face * HEIGHT)
        ways = {
            "facenet-pytorch, frame by frame": lambda: _frame_by_frame(utterance, rate, 20, device),
            f"the same, faces from {smallest} pixels": lambda: _frame_by_frame(
                utterance, rate, smallest, device
            ),
            "this package, every picture searched": lambda: _ours(utterance, search_every=1),
            "this package": lambda: _ours(utterance),
        }
        next(iter(Clip(utterance, rate)))
        results, seconds, processor = {}, {}, {}
        for name, run in ways.items():
            if device.type == "cuda":
                run()  # cuDNN chooses its algorithms
            started, before = time.perf_counter(), time.process_time()
            results[name] = run()
            seconds[name] = time.perf_counter() - started
            processor[name] = time.process_time() - before
    reference, *_ = results
    count = round(arguments.seconds * rate)
    print(
        f"{hardware}, {arguments.threads} CPU threads: {count} pictures of {WIDTH} x {HEIGHT}, "
        f"{rate:g} a second, from {arguments.seconds} s of video"
    )
    print(f"{'':38} seconds  cpu s  pictures/s  times  times (cpu)  faces  IoU > {AGREE}")
    rows = {}
    for name, boxes in results.items():
        both = sorted(boxes.keys() & results[reference].keys())
        ious = np.array([overlap(boxes[i], results[reference][i]) for i in both])
        rows[name] = {
            "seconds": seconds[name],
            "cpu_seconds": processor[name],
            "pictures_per_second": count / seconds[name],
            "times": seconds[reference] / seconds[name],
            "times_cpu": processor[reference] / processor[name],
            "faces": len(boxes),
            "agree": float((ious > AGREE).mean()),
        }
        row = rows[name]
        print(
            f"{name:38} {row['seconds']:7.1f} {row['cpu_seconds']:6.1f} "
            f"{row['pictures_per_second']:11.1f} {row['times']:6.2f} {row['times_cpu']:12.2f} "
            f"{row['faces']:6} {row['agree']:10.1%}"
        )
    hours = IEMOCAP_FRAMES / rows["this package"]["pictures_per_second"] / 3600
    print(f"IEMOCAP's {IEMOCAP_FRAMES} frames at this speed, in one process: {hours:.1f} hours")
    if arguments.json:
        arguments.json.write_text(json.dumps({"device": hardware, "rows": rows}, indent=1))


def _frame_by_frame(
    utterance: Utterance, rate: float, smallest: int, device: torch.device
) -> dict[int, np.ndarray]:
    """The largest face's box in each picture with a face."""
    detector = MTCNN(keep_all=True, min_face_size=smallest, device=device)
    boxes_of_pictures = {}
    for i, picture in enumerate(Clip(utterance, rate)):
        boxes, probabilities = detector.detect(np.ascontiguousarray(picture[..., ::-1]))
        if boxes is not None and probabilities[0] >= SETTINGS.min_probability:
            boxes_of_pictures[i] = boxes[0]  # sorted by size
    return boxes_of_pictures


def _ours(utterance: Utterance, **changes) -> dict[int, np.ndarray]:
    """The same with this package, which also crops and compresses the faces."""
    faces = FaceFinder(FacesSettings(**changes)).find(utterance)
    numbers = np.rint(faces.time * SETTINGS.frame_rate).astype(int)
    return dict(zip(numbers.tolist(), faces.box, strict=True))


def _compose(path: Path, arguments: argparse.Namespace) -> Path:
    """A video of a head that sways and approaches, and a smaller one, over a photograph."""
    head = np.ascontiguousarray(skimage.data.astronaut()[10:200, 130:320, ::-1])
    background = cv2.resize(skimage.data.coffee()[..., ::-1], (WIDTH, HEIGHT))
    background = cv2.GaussianBlur(background, (0, 0), 6)
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FPS, (WIDTH, HEIGHT))
    for i in range(arguments.seconds * FPS):
        t = i / FPS
        picture = background.copy()
        for who, (x, size) in enumerate(((230, 250), (520, 180))):
            side = round(size * (1 + 0.15 * np.sin(0.5 * t + who)))
            tilt = cv2.getRotationMatrix2D((95, 95), 8 * np.sin(0.8 * t + 2 * who), 1.0)
            turned = cv2.warpAffine(head, tilt, (190, 190), borderMode=cv2.BORDER_REPLICATE)
            left = round(x + 40 * np.sin(0.7 * t + who)) - side // 2
            top = round(HEIGHT / 2 + 25 * np.sin(1.1 * t + who)) - side // 2
            picture[top : top + side, left : left + side] = cv2.resize(turned, (side, side))
        video.write(picture)
    video.release()
    return path


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="of video (60)")
    parser.add_argument("--threads", type=int, default=2, help="of the CPU (2)")
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
