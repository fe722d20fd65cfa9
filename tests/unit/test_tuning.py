"""Tuned models: their candidates in the plan, the choice on validation data, the table."""

import re

import pandas as pd
import pytest
from helpers.experiments import make_experiment
from helpers.plans import Wildcards, default_config, plan_of
from helpers.tasks import task

from robust_mer.errors import InputError
from robust_mer.evaluation.experiment import Facts, Training
from robust_mer.plan.grid import training_rules
from robust_mer.plan.models import TrainedOn
from robust_mer.plan.rules.export import export_model
from robust_mer.plan.rules.training import choose_model
from robust_mer.plan.targets import Targets
from robust_mer.report.spec import TableFiles, TableSpec
from robust_mer.report.tables.base import make_table
from robust_mer.report.tables.registry import TABLES
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.training.choose import (
    ChooseFiles,
    ChooseSpec,
    choose_replica,
    chosen_candidate,
)

TUNE = {"learning_rate": [0.0001, 0.0002], "dropout": [0.3, 0.5]}
NAMES = [
    f"tuned@learning_rate={rate},dropout={share}"
    for rate in TUNE["learning_rate"]
    for share in TUNE["dropout"]
]


def config(models=("men", "tuned"), **sections):
    raw = default_config()
    raw["models"] |= {"tuned": {"class": "men_augmented", "tune": TUNE}, **sections}
    raw["experiments"]["demo"] |= {
        "models": list(models),
        "corruptions": ["gaussian_-10dB"],
        "conditions": ["partial"],
        "folds": [1, 2],
        "seeds": [1, 2],
        "tested_on": [],
    }
    return raw


def trained(plan):
    """The trainings and teachers of a run, without corpus, and how many replicas each has."""
    counts = {}
    for job in plan.grid.training_jobs:
        key = job.training[1:]
        counts[key] = counts.get(key, 0) + len(job.replicas)
    return counts


