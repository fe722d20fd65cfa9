"""Sound that headers, channels or levels make hard: read right, or refused with the reason."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from helpers.films import write_sound
from videos import numbered

from robust_mer.corpora.durations import duration
from robust_mer.errors import NothingError, UtteranceError
from robust_mer.features.audio import SAMPLE_RATE, decode_audio, read_audio
from robust_mer.features.is13 import IS13, IS13Settings
from robust_mer.features.shards import cut, extract_shard, read_shard
from robust_mer.features.sound import SoundSettings
from robust_mer.features.utterance import Utterance

FAULTS = Path(__file__).parents[3] / "shared/faults"


def fault(name: str) -> Path:
    path = FAULTS / name
    if not path.is_file():
        pytest.skip(f"no ../shared/faults/{name}")
    return path


def heard(path: Path, start=None, end=None) -> Utterance:
    return Utterance("u", path, None, "", start, end, "", False)


def speech(seconds: float = 2.0) -> np.ndarray:
    """Something as uneven as a voice."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    rng = np.random.default_rng(0)
    return 0.2 * np.sin(2 * np.pi * 220 * t) * (1 + np.sin(2 * np.pi * 3 * t)) / 2 + rng.normal(
        0, 0.01, len(t)
    )


def alike(found: np.ndarray, expected: np.ndarray) -> float:
    """Correlation of two signals, of which one may be a little longer."""
    count = min(len(found), len(expected))
    return float(np.corrcoef(found[:count], expected[:count])[0, 1])


# Damage.


def test_sound_behind_a_damaged_page_keeps_its_place(tmp_path):
    """A chirp, whose pitch tells the time; libsndfile leaves out what it cannot decode."""
    t = np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE
    chirp = 0.3 * np.sin(2 * np.pi * (200 * t + 50 * t**2))  # 200 + 100 t Hz
    path = tmp_path / "a.ogg"
    soundfile.write(path, chirp, SAMPLE_RATE, format="OGG", subtype="VORBIS")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    audio = decode_audio(heard(path))
    assert "silence" in audio.note
    for second in (2, 4, 14, 16, 18):
        part = audio.signal[second * SAMPLE_RATE : (second + 1) * SAMPLE_RATE]
        pitch = np.abs(np.fft.rfft(part * np.hanning(len(part)))).argmax()
        assert pitch == pytest.approx(200 + 100 * (second + 0.5), abs=60)


# Lengths that a header does not know.


def test_mp3_without_a_length_is_read_to_its_end():
    path = fault("09-mp3-variable-rate-without-xing/talk.mp3")
    assert decode_audio(heard(path)).seconds == pytest.approx(25.05, abs=0.1)
    assert duration(path) is None  # so no utterance counts as behind the end
    assert np.abs(read_audio(heard(path, 5, 9))).max() > 0.1
    with pytest.raises(NothingError, match="silent"):  # there are 15 s of silence
        decode_audio(heard(path, 20, 24))


def without_table(path: Path) -> Path:
    """Take the first frame of an mp3 file, with the table of its length, away."""
    content = path.read_bytes()
    place = max(content.find(b"Xing"), content.find(b"Info"))
    following = content.index(content[:2], place)
    path.write_bytes(content[following:])
    return path


def test_mp3_without_its_table(tmp_path):
    soundfile.write(tmp_path / "a.mp3", speech(4.0), SAMPLE_RATE)
    table = decode_audio(heard(tmp_path / "a.mp3")).signal
    found = decode_audio(heard(without_table(tmp_path / "a.mp3"))).signal
    assert len(found) >= 4 * SAMPLE_RATE
    assert len(found) - len(table) < 0.2 * SAMPLE_RATE


def test_joined_mp3_files_are_read_to_the_end_of_the_last(tmp_path):
    for name, seconds in (("a", 1.0), ("b", 3.0)):
        soundfile.write(tmp_path / f"{name}.mp3", speech(seconds), SAMPLE_RATE)
    both = tmp_path / "both.mp3"
    both.write_bytes((tmp_path / "a.mp3").read_bytes() + (tmp_path / "b.mp3").read_bytes())
    assert decode_audio(heard(both)).seconds == pytest.approx(4.0, abs=0.2)
    assert duration(both) is None


