"""Small speech recognisers with random weights."""

import json
from pathlib import Path

import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    MoonshineConfig,
    MoonshineForConditionalGeneration,
    Wav2Vec2Config,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizer,
)

_SPECIAL = ["<pad>", "<s>", "</s>", "<unk>", "|"]
_WHISPERS = [
    "<|startoftranscript|>",
    "<|en|>",
    "<|de|>",
    "<|transcribe|>",
    "<|translate|>",
    "<|nospeech|>",
    "<|notimestamps|>",
]


def save_ctc(folder: Path, rate: int = 16_000) -> Path:
    """A wav2vec 2.0 that says letters A to H."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = {symbol: place for place, symbol in enumerate([*_SPECIAL, *"ABCDEFGH"])}
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps(letters), encoding="utf-8")
    Wav2Vec2CTCTokenizer(str(vocabulary)).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(sampling_rate=rate, do_normalize=True).save_pretrained(folder)
    torch.manual_seed(0)
    network = Wav2Vec2ForCTC(
        Wav2Vec2Config(
            vocab_size=len(letters),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=16,
            conv_dim=(8,) * 7,
            num_conv_pos_embeddings=16,
            num_conv_pos_embedding_groups=2,
            pad_token_id=0,
        )
    )
    with torch.no_grad():  # of a trained network, these never win
        network.lm_head.bias[1:4] = -100.0
        network.lm_head.weight.mul_(20)
    network.save_pretrained(folder)
    return folder


def save_whisper(folder: Path, has_times: bool = True) -> Path:
    """A Whisper of two languages that says letters a to e."""
    folder.mkdir(parents=True, exist_ok=True)
    symbols = sorted(ByteLevel.alphabet())
    end = len(symbols)
    tokenizer = WhisperTokenizer(
        vocab={symbol: place for place, symbol in enumerate([*symbols, "<|endoftext|>"])}, merges=[]
    )
    tokenizer.add_tokens(_WHISPERS, special_tokens=True)
    tokenizer.add_tokens([f"<|{number * 0.02:.2f}|>" for number in range(1501)])
    tokenizer.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=8).save_pretrained(folder)
    token = dict(zip(_WHISPERS, tokenizer.convert_tokens_to_ids(_WHISPERS), strict=True))
    torch.manual_seed(0)
    network = WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=len(tokenizer),
            num_mel_bins=8,
            d_model=16,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=16,
            decoder_ffn_dim=16,
            max_target_positions=24,
            decoder_start_token_id=token["<|startoftranscript|>"],
            eos_token_id=end,
            pad_token_id=end,
            bos_token_id=end,
            suppress_tokens=None,
            begin_suppress_tokens=None,
            init_std=0.5,
        )
    )
    generation = network.generation_config
    generation._from_model_config = False  # otherwise the file is not read
    generation.is_multilingual = True
    generation.lang_to_id = {name: token[name] for name in ("<|en|>", "<|de|>")}
    generation.task_to_id = {name: token[f"<|{name}|>"] for name in ("transcribe", "translate")}
    generation.no_timestamps_token_id = token["<|notimestamps|>"]
    generation.max_length = 24
    spoken = {"Ġ", *"abcde"}
    generation.suppress_tokens = [
        *(place for place, symbol in enumerate(symbols) if symbol not in spoken),
        *list(token.values())[:-1],
    ]
    if not has_times:
        generation.suppress_tokens += range(token["<|notimestamps|>"], len(tokenizer))
    generation.begin_suppress_tokens = [end, symbols.index("Ġ")]
    if has_times:
        generation.alignment_heads = [[0, 0], [0, 1]]
    network.save_pretrained(folder)
    return folder


def save_moonshine(folder: Path) -> Path:
    """An encoder-decoder that is never done, and whose files set no limit to what it says."""
    folder.mkdir(parents=True, exist_ok=True)
    symbols = sorted(ByteLevel.alphabet())
    end = len(symbols)
    vocabulary = {symbol: place for place, symbol in enumerate([*symbols, "<|endoftext|>"])}
    WhisperTokenizer(vocab=vocabulary, merges=[]).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(sampling_rate=16_000).save_pretrained(folder)
    torch.manual_seed(0)
    special = dict.fromkeys(
        ["bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"], end
    )
    network = MoonshineForConditionalGeneration(
        MoonshineConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            intermediate_size=16,
            encoder_num_hidden_layers=1,
            decoder_num_hidden_layers=1,
            encoder_num_attention_heads=2,
            decoder_num_attention_heads=2,
            **special,
        )
    )
    generation = network.generation_config
    generation._from_model_config = False  # otherwise the file is not read
    generation.suppress_tokens = [n for s, n in vocabulary.items() if s not in set("abcde")]
    network.save_pretrained(folder)
    return folder
