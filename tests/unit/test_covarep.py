"""COVAREP's features on voices and phases with known parameters."""

import itertools
import json
from functools import cache
from pathlib import Path
from typing import ClassVar

import h5py
import numpy as np
import pandas as pd
import pytest
import soundfile
from generators.lf_voice import RATE, VOWELS, Pulse, formants, mel_cepstrum, voice
from scipy.signal import lfilter

from robust_mer.data import fit_normaliser, read_store
from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.covarep import Covarep
from robust_mer.features.extract import extract_features
from robust_mer.features.extractor import Extractor
from robust_mer.features.shards import Shard, extract_shard, read_shard
from robust_mer.features.sound import AudioSettings, SoundSettings
from robust_mer.features.specs import ExtractFiles, ExtractSpec
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.features.voice.describe import describe_voice
from robust_mer.features.voice.glottal import find_closures, find_polarity
from robust_mer.features.voice.harmonics import (
    analyse,
    count_harmonics,
    source_phases,
    take_harmonics,
)
from robust_mer.features.voice.lf_model import LFPulse
from robust_mer.features.voice.linear_prediction import predict, residual
from robust_mer.features.voice.phase_distortion import phase_distortion
from robust_mer.features.voice.wavelets import maxima_dispersion, peak_slope
from robust_mer.modality import Modality
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin, Settings
from robust_mer.store import read_features

pytestmark = pytest.mark.usefixtures("warm_processes")

RD = (0.5, 0.8, 1.2, 1.6, 2.0, 2.4)
F0 = (104.7, 141.3, 188.9)  # Hz
CLEAR = [  # the first formant well above F0: inverse filtering can tell it from the source
    (f0, vowel) for f0, vowel in itertools.product(F0, VOWELS) if VOWELS[vowel][0] >= 2.5 * f0
]
EDGE = 10  # frames whose windows exceed the recording
COLUMN = {name: place for place, name in enumerate(Covarep.names)}


@cache
def described(rd: float, f0: float, vowel: str) -> np.ndarray:
    return describe_voice(voice(rd, f0, vowel, 0.3))


def middle(name: str, rd: float, f0: float, vowel: str) -> float:
    return float(np.median(described(rd, f0, vowel)[EDGE:-EDGE, COLUMN[name]]))


def write(path: Path, signal: np.ndarray) -> Utterance:
    soundfile.write(path, signal, RATE, subtype="FLOAT")
    return Utterance(path.stem, path, None, "", None, None, "", True)


def test_layout():
    names = Covarep.names
    assert len(names) == len(set(names)) == 74
    assert names[:4] == ["F0", "VUV", "NAQ", "QOQ"]
    assert (names[11], names[35], names[36], names[60]) == (
        "MCEP_0",
        "MCEP_24",
        "HMPDM_0",
        "HMPDM_24",
    )
    assert (names[61], names[73]) == ("HMPDD_0", "HMPDD_12")
    assert Covarep.frame_rate == 100
    assert describe_voice(voice(1.0, 120, "a", 1.0)).shape == (100, 74)


@pytest.mark.parametrize("rd", [0.3, 0.7, 1.3, 2.5])
def test_closed_form_of_the_pulse_equals_its_samples(rd):
    t = (np.arange(40_000) + 0.5) / 40_000
    k = np.arange(12)
    sampled = Pulse.from_rd(rd).derivative(t) @ np.exp(-2j * np.pi * np.outer(t, k)) / len(t)
    np.testing.assert_allclose(LFPulse.from_rd(rd).harmonics(k), sampled, atol=1e-6)


# Mean error over the voices with that parameter, and the largest.
@pytest.mark.parametrize(
    ("name", "known", "mean", "largest"),
    [
        ("NAQ", Pulse.naq, 0.015, 0.04),
        ("QOQ", Pulse.qoq, 0.015, 0.05),
        ("H1H2", Pulse.h1h2, 2.0, 5.5),
        ("PSP", Pulse.psp, 0.02, 0.06),
        ("Rd", None, 0.08, 0.35),
    ],
)
def test_glottal_parameters_of_known_voices(name, known, mean, largest):
    errors = []
    for f0, vowel in CLEAR:
        found = [middle(name, rd, f0, vowel) for rd in RD]
        assert (np.diff(found) > 0).all(), (f0, vowel, found)
        true = [known(Pulse.from_rd(rd)) if known else rd for rd in RD]
        errors.append(np.abs(np.subtract(found, true)))
    assert np.mean(errors) < mean
    assert np.max(errors) < largest


def test_rd_is_found_where_inverse_filtering_fails():
    for rd in RD[:-1]:
        assert middle("Rd", rd, F0[1], "i") == pytest.approx(rd, rel=0.12)


