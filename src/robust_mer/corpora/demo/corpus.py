"""The demo corpus: two actors talk, in IEMOCAP's layout, with some of IEMOCAP's flaws.

An utterance's emotion shows in its words, its voice and its face, each drawn on its own and each
only so clearly that the emotion can be told in about half of the utterances. What one modality
hides another may show, as in real corpora, so joining them helps.
"""

import math
import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import soundfile

from robust_mer.corpora.demo.face import HALF_HEIGHT, HALF_WIDTH, MOVEMENTS, Actor, Look, Pose
from robust_mer.corpora.demo.speech import SAMPLE_RATE, VOICES, Prosody, say
from robust_mer.errors import InputError
from robust_mer.jobs import die_with_parent, log, progress, without_main

SETTINGS = {
    # 1 to 5 sessions, each with an actress and an actor of its own.
    "sessions": 5,
    "dialogues_per_session": 4,
    # At least 6; every sixth is of none of the four classes, as a reader must expect.
    "utterances_per_dialogue": 12,
    # Of the video.
    "frames_per_second": 10,
    # Another seed, another corpus.
    "seed": 1,
}

FRAME_SIZE = (720, 480)  # pixels; the picture lies between black bars
_PICTURE_TOP = 112

# How each emotion is spoken: rate, volume, pitch, range, in steps of _PROSODY_STEPS.
_PROSODIES = {
    "neu": (0, 0, 0, 0),
    "ang": (0.8, 1, -0.2, 0.8),
    "sad": (-1, -1, -0.6, -1),
    "hap": (0.4, 0.2, 1.2, 0.8),
}
_PROSODY_STEPS = (22, 0.5, 13, 18)  # words a minute, octaves of amplitude, and espeak-ng's units
# How each looks, in the units of face.MOVEMENTS: corners, jaw, brows, slant, lids.
_EXPRESSIONS = {
    "neu": (0, 0, 0, 0, 0),
    "ang": (-0.4, 0.1, -0.7, -0.9, 0.4),
    "sad": (-0.9, 0, 0.2, 0.9, -0.5),
    "hap": (0.9, 0.2, 0.3, 0, -0.1),
}
# The spread that makes the emotions overlap: how strongly an utterance shows its emotion (1 is the
# rows above), and how far it strays from that for reasons of its own.
_STRENGTH_MEAN, _STRENGTH_SPREAD = 0.8, 0.5
_VOICE_SPREAD, _FACE_SPREAD = 0.45, 0.45
_NEUTRAL_WORDING = 0.45  # of the utterances have words that say nothing of their emotion
_PARTLY_COVERED = 0.12  # of the utterances have frames without a face

# The codes outside the four classes, with what their voices and faces resemble.
_OTHER_CODES = {"fru": "ang", "xxx": "neu", "sur": "hap"}
_CATEGORIES = {
    "neu": "Neutral",
    "ang": "Anger",
    "sad": "Sadness",
    "hap": "Happiness",
    "exc": "Excited",
    "fru": "Frustration",
    "sur": "Surprise",
}
_ATTRIBUTES = {  # valence, activation, dominance, 1 to 5
    "neu": (3, 2.5, 3),
    "ang": (1.8, 3.8, 4),
    "sad": (2, 2, 2.4),
    "hap": (4.2, 3.2, 3.2),
}
_RATERS = ("E2", "E3", "E4")

