"""Recognised words in the config: what is planned, and what is refused before any job."""

import pytest
from helpers.plans import Wildcards, default_config, plan_of

from robust_mer.errors import InputError
from robust_mer.plan.rules.corruption import measure_corrupted
from robust_mer.plan.rules.evaluation import evaluate_model
from robust_mer.plan.rules.features import (
    extract_corrupted,
    extract_features,
    recognise_corrupted,
    recognise_words,
)
from robust_mer.plan.rules.report import write_report
from robust_mer.plan.rules.training import train_model
from robust_mer.plan.targets import Targets

BABBLE = "results/demo/corrupted/babble_5dB"


def config(transcript="recognised", tested_on=(), named=None, **changes):
    raw = default_config()
    raw["features"]["extractors"]["minilm"]["transcript"] = transcript
    raw["features"] |= changes
    raw["experiments"]["demo"] |= {"models": ["men"], "tested_on": list(tested_on)}
    raw["corruption"]["named"] = named or {}
    return raw


def job(make, plan, **wildcards):
    return make(plan, Wildcards(corpus="demo", **wildcards))


def test_words_are_recognised_once_and_extracted():
    plan = plan_of(config(asr={"model": "facebook/wav2vec2-base-960h"}, sound={"min_level": -60.0}))
    recognition = job(recognise_words, plan)
    assert recognition.spec.settings["model"] == "facebook/wav2vec2-base-960h"
    assert recognition.spec.settings["sound"]["min_level"] == -60
    assert recognition.spec.corruption is None
    extraction = job(extract_features, plan, extractor="minilm")
    assert extraction.inputs["texts"] == "results/demo/recognised/texts.csv"
    assert extraction.spec.transcript == "recognised"
    assert extraction.spec.corruption is None


@pytest.mark.parametrize("transcript", ["recognised", "recognised_if_missing"])
def test_transcripts_of_the_index_are_not_recognised_again(transcript):
    plan = plan_of(config(transcript, ["babble_5dB"]))
    only_missing = transcript == "recognised_if_missing"
    assert job(recognise_words, plan).spec.only_missing == only_missing
    assert job(recognise_corrupted, plan, raw="babble_5dB").spec.only_missing == only_missing


def test_all_utterances_are_recognised_if_a_joined_corpus_needs_them():
    raw = config("recognised_if_missing")
    raw["features"]["extractors"]["heard"] = {"class": "bert", "transcript": "recognised"}
    raw["corpora"]["other"] = {"reader": "manifest", "root": "x", "folds": {"scheme": "part"}}
    raw["corpora"]["other"]["modalities"] = raw["corpora"]["demo"]["modalities"]
    modalities = {**raw["corpora"]["demo"]["modalities"]}
    modalities["text"] = {"extractor": "heard", "normalise": False}
    raw["corpora"]["joined"] = {
        "reader": "joined",
        "train": ["demo"],
        "test": ["other"],
        "folds": {"scheme": "part", "validation": 0.15},
        "modalities": modalities,
    }
    assert not job(recognise_words, plan_of(raw)).spec.only_missing


def test_without_a_recogniser_nothing_changes():
    plan = plan_of(config("index", ["babble_5dB"]))
    assert job(extract_features, plan, extractor="minilm").inputs["texts"] == []
    assert plan.corruption("demo", "babble_5dB").touched == ["audio"]
    assert plan.report.facts("demo").data.heard == {}


@pytest.mark.parametrize("transcript", ["recognised", "recognised_if_missing"])
def test_corrupted_sound_corrupts_the_words(transcript):
    plan = plan_of(config(transcript, ["babble_5dB"]))
    assert plan.corruption("demo", "babble_5dB").recorded == {
        "audio": "babble_5dB",
        "text": "babble_5dB",
    }
    evaluation = job(evaluate_model, plan, model="men", trained_on="clean", tested_on="babble_5dB")
    files = [f"{BABBLE}/features/is13.h5", f"{BABBLE}/features/minilm.h5"]
    assert evaluation.inputs["corrupted"] == files
    assert set(files) <= set(Targets(plan).corrupted)
    extraction = job(extract_corrupted, plan, extractor="minilm", raw="babble_5dB")
    assert extraction.inputs["texts"] == f"{BABBLE}/recognised/texts.csv"
    recognition = job(recognise_corrupted, plan, raw="babble_5dB")
    sound = job(extract_corrupted, plan, extractor="is13", raw="babble_5dB")
    assert recognition.spec.corruption == sound.spec.corruption
    assert recognition.inputs["folds"] == "results/demo/folds.csv"  # for other speakers' voices
    measured = job(measure_corrupted, plan, raw="babble_5dB")
    assert measured.inputs["corrupted"] == files[0]


