"""Hidden states of encoders of raw audio, on tiny ones with random weights."""

import json

import numpy as np
import pytest
import soundfile
import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertModel,
    HubertConfig,
    HubertModel,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Model,
    WavLMConfig,
    WavLMModel,
)

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.audio_encoder import AudioEncoder, AudioEncoderSettings
from robust_mer.features.utterance import Utterance
from robust_mer.files import sha256

RATE = 16_000
KINDS = {
    "wav2vec2": (Wav2Vec2Config, Wav2Vec2Model),
    "hubert": (HubertConfig, HubertModel),
    "wavlm": (WavLMConfig, WavLMModel),
}


def save(folder, kind="wav2vec2", do_normalize=True, rate=RATE, **changes):
    config, network = KINDS[kind]
    small = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "conv_dim": (8,) * 7,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 2,
    }
    torch.manual_seed(0)
    network(config(**{**small, **changes})).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=do_normalize, sampling_rate=rate).save_pretrained(folder)
    return folder


def build(folder, **settings):
    return AudioEncoder(AudioEncoderSettings(model=str(folder), **settings))


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).normal(0.05, 0.1, round(seconds * RATE)).astype(np.float32)


def write_utterance(folder, signal) -> Utterance:
    path = folder / "a.wav"
    soundfile.write(path, signal, RATE, subtype="FLOAT")
    return Utterance("u", path, None, "", None, None, "", True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("layer", "state"), [(-1, 2), (1, 1), (0, 0)])
def test_states_are_those_of_the_layer(tmp_path, kind, layer, state):
    signal = noise(1.0)
    extractor = build(save(tmp_path, kind), layers=layer)
    extraction = extractor.extract(write_utterance(tmp_path, signal))
    network = KINDS[kind][1].from_pretrained(tmp_path).eval()
    prepared = Wav2Vec2FeatureExtractor.from_pretrained(tmp_path)(
        signal, sampling_rate=RATE, return_tensors="pt"
    )
    with torch.no_grad():
        states = network(prepared["input_values"], output_hidden_states=True).hidden_states
    np.testing.assert_allclose(extraction.values, states[state][0], atol=1e-4)
    assert extraction.values.shape == (49, 16)  # (16000 - 400) / 320 + 1
    assert extractor.frame_rate == 50.0  # 16 kHz over 5 x 2^6
    assert (extraction.seconds, extraction.note) == (1.0, "")
    assert len(extractor.names) == 16
    assert extractor.weights_sha256 == sha256(tmp_path / "model.safetensors")


def test_signal_is_normalised_only_where_the_model_says_so(tmp_path):
    quiet, loud = 0.2 * noise(0.5), noise(0.5)
    for wanted in (True, False):
        folder = tmp_path / str(wanted)
        # Layer norm in the convolutions would hide the level; group norm too, without an offset.
        extractor = build(save(folder, do_normalize=wanted, conv_bias=True), layers=0)
        values = [
            extractor.extract(write_utterance(folder, signal)).values for signal in (quiet, loud)
        ]
        assert np.allclose(*values, atol=1e-3) == wanted


def test_long_recording_goes_through_in_windows(tmp_path):
    # Layer norm per frame: a window's convolutions give exactly what those of the whole give.
    save(tmp_path, do_normalize=False, feat_extract_norm="layer")
    utterance = write_utterance(tmp_path, noise(7.3))
    whole = build(tmp_path, layers=0).extract(utterance)
    cut = build(tmp_path, layers=0, window=2.0).extract(utterance)
    assert whole.values.shape == cut.values.shape == (364, 16)
    # The convolution over positions reaches 8 frames, less than a window's context of 12.
    np.testing.assert_allclose(cut.values, whole.values, atol=1e-4)
    assert whole.note == ""
    assert cut.note == "seen in windows of 2 s: 5"
    assert not np.allclose(
        build(tmp_path, window=2.0).extract(utterance).values,
        build(tmp_path).extract(utterance).values,
        atol=1e-6,
    )  # attention does reach across


