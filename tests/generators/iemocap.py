"""IEMOCAP's tree: 10039 utterances in 151 dialogues, 5531 of them of the four classes."""

import random
import struct
from pathlib import Path

SESSIONS = (1085, 1023, 1151, 1031, 1241)  # of the four classes
FIRST_WOMAN = 528  # of them in session 1; the man has 557
FOUR = {"hap": 595, "exc": 1041, "ang": 1103, "sad": 1084, "neu": 1708}
OTHERS = {"fru": 1849, "xxx": 2507, "sur": 107, "fea": 40, "oth": 3, "dis": 2}
DIALOGUES = 151
WITHOUT_ALIGNMENT = "Ses03M_impro03_M001"
TWINS = 0.27  # of the scripted lines recur in another session

_CATEGORIES = {
    "hap": "Happiness",
    "exc": "Excited",
    "ang": "Anger",
    "sad": "Sadness",
    "neu": "Neutral",
    "fru": "Frustration",
    "xxx": "Neutral",
    "sur": "Surprise",
    "fea": "Fear",
    "oth": "Other",
    "dis": "Disgust",
}


def make_iemocap(root: Path, sessions: int = 5) -> None:
    """Write ``root/Session1`` to ``Session5``, with the release's quirks, or the first of them."""
    draw = random.Random(1)
    four = [code for code, n in FOUR.items() for _ in range(n)]
    others = [code for code, n in OTHERS.items() for _ in range(n)]
    draw.shuffle(four)
    draw.shuffle(others)
    for number, size in enumerate(SESSIONS[:sessions], start=1):
        some = four[:size]
        del four[:size]
        women = FIRST_WOMAN if number == 1 else size // 2
        turns = [("F" if place < women else "M", code) for place, code in enumerate(some)]
        rest = others[: -(-len(others) // (6 - number))]
        del others[: len(rest)]
        turns += [("FM"[place % 2], code) for place, code in enumerate(rest)]
        draw.shuffle(turns)
        _make_session(root / f"Session{number}", number, turns, draw)


def _dialogues(number: int) -> list[str]:
    names = [f"Ses{number:02}{left}_impro{n:02}" for left in "FM" for n in range(1, 9)]
    names += [
        f"Ses{number:02}{left}_script{play:02}_{scene}"
        for left in "FM"
        for play, scenes in ((1, "123"), (2, "12"), (3, "12"))
        for scene in scenes
    ]
    return names + ([f"Ses{number:02}M_script01_1b"] if number == 5 else [])


def _make_session(session: Path, number: int, turns: list, draw: random.Random) -> None:
    dialogues = _dialogues(number)
    for folder in (
        "dialog/EmoEvaluation/Categorical",
        "dialog/EmoEvaluation/Attribute",
        "dialog/transcriptions",
        "dialog/avi/DivX",
        "dialog/wav",
    ):
        (session / folder).mkdir(parents=True)
    for place, dialogue in enumerate(dialogues):
        make_dialogue(session, dialogue, turns[place :: len(dialogues)], draw)
    evaluations = session / "dialog/EmoEvaluation"
    (evaluations / f"._{dialogues[0]}.txt").write_bytes(b"\x00\x05\x16\x07\x00\x02" + bytes(76))
    (evaluations / f"Categorical/{dialogues[0]}_e2_cat.txt").write_text(
        f"{dialogues[0]}_F000 :Sadness; ()\n"
    )


def ratings(code: str, place: int) -> str:
    """Valence, activation and dominance from 1 to 5; valence depends on the emotion."""
    valence = {"hap": 4.0, "exc": 4.0, "neu": 3.0}.get(code, 2.0) + place % 3 / 2 - 0.5
    return f"[{valence:.4f}, {1 + place % 9 / 2:.4f}, 2.5000]"


def make_dialogue(session: Path, dialogue: str, turns: list, draw: random.Random) -> None:
    labels = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
    words = []
    wav = session / f"sentences/wav/{dialogue}"
    alignment = session / f"sentences/ForcedAlignment/{dialogue}"
    wav.mkdir(parents=True)
    alignment.mkdir(parents=True)
    count, time = {"F": 0, "M": 0}, 6.2901
    for speaker, code in turns:
        name = f"{dialogue}_{speaker}{count[speaker]:03}"
        count[speaker] += 1
        end = time + draw.uniform(0.6, 9)
        labels += [
            f"[{time:.4f} - {end:.4f}]\t{name}\t{code}\t{ratings(code, count[speaker])}",
            f"C-E2:\t{_CATEGORIES[code]};\t()",
            "C-E3:\tNeutral;\t(curious)",
            "A-E3:\tval 3; act 2; dom  2;\t()",
            "A-E4:\tval 2; act 3; dom  2;\t(mostly nonverbal)",
            "",
        ]
        text = f"This is said in {name.replace('_', ' ')}."
        if "script" in dialogue and draw.random() < TWINS:
            text = f"A line of the play, number {draw.randrange(60)}."
        words.append(f"{name} [{time:08.4f}-{end:08.4f}]: {text}")
        (wav / f"{name}.wav").write_bytes(_WAV + name.encode())
        if name != WITHOUT_ALIGNMENT:
            (alignment / f"{name}.wdseg").write_text(
                "\t SFrm\t EFrm\t SegAScr\t Word\n\t 0\t 41\t -73102\t <s>\n"
                "\t 42\t 60\t -95102\t THIS(2)\n\t 61\t 99\t -88371\t </s>\n"
            )
        time = end + 0.5
    words[3:3] = ["M: Next!", f"{dialogue}_FXX0 [000.0000-000.5000]: Nobody rated this."]
    words[1] = words[1].replace("This is", "It\x92s")
    dialog = session / "dialog"
    (dialog / f"EmoEvaluation/{dialogue}.txt").write_text("\n".join(labels) + "\n")
    text = "\n".join(words) + "\n"
    # one in ten is not UTF-8
    encoding = "latin-1" if dialogue.endswith("impro05") else "utf-8"
    text = text if encoding == "latin-1" else text.replace("\x92", "'")
    (dialog / f"transcriptions/{dialogue}.txt").write_bytes(text.encode(encoding))
    (dialog / f"avi/DivX/{dialogue}.avi").write_bytes(avi(time + 2) + dialogue.encode())
    (dialog / f"avi/DivX/._{dialogue}.avi").write_bytes(b"\x00\x05\x16\x07")
    (dialog / f"wav/{dialogue}.wav").write_bytes(_WAV)


def avi(seconds: float, rate: int = 25) -> bytes:
    """The main header of an AVI file: duration of a frame, and how many there are."""
    frames = round(seconds * rate)
    main = struct.pack(
        "<14I", round(10**6 / rate), 0, 0, 0x10, frames, 0, 1, 0, 720, 480, 0, 0, 0, 0
    )
    header = b"hdrl" + b"avih" + struct.pack("<I", len(main)) + main
    content = b"AVI " + b"LIST" + struct.pack("<I", len(header)) + header
    return b"RIFF" + struct.pack("<I", len(content)) + content


_WAV = (
    b"RIFF"
    + struct.pack("<I", 36)
    + b"WAVEfmt "
    + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    + b"data"
    + struct.pack("<I", 0)
)
