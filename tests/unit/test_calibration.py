"""What raw corruptions amount to: measured SNR, the Gaussian noise that is as harmful, pictures."""

import numpy as np
import pandas as pd
import pytest
from helpers.corpus import NORMALISE
from helpers.experiments import make_experiment
from helpers.figures import drawn, figure_files

from robust_mer.conditions import Corruption, NoiseSpec
from robust_mer.corruption.noise import build_noise, evaluation_noise
from robust_mer.corruption.raw.measure import embedding_snr_db, write_measured
from robust_mer.corruption.specs import MeasureFiles, MeasureSpec
from robust_mer.evaluation.calibration import (
    CalibrationFiles,
    calibrate_raw,
    equivalent_snr_db,
    read_calibration,
)
from robust_mer.evaluation.embeddings import NoiseSnrFiles, measure_noise
from robust_mer.evaluation.spec import CalibrationSpec, NoiseSnrSpec
from robust_mer.modality import Modality
from robust_mer.report.figures.base import make_figure
from robust_mer.report.figures.embeddings import (
    EmbeddingsFiles,
    draw_embeddings,
    mean_pair_distance,
)
from robust_mer.report.figures.registry import FIGURES
from robust_mer.report.spec import (
    EmbeddingsSpec,
    FigureSpec,
    TableFiles,
    TableSpec,
)
from robust_mer.report.tables.base import make_table
from robust_mer.report.tables.registry import TABLES
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.store import read_features, write_features

GAUSSIAN = NoiseSpec("gaussian", 0.0, "robust_mer.corruption.gaussian:Gaussian", {}, False)
MODALITIES = {name: Modality(name, name, name, n, None) for name, n in NORMALISE.items()}


def experiment(names=(), raw=(), folds=(1,)):
    return make_experiment(
        [("men", "clean", name) for name in names],
        raw=raw,
        name="toy",
        corpus="toys",
        models={"men": "men"},
        folds=folds,
        seeds=[1],
    )


@pytest.mark.parametrize("gain", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("noise", [0.01, 1.0, 10.0])
def test_snr_of_a_known_case(gain, noise):
    rng = np.random.default_rng(0)
    x = 1.5 * rng.standard_normal((3000, 40))
    e = noise * rng.standard_normal(x.shape)
    e -= np.cov(x.ravel(), e.ravel())[0, 1] / np.var(x) * x  # nothing of x is in e
    expected = 10 * np.log10(gain**2 * 1.5**2 / noise**2)
    assert embedding_snr_db(x, gain * x + e) == pytest.approx(expected, abs=0.1)


def test_snr_is_that_of_the_formula():
    """10 log10(g^2 var x / var(x' - g x)), g found by trying."""
    rng = np.random.default_rng(1)
    x, e = rng.standard_normal((2, 50, 8))
    received = 2 * x + e + 0.7
    gains = np.linspace(1, 3, 20_001)
    rest = [np.var(received - g * x) for g in gains]
    g = gains[np.argmin(rest)]
    expected = 10 * np.log10(g**2 * np.var(x) / min(rest))
    assert embedding_snr_db(x, received) == pytest.approx(expected, abs=1e-4)


def test_gain_alone_is_no_noise_and_a_shift_of_one_dimension_is():
    x = np.random.default_rng(2).standard_normal((200, 4))
    assert embedding_snr_db(x, 3 * x + 1) > 200
    assert embedding_snr_db(x, np.zeros_like(x)) == -np.inf
    assert embedding_snr_db(x, -x) == -np.inf
    shifted = x + np.array([2.0, 0, 0, 0])
    assert embedding_snr_db(x, shifted) == pytest.approx(10 * np.log10(1 / 0.75), abs=0.3)


LEVELS = np.array([-40.0, -30, -20, -10, 0, 10])
SCORES = np.array([0.25, 0.30, 0.50, 0.45, 0.60, 0.70])  # -20 and -10 fall back to 0.475


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0.65, (5.0, "")),
        (0.275, (-35.0, "")),
        (0.475, (-15.0, "")),
        (0.60, (0.0, "")),
        (0.5375, (-5.0, "")),
        (0.70, (10.0, ">")),
        (0.90, (10.0, ">")),
        (0.25, (-40.0, "<")),
        (0.10, (-40.0, "<")),
    ],
)
def test_the_snr_of_equal_score(score, expected):
    assert equivalent_snr_db(score, LEVELS, SCORES) == pytest.approx(expected)
    assert equivalent_snr_db(1 - score, LEVELS, 1 - SCORES, False) == pytest.approx(expected)
    mixed = np.array([3, 0, 5, 1, 4, 2])
    assert equivalent_snr_db(score, LEVELS[mixed], SCORES[mixed]) == pytest.approx(expected)