def test_each_draw_has_its_words():
    raw = config()
    raw["experiments"]["demo"] |= {"models": ["men_augmented"], "corruptions": ["babble_5dB"]}
    plan = plan_of(raw)
    training = plan.grid.training_jobs[0]
    made = train_model([training])(
        plan,
        Wildcards(corpus="demo", model="men_augmented", trained_on=training.training.trained_on),
    )
    assert made.inputs["recorded"] == [
        f"{BABBLE}/{draw}features/{name}.h5"
        for name in ("is13", "minilm")
        for draw in ("", "draw2/")
    ]
    extraction = job(extract_corrupted, plan, extractor="minilm", raw="babble_5dB/draw2")
    assert extraction.inputs["texts"] == f"{BABBLE}/draw2/recognised/texts.csv"
    assert (
        job(recognise_corrupted, plan, raw="babble_5dB/draw2").spec.corruption
        == job(extract_corrupted, plan, extractor="is13", raw="babble_5dB/draw2").spec.corruption
    )


def test_corrupted_words_and_pictures_leave_the_recognition_clean():
    plan = plan_of(config(tested_on=["wer_20%", "blur_3px"]))
    assert plan.corruption("demo", "wer_20%").recorded == {"text": "wer_20%"}
    assert plan.corruption("demo", "blur_3px").recorded == {"video": "blur_3px"}
    extraction = job(extract_corrupted, plan, extractor="minilm", raw="wer_20%")
    assert extraction.inputs["texts"] == "results/demo/recognised/texts.csv"
    assert extraction.spec.corruption.kind == "wer"


def test_a_name_of_your_own_says_what_is_corrupted():
    named = {
        "sound": {"audio": "babble_5dB"},
        "words": {"text": "babble_5dB"},
        "both": {"audio": "babble_5dB", "text": "babble_0dB"},
    }
    plan = plan_of(config(tested_on=list(named), named=named))
    for name, parts in named.items():
        assert plan.corruption("demo", name).recorded == parts


def test_report_shows_and_audits_them():
    plan = plan_of(config("recognised_if_missing", ["babble_5dB"], asr={"model": "a/b"}))
    data = plan.report.facts("demo").data
    assert data.recogniser == "a/b"
    assert data.heard == {"minilm": "recognised_if_missing"}
    assert data.extractors["a/b"] is None
    logs = write_report(plan, Wildcards()).inputs
    assert f"{BABBLE}/features/minilm.csv" in str(logs)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"is13": {"transcript": "recognised"}},
            r"is13\.transcript: is13 extracts audio, not text",
        ),
        ({"minilm": {"class": "bert", "transcript": "heard"}}, r"minilm\.transcript is 'heard'"),
    ],
)
def test_extractors_that_cannot_receive_words(change, message):
    raw = config()
    raw["features"]["extractors"] |= change
    with pytest.raises(InputError, match=message):
        plan_of(raw)


@pytest.mark.parametrize(
    ("asr", "message"),
    [
        ({"modell": "x"}, r"features\.asr\.modell.*did you mean 'model'"),
        ({"window": 60.0}, r"features\.asr\.window is 60"),
    ],
)
def test_wrong_settings_of_the_recogniser(asr, message):
    with pytest.raises(InputError, match=message):
        plan_of(config(asr=asr))


def test_recognised_words_are_not_aligned():
    raw = config()
    raw["corpora"]["demo"]["modalities"]["text"]["aligned_to"] = "words"
    with pytest.raises(InputError, match=r"text\.aligned_to: minilm receives recognised words"):
        plan_of(raw)


def test_words_of_the_index_are_not_corrupted_by_sound():
    named = {"words": {"text": "babble_5dB"}}
    with pytest.raises(InputError, match=r"named\.words\.text: babble_5dB corrupts audio, and the"):
        plan_of(config("index", ["words"], named))
    with pytest.raises(InputError, match=r"words\.video: babble_5dB corrupts audio, not video"):
        plan_of(config(named={"words": {"video": "babble_5dB"}}))


def test_the_report_shows_the_recogniser_where_words_are_recognised():
    for transcript, shown in (("recognised", {"language": "de"}), ("index", None)):
        plan = plan_of(config(transcript, asr={"language": "de"}))
        assert write_report(plan, Wildcards()).spec.config["features"].get("asr") == shown
