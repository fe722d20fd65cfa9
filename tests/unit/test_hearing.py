"""Predictions of models that were trained on recognised words: their words are recognised too."""

import json

import numpy as np
import pytest
import soundfile
from helpers.exported import write_exported
from helpers.plans import Wildcards, default_config, plan_of
from helpers.recognisers import save_ctc

from robust_mer.errors import InputError
from robust_mer.export.clip import Clip
from robust_mer.export.predict import Predictor
from robust_mer.features.recogniser import Recogniser, RecogniserSettings, words_of
from robust_mer.features.utterance import Utterance
from robust_mer.files import sha256
from robust_mer.plan.rules.export import export_model

RATE = 16_000


def write_sound(path, seconds=2.0):
    """Noise that grows louder and quieter, so that the network says different letters."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(1).normal(0, 0.1, len(time)) * np.sin(2 * np.pi * 1.5 * time)
    soundfile.write(path, noise.astype(np.float32), RATE, subtype="FLOAT")
    return path


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """A model of text alone, a recording, and the words that are heard in it."""
    folder = tmp_path_factory.mktemp("heard")
    settings = RecogniserSettings(model=str(save_ctc(folder / "ctc")))
    sound = write_sound(folder / "a.wav")
    utterance = Utterance("a", sound, None, "", None, None, "", True)
    words = [w.word for w in words_of(Recogniser(settings).extract(utterance).values)]
    assert len(words) > 1
    vectors = folder / "vectors.txt"
    lines = [f"{word} {place + 1} {-place}" for place, word in enumerate(sorted(set(words)))]
    vectors.write_text("\n".join([*lines, "known 5 5"]) + "\n")
    glove = "robust_mer.features.glove:Glove"
    text = glove, {"vectors": str(vectors), "lower_case": False}, sha256(vectors)
    model = write_exported(
        folder / "model",
        "men",
        widths={"text": 2},
        extractors={"text": text},
        recogniser=settings.model_dump(),
        transcript="recognised",
    )
    return model, sound, words


def test_words_of_a_clip_without_a_text_are_recognised(heard):
    model, sound, words = heard
    prediction = Predictor(model)(Clip(audio=sound))
    given = Predictor(model)(Clip(text=" ".join(words)))
    assert prediction.probabilities == given.probabilities
    assert prediction.modalities["text"].frames == len(words)
    assert prediction.modalities["text"].note.startswith(f"heard: {words[0]} ")


def test_a_text_that_is_given_counts(heard, tmp_path):
    model, sound, _ = heard
    seen = Predictor(model)(Clip(audio=sound, text="known")).modalities["text"]
    assert seen.frames == 1
    assert seen.note == "words given; the model was trained on recognised ones"
    description = json.loads((model / "model.json").read_text())
    del description["modalities"]["text"]["transcript"]  # as folders of an earlier version
    (tmp_path / "model.json").write_text(json.dumps(description))
    (tmp_path / "model.safetensors").write_bytes((model / "model.safetensors").read_bytes())
    assert Predictor(tmp_path)(Clip(text="known")).modalities["text"] == seen


def test_a_text_is_what_a_model_expects_that_met_recognised_words_where_texts_lacked(
    heard, tmp_path
):
    model, sound, _ = heard
    description = json.loads((model / "model.json").read_text())
    description["modalities"]["text"]["transcript"] = "recognised_if_missing"
    (tmp_path / "model.json").write_text(json.dumps(description))
    (tmp_path / "model.safetensors").write_bytes((model / "model.safetensors").read_bytes())
    seen = Predictor(tmp_path)(Clip(audio=sound, text="known")).modalities["text"]
    assert seen.note == ""


def test_sound_in_which_nothing_can_be_heard(heard, tmp_path):
    model, _, _ = heard
    (tmp_path / "damaged.wav").write_bytes(b"RIFF")
    with pytest.raises(InputError, match=r"text: no words recognised: .*cannot be decoded"):
        Predictor(model)(Clip(audio=tmp_path / "damaged.wav"))
    with pytest.raises(InputError, match=r"text: not given"):
        Predictor(model)(Clip())


def test_a_recogniser_that_is_not_there_is_named(heard, tmp_path):
    model, sound, _ = heard
    description = json.loads((model / "model.json").read_text())
    for settings, message in (
        ({"model": "/none"}, r"features\.asr\.model is '/none'"),
        ({"modell": "x"}, r"does not know the settings of the recogniser"),
    ):
        description["modalities"]["text"]["recogniser"] = settings
        other = tmp_path / message[:3]
        other.mkdir()
        (other / "model.safetensors").write_bytes((model / "model.safetensors").read_bytes())
        (other / "model.json").write_text(json.dumps(description))
        with pytest.raises(InputError, match=message):
            Predictor(other)(Clip(audio=sound))


@pytest.mark.parametrize("transcript", ["index", "recognised", "recognised_if_missing"])
def test_a_model_is_exported_with_the_recogniser_of_its_words(transcript):
    raw = default_config()
    raw["features"]["extractors"]["minilm"]["transcript"] = transcript
    raw["features"]["asr"] = {"model": "facebook/wav2vec2-base-960h"}
    raw["experiments"]["demo"]["models"] = ["men"]
    wildcards = {"corpus": "demo", "model": "men", "trained_on": "clean"}
    job = export_model(plan_of(raw), Wildcards(**wildcards, replica="fold1_seed1"))
    if transcript == "index":
        assert job.spec.recognisers == {}
    else:
        assert [*job.spec.recognisers] == ["text"]
        assert job.spec.recognisers["text"]["model"] == "facebook/wav2vec2-base-960h"
    assert job.spec.transcripts["text"] == transcript