def test_a_best_score_that_many_snrs_share_bounds_by_the_lowest_of_them():
    flat = np.array([0.2, 0.3, 0.5, 0.5, 0.5, 0.5])
    assert equivalent_snr_db(0.5, LEVELS, flat) == (-20.0, ">")
    assert np.isnan(equivalent_snr_db(0.3, LEVELS, flat[::-1])[0])  # nothing rises
    assert equivalent_snr_db(0.2, LEVELS, np.array([0.2, 0.2, 0.2, 0.3, 0.4, 0.5])) == (-20.0, "<")


def corrupted_audio(corpus, tmp_path, noise: float):
    """Audio at twice the level, with noise, of the small corpus."""
    clean = read_features(corpus["features"]["audio"])
    rng = np.random.default_rng(5)
    frames = [clean.frames(row) for row in range(len(clean.utterances))]
    received = [2 * f + noise * rng.standard_normal(f.shape).astype("f4") for f in frames]
    received[95] = received[95][:0]
    path = tmp_path / "corrupted.h5"
    write_features(path, clean.utterances, received, clean.names, None, {}, "")
    return path


def test_measured_schedule_is_of_the_test_part(corpus, tmp_path):
    corrupted = corrupted_audio(corpus, tmp_path, 1.0)
    schedule = tmp_path / "schedule.csv"
    write_measured(
        MeasureSpec(Modality("audio", "is13", "is13", True, None)),
        MeasureFiles(
            corpus["utterances_csv"],
            corpus["folds_csv"],
            clean=corpus["features"]["audio"],
            corrupted=corrupted,
            schedule=schedule,
        ),
        Runtime(),
    )
    (row,) = pd.read_csv(schedule).to_dict("records")
    assert list(row) == [
        "fold",
        "modality",
        "target_snr_db",
        "variance",
        "steps",
        "alpha_bar",
        "reached_snr_db",
        "true_snr_db",
    ]
    assert (row["fold"], row["modality"]) == (1, "audio")
    assert all(np.isnan(row[key]) for key in ("target_snr_db", "steps", "reached_snr_db"))

    clean, received = (read_features(p) for p in (corpus["features"]["audio"], corrupted))
    train = np.concatenate([clean.frames(r) for r in range(64)])
    mean, sd = train.mean(axis=0), train.std(axis=0)
    x, y = (
        np.array(
            [
                ((s.frames(r) - mean) / sd).mean(axis=0) if len(s.frames(r)) else 0 * mean
                for r in range(80, 96)
            ]
        )
        for s in (clean, received)
    )
    rho = np.corrcoef(x.ravel(), y.ravel())[0, 1]
    assert row["true_snr_db"] == pytest.approx(10 * np.log10(rho**2 / (1 - rho**2)), abs=1e-3)


