"""The amount of every kind of raw corruption has its documented effect."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import skimage
from scipy.signal import welch

from robust_mer.corruption.raw.draws import Draws, some_of
from robust_mer.corruption.raw.occlude import box
from robust_mer.corruption.raw.registry import RAW_KINDS, is_random
from robust_mer.corruption.raw.reverb import impulse_response
from robust_mer.features.utterance import Utterance
from robust_mer.settings import Plugin, load

RATE = 16_000
KINDS = {name: load(implementation) for name, implementation in RAW_KINDS.items()}
NAMES = {
    signal: [n for n, kind in KINDS.items() if kind.signal == signal and not kind.needs_others]
    for signal in ("audio", "frames", "picture", "words")
}
WORDS = [f"word{i}" for i in range(200)]


def kind(name: str, amount: float, utterance: str = "u", **given):
    draws = Draws(1, name, utterance)
    return partial(Plugin(RAW_KINDS[name], given).build().corrupt, amount=amount, draws=draws)


def speech(seconds: float = 3.0) -> np.ndarray:
    """Harmonics of a gliding voice, with digital silence before, between and after them."""
    t = np.arange(round(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * k * (110 * t + 8 * t**2)) / k for k in range(1, 20))
    said = ((t > 0.4) & (t < 1.3)) | ((t > 1.6) & (t < 2.7))
    return (0.01 * tone * said).astype(np.float32)


def picture(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (90, 120, 3), dtype=np.uint8)


# -- audio ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["whitenoise", "pinknoise"])
@pytest.mark.parametrize("snr_db", [-10, 0, 5, 20])
def test_noise_has_its_snr_where_somebody_speaks(name, snr_db):
    clean = speech()
    noisy = kind(name, snr_db)(clean, RATE)
    assert noisy.dtype == np.float32
    said = clean != 0
    noise = noisy.astype(float) - clean
    measured = 10 * np.log10(np.mean(clean[said].astype(float) ** 2) / np.mean(noise[said] ** 2))
    assert measured == pytest.approx(snr_db, abs=0.1)


@pytest.mark.parametrize(("name", "slope"), [("whitenoise", 0.0), ("pinknoise", -3.01)])
def test_noise_has_its_spectrum(name, slope):
    clean = speech(20.0)
    noise = kind(name, 0)(clean, RATE) - clean
    frequency, power = welch(noise, RATE, nperseg=4096)
    heard = (frequency > 60) & (frequency < 7000)
    octave = np.log2(frequency[heard])
    fitted = np.polyfit(octave, 10 * np.log10(power[heard]), 1)[0]
    assert fitted == pytest.approx(slope, abs=0.15)


@pytest.mark.parametrize("name", ["whitenoise", "pinknoise", "reverb"])
def test_what_would_overload_is_turned_down_as_a_whole(name):
    clean = 90 * speech()
    received = kind(name, 1500 if name == "reverb" else -15)(clean, RATE)
    assert np.abs(received).max() == pytest.approx(1.0, abs=1e-6)
    assert np.mean(np.abs(received) > 0.999) < 1e-3


@pytest.mark.parametrize("name", NAMES["audio"])
def test_silence_stays_silence(name):
    silence = np.zeros(RATE, np.float32)
    amount = {"reverb": 500}.get(name, 20)
    np.testing.assert_array_equal(kind(name, amount)(silence, RATE), silence)


@pytest.mark.parametrize("rt60", [0.3, 0.6, 1.2])
def test_reverberation_time_by_schroeders_integration(rt60):
    response = impulse_response(RATE, rt60, Draws(1, "reverb", "u"), 0.0)
    decay = np.cumsum((response**2)[::-1])[::-1]
    level = 10 * np.log10(decay / decay[0])
    some = np.flatnonzero((level < -5) & (level > -35))  # T30 of ISO 3382
    slope = np.polyfit(some / RATE, level[some], 1)[0]
    assert -60 / slope == pytest.approx(rt60, rel=0.05)
    direct, late = response[0] ** 2, np.sum(response[1:] ** 2)
    assert 10 * np.log10(direct / late) == pytest.approx(0, abs=1e-6)


def test_reverberation_keeps_the_level_and_comes_after_the_sound():
    clean = speech()
    heard = kind("reverb", 600)(clean, RATE)
    assert len(heard) == len(clean)
    assert np.mean(heard**2) == pytest.approx(np.mean(clean**2), rel=1e-4)
    first = np.flatnonzero(clean)[0]
    assert np.abs(heard[:first]).max() < 1e-6
    assert np.abs(heard[round(1.35 * RATE) : round(1.55 * RATE)]).max() > 1e-4


@pytest.mark.parametrize("percent", [1, 20, 60])
def test_share_of_clipped_samples(percent):
    clean = np.random.default_rng(0).normal(0, 0.1, 50_000).astype(np.float32)
    clipped = kind("clip", percent)(clean, RATE)
    height = np.abs(clipped).max()
    share = np.mean(np.abs(clipped) >= height)
    assert share == pytest.approx(percent / 100, abs=2e-4)
    untouched = np.abs(clean) < height
    np.testing.assert_array_equal(clipped[untouched], clean[untouched])


@pytest.mark.parametrize("percent", [5, 20, 50])
def test_share_and_length_of_lost_packets(percent):
    clean = np.random.default_rng(0).normal(0, 0.1, 100 * 320 + 7).astype(np.float32)
    received = kind("packetloss", percent)(clean, RATE)
    assert len(received) == len(clean)
    packets = received[: 100 * 320].reshape(100, 320)
    lost = (packets == 0).all(axis=1)
    assert abs(lost.sum() - percent) <= 1
    kept = clean[: 100 * 320].reshape(100, 320)[~lost]
    np.testing.assert_array_equal(packets[~lost], kept)


def test_lost_packets_repeat_the_last_one_that_arrived():
    clean = np.repeat(np.arange(1, 101, dtype=np.float32), 160) / 200
    lost = kind("packetloss", 40, packet_ms=10)(clean, RATE)[::160] == 0
    heard = kind("packetloss", 40, packet_ms=10, concealment="repeat")(clean, RATE)[::160]
    last = 0.0
    for packet in range(100):
        last = last if lost[packet] else (packet + 1) / 200
        assert heard[packet] == np.float32(last)


# -- video ----------------------------------------------------------------------------------------


def test_blur_spreads_a_point_by_its_deviation():
    point = np.zeros((101, 101, 3), np.uint8)
    point[46:55, 46:55] = 255
    blurred = kind("blur", 6)(point, 0)[..., 0].astype(float)
    across = np.arange(101) - 50.0
    variance = np.sum(blurred.sum(axis=0) * across**2) / blurred.sum()
    own = (9**2 - 1) / 12  # of the bright square itself
    assert np.sqrt(variance - own) == pytest.approx(6, rel=0.05)


@pytest.mark.parametrize("percent", [5, 20, 60])
def test_low_light_keeps_a_share_of_the_brightness(percent):
    grey = np.full((200, 200, 3), 200, np.uint8)
    dark = kind("lowlight", percent)(grey, 3).astype(float)
    expected = 200 * percent / 100
    assert dark.mean() == pytest.approx(expected, abs=0.1)
    variance = 2.0**2 + 20.0 * expected / 255
    assert dark.var() == pytest.approx(variance + 1 / 12, rel=0.05)  # and of the rounding


def test_sensor_noise_is_new_in_every_frame_and_the_same_in_every_run():
    dark = [kind("lowlight", 20)(picture(), frame) for frame in (1, 2, 1)]
    assert (dark[0] != dark[1]).any()
    np.testing.assert_array_equal(dark[0], dark[2])


def test_low_resolution_loses_what_is_finer():
    fine = np.indices((80, 120)).sum(axis=0) % 2 * 255
    coarse = np.repeat(np.repeat(picture()[:4, :6, 0], 20, axis=0), 20, axis=1)
    for grey, kept in ((fine, False), (coarse, True)):
        seen = kind("lowres", 25)(np.dstack([grey] * 3).astype(np.uint8), 0)
        assert seen.shape == (80, 120, 3)
        middle = seen[10::20, 10::20, 0].astype(float)  # far from the patches' edges
        if kept:
            assert np.abs(middle - grey[10::20, 10::20]).max() < 3
        else:
            assert np.ptp(seen) == 0


@pytest.mark.parametrize("percent", [10, 50])
def test_share_of_lost_frames(percent):
    frames = np.arange(1000, 3000)
    seen = kind("frameloss", percent, concealment="drop")(frames)
    assert np.mean(seen == -1) == pytest.approx(percent / 100, abs=0.035)
    assert (seen == frames)[seen != -1].all()


def test_lost_frames_hang_on_their_number_not_on_the_rate():
    every = kind("frameloss", 40)(np.arange(300))
    some = kind("frameloss", 40)(np.arange(0, 300, 3))
    assert some.tolist() == every[::3].tolist()
    assert (every <= np.arange(300)).all()  # frozen, never foreseen
    assert (np.diff(every) >= 0).all()


def test_all_frames_lost_leave_none():
    for concealment in ("freeze", "drop"):
        assert (kind("frameloss", 100, concealment=concealment)(np.arange(20)) == -1).all()


@pytest.mark.parametrize(("part", "edge"), [("lower", 3), ("upper", 1), ("any", None)])
@pytest.mark.parametrize("percent", [10, 30, 100])
def test_share_of_the_face_that_is_covered(part, edge, percent):
    face = np.array([20.0, 30.0, 120.0, 180.0])
    covered = box(face, percent, part, 0.3, 0.8, (300, 300))
    left, top, right, bottom = covered
    assert 20 <= left < right <= 120
    assert 30 <= top < bottom <= 180
    share = (right - left) * (bottom - top) / (100 * 150)
    assert share == pytest.approx(percent / 100, abs=0.012)
    if edge is not None:
        assert covered[edge] == face[edge]


def test_a_face_beyond_the_picture_is_covered_inside_it():
    assert box(np.array([-20.0, -10.0, 40.0, 90.0]), 50, "lower", 0, 0, (60, 200)) == (
        0,
        30,
        40,
        60,
    )


def test_lower_face_is_covered_and_nothing_else():
    head = np.ascontiguousarray(skimage.data.astronaut()[20:180, 140:300, ::-1])
    covered = kind("occlude", 50)(head, 0)
    changed = (covered != head).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert (covered[changed] == 0).all()
    assert 90 < rows[0] < 105 < 140 < rows[-1] < 158  # the eyes are above, the chin is below
    assert 35 < columns[0] < columns[-1] < 132
    assert changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 0.95
    empty = np.full((160, 160, 3), 127, np.uint8)
    np.testing.assert_array_equal(kind("occlude", 50)(empty, 0), empty)


# -- text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("percent", [10, 30, 75])
def test_share_of_masked_words(percent):
    masked = kind("mask", percent)(WORDS)
    assert len(masked) == len(WORDS)
    assert abs(masked.count("[MASK]") - 2 * percent) <= 1
    assert all(word in ("[MASK]", own) for word, own in zip(masked, WORDS, strict=True))


@pytest.mark.parametrize("percent", [10, 30, 100])
def test_share_of_swapped_words(percent):
    swapped = kind("swap", percent)(WORDS)
    assert sorted(swapped) == sorted(WORDS)
    moved = [i for i, word in enumerate(swapped) if word != WORDS[i]]
    assert abs(len(moved) - 2 * percent) <= 2
    for i in moved:
        assert WORDS.index(swapped[WORDS.index(swapped[i])]) == i


def test_reversed_words():
    assert kind("reverse", 100)(["so", "it", "goes"]) == ["goes", "it", "so"]


def test_short_texts_keep_the_share_on_average():
    counts = [kind("mask", 30, f"u{i}")(["a", "b", "c", "d"]).count("[MASK]") for i in range(2000)]
    assert np.mean(counts) / 4 == pytest.approx(0.3, abs=0.015)
    assert set(counts) == {1, 2}


# -- all ------------------------------------------------------------------------------------------


def received(name: str, amount: float, utterance: str = "u"):
    corrupt = kind(name, amount, utterance)
    match KINDS[name].signal:
        case "audio":
            return corrupt(speech(), RATE)
        case "picture":
            return corrupt(picture(), 7)
        case "frames":
            return corrupt(np.arange(0, 200, 3))
    return corrupt(WORDS)


@pytest.mark.parametrize("name", [name for names in NAMES.values() for name in names])
def test_the_same_in_every_run_and_order(name):
    amount = {"reverb": 400, "reverse": 100}.get(name, 40)
    first = received(name, amount)
    received(name, amount, "another")
    received(name, amount / 2 if name != "reverse" else 100)
    np.testing.assert_array_equal(received(name, amount), first)


@pytest.mark.parametrize("name", [name for names in NAMES.values() for name in names])
def test_utterances_differ_if_the_kind_is_random(name):
    amount = {"reverb": 400, "reverse": 100}.get(name, 40)
    one, another = received(name, amount), received(name, amount, "another")
    settings = KINDS[name].settings_class().model_dump()
    assert np.array_equal(one, another) != is_random(RAW_KINDS[name], settings)


@pytest.mark.parametrize(
    ("name", "nothing"),
    [
        ("reverb", 0),
        ("clip", 0),
        ("packetloss", 0),
        ("blur", 0),
        ("lowlight", 100),
        ("lowres", 100),
        ("frameloss", 0),
        ("occlude", 0),
        ("mask", 0),
        ("swap", 0),
    ],
)
def test_nothing_leaves_all_as_it_was(name, nothing):
    own = {
        "audio": speech(),
        "picture": picture(),
        "frames": np.arange(0, 200, 3),
        "words": WORDS,
    }
    left = received(name, nothing)
    np.testing.assert_array_equal(left, own[KINDS[name].signal])


@pytest.mark.parametrize("count", [1, 7, 50])
def test_what_is_lost_at_ten_percent_is_lost_at_twenty(count):
    chosen = [
        set(some_of(count, percent, Draws(1, "x", "u").of()).tolist())
        for percent in (0, 10, 20, 60, 100)
    ]
    assert not chosen[0]
    assert len(chosen[-1]) == count
    assert all(less <= more for less, more in pairwise(chosen))


def test_another_seed_corrupts_otherwise():
    text = " ".join(f"w{n}" for n in range(40))
    said = Utterance("u", None, None, "", None, None, text, False)
    kind = Plugin(RAW_KINDS["mask"], {}).build()
    first, again, other = (kind.at("mask", 50, seed)(said).text for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("ratio", [-10.0, 10.0])
def test_direct_sound_over_reverberation(ratio):
    response = impulse_response(16_000, 0.5, Draws(1, "reverb", "u"), ratio)
    power = response[0] ** 2 / np.sum(response[1:] ** 2)
    assert 10 * np.log10(power) == pytest.approx(ratio)
