"""What a network was trained on, as the config and the list of known networks say it."""

import pytest
from helpers.plans import default_config, plan_of

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
