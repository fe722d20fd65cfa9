"""``robust-mer plan``: work and hours by measured rates, and the power of an experiment."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers.plans import default_config, plan_of
from scipy import stats

from robust_mer import cli
from robust_mer.errors import InputError
from robust_mer.forecast.measured import Rates, read_rates
from robust_mer.forecast.pilot import needs_interval, pilot_of, read_gaps, read_pilot
from robust_mer.forecast.power import (
    Assumptions,
    Design,
    Speakers,
    even_design,
    is_significant,
    power,
    smallest_difference,
)
from robust_mer.forecast.work import cost_of, work_of

DESIGN = even_design(12, 40)


@pytest.fixture
def results(tmp_path):
    """A corpus of 10 utterances, on which two seeds of a fold took 40 s."""
    corpus = tmp_path / "results/demo"
    (corpus / "models/men_demo/clean").mkdir(parents=True)
    for seed in (1, 2):
        (corpus / f"models/men_demo/clean/fold1_seed{seed}.safetensors").touch()
    (corpus / "utterances.csv").write_text("utterance,speaker\n" + "u,s\n" * 10)
    benchmark = corpus / "benchmarks/train_model/men_demo/clean/fold1.tsv"
    benchmark.parent.mkdir(parents=True)
    benchmark.write_text("s\tmax_rss\n40.0\t900.0\n")
    return tmp_path / "results"


def test_hours_follow_from_replicas_and_utterances(results):
    rates = read_rates(results)
    assert rates.of("train_model", "men_demo").seconds == 40 / 2 / 10
    works = list(work_of(plan_of(default_config())))
    (work,) = (w for w in works if (w.rule, w.name) == ("train_model", "men_demo"))
    cost = cost_of(work, rates, 100)
    assert cost.hours == pytest.approx(2 * 100 * work.units / 3600)
    assert (cost.memory, cost.known) == (900, True)


def test_candidates_count_for_their_model(results):
    for folder in ("models", "benchmarks/train_model"):
        path = results / "demo" / folder
        (path / "men_demo").rename(path / "men_demo@dropout=0.3@beta1=0.9")
    assert read_rates(results).of("train_model", "men_demo").seconds == 40 / 2 / 10


def test_an_unmeasured_model_takes_what_others_do(results):
    rates = read_rates(results)
    assert not rates.of("train_model", "nmer_demo").known
    assert rates.of("evaluate_model", "men_demo") is None


def test_the_work_is_that_of_the_plan():
    plan = plan_of(default_config())
    works = list(work_of(plan))
    trained = [work for work in works if work.rule == "train_model"]
    assert sum(work.jobs for work in trained) == len(plan.grid.training_jobs)
    assert sum(w.units for w in works if w.rule == "evaluate_model") == sum(
        map(len, plan.grid.replicas.values())
    )


def test_results_without_benchmarks_give_no_rates(tmp_path):
    assert read_rates(tmp_path) == read_rates(tmp_path / "nowhere") == Rates()


def test_the_test_is_a_t_test():
    values = np.random.default_rng(1).normal(0.5, 1, (50, 7))
    expected = stats.ttest_1samp(values, 0, axis=1).pvalue < 0.05
    np.testing.assert_array_equal(is_significant(values), expected)


def power_of_theory(difference, sd, speakers):
    critical = stats.t.ppf(0.975, speakers - 1)
    shifted = stats.nct(speakers - 1, difference / sd * speakers**0.5)
    return 1 - shifted.cdf(critical) + shifted.cdf(-critical)


def test_simulated_power_is_that_of_theory():
    design, assumed = even_design(12, 20), Assumptions(seed_sd=0.0)
    expected = power_of_theory(0.1, (0.49**2 / 20 + 0.03**2) ** 0.5, 12)
    assert power(0.1, design, assumed) == pytest.approx(expected, abs=0.03)
    assert power(0.0, design, assumed) == pytest.approx(0.05, abs=0.015)


def test_seeds_that_speakers_share_cause_false_alarms():
    assumed = Assumptions(seed_sd=0.05)
    alarms = [power(0.0, even_design(12, 20, folds), assumed) for folds in (1, 3, 12)]
    assert alarms == sorted(alarms, reverse=True)
    assert alarms[0] > 0.15
    assert alarms[-1] == pytest.approx(0.05, abs=0.015)


def test_more_speakers_show_smaller_differences():
    few, many = (smallest_difference(even_design(n, 30), Assumptions()) for n in (6, 24))
    assert many < few
    assert smallest_difference(even_design(1, 30), Assumptions()) is None


def test_speakers_differ_as_those_of_the_pilot_did():
    """Few are much better off with a model, as in an exponential distribution."""
    rng = np.random.default_rng(0)
    pilot = rng.exponential(size=1000)
    truth = is_significant(0.5 + rng.exponential(size=(20_000, 10)) - 1).mean()
    normal = Assumptions(utterance_sd=0.0, speaker_sd=1.0, seed_sd=0.0)
    speakers = Speakers((pilot - pilot.mean()) / pilot.std(), np.ones(1000), 1.0)
    design = even_design(10, 1000)
    assert abs(power(0.5, design, normal) - truth) > 0.05
    assert power(0.5, design, replace(normal, speakers=speakers)) == pytest.approx(truth, abs=0.02)


def test_speakers_with_few_utterances_count_by_what_they_have():
    even, uneven = Design((30,) * 8, (1,) * 8), Design((58, 2) * 4, (1,) * 8)
    small, large = (smallest_difference(one, Assumptions()) for one in (even, uneven))
    assert large > 1.5 * small


def drawn(rng, speakers, each=40, speaker_sd=0.1, fold_sd=0.0, folds=1):
    """A pilot of two models with a UA of 0.5; each speaker has utterances of four classes."""
    speaker = np.repeat(np.arange(speakers), each)
    label = np.tile(np.repeat(np.arange(4), each // 4), speakers)
    fold = speaker % folds
    advantage = rng.normal(0, speaker_sd, speakers)[speaker] + rng.normal(0, fold_sd, folds)[fold]
    first, second = (rng.random(len(speaker)) < 0.5 + way * advantage / 2 for way in (1, -1))
    return first.astype(float) - second, speaker, label, fold


def test_a_pilot_gives_back_what_it_was_drawn_with():
    assumed = pilot_of(*drawn(np.random.default_rng(2), 200)).assumptions(DESIGN)
    assert assumed.utterance_sd == pytest.approx(0.5**0.5, abs=0.02)
    assert assumed.speaker_sd == pytest.approx(0.1, abs=0.02)


def test_what_seeds_add_to_a_pilot_is_no_difference_between_speakers():
    rng = np.random.default_rng(3)
    table = drawn(rng, 600, speaker_sd=0.05, fold_sd=2**0.5 * 0.03, folds=200)
    seeded, single = replace(pilot_of(*table), seed_sd=0.03), pilot_of(*table[:3])
    assert seeded.assumptions(DESIGN).speaker_sd == pytest.approx(0.05, abs=0.01)
    assert single.assumptions(DESIGN).speaker_sd > 0.06


def test_speakers_who_differ_less_than_chance_allows_make_it_smaller():
    gap, speaker, label, _ = drawn(np.random.default_rng(7), 20, speaker_sd=0.0)
    pilot = pilot_of(gap, speaker, label)
    alike = replace(pilot, difference=pilot.difference / 2)
    for utterances in (20, 40, 80):
        assumed = alike.assumptions(even_design(12, utterances))
        assert assumed.speaker_sd == 0
        assert 0 < assumed.utterance_sd < 0.5**0.5
    like_pilot = alike.assumptions(DESIGN).utterance_sd ** 2 / 40
    assert like_pilot == pytest.approx(alike.difference.var(ddof=1))


def test_further_seeds_average_away_what_they_change_in_single_answers():
    rng = np.random.default_rng(8)
    gap, speaker, label, fold = drawn(rng, 100, speaker_sd=0.0)
    flips = np.full(len(gap), 0.2)
    pilot = pilot_of(gap, speaker, label, fold, flips)
    chance = [pilot.assumptions(replace(DESIGN, seeds=n)).utterance_sd ** 2 for n in (1, 2, 1000)]
    assert chance[0] == pytest.approx(0.5, abs=0.02)
    assert chance[0] - chance[1] == pytest.approx(0.1, abs=0.01)
    assert chance[0] - chance[2] == pytest.approx(0.2, abs=0.01)
    single = pilot_of(gap, speaker, label, fold)
    assert single.assumptions(replace(DESIGN, seeds=9)).utterance_sd ** 2 == chance[0]


def test_rare_classes_make_a_difference_less_certain():
    gap, speaker, label, _ = drawn(np.random.default_rng(4), 100)
    is_rare = label == 3
    rare = ~is_rare | (np.arange(len(gap)) % 10 == 0)
    even = pilot_of(gap, speaker, label).assumptions(DESIGN)
    uneven = pilot_of(gap[rare], speaker[rare], label[rare]).assumptions(DESIGN)
    assert uneven.utterance_sd == pytest.approx(
        even.utterance_sd * ((3 / 10 + 1) / 4**2 * 31) ** 0.5, rel=0.1
    )


@pytest.mark.parametrize("speakers", [4, 18])
def test_the_interval_of_the_power_contains_it(speakers):
    rng = np.random.default_rng(5)
    truth = (0.5 - 0.1**2 / 2) / 40 + 0.1**2
    hits = 0
    for _ in range(60):
        pilot = pilot_of(*drawn(rng, speakers))
        smallest = smallest_difference(DESIGN, pilot.assumptions(DESIGN))
        low, high = pilot.bounds(smallest, DESIGN)
        hits += low - 0.01 <= power_of_theory(smallest, truth**0.5, 12) <= high + 0.01
    assert hits >= 52  # 57 on average


def test_an_interval_is_needed_unless_the_pilot_is_large():
    rng = np.random.default_rng(6)
    for speakers, is_needed in ((8, True), (2000, False)):
        pilot = pilot_of(*drawn(rng, speakers))
        smallest = smallest_difference(DESIGN, pilot.assumptions(DESIGN))
        assert needs_interval(pilot.bounds(smallest, DESIGN), 0.8) == is_needed


@pytest.mark.parametrize("speaker", [["s"] * 4, ["s", "t", "u", "v"]])
def test_a_pilot_without_variation_is_refused(speaker):
    with pytest.raises(InputError, match="shows no variation"):
        pilot_of(np.zeros(4), np.array(speaker), np.array(list("abab")))


@pytest.fixture
def predictions(results):
    """Two models' predictions of 16 utterances: the second is wrong about `b` in `a` and `vl`."""
    (results / "demo/utterances.csv").write_text(
        "utterance,speaker\n" + "".join(f"u{n},s{n // 4}\n" for n in range(16))
    )
    paths = []
    for name in ("one", "two"):
        folder = results / f"demo/predictions/{name}/clean/clean"
        folder.mkdir(parents=True)
        tables = []
        for condition in ("none", "a", "vl", "avl"):
            wrong = condition == "none" or (name == "two" and condition != "avl")
            rows = {
                "utterance": [f"u{n}" for n in range(16)],
                "fold": 1,
                "seed": 1,
                "condition": condition,
                "part": "test",
                "label": ["a", "b"] * 8,
                "predicted": ["a", "a" if wrong else "b"] * 8,
            }
            tables.append(pd.DataFrame(rows))
        paths.append(folder / "predictions.parquet")
        pd.concat(tables).to_parquet(paths[-1])
    return paths


