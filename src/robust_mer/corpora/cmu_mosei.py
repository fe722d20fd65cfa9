"""Reader of CMU-MOSEI (Zadeh et al. 2018): raw videos, transcripts, ``.csd`` files.

Labels and their times come from the sequence of labels. Beside it may lie the raw recordings,
``Videos/Full/Combined/{video}.mp4`` and ``Audio/Full/WAV_16000/{video}.wav``, transcripts,
``Transcript/Segmented/Combined/{video}.txt``, and sequences of features and words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from robust_mer.corpora.csd import Segments, Sequence, words_during
from robust_mer.corpora.disk import existing, is_there, read_transcript_lines, required_file
from robust_mer.corpora.feature_files import (
    EMOTIONS,
    SENTIMENT,
    FeatureSource,
    Polarity,
    named_for,
    part_of,
    polarity,
    scores,
    video_of,
)
from robust_mer.corpora.reader import FeatureReader, Word, WordReader, WordTimes
from robust_mer.corpora.tables import read_user_table
from robust_mer.corpora.utterances import Reading
from robust_mer.encodings import Encoding
from robust_mer.errors import InputError, UtteranceError
from robust_mer.files import inside, naming
from robust_mer.names import name_key
from robust_mer.settings import Settings

_VIDEO, _AUDIO = "Videos/Full/Combined/{}.mp4", "Audio/Full/WAV_16000/{}.wav"
TRANSCRIPTS = "Transcript/Segmented/Combined"
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
    emotions: tuple[float, ...]  # of EMOTIONS, 0 to 3 each


class CMUMOSEISettings(Settings):
    """Settings of `CMUMOSEI`; files lie in the corpus' root."""

    labels: str = "CMU_MOSEI_Labels.csd"
    """The sequence of labels: sentiment first of seven columns."""
    words: str = "CMU_MOSEI_TimestampedWords.csd"
    """The sequence of words."""
    features: dict[str, str] = Field(
        default={
            "audio": "CMU_MOSEI_COVAREP.csd",
            "video": "CMU_MOSEI_VisualFacet42.csd",
            "text": "CMU_MOSEI_TimestampedWordVectors.csd",
        }
    )
    """The sequence of features of each modality."""
    align: Literal["words", "none"] = "words"
    """``words``: the frames during a word are averaged, one frame a word. ``none``: frames as they
    are."""
    most_words: Annotated[int, Field(ge=1, le=10_000)] = 50
    """Most words of a segment; those after them are left out. Published files have 50."""
    split: str = ""
    """Parts of the videos: empty for the standard split, or a csv with the columns ``video`` and
    ``part``. Videos that it does not name are in no part."""
    zero: Polarity = "positive"
    """Class of sentiment 0: positive as in NMER's Table 1, or negative, MultiBench's rule."""
    encoding: Encoding = ""
    """Encoding of transcripts and split; empty: UTF-8, or cp1252 where a whole file makes sense in
    it."""