def test_calibration_from_predictions_summed_up_to_a_table_and_a_figure(corpus, tmp_path):
    scores = {f"gaussian_{db:g}dB": ua for db, ua in zip(LEVELS, SCORES, strict=True)}
    rows = [
        {"model": "men", "trained_on": "clean", "tested_on": name, "condition": condition}
        | {"kind": "partial" if condition == "vl" else "complete", "ua_mean": ua, "wa_mean": ua}
        for name, score in {"clean": 0.7, **scores, "hiss_5dB": 0.65, "blur_9px": 0.9}.items()
        for condition, ua in (("vl", score), ("avl", 0.7), ("al", score))
        if (name, condition) not in {("hiss_5dB", "al"), ("blur_9px", "vl")}
        and not (name == "clean" and condition != "avl")
    ]
    summary = pd.DataFrame(rows).assign(
        training="clean", wa_sd=0.01, ua_sd=0.01, ua_chance=0.25, published_model=""
    )
    summary["noise"] = summary["tested_on"].str.partition("_")[0]
    summary["snr_db"] = summary["tested_on"].str.extract(r"_(-?\d+)dB")[0].astype(float)
    summary.to_csv(tmp_path / "all.csv", index=False)
    tables = {}
    for name, values in {
        "hiss_5dB": [("audio", 3.0, 5.0)],
        "blur_9px": [("video", 8.0, 8.0)],
        **{
            name: [("audio", db + 12, db + 12), ("video", db + 20, db + 20)]
            for name, db in zip(scores, LEVELS, strict=True)
        },
    }.items():
        table = pd.DataFrame(
            [(fold, m, snr, snr) for m, *both in values for fold, snr in enumerate(both, 1)],
            columns=["fold", "modality", "true_snr_db", "embedding_snr_db"],
        )
        tables[name] = tmp_path / f"{name}.csv"
        table.to_csv(tables[name], index=False)
    raw = {"hiss_5dB": "audio", "blur_9px": "video"}
    chosen = experiment([*scores, *raw], raw, folds=[1, 2])
    calibrate_raw(
        CalibrationSpec(chosen, raw, tuple(scores), {"men": ["audio", "video", "text"]}),
        CalibrationFiles(
            tmp_path / "all.csv",
            [tables[name] for name in raw],
            [tables[name] for name in scores],
            tmp_path / "toy_raw.csv",
        ),
        Runtime(),
    )
    files = {"calibration": tmp_path / "toy_raw.csv"}
    files |= {suffix: tmp_path / f"toy_raw.{suffix}" for suffix in ("md", "tex")}
    make_table(TableSpec("raw", Plugin(TABLES["raw"], {}), chosen), TableFiles(**files), Runtime())
    found = read_calibration(tmp_path / "toy_raw.csv").set_index(["corruption", "modality"])
    hiss, blur = found.loc[("hiss_5dB", "audio")], found.loc[("blur_9px", "video")]
    assert hiss["embedding_snr_db_mean"] == 4
    assert hiss["embedding_snr_db_sd"] == pytest.approx(np.sqrt(2))
    assert (hiss["condition"], blur["condition"]) == ("vl", "al")
    assert (hiss["equivalent_db"], hiss["bound"]) == (pytest.approx(5), "")
    assert hiss["equivalent_embedding_snr_db"] == pytest.approx(17)
    assert (blur["equivalent_db"], blur["bound"]) == (10, ">")
    assert (found["ua_complete"] == 0.7).all()
    assert len(found) == 2 + 2 * len(LEVELS)
    text = (tmp_path / "toy_raw.md").read_text()
    assert "| hiss_5dB | audio | 4.0 ± 1.4 | men | clean | 5.0 (17.0) |" in text
    assert "> 10.0 (> 30.0)" in text.replace("\\", "")
    assert r"\toprule" in (tmp_path / "toy_raw.tex").read_text()

    files = figure_files(tmp_path, calibration=tmp_path / "toy_raw.csv")
    make_figure(FigureSpec("raw", Plugin(FIGURES["raw"], {}), chosen), files, Runtime())
    assert "hiss_5dB" in files.svg.read_text()
    assert files.pdf.read_bytes().startswith(b"%PDF")


def gaussian(name: str) -> Corruption:
    return Corruption(name, dict.fromkeys(NORMALISE, GAUSSIAN), 1)


