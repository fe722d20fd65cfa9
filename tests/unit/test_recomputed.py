"""Every number of an experiment's tables against one computed here from the prediction files.

Nothing of ``robust_mer`` computes here: pandas reads, scikit-learn and numpy compute.
"""

import json
import os
import subprocess
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.project import warm_python
from scipy import stats
from sklearn.metrics import accuracy_score, recall_score

ROOT = Path(__file__).parents[2]
LAYOUTS = ROOT / "resources/published/layouts.yaml"
CLASSES = ["angry", "happy", "neutral", "sad"]
SIX, EIGHT = ["a", "v", "l", "av", "al", "vl"], ["none", "a", "v", "l", "av", "al", "vl", "avl"]
FOLDS, SEEDS = [1, 2, 3], [1, 2]
MODELS = {
    "majority": "majority",
    "men": "men",
    "my_nmer": "nmer",
    "nmer_50%": "nmer",
    "mctn": "mctn",
    "cm_arr": "cm_arr",
    "sound": "unimodal on audio",
}
GAUSSIAN = ["gaussian_-10dB", "gaussian_-40dB"]

# Writes the tested files in a separate process, so that this module does not import the package.
WRITE = """
import json, sys
from pathlib import Path
from helpers.experiments import make_experiment
from robust_mer.evaluation.scores import (
    ScoresFiles, SummaryFiles, compute_statistics, write_summary
)
from robust_mer.evaluation.spec import ScoresSpec, SummarySpec
from robust_mer.report.layouts import read_layouts
from robust_mer.report.spec import Facts, TableFiles, TableSpec
from robust_mer.report.tables.base import make_table
from robust_mer.report.tables.registry import tables_of
from robust_mer.runtime import Runtime

fields, files, folder, layouts = json.loads(sys.argv[1])
folder, layouts = Path(folder), Path(layouts)
experiment = make_experiment([key for key, _ in files], **fields)
paths = [Path(path) for _, path in files]
names = {"summary": "all", "curves": "risk_coverage"}
scores = {
    name: folder / f"x_{names.get(name, name)}.csv"
    for name in ("summary", "intervals", "comparisons", "reliability", "curves", "rankings")
}
index = {name: folder / f"{name}.csv" for name in ("utterances", "folds")}
published = sorted(layouts.parent.glob("*.csv"))
write_summary(
    SummarySpec(experiment, ()), SummaryFiles(paths, [], published, scores["summary"]), Runtime()
)
statistics = {name: path for name, path in scores.items() if name != "summary"}
compute_statistics(ScoresSpec(experiment), ScoresFiles(paths, **index, **statistics), Runtime())
tables = tables_of(experiment, Facts(), read_layouts(layouts))
for name, table in tables.items():
    if name in ("audit", "sets"):  # from jobs that are not run here
        continue
    written = {suffix: folder / f"x_{name}.{suffix}" for suffix in ("csv", "md", "tex")}
    read = TableFiles(**scores, **index, predictions=paths, layouts=layouts, **written)
    make_table(TableSpec(name, table, experiment), read, Runtime())
print(*[name for name in tables if "_" in name])
"""


