"""The video of a dialogue of the demo corpus: two actors side by side."""

import math
from pathlib import Path

import cv2
import numpy as np

from robust_mer.corpora.demo.face import HALF_HEIGHT, HALF_WIDTH, MOVEMENTS, Actor, Look, Pose
from robust_mer.corpora.demo.settings import DemoSettings
from robust_mer.corpora.demo.speech import SAMPLE_RATE
from robust_mer.corpora.demo.turns import Turn, generator_of, sides_of

FRAME_SIZE = (360, 240)  # pixels, half of IEMOCAP's; the picture lies between black bars
_PICTURE_TOP = 56


def film(
    path: Path,
    turns: list[Turn],
    settings: DemoSettings,
    session: int,
    seconds: float,
    rng: np.random.Generator,
) -> None:
    """Film a dialogue.

    Args:
        path: The video, named after the dialogue.
        turns: What the actors do.
        settings: Frame rate and seed.
        session: Number of the session, which has its own actors.
        seconds: Length of the video.
        rng: Draws how the actors move.
    """
    rate = settings.frames_per_second
    times = np.arange(math.ceil(seconds * rate)) / rate
    sides = []
    for letter in sides_of(path.stem):
        look = _look(letter, generator_of(settings.seed, f"Ses{session:02d}{letter}"))
        acted = [turn for turn in turns if turn.actor == letter]
        sides.append((Actor(look), _poses(acted, times, rate, rng)))
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
        scale=rng.uniform(0.45, 0.56),
        place=(rng.uniform(82, 98), rng.uniform(59, 64)),
        tint=tuple(rng.uniform(0.9, 1.06, 3)),
        gamma=rng.uniform(1.2, 1.5) if man else rng.uniform(0.8, 1.1),
        width=rng.uniform(0.95, 1.08),
        jaw=rng.uniform(1.05, 1.2) if man else rng.uniform(0.92, 1.02),
        rest=tuple(rng.normal(0, 0.12, len(MOVEMENTS))),
    )


def _poses(acted: list[Turn], times: np.ndarray, rate: int, rng: np.random.Generator) -> list[Pose]:
    """What an actor does at each of ``times``: act in their turns, and listen in between."""
    movements = np.zeros((len(times), len(MOVEMENTS)), np.float32)
    covered = np.zeros(len(times), bool)
    liveliness = np.full(len(times), 0.4)  # of the head
    for turn in acted:
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