def test_every_combination_is_a_training_of_all_replicas():
    plan = plan_of(config())
    jobs = trained(plan)
    assert {model for model, _ in jobs} == {"men", *NAMES}
    assert jobs["men", "clean"] == jobs[NAMES[0], "gaussian_-10dB"] == 4
    for place, name in enumerate(NAMES):
        settings = plan.models[name].settings
        assert settings["learning_rate"] == TUNE["learning_rate"][place // 2]
        assert settings["dropout"] == TUNE["dropout"][place % 2]
    training = Training("tuned", "gaussian_-10dB")
    assert [(one.model, one.trained_on) for one in plan.grid.tuned] == [training]
    assert not set(NAMES) & {one.model for one in plan.grid.finished}


def test_no_training_makes_what_is_chosen():
    """Snakemake takes the first rule whose pattern a file has."""
    plan = plan_of(config())
    for jobs in training_rules(plan.grid).values():
        corpus = re.compile(plan.training_constraint(jobs) + "/")
        assert not corpus.match("demo/models/tuned/gaussian_-10dB/")
        for job in jobs:
            assert corpus.match(f"demo/models/{job.training.model}/{job.training.trained_on}/")


def test_a_replica_is_chosen_among_the_same_replicas_of_the_candidates():
    plan = plan_of(config())
    wildcards = {"corpus": "demo", "model": "tuned", "trained_on": "gaussian_-10dB"}
    job = choose_model(plan, Wildcards(**wildcards, replica="fold2_seed1"))
    folder = "results/demo/models/{}/gaussian_-10dB/fold2_seed1"
    assert job.inputs["checkpoints"] == [f"{folder.format(name)}.safetensors" for name in NAMES]
    assert job.inputs["histories"] == [f"{folder.format(name)}.history.csv" for name in NAMES]
    assert job.spec.candidates[NAMES[1]] == {"learning_rate": 0.0001, "dropout": 0.5}


def test_only_what_is_chosen_leaves_the_run():
    targets = Targets(plan_of(config()))
    for files in (targets.checkpoints, targets.exported):
        assert any("/tuned/" in path for path in files)
        assert not any("@" in path for path in files)
    plan = plan_of(config())
    wildcards = {"corpus": "demo", "model": "tuned", "trained_on": "gaussian_-10dB"}
    job = export_model(plan, Wildcards(**wildcards, replica="fold2_seed1"))
    assert job.spec.config["model"]["tune"] == TUNE
    assert "settings" not in job.spec.config["model"]  # they differ between replicas


def test_students_of_a_tuned_teacher_start_from_the_chosen_one():
    raw = config(
        ["student"],
        teacher={"class": "men", "tune": {"dropout": [0.3, 0.5]}},
        student={"class": "mmin", "teacher": "teacher", "tune": {"dropout": [0.1, 0.2]}},
    )
    plan = plan_of(raw)
    assert set(trained(plan)) == {
        ("teacher@dropout=0.3", "clean"),
        ("teacher@dropout=0.5", "clean"),
        ("student@dropout=0.1", "gaussian_-10dB"),
        ("student@dropout=0.2", "gaussian_-10dB"),
    }
    assert {one.model for one in plan.grid.tuned} == {"teacher", "student"}
    (student,) = [one for one in plan.grid.tuned if one.model == "student"]
    for candidate in plan.grid.candidates_of(student):
        assert plan.grid.teacher_of(candidate).model == "teacher"
    for name, jobs in training_rules(plan.grid).items():
        teaches = {job.training.model.startswith("teacher@") for job in jobs}
        assert teaches == {name.startswith("train_teacher")}


def test_a_tuned_model_may_be_trained_on_one_corruption_for_all_tests():
    raw = config(tuned={"class": "men_augmented", "tune": TUNE, "trained_on": "missing"})
    plan = plan_of(raw)
    assert plan.models[NAMES[0]].trained_once == TrainedOn("missing")
    assert (NAMES[0], "missing") in trained(plan)


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"tune": {"learning_rat": [1, 2]}}, r"tune\.learning_rat does not exist; did you mean"),
        ({"tune": {"dropout": [0.5]}}, r"models\.tuned\.tune\.dropout"),
        ({"tune": {"dropout": [0.5, 0.5]}}, r"0\.5 is listed twice"),
        ({"tune": {"dropout": [0.5, 2.0]}}, r"models\.tuned\.dropout is 2\.0"),
        ({"tune": {"dropout": [0.5, [0.1]]}}, r"models\.tuned\.tune\.dropout"),
        ({"tune": {"keep": ["last", "a/b"]}}, r"tune\.keep.*paths"),
        ({"dropout": 0.1, "tune": TUNE}, r"dropout is 0\.1, but models\.tuned\.tune lists"),
        (
            {"tune": {"dropout": [n / 20 for n in range(11)], "batch_size": [*range(1, 11)]}},
            r"has 110 combinations",
        ),
    ],
)
def test_a_wrong_grid_is_named(section, problem):
    with pytest.raises(InputError, match=problem):
        plan_of(config(tuned={"class": "men_augmented", **section}))


def test_a_name_that_is_too_long_for_a_path_is_named():
    raw = config(
        ["x" * 100],
        **{
            "x" * 100: {
                "class": "men_augmented",
                "tune": {
                    "learning_rate": [0.0001, 0.0002],
                    "dropout": [0.1, 0.2],
                    "epochs_constant": [1, 2],
                },
            }
        },
    )
    with pytest.raises(InputError, match=r"more than 150 characters; tune fewer settings"):
        plan_of(raw)


def test_settings_that_a_student_shares_with_its_teacher_are_the_same_in_all_candidates():
    raw = config(["momke"])
    raw["models"]["momke_experts"] = {"tune": {"width": [32, 64]}}
    with pytest.raises(InputError, match=r"momke\.width is .* teacher, momke_experts@width=32, is"):
        plan_of(raw)


def test_a_tuned_model_is_not_audited():
    raw = config()
    raw["experiments"]["demo"]["audit"] = {"peeking": True}
    with pytest.raises(InputError, match=r"audit\.peeking: tuned is tuned, and what peeking"):
        plan_of(raw)


