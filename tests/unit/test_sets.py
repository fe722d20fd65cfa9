"""Prediction sets hold what they promise where they can, and say so where they cannot."""

import math

import numpy as np
import pandas as pd
import pytest
from helpers.experiments import make_experiment
from helpers.plans import Wildcards, config_with, plan_of

from robust_mer.conditions import drawn_condition
from robust_mer.conformal import (
    availability,
    class_thresholds,
    known,
    prediction_sets,
    taken_away,
    threshold,
    training_range,
)
from robust_mer.errors import InputError
from robust_mer.evaluation.bootstrap import draw_weights
from robust_mer.evaluation.sets import SetsFiles, measure_sets, read_sets
from robust_mer.evaluation.spec import SetsSpec
from robust_mer.export.sets import SetMaker
from robust_mer.plan.rules.export import export_model
from robust_mer.report.spec import TableFiles, TableSpec
from robust_mer.report.tables.base import make_table
from robust_mer.report.tables.registry import TABLES
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin

DRAWS = 4000
SLACK = 3 * math.sqrt(0.9 * 0.1 / DRAWS)
"""Three standard errors of a coverage of 90 %."""
CLASSES = ["angry", "happy", "sad"]


@pytest.mark.parametrize("size", [9, 25, 39])
def test_exchangeable_scores_are_covered_as_promised(size):
    scores = np.random.default_rng(size).exponential(size=(DRAWS, size + 1))
    names = np.arange(size)
    covered = [row[-1] <= threshold(row[:-1], names, 0.9) for row in scores]
    exact = math.ceil((size + 1) * 0.9 - 1e-9) / (size + 1)
    assert np.mean(covered) == pytest.approx(exact, abs=SLACK)


def test_several_scores_of_an_utterance_count_as_one_utterance():
    """Scores of an utterance are nearly alike, and some utterances have many more of them."""
    draws, covered, naive = np.random.default_rng(1), [], []
    count = np.where(np.arange(20) < 2, 60, 3)
    names = np.repeat(np.arange(20), count)
    for _ in range(DRAWS):
        hardness = draws.exponential(size=21)
        scores = hardness[names] + 0.01 * draws.normal(size=len(names))
        new = hardness[20] + 0.01 * draws.normal()
        covered.append(new <= threshold(scores, names, 0.9))
        naive.append(new <= threshold(scores, np.arange(len(names)), 0.9))
    assert 0.9 - SLACK <= np.mean(covered) <= 0.9 + 1 / 21 + SLACK
    assert np.mean(naive) < 0.87


