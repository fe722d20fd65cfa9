"""What is said in a dialogue of the demo corpus: who says what, how, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from robust_mer.corpora.demo.emotions import (
    EXPRESSIONS,
    OTHER_CODES,
    PROSODIES,
    PROSODY_STEPS,
    SENTENCES,
    emotion_of,
)
from robust_mer.corpora.demo.speech import SAMPLE_RATE, VOICES, Prosody, say

# The spread that makes the emotions overlap: how strongly an utterance shows its emotion (1 is the
# rows above), and how far it strays from that for reasons of its own.
_STRENGTH_MEAN, _STRENGTH_SPREAD = 1.2, 0.3
_VOICE_SPREAD, _FACE_SPREAD = 0.3, 0.6
_NEUTRAL_WORDING = 0.3  # of the utterances have words that say nothing of their emotion
_PARTLY_COVERED = 0.12  # of the utterances have frames without a face


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


def generator_of(seed: int, name: str) -> np.random.Generator:
    """Random numbers that depend on the seed and on a name, and on nothing else."""
    return np.random.default_rng([seed, *name.encode()])


def sides_of(name: str) -> tuple[str, str]:
    """The actors' letters, left and right in the picture of the dialogue ``name``."""
    return ("F", "M") if name.startswith("F", len("Ses01")) else ("M", "F")


def plan_turns(name: str, count: int, first_class: int, rng: np.random.Generator) -> list[Turn]:
    """Who says what and how, without the times."""
    classes = tuple(PROSODIES)
    others = count // 6
    codes = [classes[(first_class + i) % len(classes)] for i in range(count - others)]
    codes = ["exc" if code == "hap" and rng.random() < 0.5 else code for code in codes]
    codes += rng.choice(list(OTHER_CODES), others).tolist()
    codes = rng.permutation(codes).tolist()
    actors = sides_of(name)
    turns = []
    for i, code in enumerate(codes):
        emotion = emotion_of(code)
        wording = "neu" if rng.random() < _NEUTRAL_WORDING else emotion
        turns.append(
            Turn(
                utterance=f"{name}_{actors[i % 2]}{i // 2:03d}",
                actor=actors[i % 2],
                code=code,
                text=str(rng.choice(SENTENCES[wording])),
                prosody=_prosody(emotion, rng),
                expression=_shown(EXPRESSIONS[emotion], _FACE_SPREAD, rng).clip(-1.2, 1.2),
                covered=_cover(rng),
            )
        )
    return turns


def _shown(typical: Sequence[float], spread: float, rng: np.random.Generator) -> np.ndarray:
    """An emotion's ``typical`` numbers as one utterance shows them."""
    strength = max(rng.normal(_STRENGTH_MEAN, _STRENGTH_SPREAD), 0)
    return (strength * np.array(typical) + rng.normal(0, spread, len(typical))).astype(np.float32)


def _prosody(emotion: str, rng: np.random.Generator) -> Prosody:
    rate, volume, pitch, span = _shown(PROSODIES[emotion], _VOICE_SPREAD, rng) * PROSODY_STEPS
    return Prosody(
        rate=float(np.clip(175 + rate, 115, 260)),
        volume=float(np.clip(70 * 2**volume, 20, 120)),
        pitch=float(np.clip(48 + pitch, 5, 95)),
        range=float(np.clip(50 + span, 0, 100)),
    )


def _cover(rng: np.random.Generator) -> tuple[float, float]:
    begin, length = rng.uniform(0, 0.5), rng.uniform(0.2, 0.5)
    return (begin, begin + length) if rng.random() < _PARTLY_COVERED else (0, 0)


def spoil(turns: list[Turn]) -> None:
    """Take one modality each from three utterances of the four classes, as real corpora do."""
    silent, hidden, unwritten = [turn for turn in turns if turn.code not in OTHER_CODES][:3]
    silent.recorded = False
    hidden.covered = (-1, 2)
    unwritten.transcribed = False


def speak(turns: list[Turn], session: int, rng: np.random.Generator) -> np.ndarray:
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
