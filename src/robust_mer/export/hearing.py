"""The words of a clip, for a model that was trained on recognised ones."""

from dataclasses import replace
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from robust_mer.errors import InputError, NothingError, UtteranceError
from robust_mer.features.recogniser import Recogniser, RecogniserSettings, words_of
from robust_mer.features.utterance import Hearing, Utterance


class ClipRecogniser:
    """The recogniser of a training run, built when the first clip needs it.

    Args:
        settings: Its complete settings, as ``model.json`` has them.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings

    @cached_property
    def _recogniser(self) -> Recogniser:
        try:
            settings = RecogniserSettings.model_validate(self._settings)
        except ValidationError as error:
            raise InputError(
                f"this version does not know the settings of the recogniser in model.json: {error}"
            ) from None
        return Recogniser(settings)

    def __call__(self, utterance: Utterance) -> Utterance:
        """The utterance with the words that are heard in its sound.

        Raises:
            InputError: the recogniser cannot be loaded.
        """
        text, failed = "", False
        try:
            extraction = self._recogniser.extract(utterance)
            text = " ".join(word.word for word in words_of(extraction.values))
            reason = extraction.note
        except UtteranceError as error:
            failed, reason = not isinstance(error, NothingError), str(error)
        return replace(utterance, text=text, hearing=Hearing(failed, reason))