def test_a_pilot_is_read_from_two_files_of_predictions(predictions, results):
    pilot = read_pilot(*predictions)
    assert list(pilot.difference) == [0.5] * 4  # of the partial conditions, as in the tables
    assert list(pilot.utterances) == [4] * 4
    with pytest.raises(InputError, match="not a file of predictions"):
        read_pilot(predictions[0], results / "demo/utterances.csv")


def test_the_seeds_of_a_pilot_show_how_often_answers_flip(predictions):
    for path, is_right in zip(predictions, (True, False), strict=True):
        table = pd.read_parquet(path)
        again = table.assign(seed=2, predicted=table["label"] if is_right else table["predicted"])
        pd.concat([again.assign(seed=1, predicted=table["label"]), again]).to_parquet(path)
    gaps = read_gaps(*predictions)
    assert set(gaps["gap"]) == {0.0}
    assert set(gaps["flips"][gaps["label"] == "b"]) == {0.5}
    assert set(gaps["flips"][gaps["label"] == "a"]) == {0.0}
    pd.read_parquet(predictions[0]).assign(seed=3).to_parquet(predictions[0])
    with pytest.raises(InputError, match="the same seed"):
        read_gaps(*predictions)


@pytest.mark.parametrize(("kept", "difference"), [(["avl", "none"], 0.0), (["none"], 0.0)])
def test_a_pilot_without_partial_conditions_uses_the_others(predictions, kept, difference):
    for path in predictions:
        table = pd.read_parquet(path)
        table[table["condition"].isin(kept)].to_parquet(path)
    assert list(read_pilot(*predictions).difference) == [difference] * 4


