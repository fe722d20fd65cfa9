"""Babble of several talkers at an acoustic SNR in dB."""

import numpy as np

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.mix import mix, speaking
from robust_mer.corruption.raw.others import Others
from robust_mer.errors import UtteranceError
from robust_mer.features.audio import SAMPLE_RATE, read_audio
from robust_mer.features.utterance import Utterance

SETTINGS = {
    # Voices in the babble, each of another speaker.
    "talkers": 6,
}

LIMITS = {"talkers": (1, 100)}

_ATTEMPTS = 5  # recordings of a speaker that are tried where some cannot be read


def corrupt(
    samples: np.ndarray, rate: int, amount: float, draws: Draws, others: Others, talkers: int
) -> np.ndarray:
    """Speech with others talking behind it, all equally loud: float32 [samples].

    The talkers are speakers of the corpus, from other sessions, who train wherever the utterance is
    validated or tested on (see `Others`); where there are fewer than wanted, all of them talk. Each
    says one utterance over and over, without its pauses, from a random place on.

    Raises:
        UtteranceError: none of the others' recordings can be read.
    """
    generator = draws.of()
    chosen = generator.permutation(sorted(others.by_speaker))[:talkers]
    voices = [_voice(others.by_speaker[speaker], len(samples), generator) for speaker in chosen]
    voices = [voice for voice in voices if voice is not None]
    if not voices:
        raise UtteranceError("no recording of another speaker can be read for the babble")
    return mix(samples, np.sum(voices, axis=0), rate, amount)


def _voice(
    utterances: list[Utterance], length: int, generator: np.random.Generator
) -> np.ndarray | None:
    """One speaker's speech of power 1, as long as wanted; None where nothing can be read."""
    start = generator.random()
    for place in generator.permutation(len(utterances))[:_ATTEMPTS]:
        try:
            speech = read_audio(utterances[place])
        except UtteranceError:
            continue
        speech = speech[speaking(speech, SAMPLE_RATE)].astype(np.float64)
        if len(speech):
            speech /= np.sqrt(np.mean(speech**2))
            return np.resize(np.roll(speech, -int(start * len(speech))), length)
    return None
