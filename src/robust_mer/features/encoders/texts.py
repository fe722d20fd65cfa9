"""Encoders of text: tokenizers, limits, and which network of a model reads."""

import json
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from robust_mer.errors import InputError
from robust_mer.features.encoders.kinds import network_class, not_of, refuse_unserved
from robust_mer.features.encoders.settings import NetworkSettings
from robust_mer.features.encoders.states import States, states_of
from robust_mer.features.pretrained import Pretrained, model_folder, read_config

_EXPECTED = "an encoder of text such as BERT, DeBERTa, T5 or a language model"
_OFFSET = {  # their positions begin behind that of padding
    "roberta",
    "xlm-roberta",
    "camembert",
    "data2vec-text",
    "mpnet",
    "longformer",
    "roberta-prelayernorm",
    "xlm-roberta-xl",
}
_ENCODERS = {"t5": "T5EncoderModel", "mt5": "MT5EncoderModel", "umt5": "UMT5EncoderModel"}
_NO_LIMIT = {*_ENCODERS, "xlnet"}  # positions are relative
_PROBE = "a word and another one"
_POOLING = ("cls", "mean", "last")
_FLAGS = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}
_FLAGS["pooling_mode_lasttoken"] = "last"

Pooling = Literal["cls", "mean", "last"]


class TextNetwork:
    """An encoder of text.

    An encoder-decoder gives the states of its encoder. A decoder-only model gives those of its
    layers, in which a token has seen only those before it; padding is behind a text.

    Args:
        model: The network.
        tokenizer: Of transformers.
    """

    def __init__(self, model: Pretrained, tokenizer: Any) -> None:
        network: Any = model.network
        self.config: Any = network.config
        if self.config.is_encoder_decoder and hasattr(network, "get_encoder"):
            network = network.get_encoder()
        self.network: Any = network
        self.tokenizer, self.device = tokenizer, model.device
        self.is_causal = _is_causal(self.config, self.network)
        if self.is_causal:
            tokenizer.padding_side = "right"
            if tokenizer.pad_token is None:  # masked, so that any token will do
                tokenizer.pad_token = tokenizer.eos_token

    @property
    def limit(self) -> int | None:
        """Longest text in tokens; None: any."""
        if self.config.model_type in _NO_LIMIT:
            return None
        positions = getattr(self.config, "max_position_embeddings", None)
        if positions is None or positions < 1:
            return None
        offset = self.config.pad_token_id + 1 if self.config.model_type in _OFFSET else 0
        return int(positions - offset)

    def states(self, inputs: dict[str, Tensor]) -> States:
        """Hidden states of tokens and their mask [B, T]."""
        known = {key: rows.to(self.device) for key, rows in inputs.items()}
        if self.is_causal:
            known["use_cache"] = False  # type: ignore[assignment]
        output = self.network(**known, output_hidden_states=True)
        return states_of(output, inputs["attention_mask"].bool())


def load_text(settings: NetworkSettings, model: str, key: str) -> tuple[TextNetwork, Pretrained]:
    """The adapter of an encoder of text, and the loaded model.

    Raises:
        InputError: it is missing, damaged, or no encoder of text that is served.
    """
    import transformers

    folder = model_folder(model, key)
    location = f"config: {key}: {folder}"
    config = read_config(folder, key)
    refuse_unserved(config, location)
    reads_more = hasattr(config, "vision_config") or hasattr(config, "audio_config")
    if getattr(network_class(config), "main_input_name", "") != "input_ids" or reads_more:
        raise not_of(config, _EXPECTED, location)
    tokenizer = _tokenizer(folder, key)
    loader = getattr(transformers, _ENCODERS.get(config.model_type, "AutoModel"))
    pretrained = Pretrained(str(folder), key, loader, cost=settings)
    network = TextNetwork(pretrained, tokenizer)
    rows = network.network.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows and max(tokenizer.get_vocab().values()) >= rows:
        raise InputError(
            f"{location} has a tokenizer of {len(tokenizer)} tokens for a network of {rows}: they "
            "do not belong together"
        )
    return network, pretrained


