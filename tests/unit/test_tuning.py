"""Tuned models: their candidates in the plan, the choice on validation data, the table."""

import re

import pandas as pd
import pytest
from helpers.experiments import make_experiment
from helpers.plans import Wildcards, default_config, plan_of
from helpers.tasks import task
from snakemake.target_jobs import parse_target_jobs_cli_args
from snakemake_interface_executor_plugins.utils import TargetSpec, encode_target_jobs_cli_args

from robust_mer.errors import InputError
from robust_mer.evaluation.experiment import Facts, Training
from robust_mer.plan.grid import choosing_rules, training_rules
from robust_mer.plan.models import TrainedOn
from robust_mer.plan.rules import Rules
from robust_mer.plan.rules.export import export_model
from robust_mer.plan.targets import Targets
from robust_mer.report.spec import TableFiles, TableSpec
from robust_mer.report.tables.base import make_table
from robust_mer.report.tables.registry import TABLES
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.training.choose import ChooseFiles, ChooseSpec, choose_replicas

TUNE = {"learning_rate": [0.0001, 0.0002], "dropout": [0.3, 0.5]}
NAMES = [
    f"tuned@dropout={share}@learning_rate={rate}"
    for share in TUNE["dropout"]
    for rate in TUNE["learning_rate"]
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
        assert settings["learning_rate"] == TUNE["learning_rate"][place % 2]
        assert settings["dropout"] == TUNE["dropout"][place // 2]
    training = Training("tuned", "gaussian_-10dB")
    assert [(one.model, one.trained_on) for one in plan.grid.tuned_trainings] == [training]
    assert not set(NAMES) & {one.model for one in plan.grid.final_trainings}


def test_no_two_rules_make_a_replica():
    """Snakemake takes the first rule whose pattern a file has."""
    plan = plan_of(config())
    for jobs in training_rules(plan.grid).values():
        corpus = re.compile(plan.training_constraint(jobs) + "/")
        assert not corpus.match("demo/models/tuned/gaussian_-10dB/")
        for job in jobs:
            assert corpus.match(f"demo/models/{job.training.model}/{job.training.trained_on}/")
    for jobs in choosing_rules(plan.grid).values():
        corpus = re.compile(plan.choosing_constraint(jobs) + "/")
        assert corpus.match("demo/models/tuned/gaussian_-10dB/")
        for other in ("men/clean", f"{NAMES[0]}/gaussian_-10dB", "tuned/clean"):
            assert not corpus.match(f"demo/models/{other}/")


@pytest.mark.parametrize("folds_per_job", [1, 3])
def test_a_job_chooses_the_replicas_of_a_fold_however_many_one_trains(folds_per_job):
    raw = config()
    raw["training"]["folds_per_job"] = folds_per_job
    plan = plan_of(raw)
    made = choosing_rules(plan.grid)
    assert list(made) == ["choose_model_fold1", "choose_model_fold2"]
    wildcards = Wildcards(corpus="demo", model="tuned", trained_on="gaussian_-10dB")
    jobs = list(made.values())[-1]
    job = Rules(plan).choosing(jobs).job(wildcards)
    replicas = [f"fold2_seed{seed}" for seed in (1, 2)]
    paths = [
        f"results/demo/models/{candidate}/gaussian_-10dB/{replica}"
        for candidate in NAMES
        for replica in replicas
    ]
    assert job.inputs["trained"] == [f"{path}.safetensors" for path in paths]
    assert job.inputs["trained_histories"] == [f"{path}.history.csv" for path in paths]
    assert job.spec.candidates[NAMES[1]] == {"dropout": 0.3, "learning_rate": 0.0002}


def test_models_with_other_replicas_are_chosen_by_another_rule():
    raw = config()
    raw["models"]["other"] = raw["models"]["tuned"]
    demo = {**raw["experiments"]["demo"], "folds": [1]}
    raw["experiments"] = {"demo": demo, "more": {**demo, "models": ["other"], "seeds": [1, 3]}}
    raw["run"] = ["demo", "more"]
    rules = choosing_rules(plan_of(raw).grid)
    assert list(rules) == ["choose_model_fold1", "choose_model_fold1_seeds2"]
    assert [jobs[0].training.model for jobs in rules.values()] == ["tuned", "other"]


@pytest.mark.parametrize("name", NAMES)
def test_a_cluster_can_name_a_candidates_job(name):
    """Snakemake hands the wildcards of a job to a node in one argument."""
    wildcards = {"corpus": "demo", "model": name, "trained_on": "gaussian_-10dB"}
    (spec,) = encode_target_jobs_cli_args([TargetSpec("train_model_fold1", wildcards)])
    (parsed,) = parse_target_jobs_cli_args([spec])
    assert dict(parsed.wildcards_dict) == wildcards


def test_only_what_is_chosen_leaves_the_run():
    targets = Targets(plan_of(config()))
    for files in (targets.checkpoints, targets.exported):
        assert any("/tuned/" in path for path in files)
        assert not any("@" in path for path in files)
    plan = plan_of(config())
    wildcards = {"corpus": "demo", "model": "tuned", "trained_on": "gaussian_-10dB"}
    job = export_model(plan, Wildcards(**wildcards, replica="fold2_seed1"))
    assert job.spec.config["model"]["tune"] == TUNE
    assert "settings" not in job.spec.config["model"]  # the checkpoint has those of the replica


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
    assert {one.model for one in plan.grid.tuned_trainings} == {"teacher", "student"}
    (student,) = [one for one in plan.grid.tuned_trainings if one.model == "student"]
    for candidate in plan.grid.candidates_of(student):
        assert plan.grid.teacher_of(candidate).model == "teacher"
    (students,) = (t for t in plan.report.facts("demo").tuned if t.model == "student")
    assert students.trained_on == "gaussian_-10dB"
    assert {t.model for t in plan.report.facts("demo").tuned} == {"teacher", "student"}
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
        ({"tune": {"dropout": [0.5]}}, r"tune\.dropout is \[0\.5\]: expected two values or more"),
        ({"tune": {"dropout": [0.5, 0.5]}}, r"0\.5 is listed twice"),
        ({"tune": {"dropout": [0.5, 2.0]}}, r"models\.tuned\.tune\.dropout is 2\.0"),
        ({"tune": {"dropout": [0.5, [0.1]]}}, r"models\.tuned\.tune\.dropout"),
        (
            {"tune": {"optimiser": ["adam", "a/b"]}},
            r"tune\.optimiser.* or numbers, true, false, or texts .*paths$",
        ),
        ({"tune": {"dropout": ["1e-1", 0.5]}}, r"tune\.dropout .*text, so write 1\.0e-1"),
        (
            {"class": "mplmm", "tune": {"width": [64, 30], "heads": [2, 4]}},
            r"models\.tuned\.tune \(heads: 4, width: 30\): width must be even",
        ),
        (
            {"tune": {"keep": ["last", "best"]}},
            r"tune\.keep: the best epoch is never below the last",
        ),
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


def test_names_of_candidates_do_not_depend_on_how_the_grid_is_written():
    written = {"weight_decay": [0, 0.1], "dropout": [0.5, 0.1]}
    names = []
    for tune in (written, {key: [float(v) for v in written[key]] for key in sorted(written)}):
        plan = plan_of(config(tuned={"class": "men_augmented", "tune": tune}))
        names.append([one.name for one in plan.models["tuned"].candidates])
    assert names[0] == names[1]
    assert names[0][0] == "tuned@dropout=0.5@weight_decay=0.0"


def test_settings_that_cannot_go_together_name_the_combination():
    raw = config(tuned={"class": "nmer", "tune": {"heads": [2, 7]}})
    with pytest.raises(InputError, match=r"models\.tuned\.tune \(heads: 7\): heads is 7, which"):
        plan_of(raw)


@pytest.mark.parametrize(
    ("section", "hint"),
    [
        ("models.tuned.tun", "tune"),
        ("models.tuned.trained_onn", "trained_on"),
        ("features.extractors.minilm.transcrip", "transcript"),
        ("corpora.demo.unlabeled", "unlabelled"),
        ("corpora.demo.generator.clas", "class"),
        ("corruption.noises.gaussian.clas", "class"),
        ("corruption.raw.babble.clas", "class"),
    ],
)
def test_a_key_of_a_section_that_is_misspelt_is_known_beside_the_settings(section, hint):
    raw = config()
    *path, key = section.split(".")
    place = raw
    for name in path:
        place = place[name]
    place[key] = "x"
    with pytest.raises(InputError, match=rf"{section} does not exist; did you mean '{hint}'"):
        plan_of(raw)


def test_all_tables_name_tuned_models_and_teachers_with_the_number_of_their_candidates():
    teacher = {"class": "men", "tune": {"dropout": [0.3, 0.5, 0.6]}}
    student = {"class": "mmin", "teacher": "teacher"}
    plan = plan_of(config(["men", "tuned", "student"], teacher=teacher, student=student))
    assert plan.report.experiment("demo").note.endswith(
        " Hyperparameters were chosen on validation data in every fold: teacher (best of 3), "
        "tuned (best of 4)."
    )
    assert plan.report.facts("demo").candidates == {"teacher": 3, "tuned": 4}
    untuned = plan_of(config(["men"])).report.experiment("demo").note
    assert "Hyperparameters" not in untuned
    raw = config(["student"], teacher=teacher, student=student)
    raw["experiments"]["demo"]["audit"] = {"peeking": True}
    plan_of(raw)  # the choice of a teacher sees no test data


def test_a_card_says_over_how_many_candidates_a_teacher_was_tuned():
    teacher = {"class": "men", "tune": {"dropout": [0.3, 0.5, 0.6]}}
    raw = config(["student"], teacher=teacher, student={"class": "mmin", "teacher": "teacher"})
    plan = plan_of(raw)
    wildcards = Wildcards(corpus="demo", model="student", trained_on="gaussian_-10dB")
    wildcards["replica"] = "fold1_seed1"
    model = export_model(plan, wildcards).spec.config["model"]
    assert model["candidates_of_teacher"] == 3


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


@pytest.mark.parametrize("tuned", ["momke", "momke_experts"])
def test_a_setting_that_a_student_shares_with_its_teacher_is_not_tuned(tuned):
    raw = config(["momke"])
    raw["models"][tuned] = {"tune": {"width": [32, 64]}}
    problem = rf"models\.{tuned}\.tune\.width: momke takes over the weights of momke_experts"
    with pytest.raises(InputError, match=problem):
        plan_of(raw)


def test_a_setting_is_tuned_by_its_name_in_the_config():
    raw = config(["tuned"], tuned={"class": "cm_arr", "tune": {"lambda": [0.1, 0.2]}})
    plan = plan_of(raw)
    assert [plan.models[f"tuned@lambda={x}"].settings["lambda"] for x in (0.1, 0.2)] == [0.1, 0.2]
    raw["models"]["tuned"]["tune"] = {"lambda_": [0.1, 0.2]}
    with pytest.raises(InputError, match=r"tune\.lambda_ does not exist; did you mean 'lambda'"):
        plan_of(raw)


def test_a_tuned_model_is_not_audited():
    raw = config()
    raw["experiments"]["demo"]["audit"] = {"peeking": True}
    with pytest.raises(InputError, match=r"peeking: the audit cannot measure tuned models \(tuned"):
        plan_of(raw)


def choose(folder, *reached, metric="validation_ua", of=None):
    """A choice among candidates; ``reached``: by replica, their values in the epoch they keep.

    Returns:
        The place of the chosen candidate, and the table of candidates, of each replica.
    """
    candidates, paths = range(len(reached[0])), []
    for candidate in candidates:
        for replica, values in enumerate(reached):
            path = folder / f"m@{candidate}" / f"{replica}.safetensors"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes([candidate]))
            rows = {"epoch": [1, 2], metric: [9.0 - 18.0 * candidate, values[candidate]]}
            rows["kept"] = [False, True]
            pd.DataFrame(rows).to_csv(path.with_suffix(".history.csv"), index=False)
            paths.append(path)
    made = [folder / f"{replica}.safetensors" for replica in range(len(reached))]
    files = ChooseFiles(
        paths,
        [path.with_suffix(".history.csv") for path in paths],
        made,
        [path.with_suffix(".history.csv") for path in made],
        [path.with_suffix(".candidates.csv") for path in made],
    )
    spec = ChooseSpec(
        {f"m@{place}": {"dropout": place / 10} for place in candidates},
        of or task("classification", target="label"),
    )
    choose_replicas(spec, files, Runtime())
    places = [path.read_bytes()[0] for path in made]
    for replica, place in enumerate(places):
        history = folder / f"m@{place}" / f"{replica}.history.csv"
        assert files.histories[replica].read_bytes() == history.read_bytes()
    return places, [pd.read_csv(path) for path in files.candidates]


def test_the_best_of_what_candidates_keep_is_chosen_and_the_first_of_equal_ones(tmp_path):
    reached = [0.5, 0.7, float("nan"), 0.7], [0.1, 0.2, 0.3, 0.0]
    places, (table, _) = choose(tmp_path, *reached)
    assert places == [1, 2]
    assert table["candidate"].tolist() == [f"m@{place}" for place in range(4)]
    assert table["dropout"].tolist() == [0.0, 0.1, 0.2, 0.3]
    assert table["chosen"].tolist() == [False, True, False, False]
    assert table["validation_ua"].tolist()[:2] == [0.5, 0.7]


def test_of_an_error_the_least_is_chosen(tmp_path):
    numbers = task("regression", target="valence", target_range=[1.0, 5.0], selection="mae")
    reached = [float("nan"), 0.9, 0.4, 0.5]
    assert choose(tmp_path, reached, metric="validation_mae", of=numbers)[0] == [2]


def test_candidates_without_a_defined_metric_are_named(tmp_path):
    with pytest.raises(InputError, match=r"no candidate of m@0, m@1 has a validation_ua"):
        choose(tmp_path, [float("nan"), float("nan")])


def test_the_table_counts_how_often_each_candidate_was_chosen(tmp_path):
    paths = []
    nan = float("nan")  # diverged
    reached = [(0.5, 0.7), (0.6, 0.4), (0.8, nan), (0.5, 0.3)]
    for replica, (first, second) in enumerate(reached):
        path = tmp_path / f"{replica}.csv"
        rows = {
            "candidate": ["m@1", "m@2"],
            "dropout": [0.3, 0.5],
            "optimiser": ["adam", "adamw"],
            "validation_ua": [first, second],
            "chosen": [not second > first, second > first],
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
        "| m | n_0dB | dropout 0.3, optimiser adam | 3 of 4 | 0.6000 | 0.1414 |",
        "| m | n_0dB | dropout 0.5, optimiser adamw | 1 of 4 | 0.4667 (3 of 4) | 0.2082 |",
    ]
    table = pd.read_csv(files.csv)
    assert table[["fold", "seed"]].to_numpy().tolist()[::2] == [[1, 1], [1, 2], [2, 1], [2, 2]]
    assert table["chosen"].tolist() == [False, True, True, False, True, False, True, False]