def test_the_command_says_what_is_unknown(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(default_config()))
    (tmp_path / "mine.yaml").write_text("run: [demo]\n")
    (tmp_path / "broken.yaml").write_text("run: [demo\n")
    arguments = ["robust-mer", "plan", "mine.yaml", "--utterances", "300", "--speakers", "10"]
    monkeypatch.setattr(sys, "argv", arguments)
    cli.main()
    out = capsys.readouterr().out
    assert "at least 0.0 hours" in out
    assert "points of UA or more between two models" in out
    assert "4 speakers of 30 utterances, 2 folds, 1 seed" in out  # two of five folds
    assert "assumed: standard deviation" in out
    assert "uncertain" not in out
    for more, message in (
        (["none.yaml"], r"none\.yaml does not exist"),
        (["mine.yaml", "--measured", "nowhere"], "nowhere has no benchmarks"),
        (["broken.yaml"], "broken"),
    ):
        monkeypatch.setattr(sys, "argv", ["robust-mer", "plan", *more])
        with pytest.raises(SystemExit, match=message):
            cli.main()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target": "valence", "task": "regression"}, "is forecast for classes only"),
        ({"folds": {"scheme": "speakers"}}, "1 speaker of 30 utterances.* takes two speakers or"),
    ],
)
def test_the_command_says_why_it_forecasts_nothing(monkeypatch, tmp_path, capsys, changes, said):
    monkeypatch.chdir(tmp_path)
    raw = default_config()
    raw["corpora"]["demo"] |= changes
    raw["experiments"]["demo"] |= {"folds": [1]}
    if "task" in changes:
        raw["corpora"]["demo"]["target_range"] = [-1, 1]
        raw["experiments"]["demo"]["models"] = ["men"]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(raw))
    (tmp_path / "mine.yaml").write_text("run: [demo]\n")
    arguments = ["robust-mer", "plan", "mine.yaml", "--utterances", "300", "--speakers", "10"]
    monkeypatch.setattr(sys, "argv", arguments)
    cli.main()
    out = capsys.readouterr().out
    assert re.search(said, out)
    assert "points of UA" not in out


