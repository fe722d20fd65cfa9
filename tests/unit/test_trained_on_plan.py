"""What a network was trained on, as the config and the list of known networks say it."""

import pytest
from helpers.plans import Wildcards, default_config, plan_of

from robust_mer.identity import code_identity
from robust_mer.plan.rules.training import FUNCTION, train_model

DIMENSIONS = "audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim"


def trained_on(**section):
    config = default_config()
    config["features"]["extractors"]["tried"] = {"class": "audio_encoder", **section}
    return plan_of(config).extractors["tried"].trained_on


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"model": "/a/folder"}, None),
        ({"model": "/a/folder", "trained_on": ["IEMOCAP"]}, ["IEMOCAP"]),
        ({"model": "/a/folder", "trained_on": []}, []),
        ({"model": "facebook/hubert-base-ls960"}, ["LibriSpeech"]),
        (
            {"model": "facebook/hubert-base-ls960", "trained_on": ["IEMOCAP"]},
            ["LibriSpeech", "IEMOCAP"],
        ),
        ({"class": "is13"}, []),
        ({"class": "mini_xception", "trained_on": ["AFEW"]}, ["FER2013", "AFEW"]),
    ],
)
def test_the_config_adds_to_what_is_known_of_a_network(section, expected):
    assert trained_on(**section) == expected


def test_a_network_that_was_tuned_on_emotions_is_known():
    assert "MSP-Podcast" in trained_on(model=DIMENSIONS)


def test_a_converted_emotion2vec_is_known_by_its_folder(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "emotion2vec"}')
    assert {"IEMOCAP", "MELD", "CMU-MOSEI"} < set(trained_on(model=str(tmp_path)))
    for text in ('{"model_type": "wavlm"}', "[]", "{", '{"model_type": []}'):
        (tmp_path / "config.json").write_text(text)
        assert trained_on(model=str(tmp_path)) is None


def test_learned_layers_of_a_modality_are_a_fact_of_the_experiment():
    config = default_config()
    config["features"]["extractors"]["minilm"] |= {"layers": "all", "combine": "learned"}
    plan = plan_of(config)
    name = next(iter(plan.grid.experiments))
    assert plan.report.facts(name).layered == ("text",)
    assert "layers" in plan.report.figures(name)
    assert "layers" not in plan_of(default_config()).report.figures(name)


def test_a_training_depends_on_the_code_of_all_that_its_spec_names():
    """What it names decides which replicas of an earlier run are taken over."""
    raw = default_config()
    raw["experiments"]["demo"]["models"] = ["men_augmented"]
    plan = plan_of(raw)
    one = next(j for j in plan.grid.training_jobs if j.training.trained_on == "gaussian_-10dB")
    corpus, model, trained_on = one.training
    wildcards = Wildcards(corpus=corpus, model=model, trained_on=trained_on)
    job = train_model([one])(plan, wildcards)
    (noises,) = (corruption.noises for corruption in job.spec.corruptions)
    plugins = (job.spec.model, job.spec.protocol, job.spec.task, *noises.values())
    assert {plugin.implementation for plugin in plugins} <= set(job.uses)
    assert job.spec.code == code_identity(FUNCTION, *job.uses)


def test_a_list_of_corruptions_reads_the_schedules_of_all_its_members():
    raw, members = default_config(), ["gaussian_-10dB", "clean", "impulse_-10dB"]
    raw["corruption"]["named"] = {"several": members}
    raw["experiments"]["demo"] |= {"models": ["men_augmented"], "corruptions": ["several"]}
    plan = plan_of(raw)
    wildcards = Wildcards(corpus="demo", model="men_augmented", trained_on="several")
    job = train_model(plan.grid.training_jobs)(plan, wildcards)
    expected = [plan.layout.schedule("demo", one) for one in members if one != "clean"]
    assert job.inputs["schedules"] == expected
