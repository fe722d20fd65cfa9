"""Acoustic features against openSMILE's own two passes."""

from pathlib import Path

import numpy as np
import opensmile
import pytest
import soundfile
from helpers.settings import complete

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.audio import read_audio
from robust_mer.features.is13 import IS13, IS13Settings
from robust_mer.features.sound import SoundSettings
from robust_mer.features.utterance import Utterance

RATE = 16_000
COMPOSITE = Path(__file__).parents[3] / "shared/data/composite"


@pytest.fixture(scope="module")
def extractor():
    return IS13(IS13Settings(frame_rate=100.0))


def voice(seconds: float, rate: int = RATE) -> np.ndarray:
    """A gliding tone with harmonics and pauses: it has a pitch, jitter and unvoiced parts."""
    t = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * (120 * t + 15 * t**2 + 0.3 * np.sin(2 * np.pi * 5 * t))
    tone = sum(np.sin(k * phase) / k for k in range(1, 12))
    return (0.2 * tone * (np.sin(2 * np.pi * 1.5 * t) > -0.5)).astype(np.float32)


def utterance(path: Path | None, start=None, end=None, is_cut=False) -> Utterance:
    return Utterance("u", path, None, "", start, end, "", is_cut)


def write(path: Path, signal: np.ndarray, rate: int = RATE, **options) -> Path:
    soundfile.write(path, signal, rate, **options)
    return path


@pytest.fixture(scope="module")
def two_passes():
    return [
        opensmile.Smile(opensmile.FeatureSet.IS13, level)
        for level in (
            opensmile.FeatureLevel.LowLevelDescriptors,
            opensmile.FeatureLevel.LowLevelDescriptors_Deltas,
        )
    ]


def check_one_pass(extractor, two_passes, path: Path) -> np.ndarray:
    """The extractor's values, once they are found to be the package's own."""
    values = extractor.extract(utterance(path)).values
    lld, deltas = (level.process_file(path).to_numpy() for level in two_passes)
    assert len(values) == len(lld)
    np.testing.assert_array_equal(values, np.concatenate([lld, deltas[: len(lld)]], axis=1))
    return values


def test_one_pass_equals_two(extractor, two_passes, tmp_path):
    assert extractor.names == two_passes[0].feature_names + two_passes[1].feature_names
    assert len(extractor.names) == 130
    path = write(tmp_path / "voice.wav", voice(2.0))
    values = check_one_pass(extractor, two_passes, path)
    assert np.ptp(values[:, extractor.names.index("F0final_sma")]) > 50  # the voice has a pitch
    # Longer than the ring that openSMILE reads from.
    check_one_pass(extractor, two_passes, write(tmp_path / "long.wav", voice(25.0)))


@pytest.mark.skipif(not COMPOSITE.exists(), reason="no ../shared/data/composite")
def test_one_pass_equals_two_on_people(extractor, two_passes):
    for path in sorted(COMPOSITE.glob("audio/*.flac"))[::100]:
        check_one_pass(extractor, two_passes, path)


