import re
from itertools import combinations, product
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pandas as pd
import pytest
from helpers.experiments import make_experiment

from robust_mer.conditions import drawn_condition
from robust_mer.errors import InputError
from robust_mer.evaluation.published import read_published
from robust_mer.evaluation.scores import SummaryFiles, write_summary
from robust_mer.evaluation.spec import SummarySpec
from robust_mer.evaluation.summary import PredictionFile, kinds_of, prediction_files, read_summary
from robust_mer.evaluation.summary import summarise as summarise_files
from robust_mer.metrics.classes import ua, wa
from robust_mer.report.spec import TableFiles, TableSpec
from robust_mer.report.table import Line, Table, to_html
from robust_mer.report.tables.base import make_table
from robust_mer.report.tables.registry import TABLES
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin

PUBLISHED = Path(__file__).parents[2] / "resources" / "published"
CLASSES = ["angry", "happy", "neutral", "sad"]
SIX = ["a", "v", "l", "av", "al", "vl"]
FOLDS, SEEDS = [0, 1, 2], [7, 8]


def simulate(path, conditions, folds=FOLDS, seeds=SEEDS, skill=0.5):
    """Write predictions whose skill differs between conditions, folds and seeds; return them."""
    rng = np.random.default_rng(int(1000 * skill))
    rows = []
    for fold, seed, part in product(folds, seeds, ["validation", "test"]):
        size = 20 + 7 * fold
        label = rng.choice(4, size, p=[0.4, 0.3, 0.2, 0.1])
        label[:4] = range(4)
        for place, condition in enumerate(conditions):
            hit = rng.random(size) < skill + 0.04 * place + 0.02 * fold - 0.03 * (seed - 7)
            predicted = np.where(hit, label, rng.integers(0, 4, size))
            for number in range(size):
                answer = CLASSES[label[number]], CLASSES[predicted[number]]
                rows.append((f"u{fold}_{number}", fold, seed, part, condition, *answer))
    columns = ["utterance", "fold", "seed", "part", "condition", "label", "predicted"]
    frame = pd.DataFrame(rows, columns=columns)
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.assign(**{f"probability_{name}": 0.25 for name in CLASSES}).to_parquet(path, index=False)
    return frame


def simulate_experiment(folder, settings, conditions, **options):
    """Files of several (model, trained on, tested on), tested on clean data when complete."""
    complete = max(conditions, key=lambda name: len(name) * (name != "none"))
    files = {}
    for place, (model, trained_on, tested_on) in enumerate(settings):
        path = folder / model / trained_on / tested_on / "predictions.parquet"
        shown = [complete] if tested_on == "clean" else conditions
        simulate(path, shown, skill=0.4 + 0.03 * place, **options)
        files[model, trained_on, tested_on] = path
    return files


def score(frame, fold, seed, condition, measure):
    """WA or UA of one fold, seed and condition, by the shared definition of the measures."""
    chosen = frame[
        (frame.part == "test")
        & (frame.fold == fold)
        & (frame.seed == seed)
        & (frame.condition == condition)
    ]
    label = np.array([CLASSES.index(name) for name in chosen.label])
    return measure(label, np.array([CLASSES.index(name) for name in chosen.predicted]))


def experiment(files=(), **changes):
    """The experiment of some files by (model, trained on, tested on)."""
    fields = {
        "name": "paper",
        "corpus": "iemocap_50%",
        "published": "IEMOCAP",
        "models": {"men": "men", "my_nmer": "nmer"},
        "folds": FOLDS,
        "seeds": SEEDS,
    }
    return make_experiment(list(files), **{**fields, **changes})


def summarise(files, folds, seeds, one_condition_seed=None):
    keys = [(file.model, file.trained_on, file.tested_on) for file in files]
    chosen = experiment(keys, folds=folds, seeds=seeds, one_condition_seed=one_condition_seed)
    return summarise_files(chosen, files)