def settings():
    for model, noise in product(("majority", "men"), GAUSSIAN):
        yield model, "clean", noise, EIGHT
    for model, noise in product(("my_nmer", "nmer_50%", "mctn"), GAUSSIAN):
        yield model, noise, noise, EIGHT
    yield "my_nmer", "gaussian_-10dB_none", "gaussian_-10dB", EIGHT
    yield "sound", "gaussian_-10dB_none", "gaussian_-10dB", ["none", "a"]
    for model in ("mctn", "cm_arr"):
        yield model, "missing", "missing", EIGHT


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Three folds with 3, 4 and 5 speakers in their test parts, of uneven sizes."""
    folder = tmp_path_factory.mktemp("recomputed")
    rng = np.random.default_rng(3)
    index = [
        (f"u{fold}_{speaker}_{number}", f"s{fold}", f"s{fold}p{speaker}", CLASSES[rng.integers(4)])
        for fold in FOLDS
        for speaker in range(fold + 2)
        for number in range(12 + 3 * speaker)
    ]
    index = pd.DataFrame(index, columns=["utterance", "session", "speaker", "label"])
    index.to_csv(folder / "utterances.csv", index=False)
    parts = []
    for fold in FOLDS:
        tested = index["session"] == f"s{fold}"
        other = index["session"] == f"s{fold % 3 + 1}"
        part = np.select([tested, other], ["test", "validation"], "train")
        parts.append(pd.DataFrame({"fold": fold, "part": part, "utterance": index["utterance"]}))
    parts = pd.concat(parts)
    parts.to_csv(folder / "folds.csv", index=False)
    files = []
    rows = parts[parts["part"] != "train"].merge(index, on="utterance")
    for number, (model, trained_on, tested_on, conditions) in enumerate(settings()):
        frame = rows.merge(pd.DataFrame({"seed": SEEDS}), how="cross")
        frame = frame.merge(pd.DataFrame({"condition": conditions}), how="cross")
        frame = frame.sample(frac=1, random_state=number)
        truth = frame["label"].map(CLASSES.index).to_numpy()
        score = rng.standard_normal((len(frame), 4))
        score[np.arange(len(frame)), truth] += 0.4 + 0.1 * number
        score[:, 0] += 0.3 * (model == "men")
        probability = np.exp(score) / np.exp(score).sum(1, keepdims=True)
        frame["predicted"] = np.array(CLASSES)[probability.argmax(1)]
        for k, name in enumerate(CLASSES):
            frame[f"probability_{name}"] = probability[:, k]
        path = folder / f"{number}.parquet"
        frame[
            [
                "utterance",
                "fold",
                "seed",
                "part",
                "condition",
                "label",
                "predicted",
                *(f"probability_{c}" for c in CLASSES),
            ]
        ].to_parquet(path)
        files.append(((model, trained_on, tested_on), str(path)))
    experiment = {
        "name": "x",
        "corpus": "my_corpus",
        "note": "50 % of it.",
        "published": "IEMOCAP",
        "models": MODELS,
        "is_mask_aware": ["cm_arr"],
        "folds": FOLDS,
        "seeds": SEEDS,
    }
    arguments = json.dumps([experiment, files, str(folder), str(LAYOUTS)])
    done = subprocess.run(
        [warm_python(), "-c", WRITE, arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, dict(files), done.stdout.split()


def answers_of(files, model, trained_on, tested_on):
    frame = pd.read_parquet(files[model, trained_on, tested_on])
    return frame[frame["part"] == "test"]


def score(rows, measure):
    if measure == "wa":
        return accuracy_score(rows["label"], rows["predicted"])
    labels = sorted(set(rows["label"]))
    return recall_score(rows["label"], rows["predicted"], labels=labels, average="macro")


def values(files, model, trained_on, tested_on, condition, measure):
    """WA or UA by fold and seed [F, S]."""
    return values_in(files[model, trained_on, tested_on], condition, measure)


@cache
def rows_tested(path):
    """The rows of the test parts by condition, fold and seed."""
    frame = pd.read_parquet(path)
    return dict(list(frame[frame["part"] == "test"].groupby(["condition", "fold", "seed"])))


@cache
def values_in(path, condition, measure):
    if condition == "average":
        return np.mean([values_in(path, one, measure) for one in SIX], axis=0)
    rows = rows_tested(path)
    return np.array(
        [[score(rows[condition, fold, seed], measure) for seed in SEEDS] for fold in FOLDS]
    )


@cache
def drawn_utterances(folder):
    """How often 10,000 replicates draw each utterance, and the share of a fold's speakers.

    Speakers are drawn first, then their utterances.
    """
    index = pd.read_csv(folder / "utterances.csv")
    rng, speakers = np.random.default_rng(7), index.groupby("speaker")
    drawn = rng.multinomial(len(speakers), np.full(len(speakers), 1 / len(speakers)), size=10_000)
    weights = np.empty((10_000, len(index)))
    for times, members in zip(drawn.T, speakers.indices.values(), strict=True):
        size = len(members)
        weights[:, members] = rng.multinomial(times * size, np.full(size, 1 / size))
    session = speakers["session"].first()
    shares = [drawn[:, session == f"s{fold}"].mean(axis=1) for fold in FOLDS]
    return pd.DataFrame(weights, columns=index["utterance"]), shares


@cache
def resampled(folder, path, condition, measure):
    """WA or UA of each replicate; a fold counts by the share of its speakers that is drawn."""
    if condition == "average":
        return np.mean([resampled(folder, path, one, measure) for one in SIX], axis=0)
    weights, shares = drawn_utterances(folder)
    scores = []
    for fold, seed in product(FOLDS, SEEDS):
        rows = rows_tested(path)[condition, fold, seed]
        weight, label = weights[rows["utterance"]].to_numpy(), rows["label"].to_numpy()
        right = label == rows["predicted"].to_numpy()
        classes = [label == name for name in CLASSES] if measure == "ua" else [label != ""]
        sizes = np.array([weight[:, one].sum(axis=1) for one in classes])
        hits = np.array([weight[:, one] @ right[one] for one in classes])
        recalls = hits / np.maximum(sizes, 1)
        scores.append(recalls.sum(axis=0) / np.maximum((sizes > 0).sum(axis=0), 1))
    shares = np.repeat(shares, len(SEEDS), axis=0)
    return (scores * shares).sum(axis=0) / shares.sum(axis=0)


def laid(folder, table):
    wide = pd.read_csv(folder / f"x_{table}.csv")
    labels = [name for name in ("Dataset", "System", "Intensity") if name in wide]
    return wide.set_index([*labels, "quantity"]).drop(columns="Dataset", errors="ignore")


CELLS = [
    (
        "nmer_table2",
        ("IEMOCAP", "MEN"),
        "-10dB (Avg) / Gaussian noise",
        "men",
        "clean",
        "gaussian_-10dB",
        "average",
    ),
    (
        "nmer_table2",
        ("IEMOCAP", "NMER (my_nmer)"),
        "-40dB (Avg) / Gaussian noise",
        "my_nmer",
        "gaussian_-40dB",
        "gaussian_-40dB",
        "average",
    ),
    (
        "nmer_table2",
        ("IEMOCAP", "NMER (nmer_50%)"),
        "-40dB (Avg) / Gaussian noise",
        "nmer_50%",
        "gaussian_-40dB",
        "gaussian_-40dB",
        "average",
    ),
    (
        "nmer_table2",
        ("IEMOCAP", "majority"),
        "-40dB (Avg) / Gaussian noise",
        "majority",
        "clean",
        "gaussian_-40dB",
        "average",
    ),
    *(
        (
            "nmer_table3",
            ("IEMOCAP", f"{snr}dB (my_nmer)"),
            head,
            "my_nmer",
            f"gaussian_{snr}dB",
            f"gaussian_{snr}dB",
            condition,
        )
        for snr in (-10, -40)
        for head, condition in (("a", "a"), ("a, l", "al"), ("v, l", "vl"), ("Avg", "average"))
    ),
    ("nmer_table4", ("-10dB",), "a", "sound", "gaussian_-10dB_none", "gaussian_-10dB", "none"),
    (
        "nmer_table5",
        ("IEMOCAP", "NMER (my_nmer)"),
        "-10dB",
        "my_nmer",
        "gaussian_-10dB_none",
        "gaussian_-10dB",
        "none",
    ),
    ("nmer_table5", ("IEMOCAP", "MEN"), "-40dB", "men", "clean", "gaussian_-40dB", "none"),
    ("cm_arr_missing", ("IEMOCAP", "CM-ARR"), "a, v, l", "cm_arr", "missing", "missing", "avl"),
    ("cm_arr_missing", ("IEMOCAP", "mctn"), "Avg", "mctn", "missing", "missing", "average"),
]


def test_the_experiment_has_the_tables_of_which_it_has_cells(run):
    assert run[2] == [
        "nmer_table1",
        "nmer_table2",
        "nmer_table3",
        "nmer_table4",
        "nmer_table5",
        "cm_arr_missing",
        "cm_arr_gain",
    ]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: " ".join([cell[0], *cell[1], cell[2]]))
def test_cells_of_the_papers_tables(run, cell):
    folder, files, _ = run
    table, labels, head, *setting = cell
    names = ("WAR", "UAR") if table.startswith("cm_arr") else ("WA", "UA")
    cells = laid(folder, table)
    for measure, name in zip(("wa", "ua"), names, strict=True):
        column = cells[f"{head} / {name}"]
        expected = values(files, *setting, measure)
        assert column[(*labels, "mean")] == pytest.approx(expected.mean(), abs=1e-12)
        assert column[(*labels, "sd")] == pytest.approx(expected.std(ddof=1), abs=1e-12)
        assert column[(*labels, "n")] == 6
        assert column[(*labels, "low")] < expected.mean() < column[(*labels, "high")]
        published = column[(*labels, "published")]
        if not np.isnan(published):
            difference = column[(*labels, "difference")]
            assert difference == pytest.approx(expected.mean() - published, abs=1e-12)


def test_no_number_of_a_paper_table_is_there_but_those(run):
    """As many figures as settings in the layout; those that were not run are empty."""
    folder, _, _ = run
    counts = {
        # corruptions run, of each line, times two measures
        "nmer_table2": (1 + 2 + 1 + 1) * 2 * 2,  # MEN, two NMER, MCTN, majority
        "nmer_table3": 2 * 2 * 7 * 2,
        "nmer_table4": 2,
        "nmer_table5": (2 + 1 + 2 + 1) * 2,  # MEN, NMER, majority, sound
        "cm_arr_missing": 2 * 8 * 2,
        "cm_arr_gain": 2,
    }
    for table, count in counts.items():
        means = laid(folder, table).xs("mean", level="quantity")
        assert means.notna().sum().sum() == count, table


def test_the_tidy_tables(run):
    """Each row of {name}_all.csv, and the interval's file beside it."""
    folder, files, _ = run
    rows = pd.read_csv(folder / "x_all.csv")
    ends = pd.read_csv(folder / "x_intervals.csv").set_index(
        ["model", "trained_on", "tested_on", "condition"]
    )
    assert len(rows) == len(ends) == 4 * 9 + 6 * 9 + 9 + 2 + 2 * 9
    for row in rows.itertuples():
        key = row.model, row.trained_on, row.tested_on, row.condition
        for measure in ("wa", "ua"):
            expected = values(files, *key, measure)
            assert getattr(row, f"{measure}_mean") == pytest.approx(expected.mean(), abs=1e-12)
            assert getattr(row, f"{measure}_sd") == pytest.approx(expected.std(ddof=1), abs=1e-12)
            low, high = ends.loc[key, [f"{measure}_low", f"{measure}_high"]]
            assert low < expected.mean() < high
    assert (ends["speakers"] == 12).all()