def test_frames_are_resampled_without_a_pull_at_the_edges(extractor, tmp_path):
    path = write(tmp_path / "noise.wav", np.random.default_rng(0).normal(0, 0.1, 2 * RATE))
    fine = extractor.extract(utterance(path))
    coarse = IS13(IS13Settings(frame_rate=10.0)).extract(utterance(path))
    assert coarse.values.shape == (-(-len(fine.values) // 10), 130)
    assert coarse.values.dtype == np.float32
    assert coarse.looked_at == len(fine.values)
    assert coarse.seconds == 2.0
    centroid = extractor.names.index("pcm_fftMag_spectralCentroid_sma")
    np.testing.assert_allclose(coarse.values[:, centroid], RATE / 4, rtol=0.1)


def test_extraction_has_no_memory(extractor, tmp_path):
    first = write(tmp_path / "first.wav", voice(1.0))
    other = write(tmp_path / "other.wav", np.random.default_rng(0).normal(0, 0.1, RATE))
    before = extractor.extract(utterance(first)).values
    extractor.extract(utterance(other))
    np.testing.assert_array_equal(extractor.extract(utterance(first)).values, before)


def test_utterance_is_cut_out_unless_it_is_cut_already(tmp_path):
    signal = voice(3.0)
    path = write(tmp_path / "dialogue.wav", signal, subtype="FLOAT")
    part = read_audio(utterance(path, start=1.0, end=2.5))
    np.testing.assert_array_equal(part, signal[RATE : round(2.5 * RATE)])
    rest = read_audio(utterance(path, start=1.0))
    np.testing.assert_array_equal(rest, signal[RATE:])
    whole = read_audio(utterance(path, start=100.0, end=103.0, is_cut=True))
    np.testing.assert_array_equal(whole, signal)


@pytest.mark.parametrize("suffix", ["flac", "mp3", "wav"])
def test_stereo_of_another_rate_becomes_mono_at_16_khz(tmp_path, suffix):
    left = voice(1.0, 44_100)
    stereo = np.stack([left, np.zeros_like(left)], axis=1)
    signal = read_audio(utterance(write(tmp_path / f"a.{suffix}", stereo, 44_100)))
    expected = voice(1.0) / 2
    assert signal.shape == pytest.approx(expected.shape, abs=0.1 * RATE)  # mp3 pads its frames
    assert signal.std() == pytest.approx(expected.std(), rel=0.05)


def test_full_scale_does_not_wrap(tmp_path):
    loud = np.where(np.arange(RATE) % 100 < 50, 1.0, -1.0).astype(np.float32)
    path = write(tmp_path / "loud.wav", loud, subtype="FLOAT")
    signal = read_audio(utterance(path))
    as_16_bits = (signal * 32768).astype(np.int16)
    np.testing.assert_array_equal(np.sign(as_16_bits), np.sign(loud))


def test_silence_has_finite_features_where_it_counts_as_sound(tmp_path):
    path = write(tmp_path / "silence.wav", np.zeros(RATE))
    extractor = IS13(IS13Settings(sound=SoundSettings(min_level=-200.0)))
    assert np.isfinite(extractor.extract(utterance(path)).values).all()


def test_unusable_audio_says_why(extractor, tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF, but no more of a wav file than that")
    nan = write(tmp_path / "nan.wav", np.full(RATE, np.nan, np.float32), subtype="FLOAT")
    short = write(tmp_path / "short.wav", voice(0.03))
    empty = write(tmp_path / "empty.wav", np.zeros(0))
    second = write(tmp_path / "second.wav", voice(1.0))
    for candidate, reason in (
        (utterance(broken), "cannot be decoded"),
        (utterance(nan), "not numbers"),
        (utterance(short), "too short for one frame: 0.030 s"),
        (utterance(empty), "empty"),
        (utterance(second, 0.5, 3.0), "ends 2.00 s early"),
        (utterance(second, 5.0, 5.3), "empty"),
        (utterance(None), "no audio file named"),
        (utterance(tmp_path / "gone.wav"), "audio file missing"),
    ):
        with pytest.raises(UtteranceError, match=reason):
            extractor.extract(candidate)


def test_end_may_be_rounded_beyond_the_recording(extractor, tmp_path):
    path = write(tmp_path / "a.wav", voice(1.0))
    assert extractor.extract(utterance(path, 0.2, 1.3)).seconds == pytest.approx(0.8)


@pytest.mark.parametrize("frame_rate", [0, -10, 101])
def test_impossible_frame_rate_is_refused(frame_rate):
    with pytest.raises(InputError, match=rf"is13\.frame_rate is {frame_rate}, expected 0.1 to 100"):
        complete("robust_mer.features.is13:IS13", {"frame_rate": frame_rate}, "extractors.is13")


def test_a_rate_without_a_simple_ratio_is_refused():
    with pytest.raises(InputError, match=r"is13\.frame_rate is 33\.337: .*in a ratio of whole"):
        complete("robust_mer.features.is13:IS13", {"frame_rate": 33.337}, "extractors.is13")
