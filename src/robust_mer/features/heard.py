"""The texts that extractors of text receive where a recogniser heard them."""

from dataclasses import replace
from pathlib import Path

from robust_mer.errors import InputError
from robust_mer.features.specs import Transcript
from robust_mer.features.utterance import Hearing, Utterance
from robust_mer.table import read_table, records

TEXT_COLUMNS = ["utterance", "status", "reason", "seconds", "recognised", "transcript"]
"""Of the table of recognised texts."""


def with_recognised(
    utterances: list[Utterance], texts: Path, transcript: Transcript
) -> list[Utterance]:
    """Utterances with what was recognised as their text.

    Args:
        utterances: Those of the index.
        texts: The table of recognised texts.
        transcript: ``recognised_if_missing`` keeps the transcripts that the index has.

    Raises:
        InputError: the table lacks an utterance.
    """
    table = read_table(texts, TEXT_COLUMNS).set_index("utterance")
    for utterance in utterances:
        if utterance.utterance not in table.index:
            raise InputError(
                f"{texts} lacks the utterance {utterance.utterance!r}, which is in the index; "
                "delete it and run again"
            )
    rows = dict(zip(table.index, records(table), strict=True))
    return [
        utterance
        if transcript == "recognised_if_missing" and utterance.text.strip()
        else _heard(utterance, **rows[utterance.utterance])
        for utterance in utterances
    ]


def _heard(
    utterance: Utterance, *, status: str, reason: str, recognised: str, **_: str
) -> Utterance:
    return replace(utterance, text=recognised, hearing=Hearing(status == "failed", reason))
