"""Reader of CMU-MOSEI (Zadeh et al. 2018): raw videos, transcripts, ``.csd`` files.

Labels and their times come from the sequence of labels. Beside it may lie the raw recordings,
``Videos/Full/Combined/{video}.mp4`` and ``Audio/Full/WAV_16000/{video}.wav``, transcripts,
``Transcript/Segmented/Combined/{video}.txt``, and sequences of features and words.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from robust_mer.corpora.csd import Segments, Sequence, words_during
from robust_mer.corpora.disk import is_there, read_lines, wrong_root
from robust_mer.corpora.feature_files import (
    FeatureSource,
    named_for,
    part_of,
    polarity,
    video_of,
)
from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError
from robust_mer.files import inside, naming

SETTINGS = {
    # sequences, in the corpus' root: sentiment first of seven columns; words; features by modality
    "labels": "CMU_MOSEI_Labels.csd",
    "words": "CMU_MOSEI_TimestampedWords.csd",
    "features": {
        "audio": "CMU_MOSEI_COVAREP.csd",
        "video": "CMU_MOSEI_VisualFacet42.csd",
        "text": "CMU_MOSEI_TimestampedWordVectors.csd",
    },
    # words: the frames during a word are averaged, one frame a word; none: frames as they are.
    "align": "words",
    # of a segment; the words behind are left out. Published files have 50.
    "most_words": 50,
    # parts of the videos: empty for the standard split, or a csv in the corpus' root, with columns
    # video and part. Videos that it does not name stand in no part.
    "split": "",
    # class of sentiment 0: positive as NMER's Table 1 has it, or negative, MultiBench's rule.
    "zero": "positive",
}

LIMITS = {"align": ["words", "none"], "most_words": (1, 10_000), "zero": ["positive", "negative"]}

_VIDEO, _AUDIO = "Videos/Full/Combined/{}.mp4", "Audio/Full/WAV_16000/{}.wav"
_TRANSCRIPTS = "Transcript/Segmented/Combined"
# The SDK's standard folds: 2249, 300 and 678 videos.
_STANDARD_SPLIT = Path(__file__).parents[3] / "resources/cmu_mosei_split.csv"
_SAME = 0.5  # share of the shorter of two intervals that they have in common if they mean one clip


@dataclass(frozen=True)
class Segment:
    """A labelled piece of a video; times in seconds."""

    utterance: str
    start: float
    end: float
    sentiment: float  # -3 to 3


def tables(root: Path, settings: dict) -> list[str]:
    """Labels, words, a split of one's own, and transcripts."""
    named = [root / settings[key] for key in ("labels", "words", "split") if settings[key]]
    found = [path for path in named if path.is_file()]
    return sorted(map(str, [*found, *(root / _TRANSCRIPTS).glob("*.txt")]))


def read(root: Path, settings: dict) -> Reading:
    """Read labels, times, transcripts and the split.

    The speakers are not in the release: a video counts as one. Adds the columns ``dialogue`` and
    ``part``.

    Raises:
        InputError: the labels are not there, or the split is not there or no split.
    """
    labels = _labels(root, settings)
    reading = Reading(more=["dialogue", "part"])
    split = _read_split(root, settings["split"], reading)
    words_path = inside(root, settings["words"])
    words = Sequence(words_path) if words_path.is_file() else None
    videos = _segments(labels)
    for video, segments in videos.items():
        row = {"session": video, "speaker": video, "dialogue": video, "audio_is_cut": "0"}
        row |= _recordings(root, video, reading)
        row["part"] = split.get(video, "")
        texts = _texts(root, video, segments, words, reading)
        for segment in segments:
            label = polarity(segment.sentiment, settings["zero"])
            if not label:
                reading.skip(labels.file, 0, f"{segment.utterance} has no sentiment")
                continue
            if not 0 <= segment.start < segment.end:
                reading.skip(labels.file, 0, f"{segment.utterance} has no times in seconds")
                continue
            reading.add(
                {
                    **row,
                    "utterance": segment.utterance,
                    "label": label,
                    "start": str(segment.start),
                    "end": str(segment.end),
                    "text": texts.get(segment.utterance, ""),
                },
                labels.file,
                0,
            )
    for path in sorted((root / _TRANSCRIPTS).glob("*.txt")):
        if path.stem not in videos:
            reading.note(path, 0, "transcript of a video without labels")
    return reading


def sources(root: Path, settings: dict, modality: str) -> list[str]:
    """The files that the features of a modality come from."""
    named = [settings["labels"], named_for(modality, settings["features"])]
    named += [settings["words"]] * (settings["align"] == "words")
    return [str(root / name) for name in named if (root / name).is_file()]