def sized(path: Path, data: int, riff: int | None = None) -> Path:
    """Other sizes in the header of a wav file."""
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"data") + 4, data)
    if riff is not None:
        struct.pack_into("<I", content, 4, riff)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("data", "riff"), [(0, None), (0, 0), (0, 36), (16_000, None)])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_wav_whose_sizes_were_never_written_is_read_to_its_end(tmp_path, data, riff, subtype):
    soundfile.write(tmp_path / "a.wav", speech(), SAMPLE_RATE, subtype)
    expected = read_audio(heard(tmp_path / "a.wav"))
    path = sized(tmp_path / "a.wav", data, riff)
    found = decode_audio(heard(path))
    np.testing.assert_array_equal(found.signal[: len(expected)], expected)
    assert len(found.signal) - len(expected) <= 40  # chunks after the samples
    assert found.note.startswith(f"wrong sizes in its header: {data} bytes promised, read ")
    assert duration(path) is None


def test_chunks_after_the_sound_are_no_sound(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, speech(), SAMPLE_RATE)
    expected = read_audio(heard(path))
    for chunk in (b"LIST" + struct.pack("<I", 4) + b"INFO", b"\0" * 512, b"ab"):
        whole = path.read_bytes()
        (tmp_path / "b.wav").write_bytes(whole + chunk)
        found = decode_audio(heard(tmp_path / "b.wav"))
        np.testing.assert_array_equal(found.signal, expected)
        assert not found.note


def test_a_wav_file_without_sound_is_empty(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(0), SAMPLE_RATE)
    with pytest.raises(UtteranceError, match="audio too short: it is empty"):
        decode_audio(heard(tmp_path / "a.wav"))


def test_flac_that_does_not_know_its_length(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, speech(), SAMPLE_RATE)
    expected = read_audio(heard(path))
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0  # 36 bits hold the number of samples
    content[22:26] = bytes(4)
    path.write_bytes(content)
    np.testing.assert_array_equal(read_audio(heard(path)), expected)


# Formats.


@pytest.mark.parametrize("subtype", ["GSM610", "IMA_ADPCM", "MS_ADPCM", "ULAW", "ALAW"])
def test_telephones(tmp_path, subtype):
    path = tmp_path / "a.wav"
    soundfile.write(path, speech()[::2], 8000, subtype)
    whole = read_audio(heard(path))
    assert alike(whole, speech()) > 0.95
    part = read_audio(heard(path, 0.5, 1.5))
    assert len(part) == SAMPLE_RATE
    assert alike(part[400:], whole[8400:24_000]) > 0.99


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        (".m4a", "aac"),
        (".mp4", "aac"),
        (".webm", "libopus"),
        (".mov", "pcm_s16le"),
        (".mkv", "flac"),
    ],
)
def test_sound_in_the_files_that_people_have(tmp_path, suffix, codec):
    pictures = [numbered(i) for i in range(50)] if suffix == ".mp4" else ()
    path = write_sound(tmp_path / f"a{suffix}", speech(), codec=codec, pictures=pictures)
    found = decode_audio(heard(path))
    assert found.seconds == pytest.approx(2.0, abs=0.07)
    assert alike(found.signal, speech()) > 0.9


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS.*git lfs pull"),
        (b"/annex/objects/SHA256E-s1--00.wav\n", "git annex get"),
        (b"\n<!DOCTYPE html><html>Sign in", "saved web page.*download the file"),
        (b"\xef\xbb\xbf<HTML>", "saved web page"),
        (b'{"error": "quota exceeded"}', "is text .*quota exceeded"),
        (b"PK\x03\x04" + bytes(99), "zip archive"),
        (bytes(9999), "zeros only"),
        (b"", "no bytes"),
        (b"%PDF-1.7\n" + bytes(99), "PDF"),
    ],
)
@pytest.mark.parametrize("kind", ["audio", "video"])
def test_what_a_file_really_is_stands_in_the_reason(tmp_path, content, reason, kind):
    from robust_mer.features.video import Clip

    path = tmp_path / "clip.wav"
    path.write_bytes(content)
    utterance = Utterance("u", path, path, "", None, None, "", False)
    read = decode_audio if kind == "audio" else lambda one: list(Clip(one, 5.0))
    with pytest.raises(UtteranceError, match=f"{kind} cannot be decoded: (the file|it) .*{reason}"):
        read(utterance)