_SENTENCES = {
    "neu": (
        "The meeting is at three this afternoon.",
        "I put the papers on the table.",
        "She said she would call back later.",
        "We can take the second road on the left.",
        "There is a form that you have to sign.",
        "He works in the office down the hall.",
        "I need to go to the bank tomorrow.",
        "They changed the number of the room.",
        "It is the same address as before.",
        "You have to bring two copies of it.",
        "The train stops here every half hour.",
        "I talked to her about it last week.",
        "My brother has the keys to the car.",
        "That is what they told me on the phone.",
        "We moved here about two years ago.",
        "So you were there when he came in.",
        "I think the shop closes at six.",
        "He asked me the same thing yesterday.",
        "You can leave your bag over there.",
        "They will send the letter on Monday.",
        "I do not know what he meant by that.",
        "The other line is for new customers.",
        "Let me see what it says here.",
        "She has been at home since this morning.",
    ),
    "ang": (
        "I am sick and tired of your excuses.",
        "How dare you talk to me like that?",
        "Get out of here, I mean it.",
        "You never listen to a word I say.",
        "This is ridiculous, I want your manager.",
        "Stop it, just stop it right now.",
        "You lied to me, and you know it.",
        "Do not tell me to calm down.",
        "That is your fault, so do not blame me.",
        "I hate it when you do that.",
        "You are wasting my time, you idiot.",
        "What the hell is wrong with you?",
        "I have had enough of this nonsense.",
        "Shut up and get out of my way.",
    ),
    "sad": (
        "I miss her so much, every day.",
        "I do not know how to go on alone.",
        "He is gone, and I never said goodbye.",
        "I am sorry, I just cannot stop crying.",
        "It hurts, and it will not go away.",
        "I lost everything that I cared about.",
        "She died before I could see her again.",
        "I feel so alone since he left.",
        "There is no hope left, it is over.",
        "I wish I could have helped him.",
        "Nobody cares whether I am here or not.",
        "It breaks my heart to leave you.",
        "I cry when I think about my mother.",
        "I am so sorry about your loss.",
    ),
    "hap": (
        "That is wonderful, I am so happy for you!",
        "We won, can you believe that we won?",
        "I got the job, I really got it!",
        "She said yes, we are getting married!",
        "This is the best day of my life!",
        "I love it, thank you so much!",
        "Oh my god, that is amazing news!",
        "I cannot wait to see you again!",
        "It was so much fun, we laughed all night.",
        "Congratulations, this is so exciting!",
        "You look great, what a lovely surprise!",
        "We are going to the beach, it will be fun!",
        "I am so glad that you came to the party.",
        "It is a beautiful baby girl, I love her!",
    ),
}

_README = "README.txt"
_README_TEXT = (
    "A generated corpus with the layout of IEMOCAP, made by robust-mer.\n"
    "Nobody in it said or felt anything: espeak-ng speaks, and a public-domain photograph by NASA\n"
    "is warped to expressions. For trying the pipeline only; results on it mean nothing.\n"
)
_MAC_JUNK = bytes.fromhex("00051607000200004d6163204f532058") + bytes(16) + b"\xff\xfe\x80ATTR\x00"


@dataclass
class Turn:
    """One utterance and what the actor does in it."""

    utterance: str
    actor: str  # F or M
    code: str  # IEMOCAP's code of the emotion
    text: str
    prosody: Prosody
    expression: np.ndarray  # units of MOVEMENTS
    covered: tuple[float, float] = (0, 0)  # when the face is hidden, in parts of the utterance
    transcribed: bool = True
    recorded: bool = True  # otherwise its own sound file is empty
    speech: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    words: list[tuple[str, float, float]] = field(default_factory=list)  # seconds into the turn
    start: float = 0.0  # seconds into the dialogue
    end: float = 0.0