def choose(folder, reached, metric="validation_ua", of=None):
    """A choice among candidates that reach these values in the epoch that they keep."""
    checkpoints, histories = [], []
    for place, value in enumerate(reached):
        path = folder / f"m/m@{place}/clean/fold1_seed1.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([place]))
        rows = {"epoch": [1, 2], metric: [9.0 - 18.0 * place, value], "kept": [False, True]}
        pd.DataFrame(rows).to_csv(path.with_suffix(".history.csv"), index=False)
        checkpoints.append(path)
        histories.append(path.with_suffix(".history.csv"))
    made = folder / "m/m/clean/fold1_seed1.safetensors"
    made.parent.mkdir(parents=True, exist_ok=True)
    files = ChooseFiles(
        checkpoints,
        histories,
        made,
        made.with_suffix(".history.csv"),
        made.with_suffix(".candidates.csv"),
    )
    spec = ChooseSpec(
        {f"m@{place}": {"dropout": place / 10} for place in range(len(reached))},
        of or task("classification", target="label"),
    )
    choose_replica(spec, files, Runtime())
    assert files.history.read_bytes() == histories[made.read_bytes()[0]].read_bytes()
    assert chosen_candidate(made) == checkpoints[made.read_bytes()[0]]
    return made.read_bytes()[0], pd.read_csv(files.candidates)


def test_the_best_of_what_candidates_keep_is_chosen_and_the_first_of_equal_ones(tmp_path):
    chosen, table = choose(tmp_path, [0.5, 0.7, float("nan"), 0.7])
    assert chosen == 1
    assert table["candidate"].tolist() == [f"m@{place}" for place in range(4)]
    assert table["dropout"].tolist() == [0.0, 0.1, 0.2, 0.3]
    assert table["chosen"].tolist() == [False, True, False, False]
    assert table["validation_ua"].tolist()[:2] == [0.5, 0.7]


def test_of_an_error_the_least_is_chosen(tmp_path):
    numbers = task("regression", target="valence", target_range=[1.0, 5.0], selection="mae")
    chosen, _ = choose(tmp_path, [float("nan"), 0.9, 0.4, 0.5], "validation_mae", numbers)
    assert chosen == 2


def test_candidates_without_a_defined_metric_are_named(tmp_path):
    with pytest.raises(InputError, match=r"the validation_ua of no candidate is defined"):
        choose(tmp_path, [float("nan"), float("nan")])


def test_another_models_replica_is_no_copy(tmp_path):
    assert chosen_candidate(tmp_path / "fold1_seed1.safetensors").name == "fold1_seed1.safetensors"


def test_the_table_counts_how_often_each_candidate_was_chosen(tmp_path):
    paths = []
    for replica, (first, second) in enumerate([(0.5, 0.7), (0.6, 0.4), (0.8, 0.6), (0.5, 0.3)]):
        path = tmp_path / f"{replica}.csv"
        rows = {
            "candidate": ["m@1", "m@2"],
            "dropout": [0.3, 0.5],
            "keep": ["best", "last"],
            "validation_ua": [first, second],
            "chosen": [first > second, second > first],
        }
        pd.DataFrame(rows).to_csv(path, index=False)
        paths.append(path)
    training = Training("m", "n_0dB")
    experiment = make_experiment(
        [("m", "n_0dB", "n_0dB")],
        name="e",
        corpus="c",
        models={"m": "men_augmented"},
        folds=[1, 2],
        seeds=[1, 2],
    )
    spec = TableSpec("tuning", Plugin(TABLES["tuning"], {}), experiment, Facts(tuned=(training,)))
    files = TableFiles(candidates=paths, csv=tmp_path / "t.csv", md=tmp_path / "t.md")
    make_table(spec, files, Runtime())
    lines = [line for line in files.md.read_text().splitlines() if line.startswith("| m ")]
    assert lines == [
        "| m | n_0dB | dropout 0.3, keep best | 3 of 4 | 0.6000 | 0.1414 |",
        "| m | n_0dB | dropout 0.5, keep last | 1 of 4 | 0.5000 | 0.1826 |",
    ]
    table = pd.read_csv(files.csv)
    assert table[["fold", "seed"]].to_numpy().tolist()[::2] == [[1, 1], [1, 2], [2, 1], [2, 2]]
    assert table["chosen"].tolist() == [False, True, True, False, True, False, True, False]