def test_comparisons(run):
    folder, files, _ = run
    rows = pd.read_csv(folder / "x_comparisons.csv")
    average = rows[rows["condition"] == "average"]
    # 5 models under each noise; MCTN and CM-ARR with missing modalities
    assert len(average) == 2 * (2 * 10 + 1)
    none = rows[rows["condition"] == "none"]
    pairs = {frozenset(pair) for pair in zip(none["model"], none["other"], strict=True)}
    assert pairs == {
        frozenset(pair)
        for pair in (
            ("my_nmer", "sound"),
            ("men", "my_nmer"),
            ("men", "sound"),
            ("majority", "my_nmer"),
            ("majority", "sound"),
        )
    }
    for row in rows.itertuples():
        own_values, other = (
            values(files, model, trained_on, row.tested_on, row.condition, row.measure).mean(axis=1)
            for model, trained_on in (
                (row.model, row.trained_on),
                (row.other, row.other_trained_on),
            )
        )
        assert row.difference == pytest.approx((own_values - other).mean(), abs=1e-12)
        assert row.difference_sd == pytest.approx((own_values - other).std(ddof=1), abs=1e-12)


def test_significance_of_differences(run):
    """Student's t with the variance of folds that share training data; see Nadeau and Bengio."""
    folder, files, _ = run
    parts = pd.read_csv(folder / "folds.csv").groupby(["fold", "part"]).size().unstack()
    ratio = (parts["test"] / parts["train"]).mean()
    rows = pd.read_csv(folder / "x_comparisons.csv")
    for row in rows.itertuples():
        setting = row.tested_on, row.condition, row.measure
        difference = np.subtract(
            values(files, row.model, row.trained_on, *setting).mean(axis=1),
            values(files, row.other, row.other_trained_on, *setting).mean(axis=1),
        )
        t = difference.mean() / np.sqrt((1 / 3 + ratio) * difference.var(ddof=1))
        assert row.t == pytest.approx(t)
        assert row.p == pytest.approx(2 * stats.t.sf(abs(t), 2))