def make_demo_corpus(root: Path, settings: dict, threads: int) -> None:
    """Write the corpus to ``root``, which then stands for ``IEMOCAP_full_release``.

    ``settings`` has the keys of ``SETTINGS``. The same settings give the same corpus, whatever the
    number of ``threads`` (processes). ``root`` appears when it is complete; an older demo corpus
    there is replaced, anything else is left alone and reported.
    """
    root = Path(root)
    _check(settings)
    if root.exists() and any(root.iterdir()) and not _is_demo(root):
        raise InputError(
            f"{root} holds something other than a demo corpus, and is not overwritten: "
            "name another folder, or remove it yourself"
        )
    unfinished = root.with_name(f".{root.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    (unfinished / _README).write_text(_README_TEXT, encoding="utf-8")

    dialogues = [
        (unfinished, settings, session, index)
        for session in range(1, settings["sessions"] + 1)
        for index in range(settings["dialogues_per_session"])
    ]
    log.info("making %d dialogues in %s", len(dialogues), root)
    with ProcessPoolExecutor(
        min(threads, len(dialogues)), multiprocessing.get_context("spawn"), _begin_worker
    ) as workers:
        with without_main():
            made = workers.map(_make_dialogue, *zip(*dialogues, strict=True))
        for _ in progress(made, len(dialogues), "dialogues"):
            pass
    if root.exists():
        shutil.rmtree(root)
    unfinished.rename(root)


def _check(settings: dict) -> None:
    for key, least, most in (
        ("sessions", 1, 5),
        ("dialogues_per_session", 1, 99),
        ("utterances_per_dialogue", 6, 999),
        ("frames_per_second", 1, 60),
        ("seed", 0, 2**32 - 1),
    ):
        if not least <= settings[key] <= most:
            raise InputError(f"demo corpus: {key} is {settings[key]}, expected {least} to {most}")


def _is_demo(root: Path) -> bool:
    readme = root / _README
    return readme.is_file() and readme.read_text(encoding="utf-8") == _README_TEXT


def _begin_worker() -> None:
    die_with_parent()
    cv2.setNumThreads(1)


def _generator(seed: int, name: str) -> np.random.Generator:
    """Random numbers that depend on the seed and on a name, and on nothing else."""
    return np.random.default_rng([seed, *name.encode()])


def _dialogue_name(session: int, index: int) -> str:
    left, kind = (("F", "impro"), ("M", "script"), ("F", "script"), ("M", "impro"))[index % 4]
    number = index // 4 + 1
    part = f"impro{number:02d}" if kind == "impro" else f"script{number:02d}_1"
    return f"Ses{session:02d}{left}_{part}"


def _sides(name: str) -> tuple[str, str]:
    """The actors' letters, left and right in the picture of the dialogue ``name``."""
    return ("F", "M") if name.startswith("F", len("Ses01")) else ("M", "F")


def _make_dialogue(root: Path, settings: dict, session: int, index: int) -> None:
    name = _dialogue_name(session, index)
    rng = _generator(settings["seed"], name)
    first_class = (session - 1) * settings["dialogues_per_session"] + index
    turns = _plan(name, settings["utterances_per_dialogue"], first_class, rng)
    if session == 1 and index == 0:
        _spoil(turns)
    sound = _speak(turns, session, rng)

    folder = root / f"Session{session}"
    _write_labels(folder / "dialog" / "EmoEvaluation", name, turns, rng)
    _write_transcript(folder / "dialog" / "transcriptions", name, turns)
    _write_sound(folder, name, turns, sound)
    _write_alignments(folder / "sentences" / "ForcedAlignment" / name, turns)
    avi = folder / "dialog" / "avi" / "DivX" / f"{name}.avi"
    avi.parent.mkdir(parents=True, exist_ok=True)
    _write_junk(avi)
    if session > 1 or index < settings["dialogues_per_session"] - 1:
        _film(avi, turns, settings, session, len(sound) / SAMPLE_RATE, rng)


def _plan(name: str, count: int, first_class: int, rng: np.random.Generator) -> list[Turn]:
    """Who says what and how, without the times."""
    classes = tuple(_PROSODIES)
    others = count // 6
    codes = [classes[(first_class + i) % len(classes)] for i in range(count - others)]
    codes = ["exc" if code == "hap" and rng.random() < 0.5 else code for code in codes]
    codes += rng.choice(list(_OTHER_CODES), others).tolist()
    codes = rng.permutation(codes).tolist()
    actors = _sides(name)
    turns = []
    for i, code in enumerate(codes):
        emotion = _emotion(code)
        wording = "neu" if rng.random() < _NEUTRAL_WORDING else emotion
        turns.append(
            Turn(
                utterance=f"{name}_{actors[i % 2]}{i // 2:03d}",
                actor=actors[i % 2],
                code=code,
                text=str(rng.choice(_SENTENCES[wording])),
                prosody=_prosody(emotion, rng),
                expression=_shown(_EXPRESSIONS[emotion], _FACE_SPREAD, rng).clip(-1.2, 1.2),
                covered=_cover(rng),
            )
        )
    return turns


def _emotion(code: str) -> str:
    return "hap" if code == "exc" else _OTHER_CODES.get(code, code)


def _shown(typical: tuple, spread: float, rng: np.random.Generator) -> np.ndarray:
    """An emotion's ``typical`` numbers as one utterance shows them."""
    strength = max(rng.normal(_STRENGTH_MEAN, _STRENGTH_SPREAD), 0)
    return (strength * np.array(typical) + rng.normal(0, spread, len(typical))).astype(np.float32)


def _prosody(emotion: str, rng: np.random.Generator) -> Prosody:
    rate, volume, pitch, span = _shown(_PROSODIES[emotion], _VOICE_SPREAD, rng) * _PROSODY_STEPS
    return Prosody(
        rate=float(np.clip(175 + rate, 115, 260)),
        volume=float(np.clip(70 * 2**volume, 20, 120)),
        pitch=float(np.clip(48 + pitch, 5, 95)),
        range=float(np.clip(50 + span, 0, 100)),
    )


def _cover(rng: np.random.Generator) -> tuple[float, float]:
    begin, length = rng.uniform(0, 0.5), rng.uniform(0.2, 0.5)
    return (begin, begin + length) if rng.random() < _PARTLY_COVERED else (0, 0)


def _spoil(turns: list[Turn]) -> None:
    """Take one modality each from three utterances of the four classes, as real corpora do."""
    silent, hidden, unwritten = [turn for turn in turns if turn.code not in _OTHER_CODES][:3]
    silent.recorded = False
    hidden.covered = (-1, 2)
    unwritten.transcribed = False


def _speak(turns: list[Turn], session: int, rng: np.random.Generator) -> np.ndarray:
    """Give the turns their speech and times, and return the dialogue's samples (-1..1)."""
    grid = 8  # samples; half a millisecond, which the four decimals of the label files hold exactly
    margin = SAMPLE_RATE // 10
    position = SAMPLE_RATE // 2
    for turn in turns:
        spoken = say(turn.text, VOICES[turn.actor][session - 1], turn.prosody)
        speech, pause = spoken.samples, margin / SAMPLE_RATE
        turn.words = [(word, begin + pause, end + pause) for word, begin, end in spoken.words]
        turn.speech = np.pad(speech, (margin, margin + -(len(speech) + 2 * margin) % grid))
        turn.start = position / SAMPLE_RATE
        position += len(turn.speech)
        turn.end = position / SAMPLE_RATE
        position += grid * int(rng.integers(400, 1000))  # a pause of 0.2 to 0.5 s
    sound = rng.normal(0, 0.003, position).astype(np.float32)
    for turn in turns:
        first = round(turn.start * SAMPLE_RATE)
        sound[first : first + len(turn.speech)] += turn.speech
    return sound.clip(-1, 1)


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
        rows, position = [], 0
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
        typical = _ATTRIBUTES[_emotion(turn.code)]
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
        folder / "Self-evaluation" / f"{name}_{_sides(name)[0].lower()}1_cat.txt", categorical
    )


