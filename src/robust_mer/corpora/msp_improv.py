"""Reader of MSP-IMPROV as released (Busso et al. 2017)."""

import re
from pathlib import Path

from robust_mer.corpora.disk import is_there, read_lines, wrong_root
from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError

SETTINGS = {
    # S = other-improvised, P = natural, R = read, T = target-improvised; MMIN uses S alone.
    "conditions": ["P", "R", "S", "T"],
    # our label for each letter of the consensus; turns with other letters are left out.
    "labels": {"A": "angry", "S": "sad", "H": "happy", "N": "neutral"},
}

_LABEL_FILES = ("Evalution.txt", "Evaluation.txt")  # the first spelling is the release's
_TRANSCRIPTS = "All_human_transcriptions"
_CONDITIONS = ["P", "R", "S", "T"]
_SESSIONS = {f"session{number}" for number in range(1, 7)}
_LETTERS = {"A", "S", "H", "N", "O", "X"}
_CONSENSUS = re.compile(r"UTD-(?P<name>IMPROV-[^;\s]+)\.avi\s*;\s*(?P<letter>[^;\s]*)\s*;")
_NAME = re.compile(
    r"MSP-IMPROV-S(?P<sentence>\d\d)(?P<emotion>[A-Z])-(?P<gender>[FM])(?P<session>\d\d)"
    r"-(?P<condition>[PRST])-(?P<turn>\w+)"
)


def tables(root: Path, settings: dict) -> list[str]:
    """The tables that the reader reads: the labels. Transcripts are a file a turn, too many."""
    return [str(root / name) for name in _LABEL_FILES if (root / name).is_file()][:1]


def parse_name(utterance: str) -> dict[str, str] | None:
    """What a turn's name says: ``session, speaker, dialogue, condition, folder``.

    A dialogue is a scenario (sentence and emotion) in a session, acted (S and T), read or natural.
    ``folder`` is the one below ``session{n}``. None for other names.
    """
    name = _NAME.fullmatch(utterance)
    if name is None:
        return None
    scenario, condition = f"S{name['sentence']}{name['emotion']}", name["condition"]
    kind = {"S": "improvised", "T": "improvised", "R": "read", "P": "natural"}[condition]
    return {
        "session": f"session{int(name['session'])}",
        "speaker": name["gender"] + name["session"],
        "dialogue": f"session{int(name['session'])}-{scenario}-{kind}",
        "condition": condition,
        "folder": f"{scenario}/{condition}",
    }


def read(root: Path, settings: dict) -> Reading:
    """Read the consensus labels and the transcripts.

    Recordings lie in ``session{n}/S01A/{P,R,S,T}/`` or below ``Audio/`` and ``Video/``, a file a
    turn that shows one actor. Adds the columns ``dialogue`` and ``condition``.

    Args:
        root: The folder that holds the label file.
        settings: As ``SETTINGS``.

    Raises:
        InputError: there is no label file, or a setting names a condition that does not exist.
    """
    strange = sorted(set(settings["conditions"]) - set(_CONDITIONS))
    if strange or not settings["conditions"]:
        raise InputError(
            f"conditions of MSP-IMPROV are {', '.join(_CONDITIONS)}; the config has "
            f"{settings['conditions']}"
        )
    labels = [root / name for name in _LABEL_FILES if (root / name).is_file()]
    if not labels:
        raise wrong_root(
            root,
            f"no {' or '.join(_LABEL_FILES)} of MSP-IMPROV",
            "Point the corpus' root at the folder with the label file, the sessions and "
            f"{_TRANSCRIPTS}",
        )
    reading = Reading(more=["dialogue", "condition"])
    named = _read_labels(root, labels[0], settings, reading)
    for session in sorted(_SESSIONS - {row["session"] for row in reading.rows}):
        reading.note(labels[0], 0, f"no usable turn of {session}")
    for path in sorted((root / _TRANSCRIPTS).glob("MSP-*.txt")):
        if path.stem not in named:
            reading.note(path, 0, f"transcript of {path.stem}, which has no label")
    return reading


def _read_labels(root: Path, path: Path, settings: dict, reading: Reading) -> set[str]:
    """Add the turns that have a consensus; returns the names of all turns with a label."""
    named = set()
    for number, line in enumerate(read_lines(path, reading), start=1):
        if not line.startswith("UTD-"):
            continue  # raters' lines, of which some are doubled or hold NaN, and blank lines
        match = _CONSENSUS.match(line)
        utterance = f"MSP-{match['name']}" if match else ""
        name = parse_name(utterance)
        if name is None:
            reading.skip(path, number, f"not understood: {line[:80]!r}")
            continue
        named.add(utterance)
        letter = match["letter"]
        if letter not in _LETTERS | settings["labels"].keys():
            reading.skip(path, number, f"{utterance} has the unknown label {letter!r}")
            continue
        if letter in settings["labels"] and name["condition"] in settings["conditions"]:
            row = _row(root, utterance, name, path, number, reading)
            reading.add({**row, "label": settings["labels"][letter]}, path, number)
    return named


def _row(
    root: Path, utterance: str, name: dict[str, str], path: Path, number: int, reading: Reading
) -> dict:
    below = f"{name['session']}/{name['folder']}/{utterance}"
    row = {**name, "utterance": utterance, "audio_is_cut": "1"}
    for modality, extension in (("audio", "wav"), ("video", "avi")):
        places = [f"{below}.{extension}", f"{modality.capitalize()}/{below}.{extension}"]
        found = [place for place in places if is_there(root / place)]
        row[modality] = found[0] if found else ""
        if not found:
            reading.note(path, number, f"{modality} file of {utterance} is missing: {places[0]}")
    transcript = root / _TRANSCRIPTS / f"{utterance}.txt"
    if is_there(transcript):
        row["text"] = " ".join(" ".join(read_lines(transcript, reading)).split())
    else:
        reading.note(path, number, f"{utterance} has no transcript {transcript.name}")
    return row