def test_a_film_without_sound_says_so(tmp_path):
    path = write_sound(tmp_path / "a.mp4", pictures=[numbered(1)] * 3)
    with pytest.raises(UtteranceError, match="the file has no sound"):
        decode_audio(heard(path))


# Nothing that counts as something.


@pytest.mark.parametrize(
    ("share", "used"), [(-1.0, True), (-0.95, True), (1.0, False), (0.0, False)]
)
def test_channels_that_cancel_each_other_are_not_averaged(tmp_path, share, used):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([speech(), share * speech()], axis=1), SAMPLE_RATE, "FLOAT")
    found = decode_audio(heard(path))
    if used:
        np.testing.assert_allclose(found.signal, speech(), atol=1e-6)
        assert found.note == "channels cancel each other: only number 1 of 2 is used"
    else:
        np.testing.assert_allclose(found.signal, (1 + share) / 2 * speech(), atol=1e-6)
        assert found.note == "2 channels averaged"


def test_the_limit_of_cancelling_is_a_setting(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([speech(), -0.5 * speech()], axis=1), SAMPLE_RATE)
    assert decode_audio(heard(path)).note == "2 channels averaged"
    found = decode_audio(heard(path), SoundSettings(max_cancelled=6.0))
    assert "only number 1 of 2" in found.note


@pytest.mark.parametrize("signal", [np.zeros(8000), np.full(8000, 0.2), speech() * 1e-5])
def test_silence_is_empty_and_no_failure(tmp_path, signal):
    path = tmp_path / "a.wav"
    soundfile.write(path, signal, SAMPLE_RATE, "FLOAT")
    with pytest.raises(NothingError, match=r"silent: its level is -\d+ dB .* below -70 dB"):
        decode_audio(heard(path))
    everything = SoundSettings(min_level=-200.0)
    assert len(decode_audio(heard(path), everything).signal) == len(signal)
    assert len(read_audio(heard(path))) == len(signal)  # as babble, it may be anything
    (shard,) = cut([heard(path)], tmp_path / "shards", [])
    extract_shard(IS13(IS13Settings()), shard)
    (row,) = read_shard(shard.path).report
    assert (row["status"], row["frames"]) == ("empty", 0)
    assert row["reason"].startswith("audio is silent")


@pytest.mark.parametrize(
    ("scale", "subtype"), [(32_768, "FLOAT"), (2**31, "DOUBLE"), (300, "FLOAT")]
)
def test_whole_numbers_in_a_float_file_are_refused(tmp_path, scale, subtype):
    path = tmp_path / "a.wav"
    soundfile.write(path, speech() * scale, SAMPLE_RATE, subtype)
    with pytest.raises(UtteranceError, match="whole numbers in a float file; divide them"):
        decode_audio(heard(path))


@pytest.mark.parametrize(("gain", "told"), [(20.0, None), (6.0, True), (1.0, False)])
def test_clipped_sound_is_told_and_refused_where_it_is_too_much(tmp_path, gain, told):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.clip(speech() * gain, -1, 1), SAMPLE_RATE)
    if told is None:
        with pytest.raises(UtteranceError, match=r"audio is clipped: \d+% .*max_clipped"):
            decode_audio(heard(path))
        assert "clipped" in decode_audio(heard(path), SoundSettings(max_clipped=1.0)).note
    else:
        assert ("clipped" in decode_audio(heard(path)).note) == told