def test_intervals_of_differences(run):
    """They come from other draws, so the ends differ; those of 90 % would by a third of the SD."""
    folder, files, _ = run
    rows = pd.read_csv(folder / "x_comparisons.csv")
    rows = rows[(rows["condition"] == "average") & (rows["tested_on"] == "gaussian_-10dB")]
    assert len(rows) == 2 * 10
    for row in rows.itertuples():
        one = files[row.model, row.trained_on, row.tested_on]
        other = files[row.other, row.other_trained_on, row.tested_on]
        drawn = np.subtract(
            resampled(folder, one, row.condition, row.measure),
            resampled(folder, other, row.condition, row.measure),
        )
        expected = np.quantile(drawn, [0.025, 0.975])
        assert (row.low, row.high) == pytest.approx(expected, abs=0.2 * drawn.std())


def test_gain(run):
    folder, files, _ = run
    cells = laid(folder, "cm_arr_gain")
    expected = [
        values(files, model, "missing", "missing", "average", "ua").mean(axis=1)
        for model in ("cm_arr", "mctn")
    ]
    column = cells["Gain / UAR"]
    labels = ("IEMOCAP", "CM-ARR")
    difference = expected[0] - expected[1]
    assert column[(*labels, "mean")] == pytest.approx(difference.mean(), abs=1e-12)
    assert column[(*labels, "sd")] == pytest.approx(difference.std(ddof=1), abs=1e-12)
    assert column[(*labels, "n")] == 3
    assert column[(*labels, "published")] == 0.0212


