"""Babble: how loud each voice is, and what becomes of pauses and of silent recordings."""

import numpy as np
import pytest
import soundfile

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.others import Others
from robust_mer.corruption.raw.registry import RAW_KINDS
from robust_mer.errors import UtteranceError
from robust_mer.features.utterance import Utterance
from robust_mer.settings import Plugin

RATE = 16_000


def recording(folder, name, signal):
    path = folder / f"{name}.wav"
    soundfile.write(path, signal, RATE, subtype="FLOAT")
    return Utterance(name, path, None, "", None, None, "", True)


def white(seconds, level=0.05, seed=0):
    """Noise, which has no pauses."""
    draws = np.random.default_rng(seed)
    return draws.normal(0, level, round(seconds * RATE)).astype(np.float32)


def babble(clean, recordings, snr=0.0, key="u"):
    """What babble adds to a recording; ``recordings`` are pairs of utterance and speaker."""
    others = Others(*map(list, zip(*recordings, strict=True)))
    kind = Plugin(RAW_KINDS["babble"], {}).build()
    return kind.corrupt(clean, RATE, snr, Draws(1, "babble", key, others=others)) - clean


def test_voices_are_equally_loud_whatever_their_level_and_their_pauses(tmp_path):
    """Each voice is a tone; its amplitude changes every quarter of a second, zero is a pause."""
    t = np.arange(RATE // 4) / RATE
    voices = {
        1000: [0.5, 0.5, 0.5, 0.5],
        3000: [0.05, 0.0, 0.0, 0.05],
        5000: [0.2, 0.02, 0.0, 0.02],
    }
    recordings = [
        (recording(tmp_path, f"u{tone}", np.outer(levels, np.sin(2 * np.pi * tone * t)).ravel()), s)
        for s, (tone, levels) in enumerate(voices.items())
    ]
    clean = white(3.0)  # seconds; each voice speaks 1, 0.5 or 0.75 s, so it repeats whole
    added = babble(clean, recordings, snr=6.0)
    spectrum = np.abs(np.fft.rfft(added)) ** 2 / len(added) ** 2 * 2
    expected = np.mean(clean.astype(float) ** 2) / 10**0.6 / len(voices)
    for tone in voices:
        band = slice(3 * (tone - 500), 3 * (tone + 500))  # a bin is 1/3 Hz
        assert spectrum[band].sum() == pytest.approx(expected, rel=0.02)


def test_a_voice_repeats_its_speech_without_pauses_from_a_random_start(tmp_path):
    """Speech is what is at most 40 dB quieter than the loudest frame of 10 ms."""
    loud, quiet, hiss = white(0.5, 0.1), white(0.3, 0.1 * 10**-1.5, 1), white(0.41, 1e-4, 2)
    heard = recording(tmp_path, "heard", np.concatenate([hiss, loud, hiss, quiet]))
    speech = np.concatenate([loud, quiet])
    clean, starts = white(2.0, seed=3), set()
    for key in ("u1", "u2", "u3"):
        added = babble(clean, [(heard, "she")], key=key)
        first = np.fft.rfft(added[: len(speech)])
        start = np.fft.irfft(np.fft.rfft(speech) * first.conj(), len(speech)).argmax()
        repeated = np.tile(np.roll(speech, -start), 3)[: len(clean)]
        gain = np.sqrt(np.mean(clean**2) / np.mean(repeated**2))
        np.testing.assert_allclose(added, gain * repeated, atol=1e-6)
        starts.add(start)
    assert len(starts) == 3


def test_a_silent_or_missing_recording_of_a_speaker_is_replaced_by_another(tmp_path):
    silent = recording(tmp_path, "silent", np.zeros(RATE))
    gone = recording(tmp_path, "gone", white(0.2))
    gone.audio.unlink()
    spoken = recording(tmp_path, "spoken", white(0.5))
    clean = white(1.0, seed=1)
    for key in map(str, range(5)):
        added = babble(clean, [(one, "she") for one in (silent, gone, spoken)], key=key)
        # 0.5 s that repeat
        np.testing.assert_allclose(added[: RATE // 2], added[RATE // 2 :], atol=1e-6)
        assert np.mean(added**2) == pytest.approx(np.mean(clean**2), rel=1e-3)
    with pytest.raises(UtteranceError, match="no recording of another speaker can be read"):
        babble(clean, [(silent, "she"), (gone, "he")])
