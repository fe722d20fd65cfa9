"""The SNR that real features have under evaluation noise is the one that the schedule tells."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.corpus import read
from helpers.jobs import run_schedule
from helpers.noises import corruption as corruption_of

from robust_mer.corruption.corrupt import read_alpha_bars
from robust_mer.corruption.registry import NOISES
from robust_mer.data import fit_normalisers
from robust_mer.engine.corruption import NO_CORRUPTION, corruption_of_fold, evaluation_frames
from robust_mer.engine.frames import load_frames
from robust_mer.features.bert import Bert, BertSettings
from robust_mer.features.is13 import IS13, IS13Settings
from robust_mer.features.utterance import Utterance
from robust_mer.settings import load
from robust_mer.store import write_features

COMPOSITE = Path(__file__).parents[3] / "shared/data/composite"
MOSI = COMPOSITE.with_name("mosi_utterance_features.npz")
# Draws of the whole test part per measurement: whole frames are hit, so few draws are inaccurate.
SEEDS = {"pink": 5, "bursts": 60, "dropped": 60}
SETTINGS = {"bursts": {"rate": 0.5, "mean_length": 3.0}}  # short bursts need fewer draws


def write_corpus(folder, table, features):
    """Index, folds and features; a third of the utterances, by session, tests."""
    table[["utterance", "label"]].to_csv(folder / "utterances.csv", index=False)
    sessions = sorted(table["session"].unique())
    part = dict(zip(sessions, ["test", "train", "train"] * len(sessions), strict=False))
    folds = pd.DataFrame({"fold": 1, "part": table["session"].map(part)})
    folds.assign(utterance=table["utterance"]).to_csv(folder / "folds.csv", index=False)
    for modality, frames in features.items():
        names = [f"{modality}{d}" for d in range(frames[0].shape[1])]
        path = folder / f"{modality}.h5"
        write_features(path, list(table["utterance"]), frames, names, None, {}, "")
    return {
        "utterances_csv": folder / "utterances.csv",
        "folds_csv": folder / "folds.csv",
        "features": {modality: folder / f"{modality}.h5" for modality in features},
    }


@pytest.fixture(scope="module")
def composite(tmp_path_factory):
    """IS13 of RAVDESS recordings and MiniLM of MELD lines: frames that follow one another."""
    if not COMPOSITE.is_dir():
        pytest.skip(f"there is no {COMPOSITE}")
    table = pd.read_csv(COMPOSITE / "manifest.csv", keep_default_na=False)[::10]
    audio = IS13(IS13Settings())
    text = Bert(BertSettings())
    spoken = [
        Utterance(row.utterance, COMPOSITE / row.audio, None, "", None, None, row.text, False)
        for row in table.itertuples()
    ]
    features = {
        "audio": [audio.extract(one).values for one in spoken],
        "text": [text.extract(one).values for one in spoken],
    }
    return write_corpus(tmp_path_factory.mktemp("composite"), table, features)


@pytest.fixture(scope="module")
def mosi(tmp_path_factory):
    """One pooled vector an utterance."""
    if not MOSI.is_file():
        pytest.skip(f"there is no {MOSI}")
    with np.load(MOSI) as data:
        table = pd.DataFrame({"utterance": data["ids"], "label": data["label"].astype(str)})
        table["session"] = data["video"]
        table = table[:600]
        stored = {"audio": "audio", "video": "visual", "text": "text"}
        features = {m: list(data[name][:600, None].astype("f4")) for m, name in stored.items()}
    table["utterance"] = [f"{row}_{name}" for row, name in enumerate(table["utterance"])]
    return write_corpus(tmp_path_factory.mktemp("mosi"), table, features)


def touched(real, corruption):
    settings = SETTINGS.get(corruption.partition("_")[0], {})
    return corruption_of(corruption, real["features"], **settings)


def schedule(real, folder, corruption, mode, kind="linear"):
    path = run_schedule(real, folder / "schedule.csv", touched(real, corruption), mode, betas=kind)
    return pd.read_csv(path).set_index("modality")


def measure(real, folder, corruption):
    """Per modality mean (x' - sqrt(abar) x)² on the test part, and var(x) of the training part."""
    corpus = read(real)
    frames = load_frames(corpus, torch.device("cpu"))
    normalisers = fit_normalisers(corpus, 1)
    parts = corpus.parts[1]
    alpha_bars = read_alpha_bars(folder / "schedule.csv")
    one = touched(real, corruption)

    def received(part, how):
        return evaluation_frames(frames, normalisers, corpus.utterances, parts[part], part, how)

    clean = {part: received(part, NO_CORRUPTION) for part in ("train", "test")}
    errors = {modality: [] for modality in real["features"]}
    for seed in range(SEEDS.get(corruption.partition("_")[0], 20)):
        noisy = received("test", corruption_of_fold(replace(one, seed=seed), alpha_bars, 1))
        for modality, values in errors.items():
            left = 1.0 if one.noises[modality].is_mask else alpha_bars[1, modality] ** 0.5
            error = noisy[modality].values - left * clean["test"][modality].values
            values.append(float((error.double() ** 2).mean()))
    return {
        modality: (
            np.mean(values),
            float(clean["train"][modality].values.double().var(correction=0)),
        )
        for modality, values in errors.items()
    }


KINDS = [kind for kind, noise in NOISES.items() if not load(noise).is_mask]
ONES = ("gaussian", "impulse", "uniform", "laplace")  # that draw each value alone


# Both modes draw alike, and differ in the schedule: see impulses, whose power is not 1.
@pytest.mark.parametrize(
    ("name", "kind", "mode"),
    [
        *[("composite", kind, "exact") for kind in KINDS],
        *[("mosi", kind, "exact") for kind in ONES],
        *[(name, kind, "paper") for name in ("composite", "mosi") for kind in ONES[:2]],
    ],
)
def test_measured_snr_is_the_true_snr_of_the_schedule(request, tmp_path, name, kind, mode):
    real = request.getfixturevalue(name)
    corruption = f"{kind}_-10dB"
    table = schedule(real, tmp_path, corruption, mode)
    for modality, (error, variance) in measure(real, tmp_path, corruption).items():
        row = table.loc[modality]
        measured = 10 * np.log10(row["alpha_bar"] * variance / error)
        assert measured == pytest.approx(row["true_snr_db"], abs=0.1), modality
        if mode == "exact":
            assert row["reached_snr_db"] == pytest.approx(-10, abs=1e-6)
            if kind != "impulse":  # all others have power 1
                assert measured == pytest.approx(-10, abs=0.1), modality


def test_measured_snr_under_the_released_codes_schedule(mosi, tmp_path):
    table = schedule(mosi, tmp_path, "gaussian_-20dB", "paper", "scaled_linear")
    for modality, (error, variance) in measure(mosi, tmp_path, "gaussian_-20dB").items():
        row = table.loc[modality]
        measured = 10 * np.log10(row["alpha_bar"] * variance / error)
        assert measured == pytest.approx(row["true_snr_db"], abs=0.1)
        assert -21 < row["reached_snr_db"] <= -20


def test_measured_snr_of_dropped_frames(composite, tmp_path):
    table = schedule(composite, tmp_path, "dropped_30%", "paper")
    corpus = read(composite)
    normalisers = fit_normalisers(corpus, 1)
    for modality, (error, variance) in measure(composite, tmp_path, "dropped_30%").items():
        powers = []
        for part in ("train", "test"):
            rows = corpus.parts[1][part]
            frames = np.concatenate([corpus.features[modality].frames(row) for row in rows])
            powers.append((normalisers[modality](frames).astype(float) ** 2).mean())
        # the parts' means and variances differ, independently of the noise
        expected = 10 * np.log10(variance / (error / powers[1] * powers[0]))
        assert table.loc[modality, "true_snr_db"] == pytest.approx(expected, abs=0.1)
        assert error / powers[1] == pytest.approx(0.3, rel=0.02)