def _votes(code: str, rng: np.random.Generator) -> list[str]:
    """The raters' categories: two or three agree, or none where the code says so."""
    if code == "xxx":
        return rng.choice(list(_CATEGORIES.values()), 3, replace=False).tolist()
    agreed = _CATEGORIES[code]
    return [agreed, agreed, str(rng.choice([agreed, *_CATEGORIES.values()]))]


def _write_lines(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    _write_junk(path)


def _write_junk(path: Path) -> None:
    """The file that macOS leaves beside another on foreign disks, as in IEMOCAP's release."""
    path.with_name(f"._{path.name}").write_bytes(_MAC_JUNK)


def _film(
    path: Path,
    turns: list[Turn],
    settings: dict,
    session: int,
    seconds: float,
    rng: np.random.Generator,
) -> None:
    """Film the dialogue."""
    rate = settings["frames_per_second"]
    times = np.arange(math.ceil(seconds * rate)) / rate
    sides = []
    for letter in _sides(path.stem):
        look = _look(letter, _generator(settings["seed"], f"Ses{session:02d}{letter}"))
        own = [turn for turn in turns if turn.actor == letter]
        sides.append((Actor(look), _poses(own, times, rate, rng)))
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"XVID"), rate, FRAME_SIZE)
    if not video.isOpened():
        raise RuntimeError(f"OpenCV cannot write {path}")
    frame = np.zeros((FRAME_SIZE[1], FRAME_SIZE[0], 3), np.uint8)
    picture = frame[_PICTURE_TOP : _PICTURE_TOP + HALF_HEIGHT]
    for i in range(len(times)):
        for side, (actor, poses) in enumerate(sides):
            picture[:, side * HALF_WIDTH : (side + 1) * HALF_WIDTH] = actor.draw(poses[i])
        video.write(frame)
    video.release()