def features(root: Path, settings: dict, modality: str) -> FeatureSource:
    """The frames of a modality; see `FeatureSource`."""
    file = named_for(modality, settings["features"])
    path = inside(root, file)
    if not path.is_file():
        raise wrong_root(root, f"no {file}", "Put the file there, or name it in the config")
    words = None
    if settings["align"] == "words":
        words_path = inside(root, settings["words"])
        if not words_path.is_file():
            raise wrong_root(
                root, f"no {settings['words']}", "Frames are aligned to it, unless align is none"
            )
        words = Sequence(words_path)
    times = {
        segment.utterance: (video, segment.start, segment.end)
        for video, segments in _segments(_labels(root, settings)).items()
        for segment in segments
    }
    return Segments(Sequence(path), times, words, settings["most_words"])


def _labels(root: Path, settings: dict) -> Sequence:
    path = inside(root, settings["labels"])
    if not path.is_file():
        raise wrong_root(
            root,
            f"no {settings['labels']} of CMU-MOSEI",
            "Point the corpus' root at the folder with the .csd files",
        )
    return Sequence(path)


def _segments(labels: Sequence) -> dict[str, list[Segment]]:
    """The labelled segments of every video."""
    videos: dict[str, list[Segment]] = {}
    for key in sorted(labels.keys()):
        with naming(labels.file, "a sequence of sentiments"):
            sentiments = labels.features(key)[:, 0].astype(float)
        video, intervals = video_of(key), labels.intervals(key)
        for k, (interval, sentiment) in enumerate(zip(intervals, sentiments, strict=True)):
            utterance = key if key != video else f"{video}[{k}]"
            segment = Segment(utterance, float(interval[0]), float(interval[1]), float(sentiment))
            videos.setdefault(video, []).append(segment)
    return videos


def _recordings(root: Path, video: str, reading: Reading) -> dict[str, str]:
    """The raw recordings of a video; only one that is missing among others is worth a note."""
    found = {}
    for modality, path in (("video", _VIDEO), ("audio", _AUDIO)):
        named = path.format(video)
        there = is_there(inside(root, named))
        found[modality] = named if there else ""
        if not there and (root / path).parent.is_dir():
            reading.note(root / named, 0, "is missing")
    return found


def _texts(
    root: Path,
    video: str,
    segments: list[Segment],
    words: Sequence | None,
    reading: Reading,
) -> dict[str, str]:
    """Texts of segments: those of the clips with the same times, or else the words in them."""
    path = inside(root, f"{_TRANSCRIPTS}/{video}.txt")
    if not is_there(path):
        if path.parent.is_dir():
            reading.note(path, 0, "transcript is missing")
        if words is None or video not in words:
            return {}
        return {
            s.utterance: " ".join(word for _, word in words_during(words, video, s.start, s.end))
            for s in segments
        }
    texts, used = {}, set()
    clips = _read_clips(path, reading)
    for segment in segments:
        shares = [(_common(segment, start, end), n) for n, (start, end, _, _) in enumerate(clips)]
        share, best = max(shares, default=(0.0, -1))
        if share < _SAME:
            reading.note(path, 0, f"no clip has the times of {segment.utterance}")
            continue
        texts[segment.utterance] = clips[best][2]
        used.add(best)
    for n, (_, _, _, line) in enumerate(clips):
        if n not in used:
            reading.note(path, line, "clip without a label")
    return texts


def _read_clips(path: Path, reading: Reading) -> list[tuple[float, float, str, int]]:
    """Start, end, text and line of every clip: lines ``id___clip___start___end___text``."""
    clips = []
    for number, line in enumerate(read_lines(path, reading), start=1):
        if not line.strip():
            continue
        try:
            _, _, start, end, text = line.split("___", 4)
            clips.append((float(start), float(end), " ".join(text.split()), number))
        except ValueError:
            reading.note(path, number, f"not understood: {line[:80]!r}")
    return clips


def _common(segment: Segment, start: float, end: float) -> float:
    """Share of the shorter interval that two have in common."""
    shorter = min(segment.end - segment.start, end - start)
    shared = min(segment.end, end) - max(segment.start, start)
    return shared / shorter if shorter > 0 else 0.0


def _read_split(root: Path, name: str, reading: Reading) -> dict[str, str]:
    """Part of every video."""
    path = inside(root, name) if name else _STANDARD_SPLIT
    if not path.is_file():
        raise InputError(f"{path}: there is no such split; expected a csv with video and part")
    with naming(path, "a csv with video and part"):
        table = csv.DictReader(read_lines(path, reading))
        if not {"video", "part"} <= set(table.fieldnames or []):
            raise InputError(f"{path}: expected the columns video and part")
        return {row["video"]: part_of(row["part"] or "", str(path)) for row in table}
