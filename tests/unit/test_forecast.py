"""``robust-mer plan``: work and hours by measured rates, and the power of an experiment."""

import sys

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers.plans import default_config, plan_of
from scipy import stats

from robust_mer import cli
from robust_mer.errors import InputError
from robust_mer.forecast.measured import read_rates
from robust_mer.forecast.pilot import read_pilot
from robust_mer.forecast.power import (
    Assumptions,
    Design,
    from_pilot,
    is_significant,
    power,
    smallest_difference,
)
from robust_mer.forecast.work import cost_of, work_of


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


def test_results_without_benchmarks_are_refused(tmp_path):
    with pytest.raises(InputError, match="has no benchmarks"):
        read_rates(tmp_path)


def test_the_test_is_a_t_test():
    values = np.random.default_rng(1).normal(0.5, 1, (50, 7))
    expected = stats.ttest_1samp(values, 0, axis=1).pvalue < 0.05
    np.testing.assert_array_equal(is_significant(values), expected)


def test_simulated_power_is_that_of_theory():
    design, assumed = Design(12, 20), Assumptions(seed_sd=0.0)
    sd = (2 * 0.6 * 0.4 * 0.5 / 20 + 0.03**2) ** 0.5
    critical = stats.t.ppf(0.975, 11)
    shifted = stats.nct(11, 0.1 / sd * 12**0.5)
    expected = 1 - shifted.cdf(critical) + shifted.cdf(-critical)
    assert power(0.1, design, assumed) == pytest.approx(expected, abs=0.03)
    assert power(0.0, design, assumed) == pytest.approx(0.05, abs=0.015)


def test_more_speakers_show_smaller_differences():
    few, many = (smallest_difference(Design(n, 30), Assumptions()) for n in (6, 24))
    assert many < few
    assert smallest_difference(Design(1, 30), Assumptions()) is None


def test_a_pilot_gives_back_what_it_was_drawn_with():
    rng = np.random.default_rng(2)
    speaker = np.repeat(np.arange(200), 40)
    label = np.tile(np.repeat(np.arange(4), 10), 200)
    advantage = rng.normal(0, 0.1, 200)[speaker]
    first = rng.random(8000) < 0.5 + advantage / 2
    second = rng.random(8000) < 0.5 - advantage / 2
    assumed = from_pilot(first, second, speaker, label)
    assert assumed.accuracy == pytest.approx(0.5, abs=0.02)
    assert assumed.agreement == pytest.approx(0.0, abs=0.03)
    assert assumed.speaker_sd == pytest.approx(0.1, abs=0.02)


def test_a_pilot_is_read_from_two_files_of_predictions(results):
    (results / "demo/utterances.csv").write_text(
        "utterance,speaker\n" + "".join(f"u{n},s{n // 4}\n" for n in range(16))
    )
    paths = []
    for name in ("one", "two"):
        folder = results / f"demo/predictions/{name}/clean/clean"
        folder.mkdir(parents=True)
        rows = {
            "utterance": [f"u{n}" for n in range(16)],
            "fold": 1,
            "seed": 1,
            "condition": "avl",
            "part": "test",
            "label": ["a", "b"] * 8,
            "predicted": ["a", "b" if name == "one" else "a"] * 8,
        }
        paths.append(folder / "predictions.parquet")
        pd.DataFrame(rows).to_parquet(paths[-1])
    assert read_pilot(*paths).accuracy == 0.75
    with pytest.raises(InputError, match="not a file of predictions"):
        read_pilot(paths[0], results / "demo/utterances.csv")


def test_the_command_says_what_is_unknown(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(default_config()))
    (tmp_path / "mine.yaml").write_text("run: [demo]\n")
    arguments = ["robust-mer", "plan", "mine.yaml", "--utterances", "300", "--speakers", "10"]
    monkeypatch.setattr(sys, "argv", arguments)
    cli.main()
    out = capsys.readouterr().out
    assert "at least 0.0 hours" in out
    assert "points of UA or more between two models" in out
    assert "10 speakers of 30 utterances, 2 folds, 1 seeds" in out
    monkeypatch.setattr(sys, "argv", ["robust-mer", "plan", "none.yaml"])
    with pytest.raises(SystemExit, match=r"none\.yaml does not exist"):
        cli.main()
