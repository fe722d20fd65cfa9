"""A dialogue of the demo corpus, with all files that IEMOCAP's release has of one."""

from pathlib import Path

import numpy as np
import soundfile

from robust_mer.corpora.demo.emotions import ATTRIBUTES, CATEGORIES, emotion_of
from robust_mer.corpora.demo.film import film
from robust_mer.corpora.demo.settings import DemoSettings
from robust_mer.corpora.demo.speech import SAMPLE_RATE
from robust_mer.corpora.demo.turns import (
    Turn,
    generator_of,
    plan_turns,
    sides_of,
    speak,
    spoil,
)

_RATERS = ("E2", "E3", "E4")
_MAC_JUNK = bytes.fromhex("00051607000200004d6163204f532058") + bytes(16) + b"\xff\xfe\x80ATTR\x00"


def make_dialogue(root: Path, settings: DemoSettings, session: int, index: int) -> None:
    """Write the files of one dialogue of a session (from 1); ``index`` counts from 0."""
    name = _dialogue_name(session, index)
    rng = generator_of(settings.seed, name)
    first_class = (session - 1) * settings.dialogues_per_session + index
    turns = plan_turns(name, settings.utterances_per_dialogue, first_class, rng)
    if session == 1 and index == 0:
        spoil(turns)
    sound = speak(turns, session, rng)

    folder = root / f"Session{session}"
    _write_labels(folder / "dialog" / "EmoEvaluation", name, turns, rng)
    _write_transcript(folder / "dialog" / "transcriptions", name, turns)
    _write_sound(folder, name, turns, sound)
    _write_alignments(folder / "sentences" / "ForcedAlignment" / name, turns)
    avi = folder / "dialog" / "avi" / "DivX" / f"{name}.avi"
    avi.parent.mkdir(parents=True, exist_ok=True)
    _write_junk(avi)
    if session > 1 or index < settings.dialogues_per_session - 1:
        film(avi, turns, settings, session, len(sound) / SAMPLE_RATE, rng)


def _dialogue_name(session: int, index: int) -> str:
    left, kind = (("F", "impro"), ("M", "script"), ("F", "script"), ("M", "impro"))[index % 4]
    number = index // 4 + 1
    part = f"impro{number:02d}" if kind == "impro" else f"script{number:02d}_1"
    return f"Ses{session:02d}{left}_{part}"


def _write_sound(folder: Path, name: str, turns: list[Turn], sound: np.ndarray) -> None:
    whole = folder / "dialog" / "wav" / f"{name}.wav"
    cut = folder / "sentences" / "wav" / name
    whole.parent.mkdir(parents=True, exist_ok=True)
    cut.mkdir(parents=True)
    soundfile.write(whole, sound, SAMPLE_RATE, subtype="PCM_16")
    for turn in turns:
        path = cut / f"{turn.utterance}.wav"
        if turn.recorded:
            first, last = (round(time * SAMPLE_RATE) for time in (turn.start, turn.end))
            soundfile.write(path, sound[first:last], SAMPLE_RATE, subtype="PCM_16")
        else:
            path.touch()


def _write_alignments(folder: Path, turns: list[Turn]) -> None:
    """Words in frames of 10 ms, as a forced alignment finds them; none of an empty recording."""
    folder.mkdir(parents=True)
    for turn in turns:
        if not turn.recorded:
            continue
        rows: list[tuple[int, int, str]] = []
        position = 0
        for word, begin, end in turn.words:
            first, behind = round(begin * 100), round(end * 100)
            if first > position:
                rows.append((position, first - 1, "<sil>" if rows else "<s>"))
            rows.append((first, behind - 1, word.upper()))
            position = behind
        rows.append((position, int((turn.end - turn.start) * 100) - 1, "</s>"))
        lines = ["\t SFrm\t EFrm\t SegAScr\t Word"]
        lines += [f"\t{first:5}\t{last:5}\t        0\t {word}" for first, last, word in rows]
        text = "\n".join([*lines, " Total score:            0"]) + "\n"
        (folder / f"{turn.utterance}.wdseg").write_text(text, encoding="utf-8", newline="\n")


def _write_transcript(folder: Path, name: str, turns: list[Turn]) -> None:
    lines = []
    for i, turn in enumerate(turns):
        if turn.transcribed:
            span = f"[{turn.start:08.4f}-{turn.end:08.4f}]"
            lines.append(f"{turn.utterance} {span}: {turn.text}")
        if i == 2:
            lines.append(f"{turn.actor}: [LAUGHTER]")
        if i == 4:  # a sound that nobody rated
            span = f"[{turn.end:08.4f}-{turn.end + 0.2:08.4f}]"
            lines.append(f"{name}_{turn.actor}XX0 {span}: Mm-hmm.")
    _write_lines(folder / f"{name}.txt", lines)


def _write_labels(folder: Path, name: str, turns: list[Turn], rng: np.random.Generator) -> None:
    lines = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
    categorical, attribute = [], []
    for turn in sorted(turns, key=lambda turn: turn.utterance):
        votes = _votes(turn.code, rng)
        typical = ATTRIBUTES[emotion_of(turn.code)]
        ratings = np.rint(rng.normal(typical, 0.6, (2, 3))).clip(1, 5)
        mean = ", ".join(f"{value:.4f}" for value in ratings.mean(axis=0))
        span = f"[{turn.start:.4f} - {turn.end:.4f}]"
        lines.append(f"{span}\t{turn.utterance}\t{turn.code}\t[{mean}]")
        lines += [f"C-{rater}:\t{vote};\t()" for rater, vote in zip(_RATERS, votes, strict=True)]
        lines.append(f"C-{turn.actor}1:\t{votes[0]};\t()")
        rated = [f"val {v:.0f}; act {a:.0f}; dom  {d:.0f};" for v, a, d in ratings]
        lines += [f"A-{rater}:\t{text}\t()" for rater, text in zip(_RATERS, rated, strict=False)]
        lines.append("")
        categorical.append(f"{turn.utterance} :{votes[0]}; ()")
        attribute.append(f"{turn.utterance} :{rated[0]} ()")
    _write_lines(folder / f"{name}.txt", lines)
    _write_lines(folder / "Categorical" / f"{name}_e2_cat.txt", categorical)
    _write_lines(folder / "Attribute" / f"{name}_e2_atr.txt", attribute)
    _write_lines(
        folder / "Self-evaluation" / f"{name}_{sides_of(name)[0].lower()}1_cat.txt", categorical
    )


def _votes(code: str, rng: np.random.Generator) -> list[str]:
    """The raters' categories: two or three agree, or none where the code says so."""
    if code == "xxx":
        return rng.choice(list(CATEGORIES.values()), 3, replace=False).tolist()
    agreed = CATEGORIES[code]
    return [agreed, agreed, str(rng.choice([agreed, *CATEGORIES.values()]))]


def _write_lines(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    _write_junk(path)


def _write_junk(path: Path) -> None:
    """The file that macOS leaves beside another on foreign disks, as in IEMOCAP's release."""
    path.with_name(f"._{path.name}").write_bytes(_MAC_JUNK)
