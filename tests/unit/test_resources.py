"""What jobs ask a cluster for."""

import pytest
from helpers.plans import Wildcards, default_config, plan_of

from robust_mer.features.covarep import Covarep
from robust_mer.features.registry import EXTRACTORS
from robust_mer.plan.resources import Need, Scale, need_of, utterances_in
from robust_mer.plan.rules import Rules
from robust_mer.plan.rules.features import train_denseface

TRAIN = "robust_mer.training.train:train_replicas"


class Inputs(list):
    size_mb = 100.0


def asked(rule, wildcards, threads=1, attempt=1):
    return {
        name: ask(wildcards, Inputs(), threads, attempt) for name, ask in rule.resources.items()
    }


def of(job):
    corpus, model, trained_on = job.training
    return Wildcards(corpus=corpus, model=model, trained_on=trained_on)


def test_a_training_asks_for_more_the_more_it_trains():
    plan = plan_of(default_config())
    rules = Rules(plan)
    short, *_ = plan.grid.training_jobs
    small = asked(rules.training([short]), of(short))
    config = default_config()
    config["experiments"]["demo"]["seeds"] = [1, 2, 3, 4, 5]
    config["models"][short.training.model]["epochs_constant"] = 500
    long, *_ = plan_of(config).grid.training_jobs
    large = asked(Rules(plan_of(config)).training([long]), of(long))
    assert all(large[name] > small[name] for name in ("mem_mb", "runtime", "disk_mb"))


def test_a_gpu_trains_replicas_together():
    config = default_config()
    config["experiments"]["demo"]["seeds"] = [1, 2, 3, 4, 5]
    for device, longer in (("cpu", True), ("cuda", False)):
        minutes = []
        config["training"]["device"] = device
        for folds_per_job in (1, 3):
            config["training"]["folds_per_job"] = folds_per_job
            plan = plan_of(config)
            job, *_ = plan.grid.training_jobs
            minutes.append(asked(Rules(plan).training([job]), of(job))["runtime"])
        assert (minutes[1] > minutes[0]) == longer


def test_a_job_that_failed_asks_for_more():
    rule = Rules(plan_of(default_config())).find_faces
    first, second = (asked(rule, Wildcards(corpus="demo"), attempt=n) for n in (1, 2))
    assert second == {name: 2 * amount for name, amount in first.items()}


def test_every_thread_of_an_extraction_loads_the_network():
    rule = Rules(plan_of(default_config())).extract_features
    wildcards = Wildcards(corpus="demo", extractor="minilm")
    assert asked(rule, wildcards, threads=8)["mem_mb"] > 4 * asked(rule, wildcards)["mem_mb"]
    need = Need(memory_per_thread=100)
    heavy, light = (need.mem_mb(Scale(0, threads=4, weights_mb=mb, processes=4)) for mb in (500, 0))
    assert heavy == light + 1.3 * 4 * 500


def test_only_noise_that_needs_torch_asks_for_its_memory():
    def memory(noise):
        spec = {"corruption": {"noises": {"audio": {"implementation": noise}}}}
        return need_of("robust_mer.corruption.corrupt:write_schedule", spec).mem_mb(Scale(1))

    arrays = memory("robust_mer.corruption.gaussian:Gaussian")
    assert arrays < memory("robust_mer.corruption.bursts:Bursts")


def test_utterances_are_counted_once_the_index_exists(tmp_path):
    index = tmp_path / "utterances.csv"
    assert utterances_in(index) == 0
    index.write_text("utterance\na\nb\n")
    assert utterances_in(index) == 2


@pytest.mark.parametrize("rule", ["index_corpus", "evaluate_model", "write_report"])
def test_rules_of_every_stage_ask(rule):
    plan = plan_of(default_config())
    model, trained_on, tested_on = plan.grid.evaluations(plan.grid.experiments["demo"])[0]
    of_model = {"model": model, "trained_on": trained_on, "tested_on": tested_on}
    wildcards = Wildcards(corpus="demo", experiment="demo", **of_model)
    amounts = asked(getattr(Rules(plan), rule), wildcards)
    assert set(amounts) == {"mem_mb", "runtime", "disk_mb"}
    assert min(amounts.values()) > 0


@pytest.mark.parametrize(("device", "gpus"), [("cpu", 0), ("auto", 1)])
def test_denseface_is_trained_where_features_are_extracted(device, gpus):
    raw = default_config()
    raw["features"]["device"] = device
    raw["features"]["denseface_training"] = {"faces": "fer2013.csv"}
    job = train_denseface(plan_of(raw), None)
    assert (job.gpu, job.runtime.device) == (gpus, device)


def test_an_extraction_asks_for_the_working_memory_of_its_extractor():
    needs = {
        name: need_of(
            "robust_mer.features.extract:extract_features",
            {"extractor": {"implementation": EXTRACTORS[name]}},
        )
        for name in ("covarep", "is13")
    }
    more = needs["covarep"].memory_per_thread - needs["is13"].memory_per_thread
    assert more == Covarep.working_memory >= 100 * 7.5  # 100 s of sound
