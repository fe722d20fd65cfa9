"""An audit in the config: which trainings keep answers, and what else changes (nothing)."""

from types import SimpleNamespace

import pytest
from helpers.plans import default_config, plan_of

from robust_mer.errors import InputError
from robust_mer.plan.grid import Training, training_rules
from robust_mer.plan.rules import Rules

NOISY = "gaussian_-10dB"


class Wildcards(SimpleNamespace):
    """As Snakemake's."""

    def items(self):
        return vars(self).items()


def config(audit=None, **changes):
    raw = default_config()
    raw["experiments"]["demo"] |= {
        "models": ["men", "nmer", "logistic_regression"],
        "corruptions": [NOISY],
    }
    raw["experiments"]["demo"] |= changes
    if audit is not None:
        raw["experiments"]["demo"]["audit"] = audit
    return raw


def with_plain(raw):
    """The config with an experiment that shares its trainings and does not audit them."""
    raw["experiments"]["plain"] = {**raw["experiments"]["demo"], "audit": {}}
    raw["experiments"]["plain"]["corruptions"] = [NOISY, "missing"]
    raw["run"] = ["plain", "demo"]
    return raw


def trainings(plan):
    """Of every rule, what it trains and the outputs that it has."""
    return {
        name: ({job.training[1:] for job in jobs}, list(jobs[0].outputs))
        for name, jobs in training_rules(plan.grid).items()
    }


@pytest.mark.parametrize(
    ("audit", "message"),
    [
        ({"peeking": "yes"}, r"experiments.demo.audit.peeking is 'yes', expected true or false"),
        ({"peaking": True}, r"experiments.demo.audit.peaking.*peeking"),
        (True, r"experiments.demo.audit is True, expected"),
    ],
)
def test_mistakes_are_named(audit, message):
    with pytest.raises(InputError, match=message):
        plan_of(config(audit))


def test_a_protocol_that_may_leave_a_model_with_nothing_is_not_audited():
    """Where an utterance keeps its words alone, a model of sound and picture has nothing."""
    raw = config({"peeking": True}, models=["two"], conditions=["partial", "random_30%"])
    raw["models"]["two"] = {"class": "men_augmented", "modalities": ["audio", "video"]}
    with pytest.raises(InputError, match=r"two uses audio, video alone, and random_30% draws l "):
        plan_of(raw)
    raw["experiments"]["demo"]["conditions"] = ["partial", "fixed_a"]
    plan_of(raw)
    raw["experiments"]["demo"] |= {"conditions": ["random_30%"], "audit": {}}
    plan_of(raw)


def test_a_target_that_the_answers_cannot_hold_is_named():
    target = {"task": "regression", "target": ["valence", "epoch"], "target_range": [1, 5]}
    for audit, refused in (({}, False), ({"peeking": True}, True)):
        raw = config(audit, models=["men"])
        raw["corpora"]["demo"] |= target
        if refused:
            with pytest.raises(
                InputError, match=r"audit.peeking: the target epoch of demo .*rename"
            ):
                plan_of(raw)
        else:
            plan_of(raw)


def test_an_audited_training_writes_a_further_file_and_a_teacher_does_not():
    rules = trainings(plan_of(config({"peeking": True})))
    both = ["checkpoints", "histories"]
    assert rules == {
        "train_teacher_fold1": ({("invariance_teacher", "clean")}, both),
        "train_teacher_fold2": ({("invariance_teacher", "clean")}, both),
        **{
            f"train_model_fold{fold}_peeking": (
                {("men", "clean"), ("nmer", NOISY), ("logistic_regression", NOISY)},
                [*both, "peeked"],
            )
            for fold in (1, 2)
        },
    }
    for audit in (None, {}, {"peeking": False}):
        plain = trainings(plan_of(config(audit)))
        assert set(plain) == {
            f"train_{kind}_fold{n}" for kind in ("model", "teacher") for n in (1, 2)
        }
        assert all(outputs == both for _, outputs in plain.values())


def test_experiments_that_share_a_training_share_its_audit():
    plan = plan_of(with_plain(config({"peeking": True})))
    rules = trainings(plan)
    assert rules["train_model_fold1_peeking"][0] == {
        ("men", "clean"),
        ("nmer", NOISY),
        ("logistic_regression", NOISY),
    }
    assert rules["train_model_fold1"][0] == {
        ("nmer", "missing"),
        ("logistic_regression", "missing"),
    }
    # no two rules make the same file
    for fold in (1, 2):
        patterns = [
            plan.training_constraint(jobs)
            for jobs in training_rules(plan.grid).values()
            if jobs[0].replicas[0].fold == fold
        ]
        assert len(set(patterns)) == 3
    assert "peeking" not in plan.report.tables("plain")
    assert "peeking" in plan.report.tables("demo")


def training_job(raw, model="nmer", trained_on=NOISY):
    plan = plan_of(raw)
    (jobs,) = (
        jobs
        for jobs in training_rules(plan.grid).values()
        for job in jobs
        if job.training == Training("demo", model, trained_on) and job.replicas[0].fold == 1
    )
    wildcards = Wildcards(corpus="demo", model=model, trained_on=trained_on)
    return (
        Rules(plan).training(jobs).params,
        Rules(plan).training(jobs).inputs(wildcards),
        wildcards,
    )


def test_an_audit_changes_nothing_of_what_a_training_is_made_from():
    """So that neither Snakemake nor a replica of an earlier job sees a difference."""
    found = []
    for audit in (None, {"peeking": True}):
        params, inputs, wildcards = training_job(config(audit))
        made = {name: value(wildcards) for name, value in params.items() if name != "runtime"}
        found.append((made, inputs))
    assert found[0] == found[1]


def test_the_price_is_measured_from_all_replicas():
    plan = plan_of(config({"peeking": True}))
    job = Rules(plan).measure_peeking.job(Wildcards(experiment="demo"))
    folder = "results/demo/models"
    assert job.inputs["peeked"] == [
        f"{folder}/{model}/{trained_on}/fold{fold}_seed1.peeked.parquet"
        for model, trained_on in (("men", "clean"), ("nmer", NOISY), ("logistic_regression", NOISY))
        for fold in (1, 2)
    ]
    assert job.inputs["histories"] == [
        path.replace(".peeked.parquet", ".history.csv") for path in job.inputs["peeked"][:4]
    ]
    assert job.spec.trainings == (("men", "clean"), ("nmer", NOISY), ("logistic_regression", NOISY))
    assert job.spec.learning == job.spec.trainings[:2]