def test_the_command_shows_how_little_a_small_pilot_knows(
    monkeypatch, tmp_path, capsys, predictions
):
    table = pd.read_parquet(predictions[1])
    table["predicted"] = np.random.default_rng(1).choice(["a", "b"], len(table))
    table.to_parquet(predictions[1])
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    Path("config.yaml").write_text(yaml.safe_dump(default_config()))
    Path("mine.yaml").write_text("run: [demo]\n")
    arguments = ["robust-mer", "plan", "mine.yaml", "--pilot", *map(str, predictions)]
    monkeypatch.setattr(sys, "argv", [*arguments, "--utterances", "300", "--speakers", "10"])
    cli.main()
    out = capsys.readouterr().out
    assert "uncertain: the pilot's 4 speakers leave open" in out
    assert "from the pilot: standard deviation" in out


def test_the_design_is_that_of_the_index_and_the_folds(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(yaml.safe_dump(default_config()))
    Path("mine.yaml").write_text("run: [demo]\n")
    corpus = Path("results/demo")
    corpus.mkdir(parents=True)
    names = [(f"u{n}", f"s{min(n // 4, 4)}") for n in range(30)]
    index = "".join(f"{utterance},{speaker}\n" for utterance, speaker in names)
    (corpus / "utterances.csv").write_text(f"utterance,speaker\n{index}")
    folds = "".join(f"{one},{1 + (speaker > 's2')},test\n" for one, speaker in names)
    (corpus / "folds.csv").write_text(f"utterance,fold,part\n{folds}")
    (corpus / "benchmarks/index_corpus").mkdir(parents=True)  # of no training
    monkeypatch.setattr(sys, "argv", ["robust-mer", "plan", "mine.yaml"])
    cli.main()
    assert "5 speakers of 4 to 14 utterances, 2 folds, 1 seed" in capsys.readouterr().out