def test_confidence_of_rd_falls_where_no_pulse_fits():
    rng = np.random.default_rng(0)
    t = np.arange(RATE) / RATE
    phases = rng.uniform(0, 2 * np.pi, 60)
    odd = sum(np.cos(2 * np.pi * 120 * k * t + p) / k for k, p in enumerate(phases, start=1))
    column = COLUMN["Rd_conf"]
    assert np.median(described(1.2, F0[0], "a")[:, column]) > 0.9
    assert np.median(describe_voice(0.1 * odd)[EDGE:-EDGE, column]) < 0.6


@pytest.mark.parametrize("f0", [67.3, 101.9, 149.2, 251.7, 380.1])
def test_pitch_is_found(f0):
    for rd, vowel in itertools.product((0.6, 2.0), ("a", "i", "u")):
        values = describe_voice(voice(rd, f0, vowel, 0.3))[EDGE:-EDGE]
        np.testing.assert_allclose(values[:, COLUMN["F0"]], f0, atol=0.2)


def test_pitch_is_followed():
    f0 = np.linspace(100, 200, 2 * RATE)
    values = describe_voice(voice(1.0, f0, "e", 2.0))[EDGE:-EDGE]
    expected = f0[RATE // 200 :: RATE // 100][EDGE:-EDGE]
    np.testing.assert_allclose(values[:, COLUMN["F0"]], expected, rtol=0.02)


def test_voicing_of_voice_noise_and_silence():
    rng = np.random.default_rng(0)
    speech = voice(1.0, 130, "a", 1.0)
    noisy = speech + rng.normal(0, speech.std() / 10, RATE)
    noise = 0.1 * rng.standard_normal(RATE)
    hiss = 0.1 * lfilter([1], formants("e"), rng.standard_normal(RATE))
    silence = np.zeros(RATE)
    column = COLUMN["VUV"]
    share = [describe_voice(x)[EDGE:-EDGE, column].mean() for x in (speech, noisy)]
    assert min(share) > 0.98
    assert describe_voice(noise)[:, column].mean() < 0.1
    assert describe_voice(hiss)[:, column].mean() < 0.3
    assert describe_voice(silence)[:, column].sum() == 0
    assert describe_voice(np.full(RATE, 0.3))[:, column].sum() == 0
    mixed = describe_voice(np.concatenate([speech, noise, speech, silence]))[:, column]
    for second, voiced in enumerate((1, 0, 1, 0)):
        assert abs(mixed[100 * second + EDGE : 100 * (second + 1) - EDGE].mean() - voiced) < 0.1


def test_there_is_no_voice_where_nobody_speaks():
    values = describe_voice(np.concatenate([voice(1.0, 130, "a", 0.5), np.zeros(RATE // 2)]))
    of_voice = ["F0", "VUV", "NAQ", "QOQ", "H1H2", "PSP", "MDQ", "Rd", "Rd_conf"]
    columns = [COLUMN[name] for name in of_voice]
    assert (values[EDGE : 50 - EDGE, columns] != 0).all()
    assert (values[50 + EDGE :, columns] == 0).all()


@pytest.mark.parametrize("rd", [0.6, 1.2, 2.2])
def test_upside_down_is_seen_and_closures_are_found(rd):
    for vowel in VOWELS:
        speech = voice(rd, 111.1, vowel, 0.6)
        assert (find_polarity(speech, RATE), find_polarity(-speech, RATE)) == (1, -1)
        found = find_closures(speech, residual(speech, RATE, 18), RATE, 111.1)
        true = (np.arange(3, 60) + Pulse.from_rd(rd).te) * RATE / 111.1
        distance = np.abs(true[:, None] - found).min(axis=1)
        assert np.median(distance) < 0.0005 * RATE
        assert np.diff(found)[3:-3] == pytest.approx(RATE / 111.1, abs=8)
    np.testing.assert_allclose(describe_voice(speech), describe_voice(-speech), atol=1e-9)


def test_prediction_finds_the_filter():
    rng = np.random.default_rng(0)
    signal = lfilter([1], formants("a"), rng.standard_normal(40_000))
    found = predict(signal[None], 16)[0]
    response = np.fft.rfft([found, formants("a")], 512)
    np.testing.assert_allclose(*np.log(np.abs(response)), atol=0.25)


@pytest.mark.parametrize("f0", F0)
def test_cepstrum_is_that_of_the_known_envelope(f0):
    for rd, vowel in itertools.product((0.8, 1.6), VOWELS):
        columns = slice(COLUMN["MCEP_1"], COLUMN["MCEP_24"] + 1)
        found = np.median(described(rd, f0, vowel)[EDGE:-EDGE, columns], axis=0)
        known = mel_cepstrum(rd, f0, vowel, 24)[1:]
        apart = 20 / np.log(10) * np.sqrt(np.sum((found - known) ** 2) / 2)
        assert apart < 4.5, (rd, vowel)  # dB
        assert apart < 0.35 * 20 / np.log(10) * np.sqrt(np.sum(known**2) / 2)


def test_the_first_coefficient_is_the_loudness():
    speech = voice(1.0, 130, "a", 0.5)
    quiet, loud = (describe_voice(x) for x in (0.1 * speech, speech))
    change = (loud - quiet)[:, COLUMN["MCEP_0"] : COLUMN["MCEP_24"] + 1]
    np.testing.assert_allclose(change[EDGE:-EDGE, 0], np.log(10), atol=1e-3)
    np.testing.assert_allclose(change[EDGE:-EDGE, 1:], 0, atol=1e-3)


@pytest.mark.parametrize("distortion", [-1.2, 0.0, 0.7, 2.5])
def test_mean_phase_distortion_is_that_of_the_harmonics(distortion):
    t = np.arange(RATE) / RATE
    f0 = 160.0
    # As loud as one another, so that no filter explains the phases: phi_k = (k - 1) distortion.
    signal = sum(
        np.cos(2 * np.pi * k * f0 * t + (k - 1) * distortion + 0.4 * k) for k in range(1, 50)
    )
    centres = np.arange(80, RATE, 160)
    f0s = np.full(len(centres), f0)
    counts = count_harmonics(RATE, f0s)
    ((_, spectra),) = analyse(signal, RATE, centres, f0s)
    phases = source_phases(take_harmonics(spectra, RATE, f0s, counts.max()), counts)
    means, _ = phase_distortion(phases, counts, RATE, f0s)
    # From coefficient 10 on they lie above F0.
    apart = np.angle(np.exp(1j * (means[EDGE:-EDGE, 10:] - distortion)))
    np.testing.assert_allclose(apart, 0, atol=0.1)


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.5, 1.0])
def test_phase_deviation_is_the_spread_of_the_distortion(spread):
    rng = np.random.default_rng(0)
    frames, count = 600, 60
    first = rng.uniform(-np.pi, np.pi, (frames, 1))  # when a frame was taken
    distorted = spread * rng.standard_normal((frames, count - 1))
    ahead = np.concatenate([np.zeros((frames, 1)), np.cumsum(distorted, axis=1)], axis=1)
    k = np.arange(1, count + 1)
    phases = np.concatenate([np.zeros((frames, 1)), k * first + ahead], axis=1)
    f0 = np.full(frames, 130.0)
    _, deviation = phase_distortion(phases, np.full(frames, count), RATE, f0)
    found = np.exp(deviation[30:-30, 0]).mean()  # the mean of the logarithms
    # Between harmonics it is interpolated, which makes it smaller.
    assert 0.65 * spread < found < 1.05 * spread


def test_phases_of_a_voice_are_steadier_than_of_noise():
    noise = np.random.default_rng(0).normal(0, 0.1, RATE)
    steady, random = (
        x[EDGE:-EDGE, COLUMN["HMPDD_0"]]
        for x in (described(1.2, F0[0], "a"), describe_voice(noise))
    )
    assert steady.mean() < np.log(0.1)
    assert random.mean() > np.log(0.8)


@pytest.mark.parametrize(("poles", "slope"), [(0, 0.0), (0.5, -0.15051), (1, -0.30103)])
def test_peak_slope_of_pulses_of_known_tilt(poles, slope):
    # 1 / f^p: an octave up, the same wavelet has 2^-p of the response.
    spectrum = np.ones(8001, complex)
    spectrum[1:] /= (2j * np.pi * np.arange(1, 8001) / 8000) ** poles
    spectrum[0] = 0
    signal = np.roll(np.fft.irfft(spectrum), 8000)
    found = peak_slope(signal, RATE, np.array([8000]))
    assert found[0] == pytest.approx(slope, abs=0.03)


def test_maxima_dispersion_of_pulses():
    closures = np.arange(1000, 15_000, 500)
    pulses = np.zeros(RATE)
    pulses[closures] = 1
    # -cos(pi t) exp(-t^2 / 2) is largest where tan(pi t) = -t / pi: at t = 0.9118.
    known = np.mean([round(0.9118 * 2**scale) for scale in range(2, 7)]) / 500
    assert maxima_dispersion(pulses, closures) == pytest.approx(known, abs=1e-12)


def test_maxima_disperse_with_rd():
    for f0, vowel in CLEAR:
        found = [middle("MDQ", rd, f0, vowel) for rd in (0.5, 1.2, 2.0)]
        assert (np.diff(found) > 0.01).all(), (f0, vowel, found)


def test_slope_falls_with_rd():
    for f0, vowel in CLEAR:
        assert (np.diff([middle("peakSlope", rd, f0, vowel) for rd in RD]) < 0).all()


def test_all_but_what_is_not_filled_is_finite(tmp_path):
    rng = np.random.default_rng(0)
    click = np.zeros(RATE)
    click[5000] = 1
    square = np.sign(np.sin(2 * np.pi * 90 * np.arange(RATE) / RATE))
    signals = [
        np.zeros(1600),
        np.zeros(RATE),
        click,
        square,
        rng.standard_normal(1600),
        -np.ones(RATE),
        np.cumsum(rng.standard_normal(RATE)) / 500,
        1e-9 * voice(1.0, 90, "u", 0.5),
        np.concatenate([np.zeros(RATE), voice(1.0, 220, "i", 0.03), np.zeros(RATE)]),
    ]
    unfilled = [COLUMN[name] for name in Covarep.unfilled]
    anything = AudioSettings(sound=SoundSettings(min_level=-200.0, max_clipped=1.0))
    for i, signal in enumerate(signals):
        values = Covarep(anything).extract(write(tmp_path / f"{i}.wav", signal)).values
        assert values.dtype == np.float32
        assert np.isnan(values[:, unfilled]).all()
        assert np.isfinite(np.delete(values, unfilled, axis=1)).all(), i


def test_too_short_audio_says_so(tmp_path):
    with pytest.raises(UtteranceError, match=r"audio too short: 0\.099 s, expected 0\.1 s"):
        Covarep(Settings()).extract(write(tmp_path / "a.wav", voice(1.0, 100, "a", 0.099)))


def test_extraction_repeats_exactly_and_says_what_it_is(tmp_path):
    names = ["a", "b"]
    for name, rd in zip(names, (0.7, 2.0), strict=True):
        write(tmp_path / f"{name}.wav", voice(rd, 130, "a", 0.5))
    table = pd.DataFrame({"utterance": names, "audio": [f"{name}.wav" for name in names]})
    table[["video", "region", "start", "end", "text"]] = ""
    table["audio_is_cut"] = "1"
    table.to_csv(tmp_path / "utterances.csv", index=False)
    results = []
    for threads in (1, 2):
        extract_features(
            ExtractSpec(Plugin("robust_mer.features.covarep:Covarep", {})),
            ExtractFiles(
                tmp_path / "utterances.csv", tmp_path / "covarep.h5", tmp_path / "covarep.csv"
            ),
            Runtime(threads=threads, root=str(tmp_path)),
        )
        results.append(read_features(tmp_path / "covarep.h5").values)
    np.testing.assert_array_equal(*results)
    with h5py.File(tmp_path / "covarep.h5") as file:
        settings = json.loads(file.attrs["settings"])
    assert "approximate" in settings
    assert list(settings["unfilled"]) == ["creak"]
    report = pd.read_csv(tmp_path / "covarep.csv")
    assert set(report["status"]) == {"ok"}
    assert set(report["reason"]) == {"approximate; not filled: creak"}
    with pytest.raises(InputError, match=r"'creak'.*not_finite: 0"):
        read_store(tmp_path / "covarep.h5", names, Modality("audio", "", "", True, None))
    store = read_store(tmp_path / "covarep.h5", names, Modality("audio", "", "", True, 0.0))
    normalised = fit_normaliser(store.values, True)(store.values)
    assert np.isfinite(normalised).all()
    assert (normalised[:, COLUMN["creak"]] == 0).all()


class HalfFilled(Extractor):
    """An extractor that does not fill its second feature, or says so only."""

    names = ("a", "b")
    unfilled: ClassVar[dict[str, str]] = {"b": "it is not computed"}

    def extract(self, utterance: Utterance) -> Extraction:
        row = {"honest": [1, np.nan], "made up": [1, 2], "broken": [np.nan, np.nan]}
        return Extraction(np.array([row[utterance.utterance]]), 1)


def test_only_what_is_declared_may_be_nan_and_must_be(tmp_path):
    utterances = tuple(
        Utterance(name, None, None, "", None, None, "", True)
        for name in ("honest", "made up", "broken")
    )
    extract_shard(HalfFilled(Settings()), Shard(utterances, tmp_path / "shard.npz", []))
    rows = read_shard(tmp_path / "shard.npz").report
    assert [row["status"] for row in rows] == ["ok", "failed", "failed"]
    assert "not filled hold numbers" in rows[1]["reason"]
    assert "not finite" in rows[2]["reason"]
