"""MELD's tree: 13708 utterances in three parts, with the release's known damage."""

import os
import random
import struct
from pathlib import Path
from typing import NamedTuple


class Part(NamedTuple):
    """A part as the release has it."""

    table: str
    clips: str
    dialogues: int
    speakers: int
    emotions: dict[str, int]
    surprise: int
    """How many utterances of surprise are positive; the others are negative."""


PARTS = {
    "train": Part(
        "train/train_sent_emo.csv",
        "train/train_splits",
        dialogues=1038,
        speakers=260,
        emotions={
            "anger": 1109,
            "disgust": 271,
            "fear": 268,
            "joy": 1743,
            "neutral": 4710,
            "sadness": 683,
            "surprise": 1205,
        },
        surprise=591,
    ),
    "dev": Part(
        "dev_sent_emo.csv",
        "dev_splits_complete",
        dialogues=114,
        speakers=47,
        emotions={
            "anger": 153,
            "disgust": 22,
            "fear": 40,
            "joy": 163,
            "neutral": 470,
            "sadness": 111,
            "surprise": 150,
        },
        surprise=70,
    ),
    "test": Part(
        "test_sent_emo.csv",
        "output_repeated_splits_test",
        dialogues=280,
        speakers=100,
        emotions={
            "anger": 345,
            "disgust": 68,
            "fear": 50,
            "joy": 402,
            "neutral": 1256,
            "sadness": 208,
            "surprise": 281,
        },
        surprise=119,
    ),
}
HEADING = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode"
HEADING += ",StartTime,EndTime"
FRIENDS = ("Chandler", "Joey", "Monica", "Phoebe", "Rachel", "Ross")
# Clips that do not exist, that break off, that are far too long, and that no row names.
ABSENT = {"dev": "dia110_utt7"}
BROKEN = {"train": "dia125_utt3"}
LONG = {"test": ("dia38_utt4", "dia220_utt0")}
FURTHER = {
    "dev": ("dia49_utt15", "dia49_utt16", "dia66_utt19", "dia66_utt20"),
    "test": ("dia108_utt12",),
}
COPIES = 132
SPAN = 3.1
SPANS = {"test_dia38_utt4": 280.0, "test_dia155_utt3": 0.0}  # other rows say SPAN


def mp4(seconds: float) -> bytes:
    """The boxes of a file that say how long it is, without pictures or sound."""
    header = struct.pack(">I4s12xII80x", 108, b"mvhd", 1000, round(seconds * 1000))
    kind = struct.pack(">I4s8s", 16, b"ftyp", b"isom\0\0\2\0")
    return kind + struct.pack(">I4s", 8 + len(header), b"moov") + header


def make_meld(root: Path, share: int = 1) -> None:
    """Write the tree.

    Args:
        root: Where to.
        share: One in so many dialogues is written.
    """
    root.mkdir(parents=True, exist_ok=True)
    sizes = (("whole", mp4(SPAN)), ("long", mp4(280.0)), ("broken", mp4(SPAN)[:16] + b"\0" * 8))
    kinds = {name: root / f".{name}" for name, _ in sizes}
    for name, content in sizes:
        kinds[name].write_bytes(content)
    for name, part in PARTS.items():
        _make_part(root, name, part, kinds, share)


def _make_part(root: Path, name: str, part: Part, kinds: dict[str, Path], share: int) -> None:
    draw = random.Random(name)
    folder = root / part.clips
    folder.mkdir(parents=True)
    sentiments = {"neutral": "neutral", "joy": "positive"}
    labels = [
        (emotion, sentiments.get(emotion, "negative"))
        for emotion, count in part.emotions.items()
        for _ in range(count)
    ]
    labels[-part.surprise :] = [("surprise", "positive")] * part.surprise
    draw.shuffle(labels)
    total, rows = len(labels), [HEADING]
    special = {BROKEN.get(name): "broken", **dict.fromkeys(LONG.get(name, ()), "long")}
    for place, (emotion, sentiment) in enumerate(labels):
        dialogue = place * part.dialogues // total
        first = -(-dialogue * total // part.dialogues)
        if dialogue % share:
            continue
        number = f"dia{dialogue}_utt{place - first}"
        others = part.speakers - len(FRIENDS)
        is_friend = place >= others and draw.random() < 0.9
        speaker = draw.choice(FRIENDS) if is_friend else f"Guest {place % others}"
        text = f'"You’ve said, it’s {number}."' if place % 2 else f"It’s {number}."
        cells = [place + 1, text, speaker, emotion, sentiment, dialogue, place - first]
        cells += [1 + dialogue % 9, 1 + dialogue % 24, *_times(place, f"{name}_{number}")]
        rows.append(",".join(map(str, cells)))
        if number != ABSENT.get(name):
            os.link(kinds[special.get(number, "whole")], folder / f"{number}.mp4")
            if name == "test" and place < COPIES:
                os.link(kinds["whole"], folder / f"final_videos_test{number}.mp4")
                os.link(kinds["broken"], folder / f"._{number}.mp4")
    for number in FURTHER.get(name, ()):
        os.link(kinds["whole"], folder / f"{number}.mp4")
    (root / part.table).write_bytes(_encoded("\r\n".join(rows) + "\r\n", name))


def _encoded(text: str, name: str) -> bytes:
    """Apostrophes as bytes of cp1252, as they should be, and as control characters in UTF-8."""
    if name == "train":
        return text.encode("cp1252")
    return text.encode() if name == "dev" else text.encode("cp1252").decode("latin-1").encode()


def _times(place: int, number: str) -> tuple[str, str]:
    """Start and end as the subtitles write them."""
    start = 60_000 + 1000 * (place % 1200)
    times = []
    for time in (start, start + round(1000 * SPANS.get(number, SPAN))):
        minutes, milliseconds = divmod(time, 60_000)
        seconds, milliseconds = divmod(milliseconds, 1000)
        hours = "0" if place % 3 else "00"
        times.append(f'"{hours}:{minutes:02}:{seconds:02},{milliseconds:03}"')
    return times[0], times[1]
