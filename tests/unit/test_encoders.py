"""Every architecture of docs/features/encoders.md, on a tiny network with random weights."""

import base64
import io
import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import tiktoken
import torch
import transformers
from helpers.networks import (
    AUDIO,
    PICTURES,
    RATE,
    TEXTS,
    WORDS,
    build,
    noise,
    pictures,
    rows_of,
    save,
    seen,
    spoken,
    written,
)
from helpers.repeatable import assert_repeatable
from safetensors.torch import load_file, save_file

from robust_mer.errors import InputError, NothingError, UtteranceError

PROJECT = Path(__file__).parents[2]
KINDS = ["wavlm", "whisper", "vit", "videomae", "bert", "t5", "llama"]


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """The folder of a network by its name; made once."""
    folders: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in folders:
            folders[name] = save(name, tmp_path_factory.mktemp(name))
        return folders[name]

    return folder


@pytest.mark.parametrize("name", AUDIO)
def test_an_encoder_of_sound_gives_frames_in_time(folder_of, tmp_path, name):
    extractor = build(name, folder_of(name))
    rate = 10.0 if name == "ast" else 50.0
    found = extractor.extract(spoken(tmp_path, noise(1.0)))
    assert extractor.frame_rate == rate
    assert found.values.shape[1] == len(extractor.names) == 16
    assert abs(len(found.values) - rate) <= 2
    assert np.isfinite(found.values).all()
    # What comes later in a recording does not change how many frames the first part has.
    longer = extractor.extract(spoken(tmp_path, noise(2.5)))
    assert abs(len(longer.values) - 2.5 * rate) <= 2


@pytest.mark.parametrize("name", ["whisper", "ast", "wav2vec2_bert", "wav2vec2_large"])
def test_states_of_sound_are_those_of_transformers(folder_of, tmp_path, name):
    folder, signal = folder_of(name), noise(1.0)
    found = build(name, folder).extract(spoken(tmp_path, signal)).values
    network = transformers.AutoModel.from_pretrained(folder).eval()
    preparation = transformers.AutoFeatureExtractor.from_pretrained(folder)
    inputs = preparation(signal, sampling_rate=RATE, return_tensors="pt")
    key = "input_features" if "input_features" in inputs else "input_values"
    network = network.get_encoder() if name == "whisper" else network
    with torch.no_grad():
        states = network(inputs[key]).last_hidden_state[0]
    if name == "ast":  # patches: 12 rows of 12 columns
        states = states[2:].reshape(12, -1, 16).mean(dim=0)
    np.testing.assert_allclose(found, states[: len(found)], atol=1e-4)


def test_whisper_and_ast_see_windows_of_their_own_length(folder_of, tmp_path):
    for name, limit in (("whisper", 4.0), ("ast", 1.2)):
        extractor = build(name, folder_of(name))
        found = extractor.extract(spoken(tmp_path, noise(6.0)))
        assert abs(len(found.values) - 6.0 * extractor.frame_rate) <= 2
        assert f"seen in windows of {limit:g} s" in found.note


@pytest.mark.parametrize("name", AUDIO)
def test_silence_short_sound_and_long_sound_are_finite_or_refused(folder_of, tmp_path, name):
    extractor = build(name, folder_of(name))
    with pytest.raises(NothingError, match="silent"):
        extractor.extract(spoken(tmp_path, np.zeros(RATE, np.float32)))
    with pytest.raises(UtteranceError, match="audio too short"):
        extractor.extract(spoken(tmp_path, noise(0)))
    accepts_silence = build(name, folder_of(name), sound={"min_level": -200.0})
    values = accepts_silence.extract(spoken(tmp_path, np.zeros(RATE, np.float32))).values
    assert np.isfinite(values).all()
    fewest = {"whisper": 2, "ast": 2800, "wav2vec2_bert": 560}.get(name, 400)
    shortest = extractor.extract(spoken(tmp_path, noise(1)[:fewest])).values
    assert len(shortest) == 1
    assert np.isfinite(shortest).all()
    if fewest > 2:
        with pytest.raises(UtteranceError, match="too short for one frame"):
            extractor.extract(spoken(tmp_path, noise(1)[: fewest - 1]))


