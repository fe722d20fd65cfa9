"""Intervals, tests between models, calibration: against plain computations and known truth."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from helpers.experiments import make_experiment
from helpers.tasks import classes
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score, recall_score

from robust_mer.conditions import drawn_condition
from robust_mer.errors import InputError
from robust_mer.evaluation.answers import (
    Answers,
    HeldOut,
    read_answers,
    read_held_out,
    read_test_to_train,
)
from robust_mer.evaluation.bootstrap import Replicates, draw_weights
from robust_mer.evaluation.bootstrap import resample as resample_measures
from robust_mer.evaluation.comparisons import compare_models, corrected_t_test
from robust_mer.evaluation.experiment import MIN_SPEAKERS
from robust_mer.evaluation.reliability import (
    expected_calibration_error,
    reliability,
    selective_risk,
)
from robust_mer.evaluation.summary import PredictionFile, kinds_of
from robust_mer.metrics.classes import UA, WA
from robust_mer.metrics.metric import Metric
from robust_mer.report.tables.claims import orderings, verdict
from robust_mer.settings import Settings

MEASURES = (WA(Settings()), UA(Settings()))
SIX = ["a", "v", "l", "av", "al", "vl"]


def resample(answers, tested, replicates=2000):
    return resample_measures(answers, tested, MEASURES, replicates)


def rows_of(speaker, fold=None, label=None, ratio=0.25):
    size = len(speaker)
    fold = np.zeros(size, int) if fold is None else np.asarray(fold)
    label = np.zeros(size, int) if label is None else np.asarray(label)
    names = pd.Index([f"u{number:04}" for number in range(size)])
    folds = list(range(1, fold.max() + 2))
    task = classes(["x", "y", "z"])
    return HeldOut(names, np.asarray(speaker), fold, np.arange(size), label, task, folds, ratio)


def answers(
    right,
    model="m",
    trained_on="n_0dB",
    tested_on="n_0dB",
    conditions=("avl",),
    counts=None,
    label=0,
):
    """Of one model: the label [R] where ``right`` [R, C, S], elsewhere none of the classes."""
    right = np.asarray(right)
    predicted = np.where(right, np.reshape(label, (-1, 1, 1)), -1)
    kinds = {name: kinds_of([*conditions, "avl"])[name] for name in conditions}
    if counts is None:
        counts = np.ones(right.shape[:2], bool)
    return Answers(PredictionFile(model, trained_on, tested_on, ""), kinds, predicted, None, counts)


def test_conditions_keep_their_order():
    """The order of a set differs between runs, and with it the rounding of averages."""
    names = ["vl", "none", "a", "avl", "al", "v", "l", "av"]
    assert list(kinds_of(iter(names))) == names


def test_replicates_are_those_of_drawn_rows():
    """Each replicate against scikit-learn on the rows that its weights stand for."""
    rng = np.random.default_rng(5)
    fold = np.repeat([0, 1, 2], [30, 40, 50])
    speaker = np.concatenate(
        [rng.integers(0, 2, 30), rng.integers(2, 5, 40), rng.integers(5, 9, 50)]
    )
    speaker[[0, 1, 30, 31, 32, 70, 71, 72, 73]] = range(9)
    label = rng.integers(0, 3, 120)
    right = rng.random((120, 1, 2)) < 0.6
    rows = rows_of(speaker, fold, label)
    found = resample([answers(right, label=label)], rows, replicates=40)
    speakers, weights = draw_weights(rows.speaker, 40)
    assert (speakers.sum(axis=1) == 9).all()
    sizes = np.bincount(speaker)
    for number in range(9):
        drawn = weights[:, speaker == number].sum(axis=1)
        assert (drawn == speakers[:, number] * sizes[number]).all()
    for replicate, seed_scores in enumerate(zip(speakers, weights, strict=True)):
        drawn, weight = seed_scores
        scores, shares = [], []
        for k in range(3):
            members = np.unique(speaker[fold == k])
            share = sum(drawn[one] for one in members) / len(members)
            if share == 0:
                continue
            chosen = np.repeat(np.arange(120), (weight * (fold == k)).astype(int))
            truth = label[chosen]
            pair = []
            for seed in range(2):
                wrong = (truth + 1) % 3
                guess = np.where(right[chosen, 0, seed], truth, wrong)
                labels = np.unique(truth)
                macro = recall_score(truth, guess, labels=labels, average="macro")
                pair.append((accuracy_score(truth, guess), macro))
            scores.append(np.mean(pair, axis=0))
            shares.append(share)
        expected = np.average(scores, axis=0, weights=shares)
        assert found.resampled[:, replicate, 0] == pytest.approx(expected, abs=1e-5)


class MacroF1(Metric):
    """A measure that is not linear in right answers."""

    name = "f1"
    title = "F1"

    def weighted(self, target, predicted, weight):
        """See `Metric.weighted`."""
        scores = np.full((len(weight), predicted.shape[1]), np.nan)
        for (b, k), _ in np.ndenumerate(scores):
            if weight[b].any():
                scores[b, k] = f1_score(
                    target,
                    predicted[:, k],
                    sample_weight=weight[b],
                    average="macro",
                    labels=np.unique(target),
                    zero_division=0,
                )
        return scores

    def chance(self, target):
        """See `Metric.chance`."""
        return 1.0


def test_a_measure_that_needs_the_predictions_is_resampled_too():
    """With the rows of each condition, and of all of them together, that count."""
    rng = np.random.default_rng(6)
    label, predicted = rng.integers(0, 3, 60), rng.integers(0, 3, (60, 2, 2))
    rows = rows_of(np.arange(60) // 6, label=label)
    first = rng.random(60) < 0.5
    given = answers(
        predicted == label[:, None, None],
        conditions=("a", "v"),
        counts=np.stack([first, ~first], axis=1),
    )
    given = replace(given, predicted=predicted)
    found = resample_measures([given], rows, (*MEASURES, MacroF1(Settings())), 5)
    scores = dict(zip(found.settings["condition"], found.data[2], strict=True))
    met = np.where(first[:, None], predicted[:, 0], predicted[:, 1])

    def expected(which, chosen):
        seeds = [f1_score(label[which], chosen[which, s], average="macro") for s in range(2)]
        return pytest.approx(np.mean(seeds))

    assert scores["a"] == expected(first, predicted[:, 0])
    assert scores["v"] == expected(~first, predicted[:, 1])
    assert scores["pooled"] == expected(np.ones(60, bool), met)
    assert scores["average"] == pytest.approx((scores["a"] + scores["v"]) / 2)
    assert np.isfinite(found.resampled).all()
    alone = resample([given], rows, 5)
    assert (found.resampled[:2] == alone.resampled).all()


def test_the_six_rows_of_an_utterance_are_one_draw():
    """Six conditions with the same answers are as uncertain as one of them."""
    rng = np.random.default_rng(1)
    right = np.repeat(rng.random((60, 1, 1)) < 0.6, 6, axis=1)
    found = resample([answers(right, conditions=SIX)], rows_of(np.arange(60) // 6), 500)
    ends = found.intervals().set_index("condition")[["wa_low", "wa_high"]]
    assert ends.loc["average"].to_numpy() == pytest.approx(ends.loc["al"].to_numpy(), abs=1e-6)
    alone = np.sqrt(right[:, 0].var() / 360)
    assert ends.loc["average"].diff().iloc[1] > 2 * 1.96 * alone * 1.5


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Speakers differ in how well they are recognised; the truth is the mean over all people."""
    rng = np.random.default_rng(11)
    speakers, size, repetitions, truth = 30, 12, 150, 0.65
    rows = rows_of(
        np.repeat(np.arange(speakers), size), label=np.tile([0, 1], speakers * size // 2)
    )
    held = np.zeros(2)
    narrow = 0
    for _ in range(repetitions):
        skill = rng.beta(truth * 8, (1 - truth) * 8, speakers)
        right = rng.random(speakers * size) < np.repeat(skill, size)
        found = (
            resample([answers(right[:, None, None], label=rows.target)], rows, 200)
            .intervals()
            .iloc[0]
        )
        held += [found[f"{m}_low"] <= truth <= found[f"{m}_high"] for m in ("wa", "ua")]
        half = 1.96 * np.sqrt(right.var() / len(right))  # as if utterances were independent
        narrow += abs(right.mean() - truth) <= half
    assert (held / repetitions >= 0.91).all()
    assert (held / repetitions <= 0.98).all()
    assert narrow / repetitions < 0.88  # so the speakers matter here


def test_corrected_t_test_by_hand():
    """J = 3, mean 3, s² = 7, n_test / n_train = 1/6: t = 3 / sqrt((1/3 + 1/6) 7).

    With two degrees of freedom P(|T| > t) = 1 - t / sqrt(t² + 2), here 1/4.
    """
    t, p = corrected_t_test(np.array([1.0, 2.0, 6.0]), 1 / 6)
    assert t == pytest.approx(3 / 3.5**0.5)
    assert p == pytest.approx(0.25)
    # without overlap it is the plain paired t-test, and more sure of itself
    assert corrected_t_test(np.array([1.0, 2.0, 6.0]), 0.0)[1] < p
    assert np.isnan(corrected_t_test(np.array([0.1]), 0.2)).all()
    assert corrected_t_test(np.zeros(3), 0.2) == (0.0, 1.0)
    for same in (np.full(3, -0.5), np.array([0.05, 0.05]), 0.3 - np.full(3, 0.2)):
        assert np.isnan(corrected_t_test(same, 0.2)).all()
    assert not np.isnan(corrected_t_test(np.array([0.1, 0.1 + 1e-6]), 0.2)).any()


def compared(models, **fields):
    """Models by name with (trained on, tested on, conditions), and random answers in 4 folds."""
    rng = np.random.default_rng(2)
    rows = rows_of(np.arange(80) // 5, fold=np.repeat(range(4), 20), label=np.tile([0, 1], 40))
    some = [
        answers(
            rng.random((80, len(conditions), 2)) < 0.4 + 0.05 * place,
            name,
            trained,
            on,
            conditions,
            label=rows.target,
        )
        for place, (name, trained, on, conditions) in enumerate(models)
    ]
    experiment = make_experiment(
        [model[:3] for model in models],
        name="e",
        corpus="c",
        models={},
        folds=[1],
        seeds=[1],
        **fields,
    )
    return compare_models(experiment, resample(some, rows, 50), rows.test_to_train)


def test_p_is_adjusted_by_holms_method_over_all_pairs_of_a_measure():
    models = [(name, noise, noise, SIX) for name in "pqrs" for noise in ("n_0dB", "n_-10dB")]
    table = compared(models)
    assert len(table) == 2 * 2 * 6
    for _, rows in table.groupby("measure"):
        assert rows["p_holm"].tolist() == pytest.approx(holm(rows["p"].to_numpy()))


def holm(p):
    """Holm's method, from the smallest p to the greatest."""
    adjusted = np.empty(len(p))
    above = 0.0
    for place, number in enumerate(np.argsort(p)):
        above = max(above, min(1.0, p[number] * (len(p) - place)))
        adjusted[number] = above
    return adjusted


def compare_clean(of_folds, resampled):
    """Compare models p, q and so on, which were trained and tested on clean data.

    Args:
        of_folds: WA and UA of each fold [2, F, K].
        resampled: WA and UA of each resample [2, B, K].
    """
    names = list("pqrs")[: of_folds.shape[2]]
    setting = {"trained_on": "clean", "tested_on": "clean", "condition": "avl", "kind": "complete"}
    settings = pd.DataFrame({"model": names}).assign(**setting)
    replicates = Replicates(MEASURES, settings, of_folds, of_folds.mean(axis=1), resampled)
    experiment = make_experiment(
        [(name, "clean", "clean") for name in names],
        name="e",
        corpus="c",
        models={},
        folds=range(of_folds.shape[1]),
        seeds=[1],
    )
    return compare_models(experiment, replicates, 0.0).set_index(["measure", "model", "other"])


def test_a_pair_without_a_p_does_not_count_in_holms_method():
    """In WA, but not in UA, q is better than p by the same in every fold."""
    rng = np.random.default_rng(8)
    of_folds = 0.3 * rng.random((2, 5, 4)) + 0.2 * np.arange(4)
    of_folds[0, :, 1] = of_folds[0, :, 0] + 0.25
    table = compare_clean(of_folds, rng.random((2, 10, 4)))
    assert np.isnan(table.loc[("wa", "p", "q"), ["p", "p_holm"]].astype(float)).all()
    for measure, scores, pairs in (("wa", of_folds[0], 5), ("ua", of_folds[1], 6)):
        rows = table.loc[measure].dropna(subset=["p"])
        folds = dict(zip("pqrs", scores.T, strict=True))
        p = [stats.ttest_rel(folds[one], folds[other]).pvalue for one, other in rows.index]
        assert len(p) == pairs
        assert rows["p"].tolist() == pytest.approx(p)
        assert rows["p_holm"].tolist() == pytest.approx(holm(p))


def test_nothing_is_tested_in_a_single_fold():
    rng = np.random.default_rng(9)
    table = compare_clean(rng.random((2, 1, 3)), rng.random((2, 10, 3)))
    assert len(table) == 2 * 3
    assert table[["difference_sd", "t", "p", "p_holm"]].isna().all(axis=None)


def test_differences_and_their_intervals_are_those_of_the_measure():
    rng = np.random.default_rng(10)
    of_folds, resampled = rng.random((2, 3, 3)), rng.random((2, 400, 3))
    resampled[1] *= 3
    table = compare_clean(of_folds, resampled)
    assert len(table) == 2 * 3
    for (measure, one, other), row in table.iterrows():
        place = ["wa", "ua"].index(measure)
        pair = ["pqr".index(one), "pqr".index(other)]
        first, second = of_folds[place][:, pair].T
        figures = [first.mean(), second.mean(), (first - second).mean()]
        assert row[["mean", "other_mean", "difference"]].tolist() == pytest.approx(figures)
        draws = resampled[place][:, pair] @ [1, -1]
        expected = np.quantile(draws, [0.025, 0.975])
        assert row[["low", "high"]].tolist() == pytest.approx(expected)


def test_a_model_that_is_trained_once_is_compared_with_those_trained_for_each_test():
    models = [
        ("blind", "range", "n_0dB", SIX),
        ("x", "n_0dB", "n_0dB", SIX),
        ("y", "n_5dB", "n_0dB", SIX),
    ]
    assert compared(models).empty
    table = compared(models, trained_once=("blind",))
    assert set(zip(table["model"], table["other"], strict=True)) == {("blind", "x"), ("blind", "y")}


def test_compared_are_models_that_met_the_same_and_were_trained_alike():
    models = [
        ("men", "clean", "n_0dB", ["none", *SIX, "avl"]),
        ("men", "clean", "clean", ["avl"]),
        ("x", "n_0dB", "n_0dB", ["none", *SIX, "avl"]),
        ("x", "n_5dB", "n_0dB", ["none", *SIX, "avl"]),
        ("y", "n_0dB", "n_0dB", ["none", *SIX, "avl"]),
        ("y", "clean", "clean", ["avl"]),
        ("z", "n_0dB", "n_0dB", ["vl", "avl"]),  # an average of other conditions
        ("x", "n_0dB_none", "n_0dB", ["none", *SIX, "avl"]),
        ("a", "n_0dB_none", "n_0dB", ["none", "a"]),
    ]
    table = compared(models)
    found = {
        (
            row.tested_on,
            row.condition,
            frozenset([(row.model, row.trained_on), (row.other, row.other_trained_on)]),
        )
        for row in table.itertuples()
    }
    men, x, x5, y = ("men", "clean"), ("x", "n_0dB"), ("x", "n_5dB"), ("y", "n_0dB")
    x_none, a_none = ("x", "n_0dB_none"), ("a", "n_0dB_none")
    assert found == {
        *(
            ("n_0dB", "average", frozenset(pair))
            for pair in ((men, x), (men, x5), (men, y), (x, y))
        ),
        *(
            ("n_0dB", "none", frozenset(pair))
            for pair in ((men, x_none), (men, a_none), (x_none, a_none))
        ),
        ("clean", "complete", frozenset([men, ("y", "clean")])),
    }


@pytest.fixture
def corpus(tmp_path):
    """Two folds of 12 test utterances by three speakers each, and predictions of one model."""
    names = [f"u{number:02}" for number in range(24)]
    speaker = [f"p{number // 4}" for number in range(24)]
    label = ["x", "y"] * 12
    pd.DataFrame({"utterance": names, "session": "s", "speaker": speaker, "label": label}).to_csv(
        tmp_path / "utterances.csv", index=False
    )
    folds = [
        (fold, "test" if (number < 12) == (fold == 1) else "train", name)
        for fold, (number, name) in product((1, 2), enumerate(names))
    ]
    folds = pd.DataFrame(folds, columns=["fold", "part", "utterance"])
    folds.to_csv(tmp_path / "folds.csv", index=False)
    rows = folds[folds["part"] == "test"].merge(pd.DataFrame({"seed": [7, 8]}), how="cross")
    rows = rows.merge(pd.DataFrame({"condition": ["none", *SIX, "avl"]}), how="cross")
    rng = np.random.default_rng(4)
    p = rng.random(len(rows))
    rows = rows.assign(
        label=rows["utterance"].map(dict(zip(names, label, strict=True))),
        predicted=np.where(p > 0.5, "x", "y"),
        probability_x=p,
        probability_y=1 - p,
    )
    rows.to_parquet(tmp_path / "p.parquet")
    return tmp_path, rows


def read(folder, folds=(1, 2), seeds=(7, 8), one=None):
    rows = read_held_out(folder / "utterances.csv", folder / "folds.csv", list(folds), classes([]))
    file = PredictionFile("m", "n_0dB", "n_0dB", folder / "p.parquet")
    return rows, read_answers(file, rows, list(seeds), one)


def test_one_condition_an_utterance(corpus):
    folder, frame = corpus
    rows, found = read(folder, one=3)
    drawn = {name: drawn_condition(sorted(SIX), 3, "test", name) for name in frame["utterance"]}
    met = frame[frame["condition"] == frame["utterance"].map(drawn)]
    assert len(met) == 48
    assert found.counts[:, found.partial].sum() == 24
    scores = resample([found], rows, 20)
    pooled = scores.settings["condition"] == "pooled"
    hits = (met["label"] == met["predicted"]).groupby([met["fold"], met["seed"]]).mean()
    assert scores.data[0, pooled] == pytest.approx(hits.mean())
    for condition, own in met.groupby("condition"):
        right = (own["label"] == own["predicted"]).groupby([own["fold"], own["seed"]]).mean()
        if len(right) == 4:  # some in each fold
            place = scores.settings["condition"] == condition
            assert scores.data[0, place] == pytest.approx(right.mean())


def test_predictions_of_other_folds_are_refused(corpus):
    folder, frame = corpus
    assert read(folder)[0].test_to_train == 1
    frame[frame["utterance"] != "u03"].to_parquet(folder / "p.parquet")
    with pytest.raises(InputError, match=r"p\.parquet does not contain every test utterance"):
        read(folder)
    pd.concat([frame, frame[:1]]).to_parquet(folder / "p.parquet")
    with pytest.raises(InputError, match="once in each fold"):
        read(folder)
    frame.replace({"utterance": {"u03": "strange"}}).to_parquet(folder / "p.parquet")
    with pytest.raises(InputError, match="'strange', which is not in the test parts"):
        read(folder)
    with pytest.raises(InputError, match="no test part of fold 3"):
        read(folder, folds=(1, 3))


def test_calibration_by_hand():
    # bins of 1/15: .5 and .52 share one, .9 and .99 do not
    confidence, right = np.array([0.5, 0.52, 0.9, 0.99]), np.array([1, 0, 1, 0])
    expected = (abs(1 - 0.5 + 0 - 0.52) + abs(1 - 0.9) + abs(0 - 0.99)) / 4
    assert expected_calibration_error(confidence, right) == pytest.approx(expected)
    assert expected_calibration_error(np.ones(3), np.ones(3)) == 0
    assert selective_risk(confidence, right) == pytest.approx([1, 1 / 2, 2 / 3, 1 / 2])
    # equal confidence has no order
    assert selective_risk(np.array([0.5, 0.5, 0.4]), np.array([1, 0, 1])) == pytest.approx(
        [1 / 2, 1 / 2, 1 / 3]
    )


def test_reliability_counts_each_utterance_under_its_one_condition():
    """Three utterances count under the condition a, the fourth under v."""
    counts = np.array([[True, False], [True, False], [True, False], [False, True]])
    right = np.array([[1, 0], [0, 0], [1, 0], [0, 1]])[:, :, None]
    confidence = np.array([[0.9, 0.95], [0.65, 0.95], [0.75, 0.95], [0.99, 0.8]])[:, :, None]
    one = replace(answers(right, conditions=("a", "v"), counts=counts), confidence=confidence)
    table, curves = reliability(one, np.zeros(4, int))
    table = table.set_index("condition")
    figures = ["accuracy_mean", "confidence_mean", "ece_mean", "aurc_mean"]
    of_a = [2 / 3, (0.9 + 0.65 + 0.75) / 3, (0.1 + 0.65 + 0.25) / 3, (0 + 0 + 1 / 3) / 3]
    of_v = [1, 0.8, 0.2, 0]
    assert table.loc["a", figures].tolist() == pytest.approx(of_a)
    assert table.loc["v", figures].tolist() == pytest.approx(of_v)
    assert table.loc["average", figures].tolist() == pytest.approx(np.add(of_a, of_v) / 2)
    risk = curves.set_index(["condition", "coverage"])["risk"]
    assert risk["a"].tolist() == pytest.approx([0] * 6 + [1 / 3] * 4)  # 0.7 of 3 answers are 3
    assert risk["v"].tolist() == [0] * 10
    none = replace(one, counts=counts & [True, False])
    with pytest.raises(InputError, match=r"no test utterance is left for condition v"):
        reliability(none, np.zeros(4, int))


@pytest.mark.parametrize(
    ("published", "figure", "comparable", "speakers", "expected"),
    [
        (0.70, (0.71, 0.69, 0.73), True, 10, "reproduced"),
        (0.68996, (0.71, 0.69, 0.73), True, 10, "reproduced"),  # .6900 as it would be printed
        (0.6899, (0.71, 0.69, 0.73), True, 10, "not reproduced"),
        (0.70, (0.71, 0.66, 0.74), True, 10, "undecidable"),
        (0.80, (0.71, 0.66, 0.74), True, 10, "not reproduced"),
        (0.80, (0.71, 0.66, 0.74), True, 7, "undecidable"),
        (0.70, (0.71, 0.69, 0.73), False, 10, "not comparable"),
        (0.70, (np.nan, np.nan, np.nan), True, 10, "not run"),
    ],
)
def test_verdicts(published, figure, comparable, speakers, expected):
    figure = dict(zip(("mean", "low", "high"), figure, strict=True))
    assert verdict(published, figure, comparable, speakers) == expected


def judged(published, ours, speakers, is_reversed=False, classes=("men", "nmer")):
    """What `orderings` says of the numbers that a paper has of men and x.

    ``ours`` is our difference of men and x with its interval. If ``is_reversed``, our comparisons
    list the pair as x and men.
    """
    setting = {"tested_on": "n_0dB", "condition": "average", "measure": "ua"}
    cells = {"model": ["men", "x"], "class": classes, "trained_on": ["clean", "n_0dB"]}
    claims = pd.DataFrame({**cells, "published": published})
    pair, (difference, low, high) = ["men", "clean", "x", "n_0dB"], ours
    if is_reversed:
        pair, difference, low, high = [*pair[2:], *pair[:2]], -difference, -high, -low
    names = dict(zip(["model", "trained_on", "other", "other_trained_on"], pair, strict=True))
    figures = {"difference": difference, "low": low, "high": high, "p_holm": 0.04}
    return orderings(
        claims.assign(dataset="IEMOCAP", table="2", **setting),
        pd.DataFrame([{**setting, **names, **figures}]),
        speakers,
    ).to_dict("records")


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize(
    ("published", "ours", "speakers", "expected"),
    [
        ((0.6, 0.7), (-0.1, -0.3, -0.05), MIN_SPEAKERS, "agrees"),
        ((0.7, 0.6), (0.1, 0.05, 0.3), MIN_SPEAKERS, "agrees"),
        ((0.7, 0.6), (-0.1, -0.3, -0.05), MIN_SPEAKERS, "contradicts"),
        ((0.6, 0.7), (0.1, 0.05, 0.3), MIN_SPEAKERS, "contradicts"),
        ((0.6, 0.7), (-0.1, -0.3, 0.05), MIN_SPEAKERS, "undecided"),
        ((0.6, 0.7), (-0.1, -0.3, 0.0), MIN_SPEAKERS, "undecided"),
        ((0.7, 0.6), (0.1, 0.0, 0.3), MIN_SPEAKERS, "undecided"),
        ((0.6, 0.7), (-0.1, -0.3, -0.05), MIN_SPEAKERS - 1, "undecided"),
        ((0.7, 0.6), (-0.1, -0.3, -0.05), MIN_SPEAKERS - 1, "undecided"),
    ],
)
def test_a_pair_is_judged_in_the_papers_order(published, ours, speakers, expected, is_reversed):
    (row,) = judged(published, ours, speakers, is_reversed)
    assert (row["model"], row["other"]) == ("men", "x")
    assert row["published_difference"] == pytest.approx(published[0] - published[1])
    assert (row["difference"], row["low"], row["high"], row["p_holm"]) == (*ours, 0.04)
    assert row["verdict"] == expected


def test_equal_numbers_and_models_of_one_class_have_no_order_in_a_paper():
    ours = (-0.1, -0.3, -0.05)
    assert judged((0.6, 0.6), ours, MIN_SPEAKERS) == []
    assert judged((0.6, 0.7), ours, MIN_SPEAKERS, classes=("nmer", "nmer")) == []


def test_the_ratio_of_test_to_training_is_the_mean_of_those_of_the_folds(tmp_path):
    sizes = {
        (1, "train"): 4,
        (1, "test"): 1,
        (2, "train"): 2,
        (2, "test"): 2,
        (3, "train"): 1,
        (3, "test"): 8,
    }
    rows = [(*part, f"u{n}") for part, size in sizes.items() for n in range(size)]
    path = tmp_path / "folds.csv"
    pd.DataFrame(rows, columns=["fold", "part", "utterance"]).to_csv(path, index=False)
    assert read_test_to_train(path, [1, 2]) == pytest.approx((1 / 4 + 2 / 2) / 2)