def test_shortest_sound_has_one_frame(tmp_path):
    extractor = build(save(tmp_path, feat_extract_norm="layer"))
    assert extractor.extract(write_utterance(tmp_path, noise(400 / RATE))).values.shape == (1, 16)
    with pytest.raises(UtteranceError, match=r"too short for one frame: 0\.025 s"):
        extractor.extract(write_utterance(tmp_path, noise(399 / RATE)))


@pytest.mark.parametrize("combine", ["sum", "mean", "concatenate", "learned"])
@pytest.mark.parametrize(("layers", "numbers"), [([-2, -1], [1, 2]), ("all", [0, 1, 2])])
def test_several_layers_are_combined(tmp_path, combine, layers, numbers):
    signal = noise(1.0)
    extractor = build(save(tmp_path), layers=layers, combine=combine)
    values = extractor.extract(write_utterance(tmp_path, signal)).values
    prepared = Wav2Vec2FeatureExtractor.from_pretrained(tmp_path)(
        signal, sampling_rate=RATE, return_tensors="pt"
    )
    with torch.inference_mode():
        network = Wav2Vec2Model.from_pretrained(tmp_path).eval()
        states = network(prepared.input_values, output_hidden_states=True).hidden_states
    chosen = np.stack([states[number][0].numpy() for number in numbers])
    expected = {
        "sum": chosen.sum(axis=0),
        "mean": chosen.mean(axis=0),
        "concatenate": np.concatenate(list(chosen), axis=1),
        "learned": np.concatenate(list(chosen), axis=1),
    }[combine]
    assert values.shape == (len(values), len(extractor.names))
    assert list(extractor.layers) == (numbers if combine == "learned" else [])
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": [-2, -1]}, "combine is missing"),
        ({"layers": [-1], "combine": "learned"}, "there is one layer"),
        ({"combine": "mean"}, "there is one layer"),
        ({"layers": [], "combine": "sum"}, "layers is empty"),
    ],
)
def test_options_of_layers_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        AudioEncoderSettings(**settings)


def test_a_layer_is_not_named_twice(tmp_path):
    with pytest.raises(InputError, match="names layer 2 twice"):
        build(save(tmp_path), layers=[-1, 2], combine="sum")


@pytest.mark.parametrize("layer", [3, -4])
def test_layer_that_is_not_there_is_refused(tmp_path, layer):
    with pytest.raises(InputError, match="expected -3 to 2"):
        build(save(tmp_path), layers=layer)


def test_other_encoders_are_refused(tmp_path):
    BertModel(
        BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    ).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="a bert: expected an encoder of raw audio"):
        build(tmp_path)


def test_model_for_another_sample_rate_is_refused(tmp_path):
    with pytest.raises(InputError, match="needs audio at 8000 Hz"):
        build(save(tmp_path, rate=8000))


def test_folder_without_preprocessor_is_refused(tmp_path):
    (save(tmp_path) / "preprocessor_config.json").unlink()
    with pytest.raises(InputError, match=r"preprocessor_config\.json"):
        build(tmp_path)


def test_weights_that_are_missing_or_of_another_shape_are_refused(tmp_path):
    file = save(tmp_path) / "model.safetensors"
    weights = load_file(file)
    name = "encoder.layers.1.attention.k_proj.weight"
    lacking = {key: value for key, value in weights.items() if key != name}
    save_file(lacking, file, metadata={"format": "pt"})
    with pytest.raises(InputError, match=rf"lacks 1 of the network's weights, the first: {name}"):
        build(tmp_path)
    save_file({**lacking, name: torch.zeros(3, 3)}, file, metadata={"format": "pt"})
    with pytest.raises(InputError, match=rf"{name} have the shape \(3, 3\).*\(16, 16\)"):
        build(tmp_path)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match="cannot be loaded"):
        build(tmp_path)


def test_weights_that_hidden_states_do_not_pass_through_may_be_missing(tmp_path):
    file = save(tmp_path) / "model.safetensors"
    weights = load_file(file)
    del weights["masked_spec_embed"]
    save_file(weights, file, metadata={"format": "pt"})
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["model_type"] == "wav2vec2"
    assert build(tmp_path).extract(write_utterance(tmp_path, noise(0.1))).values.shape == (4, 16)