def schedule_at(alpha_bar: float, path):
    rows = {"fold": 1, "modality": list(NORMALISE), "alpha_bar": alpha_bar}
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def plain_snr_db(corpus, modality, alpha_bar):
    """Of Gaussian noise on the features as models take them, at the means of the test part."""
    store = read_features(corpus["features"][modality])
    frames = [store.frames(row) for row in range(96)]

    def scaled(some):
        train = np.concatenate(frames[:64])
        return (some - train.mean(axis=0)) / train.std(axis=0)

    if NORMALISE[modality]:
        frames = [scaled(some) for some in frames]
    means = []
    for name, clean in zip(store.utterances[80:], frames[80:], strict=True):
        if len(clean):
            which = "gaussian", 1, "test", modality, [name], [len(clean)]
            noise = evaluation_noise(build_noise(GAUSSIAN), *which, clean.shape[1]).numpy()
            noisy = alpha_bar**0.5 * clean + (1 - alpha_bar) ** 0.5 * noise
            means.append([scaled(some).mean(axis=0) for some in (clean, noisy)])
    x, y = np.swapaxes(means, 0, 1)
    rho = np.corrcoef(x.ravel(), y.ravel())[0, 1]
    return 10 * np.log10(rho**2 / (1 - rho**2))


def test_noise_on_features_is_measured_as_raw_corruption_is(corpus, tmp_path):
    found = {}
    for alpha_bar in (0.999999, 0.5, 0.01):
        path = tmp_path / "noise.csv"
        measure_noise(
            NoiseSnrSpec(gaussian("gaussian_0dB"), tuple(MODALITIES.values())),
            NoiseSnrFiles(
                corpus["utterances_csv"],
                corpus["folds_csv"],
                [corpus["features"][name] for name in MODALITIES],
                schedule_at(alpha_bar, tmp_path / "schedule.csv"),
                path,
            ),
            Runtime(),
        )
        found[alpha_bar] = pd.read_csv(path).set_index("modality")["embedding_snr_db"]
    assert (found[0.999999] > 40).all()
    for alpha_bar in (0.5, 0.01):
        expected = {name: plain_snr_db(corpus, name, alpha_bar) for name in MODALITIES}
        assert found[alpha_bar].to_dict() == pytest.approx(expected, abs=1e-3)


def test_mean_distance_of_pairs():
    clean = np.array([[0.0, 0.0], [1.0, 1.0]])
    noisy = np.array([[3.0, 4.0], [1.0, 2.0]])
    assert mean_pair_distance(clean, noisy) == 3.0
    assert mean_pair_distance(clean, clean) == 0.0


def test_pictures_of_embeddings(corpus, tmp_path):
    levels = {"gaussian_10dB": 0.9, "gaussian_-30dB": 0.001}
    schedules = [schedule_at(a, tmp_path / f"{name}.csv") for name, a in levels.items()]
    heading = experiment(levels).heading(tuple(levels))
    outputs = {}
    for run, names in (("first", NORMALISE), ("audio", ["audio"]), ("again", ["audio"])):
        files = EmbeddingsFiles(
            utterances=corpus["utterances_csv"],
            folds=corpus["folds_csv"],
            features=[corpus["features"][modality] for modality in names],
            schedules=schedules,
            distances=tmp_path / run / "tsne.csv",
            **drawn(tmp_path / run, "tsne"),
        )
        draw_embeddings(
            EmbeddingsSpec(
                heading, tuple(map(gaussian, levels)), tuple(MODALITIES[m] for m in names)
            ),
            files,
            Runtime(),
        )
        outputs[run] = [path.read_bytes() for path in (files.svg, files.pdf, files.distances)]
    assert outputs["audio"] == outputs["again"]
    table = pd.read_csv(tmp_path / "first/tsne.csv")
    audio = table[table["modality"] == "audio"]
    pd.testing.assert_frame_equal(audio, pd.read_csv(tmp_path / "audio/tsne.csv"))
    sizes = table.groupby("modality")["utterances"].first().to_dict()
    assert sizes == {"audio": 32, "video": 31, "text": 32}
    for _, rows in table.groupby("modality"):
        assert rows["snr_db"].tolist() == [10, -30]
        assert rows["distance_embedding"].is_monotonic_increasing
        assert rows["distance_picture"].is_monotonic_increasing
    assert "−30 dB".encode() in outputs["first"][0]