class CMUMOSEI(FeatureReader, WordReader):
    """Labels, times, transcripts, the split, published features and times of words.

    The speakers are not in the release: a video counts as one. Adds the columns ``dialogue``,
    ``part``, ``sentiment`` and the six emotions. The root holds the ``.csd`` files.
    """

    settings_class = CMUMOSEISettings
    settings: CMUMOSEISettings
    named_by = "features"
    signals = ("audio", "video", "text")

    @classmethod
    def fits(cls, root: Path) -> bool:
        """See `Reader`: by the labels."""
        return is_there(root / CMUMOSEISettings().labels)

    def tables(self) -> list[Path]:
        """Labels, words, a split of the user's, and transcripts."""
        settings = self.settings
        names = filter(None, (settings.labels, settings.words, settings.split))
        files = existing(self.root / name for name in names)
        return sorted([*files, *(self.root / TRANSCRIPTS).glob("*.txt")])

    def read(self) -> Reading:
        """See `Reader`.

        Raises:
            InputError: the labels or the split are missing, or they are no such files.
        """
        labels = self._labels()
        reading = Reading(more=["dialogue", "part", SENTIMENT, *EMOTIONS])
        split = self._read_split(reading)
        words_path = inside(self.root, self.settings.words)
        words = Sequence(words_path) if words_path.is_file() else None
        videos = read_labelled(labels)
        for video, segments in videos.items():
            row = {"session": video, "speaker": video, "dialogue": video, "audio_is_cut": "0"}
            row |= _recordings(self.root, video, reading)
            row["part"] = split.get(name_key(video), "")
            texts = texts_of(self.root, video, segments, words, reading, self.settings.encoding)
            for segment in segments:
                self._add(reading, row, segment, texts.get(segment.utterance, ""), labels.file)
        for path in sorted((self.root / TRANSCRIPTS).glob("*.txt")):
            if path.stem not in videos:
                reading.note(path, 0, "transcript of a video without labels")
        self._note_split(set(map(name_key, videos)), split, reading)
        return reading

    def sources(self, modality: str) -> list[Path]:
        """Labels, features, and words where frames are aligned to them."""
        settings = self.settings
        names = [settings.labels, named_for(modality, settings.features)]
        names += [settings.words] * (settings.align == "words")
        return existing(self.root / name for name in names)

    def features(self, modality: str) -> FeatureSource:
        """See `FeatureReader`."""
        path = required_file(
            self.root,
            named_for(modality, self.settings.features),
            "Put the file there, or name it in the config",
        )
        words = None
        if self.settings.align == "words":
            advice = "Frames are aligned to it, unless align is none"
            words = Sequence(required_file(self.root, self.settings.words, advice))
        times = {
            segment.utterance: (video, segment.start, segment.end)
            for video, segments in read_labelled(self._labels()).items()
            for segment in segments
        }
        return Segments(Sequence(path), times, words, self.settings.most_words)

    def word_tables(self) -> list[Path]:
        """The sequence of words."""
        return existing([self.root / self.settings.words])

    def words(self) -> WordTimes:
        """Words by video and times of the index, without pauses.

        Raises:
            InputError: there is no sequence of words.
        """
        advice = "Put the file there, or leave out aligned_to in the corpus' modalities"
        return partial(_words_of, Sequence(required_file(self.root, self.settings.words, advice)))

    def _read_split(self, reading: Reading) -> dict[str, str]:
        """Part of every video, by the `name_key` of its name."""
        name = self.settings.split
        path = inside(self.root, name) if name else _STANDARD_SPLIT
        if not path.is_file():
            raise InputError(
                f"{path} does not exist; expected a csv with the columns video and part"
            )
        table = read_user_table(path, ["video", "part"], self.settings.encoding)
        for line, remark in (*table.remarks, *table.unusable):
            reading.note(path, line, remark)
        return {
            name_key(row["video"]): part_of(row["part"], f"{path}, line {line}")
            for line, row in table.rows
            if row["part"]
        }

    def _note_split(self, videos: set[str], split: dict[str, str], reading: Reading) -> None:
        """Note how many videos are in no part."""
        inside_split = len(videos & split.keys())
        if inside_split < len(videos):
            what = f"{inside_split} of {len(videos)} videos are in the "
            what += f"split {self.settings.split}" if self.settings.split else "standard split"
            advice = "; name a csv with the columns video and part in the setting split"
            reading.note(self.settings.split or _STANDARD_SPLIT, 0, what + advice)

    def _labels(self) -> Sequence:
        advice = "Point the corpus' root at the folder with the .csd files"
        return Sequence(required_file(self.root, self.settings.labels, advice, of="CMU-MOSEI"))

    def _add(
        self, reading: Reading, row: dict[str, str], segment: Segment, text: str, file: Path
    ) -> None:
        """Add a segment of the video that ``row`` describes."""
        label = polarity(segment.sentiment, self.settings.zero)
        if not label and self.needs_label:
            reading.skip(file, 0, f"{segment.utterance} has no sentiment")
            return
        if not 0 <= segment.start < segment.end:
            reading.skip(file, 0, f"{segment.utterance} has no times in seconds")
            return
        row = {**row, "utterance": segment.utterance, "label": label, "text": text}
        row |= scores(segment.sentiment, segment.emotions)
        row |= {"start": str(segment.start), "end": str(segment.end)}
        reading.add(row, file, 0)


