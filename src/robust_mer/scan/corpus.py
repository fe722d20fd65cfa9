"""Clips of one utterance together, and what cannot be told of them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from robust_mer.corpora.recognition import fitting_readers
from robust_mer.jobs import progress
from robust_mer.names import name_key
from robust_mer.scan.files import Clip, list_files, look_at
from robust_mer.scan.names import MEASURED, Pattern

KINDS = ("audio", "video", "text")

_KIND_FOLDERS = {
    *("audio", "audios", "wav", "wavs", "sound", "sounds", "speech"),
    *("video", "videos", "mp4", "avi", "film", "films"),
    *("text", "texts", "txt", "transcript", "transcripts", "transcription", "transcriptions"),
}
_EVERY_SECONDS = 5.0
_EXPECTED = "files such as .wav, .flac, .mp3, .mp4, .avi or .mov that can be read"
_SHOWN = 3
_INDENT = 4 * " "  # of what stands below a remark
_APART = 0.5  # seconds by which sound and pictures may differ in length
_FEWEST = 3  # speakers: one each for training, validation and test


@dataclass
class Scan:
    """What a folder holds."""

    folder: Path
    readers: list[str]
    """Readers that the folder fits."""
    clips: list[Clip] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    """Files that are no clips, by suffix."""
    rows: list[dict[str, str]] = field(default_factory=list)
    """Rows of the manifest."""
    fields: list[str] = field(default_factory=list)
    """Fields of the pattern."""
    remarks: list[str] = field(default_factory=list)
    """What the scan could not tell, and what is odd."""

    @property
    def known(self) -> list[str]:
        """Readers of known corpora, which need no manifest."""
        return [reader for reader in self.readers if reader != "manifest"]

    @property
    def modalities(self) -> list[str]:
        """Kinds that some utterance has."""
        return [kind for kind in KINDS if any(row[kind] for row in self.rows)]

    @property
    def is_complete(self) -> bool:
        """Whether a run has what it needs: modalities, labels, and speakers or parts for folds."""
        has_folds = len(self.values("speaker")) >= _FEWEST or "part" in self.fields
        return has_folds and len(self.values("label")) > 1 and len(self.modalities) > 1

    def values(self, column: str) -> Counter[str]:
        """How many utterances have each value of a column."""
        return Counter(row[column] for row in self.rows if row.get(column))


def scan(folder: Path, pattern: Pattern | None = None, makes_manifest: bool = True) -> Scan:
    """Look at all files of a folder.

    Args:
        folder: Of the clips, on all levels.
        pattern: Of their names.
        makes_manifest: Whether a manifest is to be written, so that remarks say what it lacks.
    """
    result = Scan(folder, fitting_readers(folder), fields=pattern.fields if pattern else [])
    files = list(list_files(folder))
    result.others.update(Path(path).suffix or path for path, kind in files if not kind)
    named = [(path, kind) for path, kind in files if kind]
    for path, kind in progress(named, len(named), "files", _EVERY_SECONDS):
        result.clips.append(look_at(folder, path, kind))
    usable = [clip for clip in result.clips if not clip.problem]
    by_utterance = _pair(usable, pattern, result.remarks)
    lonely = [name for name, clips in by_utterance.items() if set(clips) == {"text"}]
    for name in lonely:
        del by_utterance[name]
    if lonely:
        result.remarks.append(
            f"{count_of(len(lonely), 'text file')} without a recording: {_some(lonely)}"
        )
    misfits = []
    for utterance, clips in by_utterance.items():
        read = pattern.read(next(iter(clips.values())).stem) if pattern else None
        if pattern and read is None:
            misfits.append(utterance)
        result.rows.append(_row(utterance, clips, read or {}, result.fields))
    result.remarks += [*_faults(result.clips), *_gaps(result), *_unequal(by_utterance)]
    if makes_manifest:
        result.remarks += _unknown(result, misfits)
    return result


def _pair(
    clips: Sequence[Clip], pattern: Pattern | None, remarks: list[str]
) -> dict[str, dict[str, Clip]]:
    """Clips by utterance and kind: by the names of files.

    Where those occur twice, or the pattern reads something else of the clips of one utterance, by
    the names of paths.
    """
    paired, twice = _group(clips, lambda clip: Path(clip.stem).name)
    if twice or (pattern and any(_differ(group.values(), pattern) for group in paired.values())):
        paired, twice = _group(clips, _path_name)
        if not twice:
            remarks.append(
                "files in different folders have the same name: an utterance is named after its "
                "folders, too"
            )
    if twice:
        remarks.append(
            f"{count_of(len(twice), 'file')} left out, because an utterance has two of a kind, "
            f"e.g. {twice[0]}"
        )
    return dict(sorted(paired.items()))


def _differ(clips: Iterable[Clip], pattern: Pattern) -> bool:
    """Whether a pattern reads something else of the paths of some clips."""
    read = [one for clip in clips if (one := pattern.read(clip.stem)) is not None]
    return any(one != read[0] for one in read)


def _group(
    clips: Iterable[Clip], name_of: Callable[[Clip], str]
) -> tuple[dict[str, dict[str, Clip]], list[str]]:
    groups: dict[str, dict[str, Clip]] = defaultdict(dict)
    names: dict[str, str] = {}
    twice = []
    for clip in clips:
        name = name_of(clip)
        group = groups[names.setdefault(name_key(name), name)]
        if clip.kind in group:
            twice.append(clip.path)
        else:
            group[clip.kind] = clip
    return groups, twice


def _path_name(clip: Clip) -> str:
    *folders, name = clip.stem.split("/")
    return "_".join([part for part in folders if part.casefold() not in _KIND_FOLDERS] + [name])


def _row(
    utterance: str, clips: dict[str, Clip], read: dict[str, str], fields: list[str]
) -> dict[str, str]:
    audio, video, text = (clips.get(kind) for kind in KINDS)
    if audio is None and video is not None and video.sample_rate:
        audio = video
    speaker = read.get("speaker", "")
    row = {"utterance": utterance, "session": speaker, "speaker": speaker, "label": ""}
    row |= {name: read.get(name, "") for name in fields}
    row |= {"audio": audio.path if audio else "", "video": video.path if video else ""}
    measured = (
        _number(audio.seconds if audio else None),
        _number(video.seconds if video else None),
        _number(audio.sample_rate if audio else None),
        _number(video.pictures_per_second if video else None),
        "" if video is None else "yes" if video.sample_rate else "no",
    )
    return {**row, "text": text.text if text else "", **dict(zip(MEASURED, measured, strict=True))}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _faults(clips: Sequence[Clip]) -> list[str]:
    """Files that cannot be read, and headers that do not say how long."""
    broken = [f"{clip.path}: {clip.problem}" for clip in clips if clip.problem]
    endless = [
        clip.path
        for clip in clips
        if clip.kind != "text" and not clip.problem and clip.seconds is None
    ]
    remarks = []
    if broken:
        separator = f"\n{_INDENT}"
        begin = separator if len(broken) > 1 else " "
        count = count_of(len(broken), "file")
        remarks.append(f"{count} cannot be read:{begin}{_some(broken, separator)}")
    if endless:
        remarks.append(
            f"{count_of(len(endless), 'file')} without a length in the header: {_some(endless)}"
        )
    return remarks


def _gaps(result: Scan) -> list[str]:
    """Utterances that lack what others have, and media of several kinds."""
    remarks = []
    for kind in result.modalities:
        without = [row["utterance"] for row in result.rows if not row[kind]]
        if without:
            remarks.append(
                f"{count_of(len(without), 'utterance')} without {kind}: {_some(without)}"
            )
    for column, unit in (("sample_rate", "Hz"), ("pictures_per_second", "pictures per second")):
        rates = result.values(column)
        if len(rates) > 1:
            listed = ", ".join(f"{rate} {unit} ({n})" for rate, n in rates.most_common(5))
            remarks.append(f"{len(rates)} different rates: {listed}")
    return remarks


def _unequal(by_utterance: dict[str, dict[str, Clip]]) -> list[str]:
    """Utterances whose sound and pictures differ in length."""
    unequal = []
    for utterance, clips in by_utterance.items():
        lengths = [clips[kind].seconds for kind in ("audio", "video") if kind in clips]
        known = [length for length in lengths if length is not None]
        if len(known) > 1 and max(known) - min(known) > _APART:
            unequal.append(f"{utterance} ({known[0]:.2f} s and {known[1]:.2f} s)")
    if not unequal:
        return []
    what = f"{count_of(len(unequal), 'utterance')} whose sound and pictures differ in length"
    return [f"{what} by more than {_APART:g} s: {_some(unequal)}"]


def _unknown(result: Scan, misfits: list[str]) -> list[str]:
    """What no file says."""
    if not result.rows:
        return [f"there are no clips, neither sound nor pictures: expected {_EXPECTED}"]
    remarks = []
    if misfits:
        count = count_of(len(misfits), "name")
        remarks.append(f"{count} without the fields of the pattern: {_some(misfits)}")
    advice = "name it in --pattern, or fill in the column"
    speakers, labels = result.values("speaker"), result.values("label")
    if not speakers:
        remarks.append(
            f"no speaker: folds whose parts share no speaker are impossible; {advice} speaker"
        )
    elif len(speakers) < _FEWEST and "part" not in result.fields:
        remarks.append(
            f"{count_of(len(speakers), 'speaker')} ({', '.join(sorted(speakers))}): folds need "
            "three; set the column part instead"
        )
    if not labels:
        remarks.append(f"no label: {advice} label")
    elif len(labels) == 1:
        remarks.append(f"one label ({next(iter(labels))}): a model needs two to tell apart")
    if len(result.modalities) < 2:
        remarks.append(
            f"only {', '.join(result.modalities) or 'no'} files: a run needs two modalities; add "
            "the words in the column text, or recordings"
        )
    return remarks


def count_of(count: int, noun: str) -> str:
    """A number and its noun, in the plural unless it is 1."""
    return f"{count} {noun}{'s' * (count != 1)}"


def _some(names: Sequence[str], separator: str = ", ") -> str:
    more = f"{separator}and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return separator.join(names[:_SHOWN]) + more