def write_tables(files, schedules, folder, **changes):
    """The summary of an experiment, and the tables that are laid out from it alone."""
    chosen = experiment(files, **changes)
    summary = folder / "paper_all.csv"
    published = sorted(PUBLISHED.glob("*.csv"))
    paths = list(files.values()), list(schedules.values()), published, summary
    write_summary(SummarySpec(chosen, tuple(schedules)), SummaryFiles(*paths), Runtime())
    for name in ("average", "conditions"):
        written = {suffix: folder / f"paper_{name}.{suffix}" for suffix in ("csv", "md", "tex")}
        spec = TableSpec(name, Plugin(TABLES[name], {}), chosen)
        make_table(spec, TableFiles(summary=summary, **written), Runtime())


SETTINGS = [
    ("men", "clean", "clean"),
    ("men", "clean", "gaussian_-10dB"),
    ("my_nmer", "clean", "clean"),
    ("my_nmer", "gaussian_-10dB", "gaussian_-10dB"),
    ("my_nmer", "impulse_-40dB", "impulse_-40dB"),
    ("my_nmer", "gaussian_-10dB_none", "gaussian_-10dB"),
]


# (nominal, true) SNR by corruption and modality
SNRS = {
    "gaussian_-10dB": {m: (-10.04, -10.03) for m in ("audio", "video", "text")},
    "impulse_-40dB": {"audio": (-40.2, -35.0), "video": (-40.4, -35.2), "text": (-40.2, -35.0)},
}


