"""Reader of IEMOCAP as released (Busso et al. 2008): ``Session{1..5}/{dialog,sentences}``."""

import re
from pathlib import Path

from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError

SETTINGS = {
    # our label for each code of EmoEvaluation; utterances with other codes are left out.
    # The four classes of MMIN and NMER: excited counts as happy.
    "labels": {"ang": "angry", "hap": "happy", "exc": "happy", "sad": "sad", "neu": "neutral"},
}

_LABEL = re.compile(
    r"\[(?P<start>\d+\.\d+) - (?P<end>\d+\.\d+)\]\t(?P<utterance>\S+)\t(?P<code>\w+)\t\["
)
_LINE = re.compile(r"(?P<utterance>Ses\d\d\w+) \[[\d.]+-[\d.]+\]: ?(?P<text>.*)")
_NAME = re.compile(r"Ses(?P<session>\d\d)(?P<left>[FM])_.+_(?P<speaker>[FM])\w*\d+")


def tables(root: Path, settings: dict) -> list[str]:
    """The tables that the reader reads: labels and transcripts of all dialogues."""
    dialog = "Session[0-9]/dialog"
    found = [
        *root.glob(f"{dialog}/EmoEvaluation/Ses*.txt"),
        *root.glob(f"{dialog}/transcriptions/Ses*.txt"),
    ]
    return sorted(map(str, found))


def read(root: Path, settings: dict) -> Reading:
    """Read labels, times and transcripts of all sessions.

    A speaker is the gender letter of the *last* part of an utterance's name, with the session; the
    one whose letter stands in the dialogue's name (``Ses01F``) is on the left of the picture.

    Args:
        root: The folder that holds ``Session1`` to ``Session5``.
        settings: As ``SETTINGS``.

    Raises:
        InputError: there is no session folder.
    """
    sessions = sorted(root.glob("Session[0-9]"))
    if not sessions:
        found = ", ".join(sorted(path.name for path in root.iterdir())[:8]) or "nothing"
        raise InputError(
            f"{root} holds no Session1 ... Session5 of IEMOCAP; found there: {found}. "
            "Point the corpus' root at IEMOCAP_full_release"
        )
    reading = Reading()
    for session in sessions:
        labels = session / "dialog" / "EmoEvaluation"
        if not labels.is_dir():
            reading.skip(labels, 0, "folder is missing; the session is left out")
            continue
        # the glob leaves out the annotators' sub-folders; ._* are other systems' leavings
        for path in sorted(labels.glob("Ses*.txt")):
            _read_dialogue(root, session, path, settings["labels"], reading)
    return reading


def _read_dialogue(
    root: Path, session: Path, path: Path, labels: dict[str, str], reading: Reading
) -> None:
    dialogue = path.stem
    transcript = session / "dialog" / "transcriptions" / path.name
    texts = _read_transcript(transcript, reading)
    video = session / "dialog" / "avi" / "DivX" / f"{dialogue}.avi"
    if not video.is_file():
        reading.skip(video, 0, "is missing")
    for number, line in enumerate(_lines(path, reading), start=1):
        if not line.startswith("["):
            continue  # header, rater lines, blank lines
        match = _LABEL.match(line)
        name = _NAME.fullmatch(match["utterance"]) if match else None
        if match is None or name is None:
            reading.skip(path, number, f"not understood: {line[:80]!r}")
            continue
        if match["code"] not in labels:
            continue
        utterance = match["utterance"]
        audio = session / "sentences" / "wav" / dialogue / f"{utterance}.wav"
        if not audio.is_file():
            reading.skip(audio, 0, "is missing")
        if utterance not in texts:
            reading.skip(path, number, f"{utterance} has no line in {transcript.name}")
        reading.rows.append(
            {
                "utterance": utterance,
                "session": f"Ses{name['session']}",
                "speaker": f"Ses{name['session']}{name['speaker']}",
                "label": labels[match["code"]],
                "audio": audio.relative_to(root).as_posix() if audio.is_file() else "",
                "video": video.relative_to(root).as_posix() if video.is_file() else "",
                "region": "left" if name["speaker"] == name["left"] else "right",
                "start": match["start"],
                "end": match["end"],
                "text": texts.get(utterance, ""),
                "audio_is_cut": "1",
            }
        )


def _read_transcript(path: Path, reading: Reading) -> dict[str, str]:
    if not path.is_file():
        reading.skip(path, 0, "transcript is missing")
        return {}
    matches = (_LINE.match(line) for line in _lines(path, reading))
    return {match["utterance"]: match["text"].strip() for match in matches if match}


def _lines(path: Path, reading: Reading) -> list[str]:
    data = path.read_bytes()
    try:
        return data.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        reading.skip(path, 0, "is not UTF-8; read as cp1252")
        return data.decode("cp1252", errors="replace").splitlines()