def test_every_class_is_covered_though_the_model_hardly_knows_one():
    draws, truth, names = np.random.default_rng(2), np.arange(60) % 3, np.arange(60)
    covered, overall = np.zeros(3), np.zeros(3)
    for _ in range(DRAWS // 4):
        logits = draws.normal(size=(2, 60, 3))
        logits[:, names, truth] += np.array([3.0, 3.0, 0.0])[truth]
        probability = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
        scores, new = 1 - probability[:, names, truth]
        covered += np.bincount(truth, new <= class_thresholds(scores, names, truth, 3, 0.9)[truth])
        sets = prediction_sets(probability[1], threshold(scores, names, 0.9))
        overall += np.bincount(truth, sets[names, truth])
    exact = 19 / 21  # ceil(21 · 0.9) of 20 utterances of a class
    slack = 3 * math.sqrt(exact * (1 - exact) / (DRAWS // 4) / 20 * 2)  # half of it from the ends
    assert covered / (DRAWS // 4 * 20) == pytest.approx(exact, abs=slack)
    assert (overall / (DRAWS // 4 * 20)).min() < 0.8


def test_too_few_utterances_promise_everything():
    scores = np.linspace(0.1, 0.8, 8)
    assert threshold(scores, np.arange(8), 0.9) == math.inf
    assert threshold(np.append(scores, 0.95), np.arange(9), 0.9) == 0.95
    assert threshold(np.array([]), np.array([]), 0.9) == math.inf
    assert prediction_sets(np.array([[1.0, 0.0]]), np.array([math.inf, 0.5])).tolist() == [[1, 0]]
    assert prediction_sets(np.array([[0.0, 1.0]]), np.array([math.inf, 0.5])).all()


def test_ties_belong_to_a_set_and_no_set_is_empty():
    end = threshold(np.array([0.5] * 18 + [0.1, 0.9]), np.arange(20), 0.9)
    assert end == 0.5
    sets = prediction_sets(np.array([[0.5, 0.5, 0.0], [0.4, 0.35, 0.25]]), end)
    assert sets.tolist() == [[True, True, False], [True, False, False]]


def test_what_a_model_has_met_in_training():
    trained = ["range", "gaussian_0dB", "gaussian_-20dB", "dropped_0to90%", "missing"]
    tests = ["clean", "gaussian_-10dB", "gaussian_5dB", "gaussian_-20dB", "impulse_0dB"]
    tests += ["missing", "dropped_50%", "dropped_95%", "mixed"]
    met = ["clean", "gaussian_-10dB", "gaussian_-20dB", "missing", "dropped_50%"]
    assert training_range(trained, tests) == met
    assert training_range(["clean"], tests) == ["clean"]
    ranges = ["gaussian_-40to0dB", "gaussian_-40to5dB"]
    assert training_range(["gaussian_-40to0dB"], ranges) == ranges[:1]
    assert training_range(["mixed"], tests) == ["clean", "mixed"]


def test_only_missing_modalities_are_known_to_be_away():
    modalities = ["audio", "video", "text"]
    named = {"mixed": {"audio": "missing", "video": "gaussian_0dB"}}
    assert taken_away("gaussian_0dB", named, modalities) == ""
    away = taken_away("missing", named, modalities)
    assert [availability(away, c, "avl") for c in ("none", "a", "avl")] == ["none", "a", "avl"]
    mixed = taken_away("mixed", named, modalities)
    assert [availability(mixed, c, "avl") for c in ("l", "al", "avl")] == ["vl", "avl", "avl"]
    assert availability("", "none", "avl") == "avl"


def predictions(folder, tested_on, conditions, hardness, draws):
    """Two folds of 60 validation and 60 test utterances, in a file."""
    tables = []
    for fold, part in ((0, "validation"), (0, "test"), (1, "validation"), (1, "test")):
        first = 60 * ((part == "test") ^ fold)
        for condition in conditions:
            label = np.arange(60) % 3
            logits = draws.normal(size=(60, 3))
            logits[np.arange(60), label] += 3 - hardness * (2 - len(condition.replace("none", "")))
            probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            table = {
                "utterance": [f"u{first + number}" for number in range(60)],
                "fold": fold,
                "seed": 1,
                "part": part,
                "condition": condition,
                "label": np.array(CLASSES)[label],
                "predicted": np.array(CLASSES)[probability.argmax(axis=1)],
                **{f"probability_{name}": probability[:, k] for k, name in enumerate(CLASSES)},
            }
            tables.append(pd.DataFrame(table))
    path = folder / f"{tested_on}.parquet"
    pd.concat(tables).to_parquet(path)
    return path


@pytest.fixture
def run(tmp_path):
    """A model of two modalities that was trained on noise and missing modalities, and its sets."""
    draws = np.random.default_rng(4)
    names = [f"u{number}" for number in range(120)]
    index = {"utterance": names, "speaker": [f"s{n % 12}" for n in range(120)]}
    index["label"] = [CLASSES[n % 3] for n in range(120)]
    pd.DataFrame(index).to_csv(tmp_path / "utterances.csv", index=False)
    parts = [(fold, "test", f"u{n}") for fold in (0, 1) for n in range(120) if n // 60 != fold]
    parts += [(fold, "train", "u0") for fold in (0, 1)]
    folds = pd.DataFrame(parts, columns=["fold", "part", "utterance"])
    folds.to_csv(tmp_path / "folds.csv", index=False)
    every = ["none", "a", "v", "av"]
    tests = {"clean": (["av"], 0), "gaussian_0dB": (every, 1), "gaussian_-30dB": (every, 2)}
    tests["missing"] = (every, 1.5)
    paths = {name: predictions(tmp_path, name, *test, draws) for name, test in tests.items()}

    def measure(**fields):
        experiment = make_experiment(
            [("men", "range", name) for name in tests],
            name="sets",
            corpus="corpus",
            models={"men": "men"},
            folds=[0, 1],
            seeds=[1],
            modalities=("audio", "video"),
            named={"range": ["gaussian_10dB", "gaussian_-10dB", "missing"]},
            **fields,
        )
        corpus = (tmp_path / "utterances.csv", tmp_path / "folds.csv")
        files = SetsFiles(list(paths.values()), *corpus, tmp_path / "sets.csv")
        measure_sets(SetsSpec(experiment), files, Runtime())
        return experiment, read_sets(files.sets)

    return measure, paths


def plain_end(scores, utterances):
    """The smallest score that, with those below, weighs 90 % of the utterances and a new one."""
    for end in sorted(scores):
        below = [name for name, score in zip(utterances, scores, strict=True) if score <= end]
        weight = sum(below.count(name) / utterances.count(name) for name in set(below))
        if weight >= 0.9 * (len(set(utterances)) + 1) - 1e-9:
            return end
    return math.inf


def plain_sets(table, calibration, each_class):
    """The set of each test utterance of both folds: its size, and whether the class is in it."""
    found = []
    score = [1 - row[f"probability_{row['label']}"] for row in calibration.to_dict("records")]
    calibration = calibration.assign(score=score)
    for fold, rows in table[table["part"] == "test"].groupby("fold"):
        own = calibration[calibration["fold"] == fold]
        pools = {name: own[own["label"] == name] if each_class else own for name in CLASSES}
        ends = {n: plain_end(list(p["score"]), list(p["utterance"])) for n, p in pools.items()}
        for row in rows.to_dict("records"):
            answer = {n for n in CLASSES if 1 - row[f"probability_{n}"] <= ends[n]}
            answer |= {max(CLASSES, key=lambda name: row[f"probability_{name}"])}
            found.append(
                (fold, row["utterance"], row["label"], len(answer), row["label"] in answer)
            )
    return pd.DataFrame(found, columns=["fold", "utterance", "label", "size", "right"])


def same_sets(table, condition):
    """`plain_sets` of a condition, calibrated under the same one for all classes together."""
    own = table[table["condition"] == condition]
    return plain_sets(own, own[own["part"] == "validation"], each_class=False)


def plain_interval(*conditions):
    """Interval of the coverage, or of its mean over some conditions, with the package's draws."""
    names = sorted(f"u{number}" for number in range(120))
    speaker, _ = pd.factorize(pd.Series([int(name[1:]) % 12 for name in names]))
    weights = pd.DataFrame(draw_weights(speaker, 2000)[1], columns=names)
    drawn = []
    for sets in conditions:
        own = weights[sets["utterance"]]
        drawn.append((own * sets["right"].to_numpy()).sum(axis=1) / own.sum(axis=1))
    return np.quantile(np.mean(drawn, axis=0), [0.025, 0.975])


@pytest.mark.parametrize(
    ("tested_on", "condition", "calibration", "promise"),
    [
        ("gaussian_0dB", "a", "same", "each class"),
        ("gaussian_-30dB", "none", "blind", "overall"),
        ("missing", "v", "blind", "each class"),
    ],
)
def test_sets_agree_with_a_plain_loop(run, tested_on, condition, calibration, promise):
    """Blind: trained on −10 to 10 dB and missing modalities, so −30 dB calibrates nothing."""
    measure, paths = run
    table = {name: pd.read_parquet(path) for name, path in paths.items()}
    own = table[tested_on][table[tested_on]["condition"] == condition]
    if calibration == "same" or tested_on == "missing":
        pool = own
    else:
        missing = table["missing"]
        complete = missing[missing["condition"] == "av"]
        pool = pd.concat([table["clean"], table["gaussian_0dB"], complete])
    pool = pool[pool["part"] == "validation"]
    _, rows = measure()
    row = rows.query(
        "tested_on == @tested_on and condition == @condition and calibration == @calibration "
        "and promise == @promise"
    ).iloc[0]
    sets = plain_sets(own, pool, promise == "each class")
    size, right = sets["size"], sets["right"]
    figures = right.mean(), size.mean(), (size == 3).mean(), (size == 1).mean()
    assert row[["coverage", "size", "cannot_tell", "single"]].tolist() == pytest.approx(figures)
    interval = plain_interval(sets)
    assert row[["coverage_low", "coverage_high"]].tolist() == pytest.approx(interval, abs=1e-6)
    of_folds = sets.groupby("fold")[["right", "size"]].mean().std(ddof=1)
    assert row[["coverage_sd", "size_sd"]].tolist() == pytest.approx(of_folds.tolist())
    assert row["least_coverage"] == pytest.approx(right.groupby(sets["label"]).mean().min())
    assert (row["calibrated_on"], row["too_few"]) == (60, 0)


def test_thresholds_of_a_class_with_too_few_utterances_are_counted(run):
    """In fold 0, eight validation utterances are sad, one less than a threshold needs."""
    measure, paths = run
    table = pd.read_parquet(paths["missing"])
    is_sad = (table["fold"] == 0) & (table["part"] == "validation") & (table["label"] == "sad")
    number = table["utterance"].str[1:].astype(int)
    table[~is_sad | (number < 24)].to_parquet(paths["missing"])
    _, rows = measure()
    rows = rows[(rows["tested_on"] == "missing") & (rows["condition"] == "v")]
    rows = rows.set_index(["calibration", "promise"])
    for calibration in ("same", "blind"):
        overall, each = (rows.loc[calibration, promise] for promise in ("overall", "each class"))
        assert (overall["too_few"], overall["calibrated_on"]) == (0, (48 + 60) / 2)
        assert each["too_few"] == pytest.approx((1 / 3 + 0) / 2)


def test_estimates_of_the_snr_part_what_calibrates_one_another(run):
    """Where one condition alone has its level, blind sets are those of the same test."""
    measure, paths = run
    for name, path in paths.items():
        table = pd.read_parquet(path)
        is_noisy = (table["condition"] == "none") & (name == "gaussian_0dB")
        level = np.where(is_noisy, 1.0, 15.0)
        table.assign(snr_audio=level + 3, snr_video=level - 3).to_parquet(path)
    _, rows = measure()
    keys = ["tested_on", "condition", "promise", "coverage", "size", "calibrated_on"]
    noisy = rows[(rows["tested_on"] == "gaussian_0dB") & (rows["condition"] == "none")][keys]
    noisy = noisy.groupby(["promise"]).nunique()
    assert (noisy[["coverage", "size", "calibrated_on"]] == 1).all(axis=None)


def test_utterances_are_grouped_by_what_is_known():
    estimates = {"a": np.array([-40.0, 20.0, 10.0]), "v": np.array([-10.0, 10.0, -40.0])}
    assert known("av", estimates, {}, 3).tolist() == ["av 0", "av 4", "av 1"]
    assert known("v", estimates, {}, 3).tolist() == ["v 2", "v 4", "v 0"]
    assert known("none", estimates, {}, 3).tolist() == ["none"] * 3
    assert known("av", {}, {}, 2).tolist() == ["av", "av"]
    lost = {"a": np.array([1.0, 0.9, 1.0]), "v": np.array([0.0, 0.0, 1.0])}
    assert known("av", estimates, lost, 3).tolist() == ["v 2", "av 4", "none"]
    assert known("av", {}, lost, 3).tolist() == ["v", "av", "none"]
    assert known("v", estimates, {"v": lost["v"][:0]}, 0).tolist() == []


def test_averages_are_of_the_partial_conditions_and_tables_show_them(run, tmp_path):
    measure, paths = run
    experiment, rows = measure()
    own = rows.query("tested_on == 'missing' and calibration == 'same' and promise == 'overall'")
    partial = own[own["condition"].isin(["a", "v"])]
    average = own[own["kind"] == "average"].iloc[0]
    for name in ("coverage", "size", "least_coverage"):
        assert average[name] == pytest.approx(partial[name].mean())
    table = pd.read_parquet(paths["missing"])
    sets = [same_sets(table, condition) for condition in ("a", "v")]
    interval = plain_interval(*sets)
    assert average[["coverage_low", "coverage_high"]].tolist() == pytest.approx(interval, abs=1e-6)
    of_folds = np.mean([one.groupby("fold")["right"].mean() for one in sets], axis=0)
    assert average["coverage_sd"] == pytest.approx(of_folds.std(ddof=1))
    spec = TableSpec("sets", Plugin(TABLES["sets"], {}), experiment)
    make_table(spec, TableFiles(sets=tmp_path / "sets.csv", md=tmp_path / "x.md"), Runtime())
    lines = (tmp_path / "x.md").read_text().splitlines()
    shown = [line for line in lines if line.startswith("| men | range | missing | average |")]
    assert len(shown) == 2
    assert f"| {average['coverage']:.3f} |" in shown[1]


def test_there_is_no_average_where_a_partial_condition_has_no_sets(run):
    """In fold 0 alone, a validation utterance has the level that all test utterances have."""
    measure, paths = run
    for name, path in paths.items():
        table = pd.read_parquet(path)
        is_hidden = (table["condition"] == "a") & (table["part"] == "test")
        is_known = (table["fold"] == 0) & (table["utterance"] == "u0") & (name == "missing")
        level = np.where(is_hidden | is_known, -40.0, 15.0)
        table.assign(snr_audio=level, snr_video=level).to_parquet(path)
    _, rows = measure()
    noisy = rows[(rows["tested_on"] == "gaussian_0dB") & (rows["promise"] == "overall")]
    blind, same = (noisy[noisy["calibration"] == one] for one in ("blind", "same"))
    assert blind["condition"].tolist() == ["none", "a", "v", "av"]
    assert same["condition"].tolist() == ["none", "a", "v", "av", "average"]
    by_condition = blind.set_index("condition")
    assert np.isnan(by_condition["coverage_sd"]["a"])  # of one replica
    assert not np.isnan(by_condition["coverage_sd"]["v"])


def test_with_one_condition_each_an_utterance_counts_once(run):
    measure, paths = run
    _, rows = measure(one_condition_seed=3)
    keys = "tested_on == 'missing' and condition == 'a' and calibration == 'same'"
    assert rows.query(keys)["calibrated_on"].tolist() == [60, 60]
    row = rows.query(f"{keys} and promise == 'overall'").iloc[0]
    sets = same_sets(pd.read_parquet(paths["missing"]), "a")
    drawn = [drawn_condition(["a", "v"], 3, "test", name) for name in sets["utterance"]]
    sets = sets[np.array(drawn) == "a"]
    assert sets["fold"].value_counts().nunique() == 2  # a mean over folds would differ
    figures = sets["right"].mean(), sets["size"].mean()
    assert row[["coverage", "size"]].tolist() == pytest.approx(figures)
    interval = plain_interval(sets)
    assert row[["coverage_low", "coverage_high"]].tolist() == pytest.approx(interval, abs=1e-6)


def test_predictions_without_a_validation_part_are_named(run):
    measure, paths = run
    table = pd.read_parquet(paths["missing"])
    table[table["part"] == "test"].to_parquet(paths["missing"])
    with pytest.raises(InputError, match=r"missing\.parquet has no predictions of the validation"):
        measure()


STORED = {
    "coverages": [0.5, 0.9],
    "thresholds": {
        "av": {"happy": [0.3, 0.6], "sad": [0.2, 0.7], "angry": [0.1, None]},
        "av 4": {"happy": [0.3, 0.6], "sad": [0.2, 0.6], "angry": [0.1, 0.6]},
    },
}
ANSWER = {"happy": 0.5, "sad": 0.35, "angry": 0.15}
BOTH = ["audio", "video"]
TOO_FEW = "too few validation utterances of angry"


@pytest.mark.parametrize(
    ("stored", "available", "snr", "coverage", "classes", "note"),
    [
        (STORED, BOTH, None, 0.5, ["happy"], ""),
        (STORED, BOTH, None, 0.9, list(ANSWER), TOO_FEW),
        (STORED, BOTH, 12, 0.9, ["happy"], ""),
        (STORED, BOTH, -15, 0.9, list(ANSWER), "never calibrated at such an SNR"),
        (STORED, ["audio"], None, 0.9, list(ANSWER), "never calibrated with audio only"),
        (None, BOTH, None, 0.9, [], "exported by an older version"),
    ],
)
def test_a_clips_set_is_that_of_what_is_known(stored, available, snr, coverage, classes, note):
    figures = {} if snr is None else {f"snr_{modality}": snr for modality in available}
    answer = SetMaker(stored, BOTH, coverage)(ANSWER, available, figures)
    assert answer.classes == classes
    assert answer.is_everything == (len(classes) == 3)
    assert note in answer.note
    assert bool(note) == bool(answer.note)


def test_what_a_model_calls_lost_is_not_available():
    figures = {"snr_audio": 12.0, "snr_video": -45.0, "lost_audio": 0.1, "lost_video": 1.0}
    answer = SetMaker(STORED, BOTH, 0.9)(ANSWER, BOTH, figures)
    assert answer.note.startswith("never calibrated with audio only")
    answer = SetMaker(STORED, BOTH, 0.9)(ANSWER, BOTH, figures | {"lost_audio": 1.0})
    assert answer.note.startswith("never calibrated with all frames lost")
    answer = SetMaker(STORED, BOTH, 0.9)(ANSWER, BOTH, figures | {"lost_video": 0.9})
    assert answer.note == "never calibrated at such an SNR of the features"


@pytest.mark.parametrize("stored", [STORED, None])
def test_a_coverage_that_is_not_stored_is_refused(stored):
    with pytest.raises(InputError, match=r"coverage is 0\.4, expected one of 0\.5, .*0\.9"):
        SetMaker(stored, ["audio", "video"], 0.4)


def test_an_exported_model_is_calibrated_over_its_training_range():
    plan = plan_of(config_with("composite", "composite_blind"))
    names = {"corpus": "composite", "model": "snr_fusion", "trained_on": "range_every"}
    job = export_model(plan, Wildcards(names, replica="fold1_seed1"))
    tests = dict.fromkeys(job.spec.tested_on, "")
    assert job.spec.calibrated_on == {**tests, "missing": "avl"}
    assert "dropped_50%" in tests
    assert "sets" in plan.report.tables("blind")
    assert {"sets", "weights"} <= set(plan.report.figures("blind"))


def test_an_exported_replica_is_calibrated_on_its_own_tests():
    """Of two experiments that share a training, one has other folds and another test."""
    raw = config_with("composite", "composite_blind")
    raw["experiments"]["other"] = raw["experiments"]["blind"] | {
        "folds": [1],
        "seeds": [1],
        "tested_on": ["uniform_0dB"],
    }
    raw["run"] = ["blind", "other"]
    names = {"corpus": "composite", "model": "snr_fusion", "trained_on": "range_every"}
    first, second = (
        export_model(plan_of(raw), Wildcards(names, replica=replica))
        for replica in ("fold1_seed1", "fold2_seed1")
    )
    assert {*first.spec.tested_on} - {*second.spec.tested_on} == {"uniform_0dB"}
