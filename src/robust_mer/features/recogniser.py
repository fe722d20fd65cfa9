"""Words that a speech recogniser hears in the sound of an utterance."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from robust_mer.errors import InputError
from robust_mer.features.audio import SAMPLE_RATE, decode_audio
from robust_mer.features.extractor import Extractor
from robust_mer.features.sound import AudioSettings
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.features.weights import NetworkName

_KEY = "features.asr.model"
_SHORTEST = SAMPLE_RATE // 10  # samples; the least that every known network accepts
_QUIET = SAMPLE_RATE // 10  # samples of a pause at which a long recording is cut
_UNKNOWN = -1.0  # time of a word for which the model gives none
_TOKENS = 256  # most of a piece: 30 s of fast speech have fewer


class RecogniserSettings(AudioSettings):
    """Settings of `Recogniser`: the section ``features.asr`` of the config."""

    model: NetworkName = "openai/whisper-base"
    """A speech recogniser in transformers' format, such as Whisper, or wav2vec 2.0 with CTC: an id
    on the Hugging Face hub, a folder, or ``package:`` and a folder inside an installed package."""
    language: str = ""
    """Language that is spoken, e.g. ``en``, for a model of several; empty: the model detects it in
    every utterance."""
    window: Annotated[float, Field(ge=1, le=30)] = 30.0
    """Longest input of the network, in seconds. A longer recording is cut at the quietest place of
    the last quarter of a window, which is reported."""


@dataclass(frozen=True)
class RecognisedWord:
    """A word and its times in seconds from the start of the utterance; NaN if unknown."""

    word: str
    start: float
    end: float


class Recogniser(Extractor):
    """A speech recogniser as an extractor, for the processes that extract shards.

    A shard holds numbers, so a frame is a character of a word: its code point and the word's
    number, start and end. `words_of` reads them. Decoding is greedy: the same sound always gives
    the same words.

    Sources: A. Radford et al., "Robust speech recognition via large-scale weak supervision", ICML
    2023; A. Baevski et al., "wav2vec 2.0", NeurIPS 2020.
    """

    settings_class = RecogniserSettings
    settings: RecogniserSettings
    modality = "text"
    uses_gpu = True
    names = ("character", "word", "start", "end")

    def __init__(self, settings: RecogniserSettings) -> None:
        from transformers import (
            MODEL_FOR_CTC_MAPPING,
            MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING,
            AutoConfig,
            AutomaticSpeechRecognitionPipeline,
            AutoModelForCTC,
            AutoModelForSpeechSeq2Seq,
        )

        from robust_mer.features.pretrained import Pretrained, model_folder

        super().__init__(settings)
        folder = model_folder(settings.model, _KEY)
        config = _load(AutoConfig, folder, "no config.json that can be read")
        if type(config) in MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING:
            # Times of Whisper's words need its attention, which other implementations do not give.
            model = Pretrained(
                str(folder), _KEY, AutoModelForSpeechSeq2Seq, attn_implementation="eager"
            )
        elif type(config) in MODEL_FOR_CTC_MAPPING:
            model = Pretrained(str(folder), _KEY, AutoModelForCTC)
        else:
            raise InputError(
                f"config: {_KEY} is {settings.model!r}, a {config.model_type}: expected a speech "
                "recogniser such as Whisper, or wav2vec 2.0 with CTC"
            )
        network: Any = model.network
        self._options = _options(network, type(config) in MODEL_FOR_CTC_MAPPING, settings)
        self._recognise: Any = AutomaticSpeechRecognitionPipeline(
            network,
            feature_extractor=_feature_extractor(folder),
            tokenizer=_tokenizer(folder),
            device=model.device,
        )
        self.weights_sha256 = model.sha256
        self.max_processes = model.max_processes

    def extract(self, utterance: Utterance) -> Extraction:
        """The words of the utterance, as characters: float32 [characters, 4].

        Raises:
            UtteranceError: the audio is missing, cannot be decoded, or ends before the utterance
                does.
        """
        audio = decode_audio(utterance, self.settings.sound)
        words: list[RecognisedWord] = []
        pieces = list(_pieces(audio.signal, round(self.settings.window * SAMPLE_RATE)))
        for first, last in pieces:
            words += self._words(audio.signal[first:last], first / SAMPLE_RATE)
        notes = [audio.note] * bool(audio.note)
        notes += [f"recognised in pieces: {len(pieces)}"] * (len(pieces) > 1)
        notes += ["no words heard"] * (not words)
        return Extraction(_characters(words), len(pieces), audio.seconds, "; ".join(notes))

    def _words(self, signal: np.ndarray, begin: float) -> list[RecognisedWord]:
        """The words of a piece that begins ``begin`` seconds after the utterance."""
        padded = np.pad(signal, (0, max(0, _SHORTEST - len(signal))))
        answer: dict[str, Any] = self._recognise(
            {"raw": padded, "sampling_rate": SAMPLE_RATE}, **self._options
        )
        if "chunks" not in answer:
            return [RecognisedWord(word, np.nan, np.nan) for word in answer["text"].split()]
        seconds = len(signal) / SAMPLE_RATE  # what was padded has no words
        return [
            RecognisedWord(
                word,
                *(np.nan if t is None else begin + min(t, seconds) for t in chunk["timestamp"]),
            )
            for chunk in answer["chunks"]
            for word in chunk["text"].split()
        ]


def words_of(frames: np.ndarray) -> list[RecognisedWord]:
    """The words behind the frames of `Recogniser` [characters, 4]."""
    words = []
    for number in np.unique(frames[:, 1]):
        rows = frames[frames[:, 1] == number]
        start, end = (float(t) if t >= 0 else np.nan for t in rows[0, 2:])
        words.append(RecognisedWord("".join(chr(int(point)) for point in rows[:, 0]), start, end))
    return words


def _characters(words: list[RecognisedWord]) -> np.ndarray:
    rows = [
        (ord(character), number, *np.nan_to_num([word.start, word.end], nan=_UNKNOWN))
        for number, word in enumerate(words)
        for character in word.word
    ]
    return np.array(rows, np.float32).reshape(-1, 4)


def _pieces(signal: np.ndarray, window: int) -> Iterator[tuple[int, int]]:
    """First and last + 1 sample of the parts of a signal, each at most ``window`` samples long."""
    first = 0
    while len(signal) - first > window:
        earliest = first + window * 3 // 4
        energy = np.square(signal[earliest : first + window], dtype=np.float64)
        sums = np.cumsum(np.pad(energy, (1, 0)))
        cut = earliest + int(np.argmin(sums[_QUIET:] - sums[:-_QUIET])) + _QUIET // 2
        yield first, cut
        first = cut
    yield first, len(signal)


def _options(network: Any, is_ctc: bool, settings: RecogniserSettings) -> dict[str, Any]:
    """How the network is asked: greedily, with times of words if it has them."""
    if is_ctc:
        if settings.language:
            raise InputError(
                f"config: features.asr.language is {settings.language!r}, but {settings.model} "
                "has one language; remove it"
            )
        return {"return_timestamps": "word"}
    generation = network.generation_config
    asked: dict[str, Any] = {"num_beams": 1, "do_sample": False}
    if hasattr(network.config, "max_target_positions"):
        asked["max_new_tokens"] = min(_TOKENS, network.config.max_target_positions // 2)
    elif generation.max_length is None:  # transformers would stop after 20 tokens
        asked["max_new_tokens"] = _TOKENS
    if getattr(generation, "is_multilingual", False):
        asked["task"] = "transcribe"
    if settings.language:
        known = sorted(code.strip("<|>") for code in getattr(generation, "lang_to_id", None) or {})
        if settings.language not in known:
            raise InputError(
                f"config: features.asr.language is {settings.language!r}, which {settings.model} "
                f"does not know; expected {', '.join(known) or 'none, as it has one language'}"
            )
        asked["language"] = settings.language
    options: dict[str, Any] = {"generate_kwargs": asked}
    if getattr(generation, "alignment_heads", None):
        options["return_timestamps"] = "word"
    return options


def _feature_extractor(folder: Any) -> Any:
    from transformers import AutoFeatureExtractor

    prepares = _load(
        AutoFeatureExtractor,
        folder,
        "no description of how to prepare audio (preprocessor_config.json)",
    )
    if prepares.sampling_rate != SAMPLE_RATE:
        raise InputError(
            f"config: {_KEY} needs audio at {prepares.sampling_rate} Hz, expected {SAMPLE_RATE}"
        )
    return prepares


def _tokenizer(folder: Any) -> Any:
    from transformers import AutoTokenizer

    return _load(AutoTokenizer, folder, "no tokenizer that can be loaded")


def _load(kind: Any, folder: Any, lacks: str) -> Any:
    try:
        return kind.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # transformers raises errors of many classes
        raise InputError(f"config: {_KEY}: {folder} has {lacks}: {error}") from error