@pytest.fixture
def dimensional(folder_of, tmp_path):
    """A wav2vec 2.0 with the head of audeering's network."""
    folder = save("wav2vec2", tmp_path / "dimensional")
    read = load_file(folder / "model.safetensors")
    weights = {name: value.clone() for name, value in read.items()}  # the file is replaced
    torch.manual_seed(1)
    heads = {"dense.weight": (16, 16), "dense.bias": (16,)}
    heads |= {"out_proj.weight": (3, 16), "out_proj.bias": (3,)}
    head = {f"classifier.{name}": torch.randn(shape) for name, shape in heads.items()}
    whole = {f"wav2vec2.{name}": value for name, value in weights.items()} | head
    save_file(whole, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    names = {"0": "arousal", "1": "dominance", "2": "valence"}
    labels = {"id2label": names, "label2id": {name: int(key) for key, name in names.items()}}
    (folder / "config.json").write_text(json.dumps({**config, **labels}))
    return folder, head


def test_emotion_dimensions_are_those_of_the_head(dimensional, tmp_path):
    folder, head = dimensional
    utterance = spoken(tmp_path, noise(1.0))
    states = build("wav2vec2", folder).extract(utterance).values
    extractor = build("wav2vec2", folder, output="dimensions")
    found = extractor.extract(utterance)
    assert list(extractor.names) == ["arousal", "dominance", "valence"]
    assert (found.values.shape, extractor.frame_rate) == ((1, 3), None)
    hidden = torch.from_numpy(states).mean(dim=0)
    hidden = torch.tanh(head["classifier.dense.weight"] @ hidden + head["classifier.dense.bias"])
    expected = head["classifier.out_proj.weight"] @ hidden + head["classifier.out_proj.bias"]
    np.testing.assert_allclose(found.values[0], expected, atol=1e-4)


def test_dimensions_need_a_head_and_no_layers(folder_of, dimensional):
    with pytest.raises(InputError, match=r"has no head for them.*audeering"):
        build("wav2vec2", folder_of("wav2vec2"), output="dimensions")
    with pytest.raises(InputError, match="come from the last layer; remove layers"):
        build("wav2vec2", dimensional[0], output="dimensions", layers=1)


@pytest.mark.parametrize("name", PICTURES)
def test_an_encoder_of_pictures_gives_a_row_per_picture(folder_of, name):
    extractor = build(name, folder_of(name))
    values = seen(extractor, pictures(4))
    rows = 2 if name == "videomae" else 4
    assert values.shape == (rows, len(extractor.names))
    assert np.isfinite(values).all()
    plain = np.full((4, 40, 40, 3), 127, np.uint8)
    assert np.isfinite(seen(extractor, plain)).all()


@pytest.mark.parametrize("name", ["siglip", "swin", "convnext", "vit_mae", "beit", "dinov3_vit"])
def test_states_of_pictures_are_those_of_transformers(folder_of, name):
    folder = folder_of(name)
    network = transformers.AutoModel.from_pretrained(folder).eval()
    network = getattr(network, "vision_model", network)
    preparation = transformers.AutoImageProcessor.from_pretrained(folder)
    x = preparation(images=list(pictures(2)), return_tensors="pt")["pixel_values"]
    more = {}
    if name == "vit_mae":
        network.config.mask_ratio = 0.0
        more["noise"] = torch.arange(16.0).expand(2, -1)
    with torch.no_grad():
        states = network(pixel_values=x, **more).last_hidden_state
    expected = states[:, 0] if name in ("vit_mae", "dinov3_vit") else states.mean(dim=1)
    if name == "convnext":
        expected = states.mean(dim=(2, 3))
    found = seen(build(name, folder), pictures(2))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_a_network_with_a_head_for_expressions_gives_its_states(folder_of, tmp_path):
    """As networks of expressions on the hub are: a ViT that tells classes apart."""
    folder = save("vit", tmp_path)
    config = transformers.ViTConfig.from_pretrained(folder, num_labels=7)
    torch.manual_seed(1)
    network = transformers.ViTForImageClassification(config).eval()
    network.save_pretrained(folder)
    preparation = transformers.AutoImageProcessor.from_pretrained(folder)
    pixels = preparation(images=list(pictures(2)), return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        states = network(pixels, output_hidden_states=True).hidden_states
        expected = network.vit.layernorm(states[-1])[:, 0]
    found = seen(build("vit", folder), pictures(2))
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("name", ["siglip", "swin", "convnext", "videomae"])
def test_no_corner_is_taken_for_a_class_token(folder_of, name):
    with pytest.raises(InputError, match="has no class token; set pool: mean"):
        build(name, folder_of(name), pool="first")


def test_registers_stay_out_of_a_mean(folder_of):
    folder = folder_of("dinov2_with_registers")
    network = transformers.AutoModel.from_pretrained(folder).eval()
    preparation = transformers.AutoImageProcessor.from_pretrained(folder)
    x = preparation(images=list(pictures(2)), return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        states = network(pixel_values=x).last_hidden_state
    expected = torch.cat([states[:, :1], states[:, 5:]], dim=1).mean(dim=1)
    found = seen(build("dinov2_with_registers", folder, pool="mean"), pictures(2))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_layers_of_stages_cannot_be_added(folder_of):
    assert len(build("swin", folder_of("swin"), layers=0).names) == 8
    with pytest.raises(InputError, match="widths differ"):
        build("swin", folder_of("swin"), layers=[0, 1], combine="sum")


def test_a_video_encoder_fills_its_last_window(folder_of):
    extractor = build("videomae", folder_of("videomae"))
    assert extractor.frame_rate == 2.5
    images = pictures(3)
    values = seen(extractor, images)
    assert values.shape == (2, 16)
    filled = np.concatenate([images, images[-1:]])
    np.testing.assert_allclose(values, seen(extractor, filled), atol=1e-5)
    assert seen(extractor, images[:1]).shape == (1, 16)


@pytest.mark.parametrize("name", TEXTS)
def test_an_encoder_of_text_gives_a_row_per_token(folder_of, name):
    extractor = build(name, folder_of(name))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder_of(name))
    together = extractor.extract_all([written(text) for text in WORDS])
    for text, found in zip(WORDS, together, strict=True):
        assert found.values.shape == (len(tokenizer(text)["input_ids"]), 16)
        alone = extractor.extract(written(text)).values
        np.testing.assert_allclose(found.values, alone, atol=1e-4)


@pytest.mark.parametrize("name", ["t5", "t5_whole", "bart", "xlnet", "llama", "deberta_v3"])
def test_states_of_text_are_those_of_transformers(folder_of, name):
    folder = folder_of(name)
    loader = transformers.T5EncoderModel if name.startswith("t5") else transformers.AutoModel
    network = loader.from_pretrained(folder).eval()
    network = network.get_encoder() if name == "bart" else network
    inputs = transformers.AutoTokenizer.from_pretrained(folder)(WORDS[0], return_tensors="pt")
    with torch.no_grad():
        states = network(input_ids=inputs["input_ids"]).last_hidden_state[0]
    found = build(name, folder).extract(written(WORDS[0])).values
    np.testing.assert_allclose(found, states, atol=1e-4)


def test_texts_longer_than_the_positions_are_cut_off_and_said(folder_of):
    for name in ("bert", "roberta", "deberta_v3", "gpt2"):
        extractor = build(name, folder_of(name))
        found = extractor.extract(written("word " * 600))
        assert len(found.values) == 512
        assert found.note == "truncated: 602 tokens to 512"
    with pytest.raises(InputError, match="expected 3 to 512, the limit"):
        build("roberta", folder_of("roberta"), max_tokens=514)
    for name in ("xlnet", "t5"):  # relative positions
        found = build(name, folder_of(name), max_tokens=700).extract(written("word " * 600))
        assert len(found.values) == 602


def test_a_decoder_reads_texts_without_a_token_for_padding(folder_of, tmp_path):
    folder = save("llama", tmp_path / "llama")
    file = folder / "tokenizer_config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps({**config, "pad_token": None, "eos_token": "[SEP]"}))
    extractor = build("llama", folder)
    whole = build("llama", folder_of("llama"))
    for text, found in zip(WORDS, extractor.extract_all(list(map(written, WORDS))), strict=True):
        expected = whole.extract(written(text)).values
        np.testing.assert_allclose(found.values, expected, atol=1e-4)


def sentence_encoder(folder: Path, mode: str, *more: str) -> Path:
    kinds = ["Transformer", "Pooling", *more]
    modules = [{"type": f"sentence_transformers.models.{kind}"} for kind in kinds]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling/config.json").write_text(json.dumps({f"pooling_mode_{mode}": True}))
    return folder


def test_a_sentence_encoder_pools_as_its_files_say(tmp_path):
    folder = save("bert", tmp_path)
    tokens = build("bert", folder).extract(written(WORDS[0])).values
    expected = {"mean_tokens": tokens.mean(axis=0), "cls_token": tokens[0], "lasttoken": tokens[-1]}
    for mode, row in expected.items():
        sentence_encoder(folder, mode)
        found = build("bert", folder, units="texts").extract(written(WORDS[0]))
        np.testing.assert_allclose(found.values, row[None], atol=1e-5)
    sentence_encoder(folder, "max_tokens")
    with pytest.raises(InputError, match="pools in another way"):
        build("bert", folder, units="texts")
    sentence_encoder(folder, "mean_tokens", "Dense")
    with pytest.raises(InputError, match="names Dense, which is not read"):
        build("bert", folder, units="texts")


def test_without_files_a_text_is_the_mean_or_the_last_token(folder_of):
    for name, pool in (("roberta", lambda rows: rows.mean(axis=0)), ("llama", lambda r: r[-1])):
        tokens = build(name, folder_of(name)).extract(written(WORDS[0])).values
        found = build(name, folder_of(name), units="texts").extract(written(WORDS[0])).values
        np.testing.assert_allclose(found, pool(tokens)[None], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("vit", "wavlm", "expected an encoder of sound.*use class: image_encoder"),
        ("wavlm", "bert", "expected an encoder of text.*use class: audio_encoder"),
        ("llama", "vit", "expected an encoder of pictures.*use class: bert"),
        ("clip", "bert", "expected an encoder of text"),
        ("whisper", "vit", "expected an encoder of pictures.*use class: audio_encoder"),
    ],
)
def test_an_encoder_of_another_modality_is_refused(folder_of, name, wrong, message):
    with pytest.raises(InputError, match=message):
        build(wrong, folder_of(name))


@pytest.mark.parametrize(
    ("kind", "config", "name", "message"),
    [
        ("Siglip2VisionConfig", {}, "vit", "set pool"),
        ("EncodecConfig", {}, "wavlm", "a codec; use WavLM"),
        ("SEWConfig", {}, "wavlm", "half the rate"),
        ("CanineConfig", {}, "bert", "reads characters"),
        ("TimesformerConfig", {}, "vit", "use VideoMAE"),
    ],
)
def test_what_cannot_be_served_is_refused_before_loading(tmp_path, kind, config, name, message):
    getattr(transformers, kind)(**config).save_pretrained(tmp_path)  # and no weights
    with pytest.raises(InputError, match=message):
        build(name, tmp_path)


def test_code_from_the_hub_is_not_run(tmp_path):
    trace = tmp_path / "trace"
    (tmp_path / "code.py").write_text(f"open({str(trace)!r}, 'w')\n")
    config = {"model_type": "new", "auto_map": {"AutoConfig": "code.Config"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="never run here"):
        build("bert", tmp_path)
    assert not trace.exists()


@pytest.mark.parametrize("name", ["wavlm", "vit", "bert"])
def test_damaged_folders_are_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"config\.json"):
        build(name, tmp_path)
    folder = save(name, tmp_path / "network")
    weights = folder / "model.safetensors"
    tensors = {key: value.clone() for key, value in load_file(weights).items()}
    weights.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(InputError, match="cannot be loaded"):
        build(name, folder)
    save_file({"other": torch.zeros(2)}, weights, metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"lacks \d+ of the network's weights"):
        build(name, folder)
    first = next(key for key, value in tensors.items() if value.ndim == 2)
    tensors[first] = torch.full_like(tensors[first], torch.nan)
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(InputError, match="gives NaN or infinity on a test input"):
        build(name, folder)
    weights.unlink()
    with pytest.raises(InputError, match="neither"):
        build(name, folder)


def without_tokenizer(name: str, folder: Path) -> Path:
    save(name, folder)
    for file in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (folder / file).unlink()
    return folder


def sentence_pieces(kind: str) -> tuple[bytes, list[str]]:
    """A file of SentencePiece, and how it cuts the first text."""
    written_to = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*WORDS, "a word and another one"] * 50),
        model_writer=written_to,
        model_type=kind,
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    reader = sentencepiece.SentencePieceProcessor(model_proto=written_to.getvalue())
    return written_to.getvalue(), reader.encode(WORDS[0], out_type=str)


