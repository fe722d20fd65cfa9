"""Reader of IEMOCAP as released (Busso et al. 2008): ``Session{1..5}/{dialog,sentences}``."""

import re
from pathlib import Path

from robust_mer.corpora.disk import is_there, read_lines, wrong_root
from robust_mer.corpora.utterances import Reading

SETTINGS = {
    # four_classes: those of MMIN and NMER, where excited counts as happy.
    # six_classes: excited is a class of its own, and frustrated comes in.
    "variant": "four_classes",
    # our label for each code of EmoEvaluation; utterances with other codes are left out.
    "labels": {"ang": "angry", "hap": "happy", "exc": "happy", "sad": "sad", "neu": "neutral"},
    # leave out the scripted dialogues, whose lines recur in every session.
    "improvised_only": False,
}

VARIANTS = {
    "six_classes": {
        "labels": {
            "ang": "angry",
            "hap": "happy",
            "exc": "excited",
            "sad": "sad",
            "neu": "neutral",
            "fru": "frustrated",
        },
    },
}

LIMITS = {"variant": ["four_classes", "six_classes"]}

_SESSIONS = [f"Session{number}" for number in range(1, 6)]
_CODES = {"ang", "hap", "exc", "sad", "neu", "fru", "sur", "fea", "dis", "oth", "xxx"}
_LABEL = re.compile(
    r"\[(?P<start>\d+\.\d+) - (?P<end>\d+\.\d+)\]\t(?P<utterance>\S+)\t(?P<code>\w+)\t\["
)
_LINE = re.compile(r"(?P<utterance>Ses\d\d\w+) \[[\d.]+-[\d.]+\]: ?(?P<text>.*)")
_NAME = re.compile(
    r"(?P<dialogue>Ses(?P<session>\d\d)(?P<left>[FM])_(?P<kind>impro|script)\w*)"
    r"_(?P<speaker>[FM])\w*\d+"
)
_SCRIPT = {"impro": "improvised", "script": "scripted"}


def tables(root: Path, settings: dict) -> list[str]:
    """The tables that the reader reads: labels and transcripts of all dialogues."""
    dialog = "Session[0-9]/dialog"
    found = [
        *root.glob(f"{dialog}/EmoEvaluation/Ses*.txt"),
        *root.glob(f"{dialog}/transcriptions/Ses*.txt"),
    ]
    return sorted(map(str, found))


def parse_name(utterance: str) -> dict[str, str] | None:
    """What an utterance's name says: ``session, speaker, dialogue, script, region``.

    A speaker is the gender letter of the *last* part, with the session; the one whose letter stands
    in the dialogue's name (``Ses01F``) is on the left of the picture. None for other names.
    """
    name = _NAME.fullmatch(utterance)
    return name and {
        "session": f"Ses{name['session']}",
        "speaker": f"Ses{name['session']}{name['speaker']}",
        "dialogue": name["dialogue"],
        "script": _SCRIPT[name["kind"]],
        "region": "left" if name["speaker"] == name["left"] else "right",
    }


def read(root: Path, settings: dict) -> Reading:
    """Read labels, times and transcripts of all sessions.

    Adds the columns ``dialogue``, ``script`` (``scripted`` or ``improvised``) and ``alignment``,
    the path of the word alignment (``.wdseg``) where there is one.

    Args:
        root: The folder that holds ``Session1`` to ``Session5``.
        settings: As ``SETTINGS``.

    Raises:
        InputError: there is no session folder.
    """
    sessions = sorted(root.glob("Session[0-9]"))
    if not sessions:
        raise wrong_root(
            root,
            "no Session1 ... Session5 of IEMOCAP",
            "Point the corpus' root at IEMOCAP_full_release",
        )
    reading = Reading(more=["dialogue", "script", "alignment"])
    for name in _SESSIONS:
        if root / name not in sessions:
            reading.note(root / name, 0, "session is missing")
    for session in sessions:
        labels = session / "dialog" / "EmoEvaluation"
        if not labels.is_dir():
            reading.note(labels, 0, "folder is missing; the session is left out")
            continue
        # the glob leaves out the annotators' sub-folders; ._* are other systems' leavings
        for path in sorted(labels.glob("Ses*.txt")):
            _read_dialogue(root, session, path, settings, reading)
    return reading


def _read_dialogue(root: Path, session: Path, path: Path, settings: dict, reading: Reading) -> None:
    labels, dialogue = settings["labels"], path.stem
    transcript = session / "dialog" / "transcriptions" / path.name
    texts = _read_transcript(transcript, reading)
    video = session / "dialog" / "avi" / "DivX" / f"{dialogue}.avi"
    if not is_there(video):
        reading.note(video, 0, "is missing")
    seen = set()
    for number, line in enumerate(read_lines(path, reading), start=1):
        if not line.startswith("["):
            continue  # header, rater lines, blank lines
        match = _LABEL.match(line)
        name = parse_name(match["utterance"]) if match else None
        if name is None:
            reading.skip(path, number, f"not understood: {line[:80]!r}")
            continue
        utterance, code = match["utterance"], match["code"]
        seen.add(utterance)
        if code not in _CODES | labels.keys():
            reading.skip(path, number, f"{utterance} has the unknown label {code!r}")
            continue
        scripted = name["script"] == "scripted"
        if code not in labels or (scripted and settings["improvised_only"]):
            continue
        audio = session / "sentences" / "wav" / dialogue / f"{utterance}.wav"
        alignment = session / "sentences" / "ForcedAlignment" / dialogue / f"{utterance}.wdseg"
        if not is_there(audio):
            reading.note(audio, 0, "is missing")
        if utterance not in texts:
            reading.note(path, number, f"{utterance} has no line in {transcript.name}")
        reading.add(
            {
                **name,
                "utterance": utterance,
                "label": labels[code],
                "audio": _relative(audio, root),
                "video": _relative(video, root),
                "start": match["start"],
                "end": match["end"],
                "text": texts[utterance][0] if utterance in texts else "",
                "audio_is_cut": "1",
                "alignment": _relative(alignment, root),
            },
            path,
            number,
        )
    for utterance, (_, number) in texts.items():
        if utterance not in seen:
            reading.note(transcript, number, f"{utterance} has no line in the labels")


def _read_transcript(path: Path, reading: Reading) -> dict[str, tuple[str, int]]:
    """Text and line of every utterance."""
    if not path.is_file():
        reading.note(path, 0, "transcript is missing")
        return {}
    texts = {}
    for number, line in enumerate(read_lines(path, reading), start=1):
        # others are stray lines of one speaker, "M: ...", that belong to no utterance
        if match := _LINE.match(line):
            texts.setdefault(match["utterance"], (match["text"].strip(), number))
    return texts


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if is_there(path) else ""