def _look(letter: str, rng: np.random.Generator) -> Look:
    """An actor's looks; those of men are darker, with a broader jaw."""
    man = letter == "M"
    return Look(
        mirrored=bool(rng.random() < 0.5),
        scale=rng.uniform(0.9, 1.12),
        place=(rng.uniform(165, 195), rng.uniform(118, 128)),
        tint=tuple(rng.uniform(0.9, 1.06, 3)),
        gamma=rng.uniform(1.2, 1.5) if man else rng.uniform(0.8, 1.1),
        width=rng.uniform(0.95, 1.08),
        jaw=rng.uniform(1.05, 1.2) if man else rng.uniform(0.92, 1.02),
        rest=tuple(rng.normal(0, 0.12, len(MOVEMENTS))),
    )


def _poses(own: list[Turn], times: np.ndarray, rate: int, rng: np.random.Generator) -> list[Pose]:
    """What an actor does at each of ``times``: act in the ``own`` turns, and listen in between."""
    movements = np.zeros((len(times), len(MOVEMENTS)), np.float32)
    covered = np.zeros(len(times), bool)
    liveliness = np.full(len(times), 0.4)  # of the head
    for turn in own:
        # The expression comes and goes within 0.3 s round the utterance and wavers within it.
        acting = ((times - turn.start) / 0.3 + 1).clip(0, 1) * ((turn.end - times) / 0.3 + 1).clip(
            0, 1
        )
        wavering = 1 + 0.15 * _drift(times, rng)
        movements += (acting * wavering)[:, None] * turn.expression
        movements[:, MOVEMENTS.index("jaw")] += _mouth_opening(turn, times, rate)
        liveliness += 0.6 * acting
        begin, stop = (turn.start + part * (turn.end - turn.start) for part in turn.covered)
        covered |= (times >= max(begin, turn.start - 0.2)) & (times < min(stop, turn.end + 0.2))
    blinks = rng.random(len(times)) < 0.3 / rate
    movements[blinks, MOVEMENTS.index("lids")] = -1.5
    x, y, tilt = (size * liveliness * _drift(times, rng) for size in (5, 3, 0.05))
    return [Pose(movements[i], (x[i], y[i]), tilt[i], bool(covered[i])) for i in range(len(times))]


def _mouth_opening(turn: Turn, times: np.ndarray, rate: int) -> np.ndarray:
    """How far speaking opens the mouth at each of ``times``: up to 0.7 of the jaw's unit."""
    opening = np.zeros(len(times))
    window = SAMPLE_RATE // rate
    for i in np.flatnonzero((times >= turn.start) & (times < turn.end)):
        first = int((times[i] - turn.start) * SAMPLE_RATE)
        opening[i] = np.sqrt(np.mean(np.square(turn.speech[first : first + window])))
    return 0.7 * opening / max(opening.max(), 1e-6)


def _drift(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A slow movement to and fro, about -1..1."""
    slow, fast = rng.uniform(0.1, 0.3), rng.uniform(0.3, 0.7)  # Hz
    one, other = rng.uniform(0, 2 * np.pi, 2)
    return 0.6 * np.sin(2 * np.pi * slow * times + one) + 0.4 * np.sin(
        2 * np.pi * fast * times + other
    )
