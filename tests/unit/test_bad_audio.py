"""Recordings that are damaged or unusual: refused with the reason, or the difference is told."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from robust_mer.errors import UtteranceError
from robust_mer.features import audio
from robust_mer.features.audio import SAMPLE_RATE, decode_audio
from robust_mer.features.is13 import IS13, IS13Settings
from robust_mer.features.utterance import Utterance


def tone(seconds: float, rate: int, hertz: float = 440.0) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def utterance_of(path: Path, start=None, end=None) -> Utterance:
    return Utterance("u", path, None, "", start, end, "", start is None and end is None)


def write(path: Path, signal: np.ndarray, rate: int = SAMPLE_RATE, **options) -> Utterance:
    soundfile.write(path, signal, rate, **options)
    return utterance_of(path)


def strength(signal: np.ndarray, hertz: float) -> float:
    """Amplitude of a tone in a signal at 16 kHz, away from its edges."""
    inner = signal[1600:-1600]
    window = np.hanning(len(inner))
    wave = np.exp(-2j * np.pi * hertz * np.arange(len(inner)) / SAMPLE_RATE)
    return 2 * abs(np.sum(inner * window * wave)) / window.sum()


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_other_rates_and_stereo(tmp_path, rate, channels):
    signal = tone(2.0, rate)
    if channels == 2:
        signal = np.stack([signal, 0.5 * signal], axis=1)
    found = decode_audio(write(tmp_path / "a.wav", signal, rate))
    assert abs(len(found.signal) - 2 * SAMPLE_RATE) <= 1
    assert found.seconds == pytest.approx(2.0, abs=1e-4)
    amplitude = 0.3 if channels == 1 else 0.225
    assert strength(found.signal, 440) == pytest.approx(amplitude, rel=0.01)
    notes = ["2 channels averaged"] * (channels == 2)
    notes += [f"recorded at {rate} Hz: nothing above {rate // 2} Hz"] * (rate < SAMPLE_RATE)
    assert found.note == "; ".join(notes)


def test_what_16_khz_cannot_carry_does_not_fold_back(tmp_path):
    found = decode_audio(write(tmp_path / "a.wav", tone(2.0, 48_000, 10_000.0), 48_000))
    assert strength(found.signal, 6000) < 1e-3 * 0.3  # where it would come out
    assert np.abs(found.signal[1600:-1600]).max() < 1e-3


def test_blocks_change_nothing(tmp_path, monkeypatch):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 100_000)
    for rate in (SAMPLE_RATE, 44_100):
        utterance = write(tmp_path / "a.wav", noise, rate)
        monkeypatch.undo()
        whole = decode_audio(utterance).signal
        for block in (1000, 10_000, 100_000):
            monkeypatch.setattr(audio, "BLOCK", block)
            np.testing.assert_allclose(decode_audio(utterance).signal, whole, atol=1e-6)


def test_float_samples_beyond_full_scale_are_limited_and_counted(tmp_path):
    signal = tone(1.0, SAMPLE_RATE)
    signal[[100, 200, 300]] = 1.5, -2.0, 1.0
    found = decode_audio(write(tmp_path / "a.wav", signal, subtype="FLOAT"))
    assert found.note == "beyond full scale: 2 samples limited"
    assert (found.signal[[100, 200, 300]] == [32767 / 32768, -1, 32767 / 32768]).all()


def test_file_without_bytes(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(UtteranceError, match="the file has no bytes"):
        decode_audio(utterance_of(tmp_path / "a.wav"))


def cut_off(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: round(len(content) * share)])
    return path


@pytest.mark.parametrize("suffix", ["wav", "aiff", "flac", "mp3"])
def test_truncated_recording_is_refused(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    signal = np.random.default_rng(0).uniform(-0.5, 0.5, 4 * SAMPLE_RATE)
    write(path, signal)
    cut_off(path, 0.5)
    with pytest.raises(UtteranceError, match=r"ends \d.\d\d s early|cannot be decoded: \S+"):
        decode_audio(utterance_of(path))


def test_part_that_a_truncated_recording_still_has_is_used(tmp_path):
    path = tmp_path / "dialogue.wav"
    write(path, tone(4.0, SAMPLE_RATE))
    cut_off(path, 0.5)
    assert len(decode_audio(utterance_of(path, 0.5, 1.5)).signal) == SAMPLE_RATE
    with pytest.raises(UtteranceError, match=r"ends 1\.00 s early"):
        decode_audio(utterance_of(path, 1.0, 3.0))


def test_end_that_is_a_little_early_is_told(tmp_path):
    utterance = write(tmp_path / "a.wav", tone(1.0, SAMPLE_RATE))
    cut_off(utterance.audio, 0.8)
    found = decode_audio(utterance)
    assert found.note == "ends early: 0.20 s"
    assert found.seconds == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF])
def test_header_of_a_program_that_wrote_to_a_pipe_promises_nothing(tmp_path, size):
    path = tmp_path / "a.wav"
    write(path, tone(1.0, SAMPLE_RATE))
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", size)
    path.write_bytes(content)
    found = decode_audio(utterance_of(path))
    assert (len(found.signal), found.note) == (SAMPLE_RATE, "")


def test_note_stands_in_the_report_of_an_extractor(tmp_path):
    utterance = write(tmp_path / "a.wav", tone(1.0, 8000), 8000)
    extraction = IS13(IS13Settings(frame_rate=10.0)).extract(utterance)
    assert extraction.note == "recorded at 8000 Hz: nothing above 4000 Hz"
    assert extraction.seconds == 1.0
