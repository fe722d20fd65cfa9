"""Words that a speech recogniser hears, on tiny ones with random weights."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from helpers.recognisers import save_ctc, save_moonshine, save_whisper
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, BertConfig, BertModel, Wav2Vec2ForCTC

from robust_mer.corruption.raw.registry import RAW_KINDS
from robust_mer.errors import InputError, NothingError, UtteranceError
from robust_mer.features.bert import BertSettings
from robust_mer.features.extract import extract_features
from robust_mer.features.recognise import recognise_words
from robust_mer.features.recogniser import Recogniser, RecogniserSettings, words_of
from robust_mer.features.specs import (
    ExtractFiles,
    ExtractSpec,
    RawSpec,
    RecogniseFiles,
    RecogniseSpec,
)
from robust_mer.features.utterance import Hearing, Utterance
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.store import read_features
from robust_mer.table import read_table

RATE = 16_000


@pytest.fixture(scope="module")
def ctc(tmp_path_factory):
    return save_ctc(tmp_path_factory.mktemp("ctc"))


@pytest.fixture(scope="module")
def whisper(tmp_path_factory):
    return save_whisper(tmp_path_factory.mktemp("whisper"))


def build(folder, **settings):
    return Recogniser(RecogniserSettings(model=str(folder), **settings))


def noise(seconds: float, seed: int = 1) -> np.ndarray:
    """Noise that grows louder and quieter, so that the networks say different things."""
    time = np.arange(round(seconds * RATE)) / RATE
    random = np.random.default_rng(seed).normal(0, 0.1, len(time))
    return (random * np.sin(2 * np.pi * 1.5 * time)).astype(np.float32)


def utterance_of(folder, signal, name="a") -> Utterance:
    path = folder / f"{name}.wav"
    soundfile.write(path, signal, RATE, subtype="FLOAT")
    return Utterance(name, path, None, "", None, None, "", True)


def heard(recogniser, utterance) -> list[str]:
    return [word.word for word in words_of(recogniser.extract(utterance).values)]


def test_words_are_those_of_the_network_with_their_times(tmp_path, ctc):
    signal = noise(2.0)
    extraction = build(ctc).extract(utterance_of(tmp_path, signal))
    words = words_of(extraction.values)
    normal = (signal - signal.mean()) / np.sqrt(signal.var() + 1e-7)
    with torch.no_grad():
        logits = Wav2Vec2ForCTC.from_pretrained(ctc)(torch.from_numpy(normal)[None]).logits
    text = AutoTokenizer.from_pretrained(ctc).decode(logits[0].argmax(dim=-1))
    assert len(words) > 1
    assert [word.word for word in words] == text.split()
    times = [time for word in words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= 2.0
    assert (extraction.seconds, extraction.note) == (2.0, "")


def test_the_same_sound_gives_the_same_words(tmp_path, ctc, whisper):
    utterance = utterance_of(tmp_path, noise(1.0))
    for folder in (ctc, whisper):
        first, second = (heard(build(folder), utterance) for _ in range(2))
        assert first == second
        assert first


def test_times_are_unknown_where_the_model_gives_none(tmp_path, whisper):
    utterance = utterance_of(tmp_path, noise(1.0))
    timed = words_of(build(whisper).extract(utterance).values)
    assert timed
    assert all(0 <= word.start <= word.end for word in timed)
    untimed = words_of(
        build(save_whisper(tmp_path / "w", has_times=False)).extract(utterance).values
    )
    assert untimed
    assert all(math.isnan(word.start) and math.isnan(word.end) for word in untimed)


def test_words_end_with_the_sound_even_if_it_was_padded_for_the_network(tmp_path, ctc, whisper):
    utterance = utterance_of(tmp_path, noise(0.01))
    for folder in (ctc, whisper):
        words = words_of(build(folder).extract(utterance).values)
        assert words
        assert max(word.end for word in words) <= 0.01


def test_a_model_without_a_limit_of_its_own_is_not_cut_short(tmp_path):
    words = heard(build(save_moonshine(tmp_path / "m")), utterance_of(tmp_path, noise(1.0)))
    assert len("".join(words)) == 256  # not the 20 at which transformers stops by default


@pytest.mark.parametrize("language", ["", "de"])
def test_language_is_given_or_detected(tmp_path, whisper, language):
    assert heard(build(whisper, language=language), utterance_of(tmp_path, noise(0.5)))


def test_long_recording_is_cut_where_it_is_quiet(tmp_path, ctc):
    signal = noise(5.0)
    signal[round(1.8 * RATE) : round(1.9 * RATE)] = 0
    signal[round(3.5 * RATE) : round(3.6 * RATE)] = 0
    recogniser = build(ctc, window=2.0)
    extraction = recogniser.extract(utterance_of(tmp_path, signal))
    cuts = [0, round(1.85 * RATE), round(3.55 * RATE), len(signal)]
    pieces = [signal[begin:end] for begin, end in pairwise(cuts)]
    assert [word.word for word in words_of(extraction.values)] == [
        word for piece in pieces for word in heard(recogniser, utterance_of(tmp_path, piece, "p"))
    ]
    assert extraction.note == "recognised in pieces: 3"
    starts = [word.start for word in words_of(extraction.values)]
    assert starts == sorted(starts)
    assert starts[-1] > 3.5


def test_sound_of_any_length_and_level(tmp_path, ctc, whisper):
    for folder in (ctc, whisper):
        recogniser = build(folder)
        recogniser.extract(utterance_of(tmp_path, noise(0.001)))
        with pytest.raises(NothingError, match="audio is silent"):
            recogniser.extract(utterance_of(tmp_path, np.zeros(RATE, np.float32)))
        with pytest.raises(UtteranceError, match="no audio file"):
            recogniser.extract(Utterance("u", None, None, "", None, None, "", True))


def test_folders_without_a_recogniser(tmp_path, ctc):
    BertModel(
        BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    ).save_pretrained(tmp_path / "bert")
    with pytest.raises(InputError, match=r"features\.asr\.model is .*a bert: expected a speech"):
        build(tmp_path / "bert")
    with pytest.raises(InputError, match="there is no such file or folder"):
        build("./nowhere")
    encoder = save_ctc(tmp_path / "encoder")
    weights = load_file(encoder / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith("lm_head")}
    save_file(kept, encoder / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"lacks 2 of the network's weights, the first: lm_head"):
        build(encoder)
    with pytest.raises(InputError, match="needs audio at 8000 Hz"):
        build(save_ctc(tmp_path / "slow", rate=8000))
    (encoder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"no config\.json that can be read"):
        build(encoder)


def test_weights_of_no_effect_may_be_missing(tmp_path):
    folder = save_ctc(tmp_path / "m")
    weights = load_file(folder / "model.safetensors")
    del weights["wav2vec2.masked_spec_embed"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    build(folder)


def test_languages_that_a_model_does_not_have(ctc, whisper):
    with pytest.raises(InputError, match=r"asr\.language is 'fr'.*expected de, en"):
        build(whisper, language="fr")
    with pytest.raises(InputError, match=r"asr\.language is 'de', but .* has one language"):
        build(ctc, language="de")


def test_nothing_recognised_is_no_failure(tmp_path):
    utterance = Utterance("u", None, None, "", None, None, "", True, hearing=Hearing(False, "h"))
    with pytest.raises(NothingError, match="no words recognised: h"):
        utterance.transcript()
    utterance = Utterance("u", None, None, "", None, None, "", True, hearing=Hearing(True, "f"))
    with pytest.raises(UtteranceError, match="no words recognised: f") as error:
        utterance.transcript()
    assert not isinstance(error.value, NothingError)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Two recordings with sound, of which one has a transcript, a silent one, and none at all."""
    folder = tmp_path_factory.mktemp("corpus")
    for name, signal in (("loud", noise(1.0)), ("said", noise(1.0, 2)), ("dumb", noise(1.0) * 0)):
        utterance_of(folder, signal, name)
    rows = [
        ("loud", "loud.wav", ""),
        ("said", "said.wav", "Thank  you."),
        ("dumb", "dumb.wav", ""),
        ("gone", "", ""),
    ]
    table = pd.DataFrame(rows, columns=["utterance", "audio", "text"])
    table[["session", "speaker", "label", "video", "region", "start", "end"]] = ""
    table["audio_is_cut"] = "1"
    table.to_csv(folder / "utterances.csv", index=False)
    return folder