def test_sizes(run):
    folder, _, _ = run
    index, parts = (pd.read_csv(folder / f"{name}.csv") for name in ("utterances", "folds"))
    wide = pd.read_csv(folder / "x_nmer_table1.csv").set_index(["Label", "quantity"])
    for label, size in index["label"].value_counts().items():
        assert wide.loc[(label, "mean"), "Samples"] == size
    first = parts[parts["fold"] == 1]["part"].value_counts()
    assert wide.loc[("happy", "mean"), "Training Samples"] == first["train"]
    assert wide.loc[("happy", "mean"), "Testing Samples"] == first["test"]
    sizes = parts[parts["part"] == "test"].groupby("fold").size()
    assert wide.loc[("happy", "low"), "Testing Samples"] == sizes.min()
    assert wide.loc[("happy", "high"), "Testing Samples"] == sizes.max()
    assert wide.loc[("sad", "published"), "Samples"] == 1084
    assert wide.loc[("happy", "difference"), "Testing Samples"] == first["test"] - 557


def test_reliability(run):
    folder, files, _ = run
    rows = pd.read_csv(folder / "x_reliability.csv")
    curves = pd.read_csv(folder / "x_risk_coverage.csv")
    keys = ["model", "trained_on", "tested_on", "condition"]
    curves = curves.set_index([*keys, "coverage"])["risk"]
    chosen = rows[(rows["model"] == "my_nmer") & rows["condition"].isin(["al", "average"])]
    assert len(chosen) == 6
    for row in chosen.itertuples():
        frame = answers_of(files, row.model, row.trained_on, row.tested_on)
        of_seeds = {"ece": [], "aurc": [], "half": []}
        for seed in SEEDS:
            cells = [
                ece_and_risks(frame[(frame["condition"] == one) & (frame["seed"] == seed)])
                for one in (SIX if row.condition == "average" else ["al"])
            ]
            of_seeds["ece"].append(np.mean([ece for ece, _ in cells]))
            of_seeds["aurc"].append(np.mean([risks.mean() for _, risks in cells]))
            of_seeds["half"].append(np.mean([risks[-(-len(risks) // 2) - 1] for _, risks in cells]))
        assert row.ece_mean == pytest.approx(np.mean(of_seeds["ece"]), abs=1e-6)
        assert row.ece_sd == pytest.approx(np.std(of_seeds["ece"], ddof=1), abs=1e-6)
        assert row.aurc_mean == pytest.approx(np.mean(of_seeds["aurc"]), abs=1e-6)
        key = tuple(getattr(row, name) for name in keys)
        assert curves[(*key, 0.5)] == pytest.approx(np.mean(of_seeds["half"]), abs=1e-6)


def ece_and_risks(frame):
    """Plain loops over bins and over answers, the surest first."""
    confidence = frame[[f"probability_{name}" for name in CLASSES]].max(axis=1).to_numpy()
    right = (frame["label"] == frame["predicted"]).to_numpy()
    ece = 0.0
    for k in range(15):
        inside = (confidence >= k / 15) & (confidence < (k + 1) / 15)
        if inside.any():
            ece += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    wrong, risks = 0, []
    for number, place in enumerate(sorted(range(len(right)), key=lambda i: -confidence[i]), 1):
        wrong += not right[place]
        risks.append(wrong / number)
    return ece, np.array(risks)


def test_claims(run):
    folder, files, _ = run
    claims = pd.read_csv(folder / "x_claims.csv")
    men = claims[(claims["dataset"] == "IEMOCAP") & (claims["model"] == "men")]
    row = men[men["head"] == "-10dB (Avg) / Gaussian noise / WA"].iloc[0]
    mean = values(files, "men", "clean", "gaussian_-10dB", "average", "wa").mean()
    assert (row["published"], row["mean"]) == (0.7120, pytest.approx(mean))
    inside = row["low"] <= 0.7120 <= row["high"]
    narrow = row["high"] - row["low"] <= 0.06
    expected = ("reproduced" if narrow else "undecidable") if inside else "not reproduced"
    assert row["verdict"] == expected
    there = claims[(claims["dataset"] == "CMU-MOSEI") & claims["mean"].notna()]
    assert len(there)
    assert set(there["verdict"]) == {"not comparable"}
    assert set(claims.loc[claims["mean"].isna(), "verdict"]) == {"not run"}
    # every published number of the tables that the experiment has, once a model of the class
    lines = {
        "nmer_table2": 8 * 2 * 8,
        "nmer_table3": 2 * 7 * 2 * 8,
        "nmer_table4": 3 * 2 * 5,
        "nmer_table5": 6 * 2 * 4,
        "nmer_table1": 6,
        "cm_arr_gain": 2,
    }
    of_iemocap = claims[claims["dataset"] == "IEMOCAP"]
    # NMER occurs twice in tables 2, 3 and 5
    assert len(of_iemocap) == (
        lines["nmer_table2"]
        + lines["nmer_table3"] // 2
        + lines["nmer_table4"]
        + lines["nmer_table5"]
        + lines["nmer_table1"]
        + lines["cm_arr_gain"]
    )


def test_orderings(run):
    folder, files, _ = run
    rows = pd.read_csv(folder / "x_orderings.csv")
    chosen = rows[
        (rows["dataset"] == "IEMOCAP")
        & (rows["tested_on"] == "gaussian_-40dB")
        & (rows["measure"] == "ua")
        & (rows["condition"] == "average")
    ]
    pairs = {(row.model, row.other): row for row in chosen.itertuples()}
    assert set(pairs) == {
        ("men", "mctn"),
        ("men", "my_nmer"),
        ("men", "nmer_50%"),
        ("mctn", "my_nmer"),
        ("mctn", "nmer_50%"),
    }
    row = pairs["men", "my_nmer"]
    assert row.published_difference == pytest.approx(0.6004 - 0.7176)
    ours = [
        values(files, model, trained_on, "gaussian_-40dB", "average", "ua").mean()
        for model, trained_on in (("men", "clean"), ("my_nmer", "gaussian_-40dB"))
    ]
    assert row.difference == pytest.approx(ours[0] - ours[1])
    clear = row.low > 0 or row.high < 0
    assert row.verdict == (
        ("agrees" if row.difference < 0 else "contradicts") if clear else "undecided"
    )
