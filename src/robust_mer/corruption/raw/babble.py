"""Babble of several talkers at an acoustic SNR in dB."""

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import AudioKind
from robust_mer.corruption.raw.mix import mix, speaking
from robust_mer.errors import UtteranceError
from robust_mer.features.audio import SAMPLE_RATE, read_audio
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from robust_mer.features.utterance import Utterance

_ATTEMPTS = 5  # recordings of a speaker to try if some cannot be read


class BabbleSettings(Settings):
    """Settings of `Babble`."""

    talkers: Annotated[int, Field(ge=1, le=100)] = 6
    """Number of voices in the babble, all of different speakers."""


class Babble(AudioKind):
    """Other speakers of the corpus who talk in the background, all equally loud."""

    settings_class = BabbleSettings
    settings: BabbleSettings
    unit = "dB"
    lowest, highest = -40, 60
    needs_others = True

    def corrupt(self, samples: np.ndarray, rate: int, amount: float, draws: Draws) -> np.ndarray:
        """Speech with others talking in the background: float32 [samples].

        The talkers are speakers of the corpus from other sessions, who are in the training part of
        the folds that validate or test on the utterance (see `Pool`). If there are fewer than
        requested, all of them talk. Each repeats one utterance, without pauses, from a random
        start.

        Raises:
            UtteranceError: no recording of another speaker can be read.
        """
        generator, by_speaker = draws.of(), draws.others.by_speaker
        chosen = generator.permutation(sorted(by_speaker))[: self.settings.talkers]
        voices = [_voice(by_speaker[speaker], len(samples), generator) for speaker in chosen]
        usable = [voice for voice in voices if voice is not None]
        if not usable:
            raise UtteranceError("no recording of another speaker can be read for the babble")
        return mix(samples, np.sum(usable, axis=0), rate, amount)


def _voice(
    utterances: "list[Utterance]", length: int, generator: np.random.Generator
) -> np.ndarray | None:
    """One speaker's speech of power 1: [length]; None if nothing can be read."""
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