def recognise(corpus, model, name="clean", corruption=None, only_missing=False, max_failed=0.3):
    files = RecogniseFiles(
        corpus / "utterances.csv", corpus / name / "texts.csv", corpus / name / "words.csv"
    )
    settings = RecogniserSettings(model=str(model)).model_dump()
    runtime = Runtime(root=str(corpus), max_failed_fraction=max_failed)
    recognise_words(RecogniseSpec(settings, corruption, only_missing), files, runtime)
    return read_table(files.texts).set_index("utterance"), read_table(files.words)


@pytest.fixture(scope="module")
def clean(warm_processes, corpus, ctc):
    """The tables of texts and words of all utterances."""
    return recognise(corpus, ctc)


@pytest.fixture(scope="module")
def missing(warm_processes, corpus, ctc):
    """Those in which utterances with a transcript are skipped."""
    # One of four fails, although only three are recognised.
    return recognise(corpus, ctc, "missing", only_missing=True, max_failed=0.26)


@pytest.mark.usefixtures("warm_processes")
class TestOfACorpus:
    """What stands in the tables, and what extractors of text make of it."""

    def test_every_utterance_has_its_words_or_a_reason(self, clean):
        texts, words = clean
        assert texts.index.tolist() == ["loud", "said", "dumb", "gone"]
        assert texts["status"].tolist() == ["ok", "ok", "empty", "failed"]
        assert texts["transcript"].tolist() == ["", "Thank you.", "", ""]
        assert texts.loc["gone", "reason"] == "no audio file named in the index"
        for name, rows in words.groupby("utterance"):
            assert " ".join(rows["word"]) == texts.loc[name, "recognised"]
        assert set(words["utterance"]) == {"loud", "said"}
        assert words["end"].astype(float).max() <= 1.0

    def test_utterances_with_a_transcript_may_be_skipped(self, clean, missing):
        (texts, _), (heard, words) = clean, missing
        others = ["loud", "dumb", "gone"]
        pd.testing.assert_frame_equal(heard.loc[others], texts.loc[others])
        assert heard.index.tolist() == texts.index.tolist()
        assert heard.loc["said"].to_dict() == {
            "status": "ok",
            "reason": "not recognised: the index has a transcript",
            "seconds": "",
            "recognised": "",
            "transcript": "Thank you.",
        }
        assert set(words["utterance"]) == {"loud"}

    def test_nothing_is_recognised_if_all_utterances_have_a_transcript(self, corpus, tmp_path):
        index = read_table(corpus / "utterances.csv").assign(text="Yes.")
        index.to_csv(tmp_path / "utterances.csv", index=False)
        texts, words = recognise(tmp_path, tmp_path / "no model", only_missing=True)
        assert texts["transcript"].tolist() == ["Yes."] * 4
        assert texts["status"].tolist() == ["ok"] * 4
        assert words.columns.tolist() == ["utterance", "word", "start", "end"]
        assert words.empty

    def test_corrupted_sound_gives_other_words(self, corpus, ctc, clean):
        texts, _ = clean
        raw = RawSpec("whitenoise", Plugin(RAW_KINDS["whitenoise"], {}), -10.0, 1)
        corrupted, _ = recognise(corpus, ctc, "noisy", raw)
        again, _ = recognise(corpus, ctc, "noisy", raw)
        assert (texts["recognised"] != corrupted["recognised"]).tolist() == [
            True,
            True,
            False,
            False,
        ]
        pd.testing.assert_frame_equal(corrupted, again)

    @pytest.mark.parametrize("transcript", ["recognised", "recognised_if_missing"])
    def test_extractors_of_text_receive_them(self, request, corpus, transcript):
        name = "missing" if transcript == "recognised_if_missing" else "clean"
        texts, _ = request.getfixturevalue(name)
        plugin = Plugin("robust_mer.features.bert:Bert", BertSettings(units="words").model_dump())
        files = ExtractFiles(
            corpus / "utterances.csv",
            corpus / "text.h5",
            corpus / "text.csv",
            texts=corpus / name / "texts.csv",
        )
        runtime = Runtime(root=str(corpus), max_failed_fraction=0.3)
        extract_features(ExtractSpec(plugin, transcript=transcript), files, runtime)
        report = read_table(files.table).set_index("utterance")
        words = texts["recognised"].str.split().str.len()
        said = words["said"] if transcript == "recognised" else 2
        assert report["frames"].astype(int).tolist() == [words["loud"], said, 0, 0]
        assert report["status"].tolist() == ["ok", "ok", "empty", "failed"]
        remarks = ["words recognised", "words recognised" * (transcript == "recognised")]
        assert report["reason"].tolist()[:2] == remarks
        assert report.loc["dumb", "reason"].startswith("no words recognised: audio is silent")
        assert read_features(files.features).settings["transcript"] == transcript

    def test_texts_of_another_index(self, corpus, clean, tmp_path):
        texts = read_table(corpus / "clean/texts.csv").iloc[1:]
        texts.to_csv(tmp_path / "texts.csv", index=False)
        plugin = Plugin("robust_mer.features.bert:Bert", BertSettings().model_dump())
        files = ExtractFiles(
            corpus / "utterances.csv",
            tmp_path / "text.h5",
            tmp_path / "text.csv",
            texts=tmp_path / "texts.csv",
        )
        with pytest.raises(InputError, match=r"texts\.csv lacks the utterance 'loud'"):
            extract_features(
                ExtractSpec(plugin, transcript="recognised"), files, Runtime(root=str(corpus))
            )