def write_schedules(folder, snrs):
    """Schedules of the folds, which differ by 0.2 dB, and of one that does not count."""
    paths = {}
    for corruption, modalities in snrs.items():
        rows = [
            (fold, modality, reached + aside, true + aside)
            for fold, aside in zip([*FOLDS, 9], (-0.2, 0, 0.2, 7), strict=True)
            for modality, (reached, true) in modalities.items()
        ]
        columns = ["fold", "modality", "reached_snr_db", "true_snr_db"]
        paths[corruption] = folder / f"{corruption}.csv"
        pd.DataFrame(rows, columns=columns).to_csv(paths[corruption], index=False)
    return paths


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The tables of one experiment, and its files of predictions."""
    folder = tmp_path_factory.mktemp("experiment")
    files = simulate_experiment(folder, SETTINGS, ["none", *SIX, "avl"])
    (folder / "tables").mkdir()
    write_tables(files, write_schedules(folder, SNRS), folder / "tables")
    return folder / "tables", files


def test_names():
    trained = ["clean", "impulse_0dB", "impulse_0dB_none", "impulse_-5dB"]
    names = ["gaussian_-10dB", "mynoise_2.5dB", "dropped_30%", "dropped_10%", "n_-20dB", "n_-10dB"]
    names += ["lowres_10%", "lowres_50%", "missing"]
    made = experiment([("m", one, "impulse_0dB") for one in trained], corruptions=names)
    assert made.noise_and_snr("gaussian_-10dB") == ("gaussian", -10)
    assert made.noise_and_snr("mynoise_2.5dB") == ("mynoise", 2.5)
    assert made.noise_and_snr("dropped_30%")[0] == "dropped"
    assert np.isnan(made.noise_and_snr("dropped_30%")[1])
    assert made.severity("n_-20dB") > made.severity("n_-10dB")
    assert made.severity("dropped_30%") > made.severity("dropped_10%")
    assert made.severity("lowres_10%") > made.severity("lowres_50%")
    assert made.noise_and_snr("missing")[0] == "missing"
    assert np.isnan(made.noise_and_snr("missing")[1])
    assert np.isnan(made.severity("missing"))
    assert made.training_of("clean", "clean") == "clean"
    assert made.training_of("clean", "impulse_0dB") == "clean"
    assert made.training_of("impulse_0dB", "impulse_0dB") == "same"
    assert made.training_of("impulse_0dB_none", "impulse_0dB") == "same, none clean"
    assert made.training_of("impulse_-5dB", "impulse_0dB") == "impulse_-5dB"


@pytest.mark.parametrize("letters", ["a", "av", "avl", "avlt"])
def test_kinds_follow_from_the_conditions_of_any_number_of_modalities(letters):
    subsets = [
        "".join(subset)
        for size in range(1, len(letters) + 1)
        for subset in combinations(letters, size)
    ]
    kinds = kinds_of(["none", *subsets])
    assert kinds.pop("none") == "none"
    assert kinds.pop(letters) == "complete"
    assert len(kinds) == 2 ** len(letters) - 2
    assert set(kinds.values()) <= {"partial"}


def test_numbers_agree_with_a_simple_recomputation(tmp_path):
    path = tmp_path / "predictions.parquet"
    frame = simulate(path, ["none", *SIX, "avl"])
    file = PredictionFile("nmer", "gaussian_-10dB", "gaussian_-10dB", path)
    summary = summarise([file], FOLDS, SEEDS).set_index("condition")
    assert set(summary.index) == {"none", *SIX, "avl", "average"}
    for name, measure in (("wa", wa), ("ua", ua)):
        for condition in ["none", *SIX, "avl", "average"]:
            parts = SIX if condition == "average" else [condition]
            values = {
                (fold, seed): mean(score(frame, fold, seed, part, measure) for part in parts)
                for fold, seed in product(FOLDS, SEEDS)
            }
            expected = mean(mean(values[fold, seed] for fold in FOLDS) for seed in SEEDS)
            assert summary.loc[condition, f"{name}_mean"] == pytest.approx(expected)
            assert summary.loc[condition, f"{name}_sd"] == pytest.approx(stdev(values.values()))
    assert (summary["folds"] == 3).all()
    assert (summary["seeds"] == 2).all()
    assert (summary["utterances"] == 20 + 27 + 34).all()
    assert summary.loc["average", "kind"] == "average"
    assert summary["ua_chance"].to_numpy() == pytest.approx(1 / 4)
    test = frame[(frame.part == "test") & (frame.condition == "a")]
    majority = mean(
        group.label.value_counts(normalize=True).max()
        for _, group in test.groupby(["fold", "seed"])
    )
    assert summary.loc["a", "wa_chance"] == pytest.approx(majority)


def test_average_is_not_pooled(tmp_path):
    """One condition a sample: the condition with few utterances counts as much as the others."""
    path = tmp_path / "predictions.parquet"
    frame = simulate(path, ["a", "v", "av"], [0], [7])
    frame = frame[(frame.condition != "a") | (frame.utterance < "u0_12")]
    frame.to_parquet(path)
    summary = summarise([PredictionFile("m", "n_0dB", "n_0dB", path)], [0], [7])
    rows = summary.set_index("condition")
    expected = (rows.loc["a", "wa_mean"] + rows.loc["v", "wa_mean"]) / 2
    partial = frame[(frame.part == "test") & frame.condition.isin(["a", "v"])]
    assert rows.loc["average", "wa_mean"] == pytest.approx(expected)
    assert expected != pytest.approx((partial.label == partial.predicted).mean())
    assert np.isnan(rows.loc["average", "wa_sd"])


def test_average_is_of_the_partial_conditions_that_a_corruption_has(tmp_path):
    """One that leaves a modality clean has fewer of them; a note says so."""
    files = simulate_experiment(tmp_path, [("m", "n_0dB", "n_0dB")], ["none", *SIX, "avl"])
    files |= simulate_experiment(tmp_path, [("m", "b_5dB", "b_5dB")], ["vl", "avl"])
    summary = summarise([PredictionFile(*key, path) for key, path in files.items()], FOLDS, SEEDS)
    rows = summary.set_index(["tested_on", "condition"])
    assert rows.loc[("b_5dB", "average"), "wa_mean"] == rows.loc[("b_5dB", "vl"), "wa_mean"]
    six = [rows.loc[("n_0dB", name), "ua_mean"] for name in SIX]
    assert rows.loc[("n_0dB", "average"), "ua_mean"] == pytest.approx(mean(six))
    write_tables(files, {}, tmp_path, models={"m": "men"})
    text = (tmp_path / "paper_average.md").read_text()
    assert "Average for b 5 dB: over vl, its only partial conditions." in text
    assert "Average for n 0 dB" not in text


def test_one_condition_an_utterance(tmp_path):
    """Each counts once, under the condition drawn for it; the pooled figure is no mean of six."""
    path = tmp_path / "predictions.parquet"
    frame = simulate(path, ["none", *SIX, "avl"], skill=0.3)
    file = PredictionFile("m", "n_0dB", "n_0dB", path)
    summary = summarise([file], FOLDS, SEEDS, one_condition_seed=5).set_index("condition")
    test = frame[frame.part == "test"]
    drawn = {name: drawn_condition(sorted(SIX), 5, "test", name) for name in test.utterance}
    met = test[test.condition == test.utterance.map(drawn)]
    assert len(met) == met.groupby(["utterance", "seed"]).ngroups == 2 * (20 + 27 + 34)
    assert summary.loc[SIX, "utterances"].sum() == 81
    groups = met.groupby(["fold", "seed"])
    pooled = (met.label == met.predicted).groupby([met.fold, met.seed]).mean()
    assert summary.loc["pooled", "wa_mean"] == pytest.approx(pooled.mean())
    recalls = [
        (some.label == some.predicted).groupby(some.label).mean().mean() for _, some in groups
    ]
    assert summary.loc["pooled", "ua_mean"] == pytest.approx(mean(recalls))
    assert summary.loc["average", "wa_mean"] == pytest.approx(summary.loc[SIX, "wa_mean"].mean())
    assert summary.loc["average", "wa_mean"] != pytest.approx(summary.loc["pooled", "wa_mean"])
    every = summarise([file], FOLDS, SEEDS).set_index("condition")
    assert "pooled" not in every.index
    for condition in ("none", "avl"):
        assert summary.loc[condition, "wa_mean"] == every.loc[condition, "wa_mean"]

    files = {("m", "n_0dB", "n_0dB"): path}
    write_tables(files, {}, tmp_path, models={"m": "men"}, one_condition_seed=5)
    (row,) = cells_of((tmp_path / "paper_conditions.md").read_text())
    assert row["pooled WA"].startswith(f"{pooled.mean():.4f} ±")
    assert row["Avg WA"] != row["pooled WA"]
    assert "under one of these conditions" in (tmp_path / "paper_average.md").read_text()

    few = frame[frame.utterance.isin(["u0_1", "u0_2", "u0_3"])]
    few.to_parquet(path)
    with pytest.raises(InputError, match=r"too few.*evaluate: every_condition"):
        summarise([file], [0], SEEDS, one_condition_seed=5)


def test_a_model_that_is_tested_on_more_than_it_was_trained_on_has_a_line_of_its_own(tmp_path):
    trained = ("n_-10dB", "n_-20dB", "many")
    settings = [("m", one, other) for one in trained for other in ("n_-10dB", "n_-20dB", "clean")]
    settings += [("m", "clean", "clean"), ("m", "n_-10dB_none", "n_-10dB")]
    files = simulate_experiment(tmp_path, settings, ["none", *SIX, "avl"])
    named = {"many": ["n_-10dB", "n_-20dB"], "u": {"audio": "n_0dB"}}
    write_tables(files, {}, tmp_path, models={"m": "men_augmented"}, named=named)
    rows = {row["Trained on"]: row for row in cells_of((tmp_path / "paper_average.md").read_text())}
    assert set(rows) == {"n_-10dB", "n_-20dB", "many", "clean"}
    values = read_summary(tmp_path / "paper_all.csv").set_index(
        ["trained_on", "tested_on", "condition"]
    )
    for one in trained:
        for other, title in (("n_-10dB", "n −10 dB"), ("n_-20dB", "n −20 dB")):
            expected = values.loc[(one, other, "average"), "ua_mean"]
            assert rows[one][f"{title} UA"].startswith(f"{expected:.4f}")
        assert rows[one]["clean UA"].startswith(
            f"{values.loc[(one, 'clean', 'avl'), 'ua_mean']:.4f}"
        )
    assert rows["clean"]["n −10 dB UA"] == ""
    text = (tmp_path / "paper_average.md").read_text()
    assert "many: n −10 dB, n −20 dB in turn." in text
    assert "u: audio n 0 dB." in text
    lines = cells_of((tmp_path / "paper_conditions.md").read_text())
    assert ("same, none clean", "−10") in {(row["Trained on"], row["SNR (dB)"]) for row in lines}


def test_nominal_and_true_snr_stand_in_every_table(written):
    folder, _ = written
    for name in ("all", "average", "conditions"):
        rows = pd.read_csv(folder / f"paper_{name}.csv")
        gaussian = rows[rows["tested_on"] == "gaussian_-10dB"]
        assert gaussian["reached_snr_db_video"].to_numpy() == pytest.approx(-10.04)
        impulse = rows[rows["tested_on"] == "impulse_-40dB"]
        assert impulse["true_snr_db_video"].to_numpy() == pytest.approx(-35.2)
        assert rows.loc[rows["tested_on"] == "clean", "true_snr_db_text"].isna().all()
    average = (folder / "paper_average.md").read_text()
    assert (
        "gaussian −10 dB: −10.0 / −10.0; impulse −40 dB: a −40.2, v −40.4, l −40.2 / a −35.0, "
        "v −35.2, l −35.0."
    ) in average
    rows = cells_of((folder / "paper_conditions.md").read_text())
    shown = {
        (row["Noise"], row["Nominal SNR (dB)"], row["True SNR (dB)"])
        for row in rows
        if not row["Model"].startswith("paper")
    }
    assert shown == {
        ("gaussian", "−10.0", "−10.0"),
        ("impulse", "a −40.2, v −40.4, l −40.2", "a −35.0, v −35.2, l −35.0"),
    }
    paper = [row for row in rows if row["Model"].startswith("paper")]
    assert {row["True SNR (dB)"] for row in paper} == {""}


def test_corruptions_without_an_snr_are_told_apart(tmp_path):
    names = ("dropped_10%", "dropped_30%", "missing", "blur_3px")
    files = simulate_experiment(tmp_path, [("m", n, n) for n in names], ["none", *SIX, "avl"])
    nan = float("nan")
    snrs = {
        "dropped_30%": dict.fromkeys(("audio", "text"), (nan, 5.2)),
        "dropped_10%": {"audio": (nan, 10.0), "text": (nan, 9.8)},
        "missing": dict.fromkeys(("audio", "text"), (nan, nan)),
    }
    schedules = write_schedules(tmp_path, snrs)
    write_tables(files, schedules, tmp_path, models={"m": "men_augmented"})
    text = (tmp_path / "paper_average.md").read_text()
    heads = [cell.strip().removesuffix(" WA") for cell in text.splitlines()[2].split("|")[3::2]]
    assert [head for head in heads if head] == [
        "blur 3 px",
        "dropped 10 %",
        "dropped 30 %",
        "missing",
    ]
    assert "dropped 10 %: – / a 10.0, l 9.8; dropped 30 %: – / 5.2." in text
    rows = cells_of((tmp_path / "paper_conditions.md").read_text())
    assert [row["Noise"] for row in rows] == [
        "blur 3 px",
        "dropped 10 %",
        "dropped 30 %",
        "missing",
    ]
    assert {row["SNR (dB)"] for row in rows} == {""}
    assert "Nominal SNR (dB)" not in rows[0]
    assert [row["True SNR (dB)"] for row in rows] == ["", "a 10.0, l 9.8", "5.2", ""]


def test_only_the_chosen_folds_and_seeds_count(tmp_path):
    path = tmp_path / "predictions.parquet"
    frame = simulate(path, ["a", "v", "av"])
    summary = summarise([PredictionFile("m", "n_0dB", "n_0dB", path)], [1], [8])
    value = summary.set_index("condition").loc["v", "ua_mean"]
    assert value == pytest.approx(score(frame, 1, 8, "v", ua))


def test_models_of_fewer_modalities_have_their_own_complete_condition(tmp_path):
    settings = [("both", "n_0dB", "n_0dB")]
    files = simulate_experiment(tmp_path, settings, ["none", *SIX, "avl"])
    files |= simulate_experiment(tmp_path, [("audio", "n_0dB_none", "n_0dB")], ["none", "a"])
    summary = summarise([PredictionFile(*key, path) for key, path in files.items()], FOLDS, SEEDS)
    kinds = summary.set_index(["model", "condition"])["kind"]
    assert kinds["both", "a"] == "partial"
    assert kinds["audio", "a"] == "complete"
    assert ("audio", "average") not in kinds


def test_absent_seeds_and_folds_are_named(tmp_path):
    path = tmp_path / "predictions.parquet"
    frame = simulate(path, ["a", "v", "av"])
    file = PredictionFile("m", "n_0dB", "n_0dB", path)
    with pytest.raises(InputError, match=r"predictions\.parquet.*fold 0 seed 9, fold 1 seed 9"):
        summarise([file], FOLDS, [7, 9])
    with pytest.raises(InputError, match="no test predictions of folds 5"):
        summarise([file], [5], SEEDS)
    gap = (frame.condition == "v") & (frame.fold == 1) & (frame.seed == 8)
    frame[~gap].to_parquet(path)
    with pytest.raises(InputError, match="condition v of fold 1 seed 8;"):
        summarise([file], FOLDS, SEEDS)


def test_broken_files_are_named(tmp_path):
    path = tmp_path / "predictions.parquet"
    file = PredictionFile("m", "n_0dB", "n_0dB", path)
    with pytest.raises(InputError, match=r"predictions\.parquet is not"):
        summarise([file], FOLDS, SEEDS)
    frame = simulate(path, ["a", "v", "av"])
    pd.concat([frame, frame]).to_parquet(path)
    with pytest.raises(InputError, match="twice"):
        summarise([file], FOLDS, SEEDS)
    frame.drop(columns="predicted").to_parquet(path)
    with pytest.raises(InputError, match="predicted"):
        summarise([file], FOLDS, SEEDS)
    frame[:0].to_parquet(path)
    with pytest.raises(InputError, match="no predictions"):
        summarise([file], FOLDS, SEEDS)
    with pytest.raises(InputError, match="no predictions to summarise"):
        write_tables({}, {}, tmp_path)


def test_published_numbers_stand_where_the_paper_did_the_same(written):
    folder, _ = written
    rows = read_summary(folder / "paper_all.csv").set_index(
        ["model", "trained_on", "tested_on", "condition"]
    )
    expected = {
        ("men", "clean", "gaussian_-10dB", "average"): (0.7120, 0.7175),
        ("men", "clean", "gaussian_-10dB", "none"): (0.6496, 0.6355),
        ("my_nmer", "gaussian_-10dB", "gaussian_-10dB", "average"): (0.7598, 0.7675),
        ("my_nmer", "gaussian_-10dB", "gaussian_-10dB", "al"): (0.7813, 0.7917),
        ("my_nmer", "impulse_-40dB", "impulse_-40dB", "average"): (0.7391, 0.7410),
        ("my_nmer", "gaussian_-10dB_none", "gaussian_-10dB", "none"): (0.7436, 0.7528),
    }
    for key, numbers in expected.items():
        assert tuple(rows.loc[key, ["paper_wa", "paper_ua"]]) == numbers, key
        assert rows.loc[key, "difference_wa"] == pytest.approx(
            rows.loc[key, "wa_mean"] - numbers[0]
        )
    # six from Table 3, four averages and conditions "none" from Tables 2 and 5
    found = rows[rows["paper_wa"].notna()]
    assert len(found) == 6 - 1 + len(expected)
    assert set(found["published_model"]) == {"MEN", "NMER"}


@pytest.mark.parametrize("kind", ["unimodal", "unimodal on video"])
def test_unimodal_models_stand_beside_table_4(tmp_path, kind):
    files = simulate_experiment(
        tmp_path, [("x", "gaussian_0dB_none", "gaussian_0dB")], ["none", "v"]
    )
    write_tables(files, {}, tmp_path, models={"x": kind})
    rows = read_summary(tmp_path / "paper_all.csv").set_index("condition")
    assert rows.loc["none", "paper_wa"] == 0.5723
    assert np.isnan(rows.loc["v", "paper_wa"])


def test_published_conditions():
    published = read_published(PUBLISHED, "IEMOCAP")
    assert set(published["condition"]) == {*SIX, "average", "none"}


def test_unknown_published_corpus_is_an_error():
    with pytest.raises(InputError, match=r"'MSP'.*CMU-MOSEI, IEMOCAP"):
        read_published(PUBLISHED, "MSP")


def test_summary_survives_its_file(written):
    folder, files = written
    read = read_summary(folder / "paper_all.csv")
    made = summarise(prediction_files(list(files), list(files.values())), FOLDS, SEEDS)
    key = ["model", "trained_on", "tested_on", "condition"]
    read = read.sort_values(key, ignore_index=True)
    made = made.sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(read[list(made.columns)], made, check_dtype=False, rtol=1e-14)


def cells_of(markdown):
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    head, _, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in body]


def test_average_table_has_the_layout_of_table_2(written):
    folder, _ = written
    text = (folder / "paper_average.md").read_text()
    rows = cells_of(text)
    assert list(rows[0]) == ["Model", "Trained on"] + [
        f"{corruption} {measure}"
        for corruption in ("clean", "gaussian −10 dB", "impulse −40 dB")
        for measure in ("WA", "UA")
    ]
    names = [(row["Model"], row["Trained on"]) for row in rows]
    assert names == [
        ("men", "clean"),
        ("paper: MEN", "clean"),
        ("my_nmer", "same"),
        ("paper: NMER", "same"),
    ]
    values = read_summary(folder / "paper_all.csv").set_index(["model", "trained_on", "condition"])
    ours = values.loc[("my_nmer", "gaussian_-10dB", "average")]
    assert rows[2]["gaussian −10 dB UA"] == f"{ours.ua_mean:.4f} ± {ours.ua_sd:.4f}"
    clean = values.loc[("my_nmer", "clean", "avl")]
    assert rows[2]["clean WA"] == f"{clean.wa_mean:.4f} ± {clean.wa_sd:.4f}"
    assert rows[0]["impulse −40 dB WA"] == rows[1]["impulse −40 dB WA"] == ""
    assert rows[1]["gaussian −10 dB WA"] == "0.7120"
    assert "3 folds, 2 seeds" in text
    assert "standard deviation of the 6 fold × seed values" in text
    assert "(a, v, l, av, al, vl)" in text


def test_conditions_table_has_the_layout_of_table_3(written):
    folder, _ = written
    rows = cells_of((folder / "paper_conditions.md").read_text())
    labels = ["Model", "Trained on", "Noise", "SNR (dB)", "Nominal SNR (dB)", "True SNR (dB)"]
    assert list(rows[0]) == labels + [
        f"{condition} {measure}"
        for condition in (*SIX, "none", "complete", "Avg")
        for measure in ("WA", "UA")
    ]
    lines = [tuple(row.values())[:4] for row in rows if not row["Model"].startswith("paper")]
    assert lines == [
        ("men", "clean", "gaussian", "−10"),
        ("my_nmer", "same", "gaussian", "−10"),
        ("my_nmer", "same", "impulse", "−40"),
        ("my_nmer", "same, none clean", "gaussian", "−10"),
    ]
    paper = [row for row in rows if row["Model"] == "paper: NMER"]
    assert [row["none WA"] for row in paper] == ["", "", "0.7436"]
    values = read_summary(folder / "paper_all.csv").set_index(["model", "trained_on", "condition"])
    complete = values.loc[("my_nmer", "impulse_-40dB", "avl")]
    row = next(row for row in rows if row["Model"] == "my_nmer" and row["Noise"] == "impulse")
    assert row["complete UA"] == f"{complete.ua_mean:.4f} ± {complete.ua_sd:.4f}"


def test_csv_files_hold_what_the_tables_show(written):
    folder, _ = written
    average = pd.read_csv(folder / "paper_average.csv")
    assert sorted(average["kind"].unique()) == ["average", "complete"]
    assert set(average.loc[average["kind"] == "complete", "tested_on"]) == {"clean"}
    assert "same, none clean" not in set(average["training"])
    conditions = pd.read_csv(folder / "paper_conditions.csv")
    assert len(conditions) == 4 * (len(SIX) + 3)


def test_latex_is_escaped_and_balanced(written):
    folder, _ = written
    average = (folder / "paper_average.tex").read_text()
    assert r"iemocap\_50\%" in average
    assert r"my\_nmer & same" in average
    assert r"gaussian $-$10 dB" in average
    assert r"\multicolumn{2}{c}{clean}" in average
    for text in (average, (folder / "paper_conditions.tex").read_text()):
        assert re.search("[±−×†]", text) is None
        assert text.count(r"\begin{") == text.count(r"\end{")
        assert re.findall(r"(?<!\\)[_%]", text.replace("% needs", "").replace("{%\n", "")) == []
        for block in text.split(r"\end{tabular}")[:-1]:
            columns = len(re.search(r"\{tabular\}\{(\w+)\}", block)[1])
            body = block[block.index(r"\midrule") : block.index(r"\bottomrule")]
            widths = {line.count("&") - line.count(r"\&") + 1 for line in body.splitlines()[1:]}
            assert widths == {columns}
    # every number of the Markdown is in the LaTeX, also those of the second block
    for what in ("average", "conditions"):
        numbers = re.findall(r"0\.\d{4}", (folder / f"paper_{what}.md").read_text())
        latex = re.findall(r"0\.\d{4}", (folder / f"paper_{what}.tex").read_text())
        assert sorted(numbers) == sorted(latex)


def test_a_models_name_breaks_after_an_underscore():
    lines = [Line(["<b>nmer_without_vae", "0.5"])]
    html = to_html(Table("caption", ["Model"], [("UA",)], [lines], []))
    assert '<th scope="row">&lt;b&gt;nmer_<wbr>without_<wbr>vae</th>' in html


def test_two_modalities_notes_masks_and_single_values(tmp_path):
    settings = [("c", name, name) for name in ("n_-10dB", "n_0dB", "missing")]
    settings += [("b|d", "n_0dB", "n_0dB")]
    files = simulate_experiment(tmp_path, settings, ["none", "a", "v", "av"])
    write_tables(
        files,
        {},
        tmp_path,
        models={"c": "cm_arr", "b|d": "men_augmented"},
        published=None,
        note="Generated: no evidence.",
        folds=[0],
        seeds=[7],
        is_mask_aware=["c"],
    )
    text = (tmp_path / "paper_average.md").read_text()
    assert "Generated: no evidence." in text
    assert "1 fold, 1 seed" in text
    assert "0." in text
    assert "±" not in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert lines[0].startswith(
        "| Model | Trained on | missing WA | missing UA | n 0 dB WA | n 0 dB UA | n −10"
    )
    assert lines[2].startswith(r"| b\|d | same |  |  | 0.")
    assert lines[3].startswith("| c † | same | 0.")
    assert "†: knows which modalities are corrupted (mask-aware)" in text
    assert "paper" not in "".join(lines)
    conditions = cells_of((tmp_path / "paper_conditions.md").read_text().replace(r"\|", "/"))
    assert list(conditions[0])[4:] == [
        f"{condition} {measure}"
        for condition in ("a", "v", "none", "complete", "Avg")
        for measure in ("WA", "UA")
    ]


def test_published_files_are_consistent():
    """Table 3's averages are Table 2's, and nearly the mean of its conditions."""
    average = pd.read_csv(PUBLISHED / "nmer_table2_average.csv")
    single = pd.read_csv(PUBLISHED / "nmer_table3_conditions.csv")
    keys = ["corpus", "noise", "snr_db"]
    stated = single[single["clean_modalities"] == "avg"].set_index(keys)[["wa", "ua"]]
    formed = single[single["clean_modalities"] != "avg"].groupby(keys)[["wa", "ua"]].mean()
    table_2 = average[average["model"] == "NMER"].set_index(keys)[["wa", "ua"]]
    assert len(stated) == 8
    assert (stated - table_2.loc[stated.index]).abs().max().max() == 0
    assert (stated - formed).abs().max().max() < 0.001
