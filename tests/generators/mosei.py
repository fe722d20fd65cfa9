"""CMU-MOSEI's files: ``.csd`` sequences, MultiBench's and MMSA's pickles, transcripts."""

import pickle
from pathlib import Path

import h5py
import numpy as np

WIDTHS = {"vision": 35, "audio": 74, "text": 300}
SIZES = {"train": 16265, "valid": 1869, "test": 4643}  # of MultiBench's file
NEGATIVE = 6066  # of train and test
WORDS = 50


def sentiments(sizes: dict[str, int], negative: int) -> dict[str, np.ndarray]:
    """Sentiments of the segments: so many of train and test below 0, and a sixth exactly 0."""
    rng = np.random.default_rng(1)
    together = sizes["train"] + sizes["test"]
    values = rng.integers(1, 10, together) / 3
    values[: together // 6] = 0
    values[together - negative :] *= -1
    rng.shuffle(values)
    parts = np.split(values, [sizes["train"]])
    valid = rng.integers(-9, 10, sizes["valid"]) / 3
    return {"train": parts[0], "valid": valid, "test": parts[1]}


def emotions(sentiment: np.ndarray) -> np.ndarray:
    """Happy, sad, anger, surprise, disgust and fear, 0 to 3, of sentiments [n]: [n, 6]."""
    rng = np.random.default_rng(5)
    up, down = sentiment.clip(min=0), -sentiment.clip(max=0)
    values = np.stack([up, down, down, up / 2, down / 2, down / 3], axis=1)
    return np.round(values * (rng.random(values.shape) < [0.9, 0.6, 0.5, 0.3, 0.4, 0.3]), 2)


def ids(sizes: dict[str, int], per_video: int = 7) -> dict[str, list[tuple[str, int]]]:
    """Video and clip of the segments; a video is in one part."""
    return {
        split: [(f"{split[:2]}{row // per_video:05}-_", row % per_video) for row in range(size)]
        for split, size in sizes.items()
    }


def make_multibench(
    path: Path,
    sizes: dict[str, int] = SIZES,
    negative: int = NEGATIVE,
    dtype: str = "float32",
    protocol: int = 4,
    has_emotions: bool = False,
) -> None:
    """Write MultiBench's pickle: zero padding in front, -inf in the audio.

    ``labels`` holds the sentiment, or all seven numbers of CMU-MOSEI.
    """
    rng = np.random.default_rng(2)
    labels, content = sentiments(sizes, negative), {}
    block = rng.standard_normal((997, WORDS, max(WIDTHS.values())), dtype="float32")
    for split, names in ids(sizes).items():
        size, numbers = len(names), labels[split][:, None]
        if has_emotions:
            numbers = np.concatenate([numbers, emotions(labels[split])], axis=1)
        content[split] = {
            "labels": numbers[:, None].astype("float32"),
            "id": np.array([[video, f"{2.5 * k}", f"{2.5 * k + 2}"] for video, k in names]),
        }
        length = rng.integers(3, WORDS + 1, size)
        padding = np.arange(WORDS) < WORDS - length[:, None]
        for key, width in WIDTHS.items():
            array = np.empty((size, WORDS, width), dtype)
            for first in range(0, size, len(block)):
                some = array[first : first + len(block)]
                some[:] = block[: len(some), :, :width]
            array[padding] = 0
            if key == "audio":
                array[::11, -1, 3] = -np.inf
            content[split][key] = array
    with path.open("wb") as file:
        pickle.dump(content, file, protocol)


def make_mmsa(
    path: Path, sizes: dict[str, int], negative: int, aligned: bool, is_sims: bool = False
) -> None:
    """Write MMSA's pickle; unaligned ones say how long audio and vision are.

    That of CH-SIMS has sentiments of each modality, and all of them in [-1, 1].
    """
    rng = np.random.default_rng(3)
    labels, content = sentiments(sizes, negative), {}
    for split, names in ids(sizes).items():
        size = len(names)
        mask = np.arange(WORDS) < rng.integers(3, WORDS + 1, size)[:, None]
        regression = (labels[split] / (3 if is_sims else 1)).astype("float32")
        frames = {"audio": WORDS, "vision": WORDS} if aligned else {"audio": 120, "vision": 90}
        part = {
            "raw_text": np.array([f"text of {video} {k}" for video, k in names], dtype=object),
            "id": [f"{video}$_${k}" for video, k in names],
            # BERT's embeddings of padding are no zeros
            "text": rng.standard_normal((size, WORDS, 768)).astype("float32"),
            "text_bert": np.stack([mask * 101, mask, mask * 0], axis=1).astype("float32"),
            "regression_labels": regression,
            "classification_labels": np.sign(regression) + 1,
            "annotations": ["Negative" if v < 0 else "Positive" for v in regression],
        }
        if is_sims:
            part |= {f"regression_labels_{letter}": regression / 2 for letter in "TAV"}
        for key, longest in frames.items():
            length = rng.integers(2, longest + 1, size)
            array = rng.standard_normal((size, longest, WIDTHS[key])).astype("float32")
            array[np.arange(longest) >= length[:, None]] = 0
            array[0, 0] = 0  # a frame of silence, not of padding
            part[key] = array
            if not aligned:
                part[f"{key}_lengths"] = length.tolist()
        content[split] = part
    with path.open("wb") as file:
        pickle.dump(content, file, 4)


def write_csd(path: Path, name: str, data: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Write a sequence: features and intervals of every video."""
    with h5py.File(path, "w") as file:
        root = file.create_group(name)
        for video, (features, intervals) in data.items():
            group = root.create_group(f"data/{video}")
            group["features"], group["intervals"] = features, intervals
        root.create_group("metadata")["root name"] = np.array([f'"{name}"'.encode()])


SEQUENCES = (
    "Labels",
    "TimestampedWords",
    "TimestampedWordVectors",
    "COVAREP",
    "VisualFacet42",
)


def make_csd(
    root: Path,
    sizes: dict[str, int],
    negative: int,
    written: tuple[str, ...] = SEQUENCES,
    rate: float = 3.0,
) -> None:
    """Write sequences, transcripts, and the split as a csv.

    A segment takes 5 s and has 6 words, one of them a pause. ``rate`` is the frame rate.
    """
    rng = np.random.default_rng(4)
    labels = sentiments(sizes, negative)
    sequences: dict[str, dict] = {name: {} for name in SEQUENCES}
    split = ["video,part"]
    transcripts = root / "Transcript/Segmented/Combined"
    transcripts.mkdir(parents=True)
    for part, names in ids(sizes).items():
        videos: dict[str, list[int]] = {}
        for row, (video, _) in enumerate(names):
            videos.setdefault(video, []).append(row)
        for video, rows in videos.items():
            split.append(f"{video},{part}")
            starts = 5.0 * np.arange(len(rows))
            values = np.zeros((len(rows), 7))
            values[:, 0] = labels[part][rows]
            values[:, 1:] = emotions(labels[part][rows])
            sequences["Labels"][video] = values, np.stack([starts, starts + 5], axis=1)
            times = np.arange(6 * len(rows)) * 5 / 6
            intervals = np.stack([times, times + 5 / 6], axis=1)
            spelled = [b"sp" if n % 6 == 2 else f"word{n}".encode() for n in range(len(times))]
            sequences["TimestampedWords"][video] = np.array(spelled)[:, None], intervals
            if "TimestampedWordVectors" in written:
                vectors = rng.standard_normal((len(times), 300)).astype("float32")
                sequences["TimestampedWordVectors"][video] = vectors, intervals
            ticks = np.arange(round(5 * len(rows) * rate)) / rate
            for name, width in (("COVAREP", 74), ("VisualFacet42", 35)):
                frames = np.broadcast_to(ticks[:, None], (len(ticks), width)).astype("float32")
                sequences[name][video] = frames, np.stack([ticks, ticks + 1 / rate], axis=1)
            (transcripts / f"{video}.txt").write_text(
                "".join(
                    f"{video}___{k}___{s:.4f}___{s + 5:.4f}___said in clip {k} of {video}\n"
                    for k, s in enumerate(starts)
                )
            )
    for name in written:
        write_csd(root / f"CMU_MOSEI_{name}.csd", name, sequences[name])
    (root / "split.csv").write_text("\n".join(split) + "\n")
