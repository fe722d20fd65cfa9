"""A model on many clips: the model and its extractors are loaded once, a bad clip costs its row."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from robust_mer.apply.answers import check_suffix, write_answers
from robust_mer.apply.clips import ClipRow, cut, too_long
from robust_mer.apply.isolated import IsolatedPredictor, MachineFaultError, TooSlowError
from robust_mer.apply.journal import Journal
from robust_mer.errors import InputError
from robust_mer.export.clip import open_clip
from robust_mer.export.predict import Predictor, UnusableClipError
from robust_mer.faults import disk_fault
from robust_mer.jobs import log, progress

_SECONDS_BETWEEN_REPORTS = 5.0

Answers = Callable[[], Iterator[dict[str, Any]]]
"""The rows of the output, in the order of the clips; may be read several times."""


@contextmanager
def apply_model(
    predictor: Predictor | IsolatedPredictor,
    clips: Sequence[ClipRow],
    out: str | Path | None = None,
    every: float | None = None,
) -> Iterator[Answers]:
    """Apply a model to clips, write the table ``out`` and yield the answers.

    Args:
        predictor: The model.
        clips: What to apply it to.
        out: The table; None writes none, and cannot resume.
        every: Seconds of the parts that recordings are cut into; None leaves them whole.

    Raises:
        InputError: an extractor is not that of the training run, another run writes ``out``, or the
            format of ``out`` is unknown.
    """
    if every is not None and not 0.1 <= every < float("inf"):
        raise InputError(f"--every is {every:g}, expected 0.1 seconds or more")
    path = None if out is None else Path(out)
    if path is not None:
        check_suffix(path)
    known = predictor.description
    identity = [known["weights_sha256"], known["modalities"], known.get("sets"), predictor.coverage]
    with Journal(path, identity) as journal:
        rows = [part for row in clips for part in (cut(row, every) if every else [row])]
        keys = [json.dumps(row.key()) for row in rows]
        to_do = [pair for pair in zip(keys, rows, strict=True) if pair[0] not in journal]
        if len(to_do) < len(rows):
            log.info("%d of %d clips are done already", len(rows) - len(to_do), len(rows))
        for key, row in progress(to_do, len(to_do), "clips", _SECONDS_BETWEEN_REPORTS):
            if key not in journal:  # the same clip may be named twice
                journal.add(key, *_answer(predictor, row))

        def answers() -> Iterator[dict[str, Any]]:
            for key, row in zip(keys, rows, strict=True):
                times = {"start": row.start, "end": row.end}
                yield {"clip": row.name, **times, **journal.read(key)}

        if path is not None:
            write_answers(path, answers)
        yield answers


def _answer(predictor: Predictor | IsolatedPredictor, row: ClipRow) -> tuple[dict[str, Any], bool]:
    """The prediction, or the reason why there is none; and whether it is final."""
    if reason := row.problem or too_long(row):
        return {"reason": reason}, True
    try:
        with open_clip(*row.files, **row.details) as clip:
            prepared = clip
    except (InputError, OSError) as error:
        return {"reason": _reason(error)}, True
    try:
        return predictor(prepared).as_json(), True
    except UnusableClipError as error:
        return {"reason": str(error)}, not isinstance(error, TooSlowError | MachineFaultError)
    except InputError:
        raise  # of the model: it is the same for all clips
    except Exception as error:  # a fault of a decoder or an extractor over this clip
        return {"reason": _reason(error)}, True


def _reason(error: Exception) -> str:
    """The reason in a row.

    Raises:
        Exception: it is a fault of the disk, which is so for all clips.
    """
    if disk_fault(error) is not None and not isinstance(error, PermissionError):
        raise error
    return str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