# Times, tracks and damage in the sound of films.


def test_sound_that_starts_later_keeps_its_times(tmp_path):
    pictures = [numbered(i) for i in range(125)]
    signal = speech(2.5)
    path = write_sound(
        tmp_path / "a.mkv", signal, codec="pcm_s16le", starts=[2.5], pictures=pictures
    )
    found = decode_audio(heard(path, 3.0, 4.0))
    assert alike(found.signal, signal[8000:24_000]) > 0.99
    with pytest.raises(UtteranceError, match=r"the sound starts 2\.50 s after the utterance"):
        decode_audio(heard(path, 0.0, 2.0))
    with pytest.raises(UtteranceError, match=r"starts 1\.00 s late"):
        decode_audio(heard(path, 1.5, 4.0))
    late = decode_audio(heard(path, 2.2, 4.0))
    assert (late.note, late.seconds) == ("starts late: 0.30 s of silence", pytest.approx(1.8))
    assert not late.signal[:4700].any()
    assert alike(late.signal[4800:], signal[:24_000]) > 0.99
    with pytest.raises(UtteranceError, match=r"ends 1\.00 s early"):
        decode_audio(heard(path, 4.0, 6.0))
    whole = decode_audio(heard(path))
    assert (whole.note, whole.seconds) == ("starts late: 2.50 s of silence", pytest.approx(5))
    assert alike(whole.signal[40_000:], signal) > 0.99


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "aac"), (".mkv", "libopus"), (".ts", "aac")]
)
def test_a_part_is_that_of_the_whole(tmp_path, suffix, codec):
    signal = speech(15.0)
    signal[::1600] += 0.3  # a click every 0.1 s
    path = write_sound(tmp_path / f"a{suffix}", signal, codec=codec, pictures=[numbered(1)] * 9)
    whole = read_audio(heard(path))
    start = (len(whole) - len(signal)) // SAMPLE_RATE  # 0
    for begin in (0.3, 4.0, 13.7):
        part = read_audio(heard(path, begin, begin + 1.0))
        first = round((start + begin) * SAMPLE_RATE)
        shifts = range(-400, 401)
        best = max(shifts, key=lambda k: alike(part[500:], whole[first + 500 + k :]))
        assert abs(best) <= 330  # a stream's first sound may come before its first picture
        assert alike(part[500:], whole[first + 500 + best :]) > 0.99


@pytest.mark.parametrize(("default", "suffix"), [(0, ".mkv"), (1, ".mkv"), (1, ".mp4")])
def test_the_default_track_of_sound_is_used(tmp_path, default, suffix):
    tracks = [np.zeros(32_000), np.zeros(32_000)]
    tracks[default] = speech()
    path = write_sound(tmp_path / f"a{suffix}", *tracks, default=default)
    found = decode_audio(heard(path))
    assert found.note == f"2 tracks of sound: number {default + 1}, the default one, is used"
    assert alike(found.signal, speech()) > 0.9


def test_damaged_packets_are_silent_and_counted(tmp_path):
    import av

    path = write_sound(tmp_path / "a.mp4", speech(3.0))
    whole = read_audio(heard(path))
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(audio=0) if p.size]
    content = bytearray(path.read_bytes())
    for place, size in packets[20:22]:
        content[place : place + size] = b"\xff" * size
    path.write_bytes(content)
    found = decode_audio(heard(path))
    assert "damaged: 2 packets of sound" in found.note
    assert alike(found.signal[30_000:], whole[30_000:]) > 0.99  # what follows keeps its place


def test_what_is_left_of_a_damaged_flac_file_is_read(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, speech(4.0), SAMPLE_RATE)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = bytes(3000)
    path.write_bytes(content)
    found = decode_audio(heard(path))
    assert found.seconds == pytest.approx(4.0, abs=0.1)
    assert alike(found.signal[50_000:], speech(4.0)[50_000:]) > 0.95
