"""Noise from a folder of the user's recordings."""

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from helpers.plans import Wildcards, default_config, plan_of

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.files import deal, groups_of, hash_files, list_files
from robust_mer.corruption.raw.folder import FolderNoise
from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.utterance import Utterance
from robust_mer.plan.rules.export import export_model
from robust_mer.plan.rules.features import extract_corrupted
from robust_mer.plan.rules.report import write_report
from robust_mer.settings import Plugin

RATE = 16_000
FOLDER = "robust_mer.corruption.raw.folder:FolderNoise"


def tone(path: Path, hertz: float, seconds: float = 4.0, rate: int = RATE, channels: int = 1):
    """A file with a sine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    t = np.arange(round(seconds * rate)) / rate
    samples = 0.1 * np.sin(2 * np.pi * hertz * t)
    soundfile.write(path, np.repeat(samples[:, None], channels, axis=1), rate)


@pytest.fixture
def noises(tmp_path):
    """Six tones of 1 to 6 kHz: in nested folders, of several rates, channels and formats."""
    folder = tmp_path / "noise"
    tone(folder / "one.wav", 1000)
    tone(folder / "free/two.flac", 2000, rate=48_000, channels=2)
    tone(folder / "free/three.WAV", 3000, seconds=0.3)
    tone(folder / "bible/deep/four.wav", 4000, rate=44_100)
    tone(folder / "bible/deep/five.wav", 5000)
    tone(folder / "bible/six.wav", 6000)
    (folder / "README.txt").write_text("no noise")
    (folder / "._one.wav").write_bytes(b"\x00\x05\x16\x07")
    return folder


def kind(folder) -> FolderNoise:
    noise = Plugin(FOLDER, {"folder": str(folder)}).build()
    assert isinstance(noise, FolderNoise)
    return noise


def speech(seconds: float = 1.0) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    return (0.05 * np.sin(2 * np.pi * 200 * t)).astype(np.float32)


def heard(noise: np.ndarray) -> int:
    """Which of the tones it is, in kHz."""
    spectrum = np.abs(np.fft.rfft(noise))
    return round(spectrum.argmax() * RATE / len(noise) / 1000)


def corrupted(folder, name: str, amount: float = 5, **draws) -> np.ndarray:
    return kind(folder).corrupt(speech(), RATE, amount, Draws(draws.get("seed", 1), "cafe", name))


def test_files_are_found_at_any_depth(noises):
    assert list_files(str(noises)) == [
        "bible/deep/five.wav",
        "bible/deep/four.wav",
        "bible/six.wav",
        "free/three.WAV",
        "free/two.flac",
        "one.wav",
    ]


@pytest.mark.parametrize("snr_db", [-5, 5, 20])
def test_noise_of_every_rate_and_length_has_its_snr(noises, snr_db):
    clean = speech()
    for place in range(12):
        noise = corrupted(noises, f"u{place}", snr_db).astype(float) - clean
        measured = 10 * np.log10(np.mean(clean.astype(float) ** 2) / np.mean(noise**2))
        assert measured == pytest.approx(snr_db, abs=0.1)


def test_every_utterance_hears_one_file_by_its_key_alone(noises):
    names = [f"u{place}" for place in range(40)]
    files = {name: heard(corrupted(noises, name) - speech()) for name in names}
    assert set(files.values()) == {1, 2, 3, 4, 5, 6}
    for name in reversed(names):
        assert heard(corrupted(noises, name, -10) - speech()) == files[name]
    others = [heard(corrupted(noises, name, seed=2) - speech()) for name in names]
    assert others != list(files.values())
    np.testing.assert_array_equal(corrupted(noises, "u1"), corrupted(noises, "u1"))


def test_a_long_file_is_read_from_a_random_place(tmp_path):
    ramp = np.linspace(0.01, 0.5, 20 * RATE).astype(np.float32)
    soundfile.write(tmp_path / "ramp.wav", ramp, RATE)
    noises = [corrupted(tmp_path, f"u{place}", 0) - speech() for place in range(20)]
    # At a fixed power, a ramp is the steeper the earlier it was read.
    slopes = [noise[-1000:].mean() / noise[:1000].mean() for noise in noises]
    assert len({round(float(slope), 2) for slope in slopes}) > 5
    assert min(slopes) > 1.01


def test_a_short_file_is_repeated(tmp_path):
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "short.wav", rng.normal(0, 0.1, 4000).astype(np.float32), RATE)
    noise = corrupted(tmp_path, "u1") - speech()
    np.testing.assert_allclose(noise[:4000], noise[4000:8000], atol=1e-6)


def test_noise_in_the_pauses_alone_is_not_taken(tmp_path):
    """A bark of a second in a minute of digital silence: other places, then other files."""
    bark = np.zeros(60 * RATE, np.float32)
    bark[20 * RATE : 21 * RATE] = 0.1 * np.sin(np.arange(RATE))
    soundfile.write(tmp_path / "bark.wav", bark, RATE)
    speech = np.zeros(6 * RATE, np.float32)
    speech[:RATE] = 0.3 * np.sin(0.1 * np.arange(RATE))

    def heard(name):
        noisy = kind(tmp_path).corrupt(speech, RATE, 0, Draws(1, "bark", name))
        return not np.array_equal(noisy[:RATE], speech[:RATE])

    with pytest.raises(UtteranceError, match=r"silent while somebody speaks: bark\.wav"):
        assert all(heard(f"u{number}") for number in range(20))
    soundfile.write(tmp_path / "rain.wav", 0.1 * np.random.default_rng(1).normal(size=RATE), RATE)
    assert all(heard(f"u{number}") for number in range(20))


def test_a_silent_file_fails_the_utterance_and_is_named(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    with pytest.raises(UtteranceError, match=r"silent while somebody speaks: silent\.wav"):
        corrupted(tmp_path, "u1")


# -- training and test apart ----------------------------------------------------------------------

# Two folds: fold 1 tests on a and b, fold 2 on c; d always trains.
FOLDS = [
    ("1", "test", "a"),
    ("1", "test", "b"),
    ("1", "validation", "c"),
    ("1", "train", "d"),
    ("2", "train", "a"),
    ("2", "validation", "b"),
    ("2", "test", "c"),
    ("2", "train", "d"),
]


def test_utterances_that_the_same_folds_test_are_a_group():
    groups = groups_of(FOLDS)
    assert groups == {"a": "test 1", "b": "test 1", "c": "test 2", "d": "train"}
    assert groups_of(FOLDS[::-1]) == groups


def test_fixed_parts_are_three_groups():
    parts = [("1", part, f"u_{part}") for part in ("train", "validation", "test")]
    assert set(groups_of(parts).values()) == {"train", "validation 1", "test 1"}


def test_files_are_dealt_evenly_and_by_name_alone():
    files = [f"{place}.wav" for place in range(10)]
    dealt = deal(files, ["x", "y", "z"])
    assert sorted(file for share in dealt.values() for file in share) == sorted(files)
    assert sorted(map(len, dealt.values())) == [3, 3, 4]
    again = deal(files[::-1], ["x", "y", "z"])
    assert {group: set(share) for group, share in again.items()} == {
        group: set(share) for group, share in dealt.items()
    }


def test_channels_of_a_recording_stay_together():
    files = [f"D{place}/ch{channel}.wav" for place in range(6) for channel in range(4)]
    dealt = deal(files, ["x", "y", "z"])
    folders = [{file.partition("/")[0] for file in share} for share in dealt.values()]
    assert list(map(len, folders)) == [2, 2, 2]
    assert len(set.union(*folders)) == 6
    # MUSAN has hundreds of files in two folders.
    assert all(deal([f"free/{i}.wav" for i in range(9)], ["x", "y", "z"]).values())


def test_too_few_files_are_not_dealt():
    assert deal(["one.wav", "two.wav"], ["x", "y", "z"]) is None


@pytest.fixture
def tables(tmp_path):
    """Index, folds and root of 30 utterances in five sessions, a group each."""
    rows = [
        (
            str(fold),
            {fold: "test", fold % 5 + 1: "validation"}.get(session, "train"),
            f"s{session}_{n}",
        )
        for fold in range(1, 6)
        for session in range(1, 6)
        for n in range(6)
    ]
    pd.DataFrame(rows, columns=["fold", "part", "utterance"]).to_csv(
        tmp_path / "folds.csv", index=False
    )
    (tmp_path / "utterances.csv").write_text("utterance\n")
    return tmp_path / "utterances.csv", tmp_path / "folds.csv", tmp_path


def files_heard(noises, tables, seed: int = 1) -> dict[str, int]:
    corruption = kind(noises).at("cafe", 5, seed, tables)
    names = [f"s{session}_{n}" for session in range(1, 6) for n in range(6)]
    sounds = {}
    for name in names:
        received = corruption(Utterance(name, None, None, "", None, None, "", True))
        sounds[name] = heard(received.alter_audio(speech(), RATE) - speech())
    return sounds


def test_each_utterance_has_its_snr_of_a_range(noises, tables):
    corruption = kind(noises).at("cafe", (-5.0, 20.0), 1, tables)
    levels = []
    for name in ("s1_0", "s2_0", "s3_0"):
        received = corruption(Utterance(name, None, None, "", None, None, "", True))
        noise = received.alter_audio(speech(), RATE) - speech()
        levels.append(-10 * np.log10(np.mean(noise**2) / np.mean(speech() ** 2)))
        expected = corruption.amount_of(Draws(1, "cafe", name))
        assert levels[-1] == pytest.approx(expected, abs=0.1)
    assert max(levels) - min(levels) > 1


def test_no_fold_trains_on_a_file_that_it_tests_on(noises, tables):
    folds = pd.read_csv(tables[1], dtype=str)
    heard_by = [files_heard(noises, tables, seed) for seed in (1, 2)]  # another draw
    for _, fold in folds.groupby("fold"):
        train, test = (
            {
                sounds[name]
                for name in fold.loc[fold["part"] == part, "utterance"]
                for sounds in heard_by
            }
            for part in ("train", "test")
        )
        assert train
        assert test
        assert not train & test


def test_the_feature_file_says_whether_they_are_apart(noises, tables, tmp_path):
    assert kind(noises).at("cafe", 5, 1, tables).describe()["is_apart"]
    tone(tmp_path / "single/one.wav", 1000)
    assert not kind(tmp_path / "single").at("cafe", 5, 1, tables).describe()["is_apart"]
    assert set(files_heard(tmp_path / "single", tables).values()) == {1}


# -- planning -------------------------------------------------------------------------------------


def planned(folder, **settings):
    raw = copy.deepcopy(default_config())
    raw["experiments"]["demo"]["tested_on"] = ["cafe_5dB"]
    raw["corruption"]["raw"]["cafe"] = {"class": "folder", "folder": str(folder), **settings}
    return plan_of(raw)


def job(folder):
    wildcards = Wildcards(corpus="demo", extractor="is13", raw="cafe_5dB")
    return extract_corrupted(planned(folder), wildcards)


def test_a_missing_or_empty_folder_is_an_error_before_the_first_job(tmp_path):
    with pytest.raises(InputError, match=r"corruption\.raw\.cafe: there is no folder .*nowhere"):
        planned(tmp_path / "nowhere")
    (tmp_path / "empty/deep").mkdir(parents=True)
    with pytest.raises(InputError, match=r"cafe: .*empty .* no \.wav or \.flac file"):
        planned(tmp_path / "empty")
    raw = default_config()
    raw["corruption"]["raw"]["cafe"] = {"class": "folder"}
    with pytest.raises(InputError, match=r"corruption\.raw\.cafe\.folder is missing"):
        plan_of(raw)


def test_too_few_files_to_train_on_are_an_error_before_the_first_job(tmp_path):
    for place in range(4):
        tone(tmp_path / f"{place}.wav", 1000)
    planned(tmp_path)  # enough for tests
    raw = default_config()
    raw["experiments"]["demo"] |= {"models": ["men"], "corruptions": ["cafe_5dB"]}
    raw["corruption"]["raw"]["cafe"] = {"class": "folder", "folder": str(tmp_path)}
    plan_of(raw)  # men is trained on clean data
    raw["experiments"]["demo"]["models"] = ["men_augmented"]
    with pytest.raises(InputError, match=r"cafe: .* has 4 noise files, .* expected 5 or more"):
        plan_of(raw)
    tone(tmp_path / "4.wav", 1000)
    plan_of(raw)


def test_a_folder_that_no_experiment_of_the_run_uses_is_not_looked_for(tmp_path):
    raw = default_config()
    raw["corruption"]["raw"]["cafe"] = {"class": "folder", "folder": str(tmp_path / "nowhere")}
    plan_of(raw)


@pytest.mark.parametrize("content", [b"", b"no recording", b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_a_file_that_cannot_be_read_is_named(noises, content):
    (noises / "free/broken.wav").write_bytes(content)
    with pytest.raises(InputError, match=r"free/broken\.wav .*expected a recording"):
        job(noises)


def test_the_content_of_the_folder_is_part_of_what_reruns(noises):
    before = job(noises)
    assert before.inputs["folds"] == "results/demo/folds.csv"
    assert job(noises).chosen == before.chosen
    assert before.chosen == {"noise": hash_files(str(noises))}
    tone(noises / "one.wav", 1100)
    changed = job(noises)
    assert changed.chosen != before.chosen
    (noises / "one.wav").rename(noises / "zero.wav")
    assert job(noises).chosen != changed.chosen


def test_shards_of_another_content_are_not_reused(noises, tables):
    corruption = kind(noises).at("cafe", 5, 1, tables)
    before = corruption.identity()
    tone(noises / "seven.wav", 700)
    assert kind(noises).at("cafe", 5, 1, tables).identity() != before


def test_reports_and_exports_do_not_say_where_the_folder_is(noises):
    plan = planned(noises)
    shown = write_report(plan, Wildcards()).spec.config["corruption"]
    assert shown["raw"]["cafe"] == {"class": "folder"}
    wildcards = Wildcards(corpus="demo", model="men", trained_on="clean", replica="fold1_seed1")
    assert export_model(plan, wildcards).spec.config["corruption"] == shown
    assert plan.raw["corruption"]["raw"]["cafe"]["folder"] == str(noises)