def read_labelled(labels: Sequence) -> dict[str, list[Segment]]:
    """The labelled segments of every video."""
    videos: dict[str, list[Segment]] = {}
    for key in sorted(labels.keys()):
        with naming(labels.file, "a sequence of sentiments"):
            values = labels.features(key)[:, : 1 + len(EMOTIONS)].astype(float)
        video, intervals = video_of(key), labels.intervals(key)
        for k, (interval, (sentiment, *emotions)) in enumerate(
            zip(intervals, values.tolist(), strict=True)
        ):
            utterance = key if key != video else f"{video}[{k}]"
            start, end = map(float, interval[:2])
            segment = Segment(utterance, start, end, sentiment, tuple(emotions))
            videos.setdefault(video, []).append(segment)
    return videos


def _words_of(sequence: Sequence, row: Mapping[str, str]) -> list[Word]:
    video, begin, end = row["dialogue"], float(row["start"]), float(row["end"])
    if video not in sequence:
        raise UtteranceError(f"{sequence.file.name} has no such video")
    intervals = sequence.intervals(video)
    return [
        # a word across the border of two segments counts with both, each with its part
        Word(word, max(intervals[place][0], begin) - begin, min(intervals[place][1], end) - begin)
        for place, word in words_during(sequence, video, begin, end)
    ]


def _recordings(root: Path, video: str, reading: Reading) -> dict[str, str]:
    """The raw recordings of a video; only one that is missing among others is worth a note."""
    recordings = {}
    for modality, path in (("video", _VIDEO), ("audio", _AUDIO)):
        named = path.format(video)
        recordings[modality] = named if is_there(inside(root, named)) else ""
        if not recordings[modality] and (root / path).parent.is_dir():
            reading.note(root / named, 0, "is missing")
    return recordings


def texts_of(
    root: Path,
    video: str,
    segments: list[Segment],
    words: Sequence | None,
    reading: Reading,
    encoding: str,
) -> dict[str, str]:
    """Texts of segments: those of the clips with the same times, or else the words in them."""
    path = inside(root, f"{TRANSCRIPTS}/{video}.txt")
    if not is_there(path):
        if path.parent.is_dir():
            reading.note(path, 0, "transcript is missing")
        if words is None or video not in words:
            return {}
        return {
            s.utterance: " ".join(word for _, word in words_during(words, video, s.start, s.end))
            for s in segments
        }
    texts: dict[str, str] = {}
    used = set()
    clips = _read_clips(path, reading, encoding)
    for segment in segments:
        same = [
            (_overlap(segment, start, end), -n)
            for n, (start, end, _, _) in enumerate(clips)
            if _common(segment, start, end) >= _SAME
        ]
        if not same:
            reading.note(path, 0, f"no clip has the times of {segment.utterance}")
            continue
        best = -max(same)[1]
        texts[segment.utterance] = clips[best][2]
        used.add(best)
    for n, (_, _, _, line) in enumerate(clips):
        if n not in used:
            reading.note(path, line, "clip without a label")
    return texts


def _read_clips(path: Path, reading: Reading, encoding: str) -> list[tuple[float, float, str, int]]:
    """Start, end, text and line of every clip: lines ``id___clip___start___end___text``."""
    clips = []
    for number, line in enumerate(read_transcript_lines(path, reading, encoding), start=1):
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
    return _shared(segment, start, end) / shorter if shorter > 0 else 0.0


def _overlap(segment: Segment, start: float, end: float) -> float:
    """Intersection over union of two intervals."""
    shared = _shared(segment, start, end)
    union = segment.end - segment.start + end - start - shared
    return shared / union if union > 0 else 0.0


def _shared(segment: Segment, start: float, end: float) -> float:
    """Seconds that two intervals share; negative if they lie apart."""
    return min(segment.end, end) - max(segment.start, start)