def tiktoken_ranks() -> tuple[bytes, list[str]]:
    """A file of tiktoken, and how it cuts the first text."""
    ranks = [*(bytes([byte]) for byte in range(256)), b"th", b"at", b"that", b" that"]
    lines = [f"{base64.b64encode(token).decode()} {rank}" for rank, token in enumerate(ranks)]
    pattern = r" ?\w+| ?[^\s\w]+"
    places = {token: place for place, token in enumerate(ranks)}
    reader = tiktoken.Encoding("t", pat_str=pattern, mergeable_ranks=places, special_tokens={})
    pieces = [reader.decode([token]) for token in reader.encode(WORDS[0])]
    return "\n".join(lines).encode(), [piece.replace(" ", "Ġ") for piece in pieces]


@pytest.mark.parametrize(
    ("name", "file", "kind", "special"),
    [
        ("t5", "spiece.model", "unigram", 1),
        ("deberta_v3", "spm.model", "unigram", 2),
        ("llama", "tokenizer.model", "bpe", 0),
        ("llama", "tokenizer.model", "tiktoken", 0),
    ],
)
def test_tokenizers_of_other_packages_are_read(tmp_path, name, file, kind, special):
    content, pieces = tiktoken_ranks() if kind == "tiktoken" else sentence_pieces(kind)
    (without_tokenizer(name, tmp_path) / file).write_bytes(content)
    if kind == "bpe":
        with pytest.raises(
            InputError, match=r"tokenizer_config\.json is missing, or names a wrong"
        ):
            build(name, tmp_path)  # its first word would not begin with a blank
        config = json.dumps({"tokenizer_class": "LlamaTokenizer"})
        (tmp_path / "tokenizer_config.json").write_text(config)
    extractor = build(name, tmp_path)
    assert len(extractor.extract(written(WORDS[0])).values) == len(pieces) + special
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    ids = tokenizer(WORDS[0], add_special_tokens=False)["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == pieces


@pytest.mark.parametrize(
    ("file", "advice"),
    [
        ("spm.model", "spm.model is damaged, or belongs to another network"),
        ("qwen.tiktoken", "Only code that comes with the weights reads qwen.tiktoken"),
        ("notes.txt", "needs tokenizer.json, or the vocabulary"),
    ],
)
def test_a_tokenizer_that_cannot_be_read_is_refused_with_advice(tmp_path, file, advice):
    (without_tokenizer("deberta_v3", tmp_path) / file).write_bytes(b"no model")
    with pytest.raises(InputError, match=advice):
        build("deberta_v3", tmp_path)


def test_a_tokenizer_of_another_network_is_refused(tmp_path):
    folder = save("bert", tmp_path)
    small = transformers.BertConfig.from_pretrained(folder)
    small.vocab_size = 100
    transformers.BertModel(small).save_pretrained(folder)
    with pytest.raises(InputError, match="do not belong together"):
        build("bert", folder)


@pytest.mark.parametrize("name", KINDS)
def test_half_precision_is_close(folder_of, tmp_path, name):
    whole = rows_of(name, folder_of(name), tmp_path)
    for precision, largest in (("bfloat16", 0.4), ("float16", 0.05)):
        half = rows_of(name, folder_of(name), tmp_path, precision=precision)
        for one, other in zip(whole, half, strict=True):
            assert other.dtype == np.float32
            assert not np.array_equal(one, other)
            difference = np.sqrt(np.square(one - other).mean()) / one.std()
            assert difference < largest, precision


def test_a_network_that_is_spread_gives_the_same(folder_of, tmp_path):
    for name in ("llama", "emotion2vec"):
        whole = rows_of(name, folder_of(name), tmp_path)
        spread = rows_of(name, folder_of(name), tmp_path, spread=True)
        for one, other in zip(whole, spread, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_extractors_are_repeatable(folder_of, tmp_path):
    """A network of every kind; `make test-encoders` has all of them."""
    assert_repeatable({name: folder_of(name) for name in KINDS}, tmp_path)


def test_the_page_names_the_test_of_every_architecture():
    page = (PROJECT / "docs/features/encoders.md").read_text()
    rows = set(re.findall(r"`test_\w+\[(\w+)\]`", page))
    assert rows == {*AUDIO, *PICTURES, *TEXTS}