def pooling_of(folder: Path, is_causal: bool, key: str) -> Pooling:
    """How a sentence encoder pools a text, by the files of sentence-transformers.

    Without these files: the mean of all tokens, or the last token of a decoder-only model.

    Raises:
        InputError: it has parts that are not read here, such as a further layer.
    """
    modules, pooling = folder / "modules.json", folder / "1_Pooling/config.json"
    if modules.is_file():
        kinds = [one["type"].rpartition(".")[2] for one in json.loads(modules.read_text())]
        if unknown := set(kinds) - {"Transformer", "Pooling", "Normalize"}:
            raise InputError(
                f"config: units of {key} is texts, but {folder}/modules.json names "
                f"{', '.join(sorted(unknown))}, which is not read; use units: tokens"
            )
    if not pooling.is_file():
        return "last" if is_causal else "mean"
    section = json.loads(pooling.read_text())
    chosen = [mode for flag, mode in _FLAGS.items() if section.get(flag)]
    chosen = chosen or [{"lasttoken": "last"}.get(m, m) for m in [section.get("pooling_mode")] if m]
    if len(chosen) != 1 or chosen[0] not in _POOLING:
        raise InputError(
            f"config: units of {key} is texts, but {pooling} pools in another way than by class "
            "token, mean or last token; use units: tokens"
        )
    return chosen[0]  # type: ignore[return-value]


def _is_causal(config: Any, network: Any) -> bool:
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING

    if config.is_encoder_decoder or config.model_type in (*_ENCODERS, "xlnet"):
        return False
    kind = type(config)
    return kind in MODEL_FOR_CAUSAL_LM_MAPPING and kind not in MODEL_FOR_MASKED_LM_MAPPING


def _tokenizer(folder: Path, key: str) -> Any:
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # transformers raises errors of many classes
        raise InputError(
            f"config: {key}: {folder} has no tokenizer that can be loaded: {error}{_advice(folder)}"
        ) from error
    ids = tokenizer(_PROBE, add_special_tokens=False)["input_ids"]
    if not ids or set(ids) == {tokenizer.unk_token_id}:
        raise InputError(
            f"config: {key}: the tokenizer of {folder} knows no word: its files are missing or "
            f"damaged{_advice(folder)}"
        )
    pieces = _pieces(folder)
    if pieces and tokenizer.convert_ids_to_tokens(ids) != pieces:
        raise InputError(
            f"config: {key}: transformers reads the tokenizer of {folder} in another way than "
            "SentencePiece does: tokenizer_config.json is missing, or names a wrong "
            "tokenizer_class; download the model again, with all its files"
        )
    return tokenizer


def _pieces(folder: Path) -> list[str]:
    """How SentencePiece cuts the probe; empty if it does not know all of it."""
    from sentencepiece import SentencePieceProcessor

    files = list(folder.glob("*.model"))
    if (folder / "tokenizer.json").is_file() or len(files) != 1:
        return []
    try:
        reader = SentencePieceProcessor(model_file=str(files[0]))
    except (RuntimeError, OSError):  # of tiktoken, which uses the same suffix
        return []
    ids = reader.encode(_PROBE)
    return [] if reader.unk_id() in ids else [reader.id_to_piece(number) for number in ids]


def _advice(folder: Path) -> str:
    """What to do about a tokenizer that cannot be read."""
    if (folder / "tokenizer.json").is_file():
        return ""
    if files := sorted(file.name for file in folder.glob("*.model")):
        return f". {files[0]} is damaged, or belongs to another network; download it again"
    if files := sorted(file.name for file in folder.glob("*.tiktoken")):
        return (
            f". Only code that comes with the weights reads {files[0]}, and it is never run here; "
            "use a version of the model with tokenizer.json"
        )
    return ". A folder needs tokenizer.json, or the vocabulary of its tokenizer"
