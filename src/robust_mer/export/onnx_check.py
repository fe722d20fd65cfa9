"""Whether a file of ONNX answers as its model does in torch."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from robust_mer.export.folder import ExportedModel
from robust_mer.export.graph import FRAMES, IS_CLEAN
from robust_mer.export.predict import answer_of
from robust_mer.store import open_features
from robust_mer.tasks.task import Answer

TOLERANCE = 1e-4
"""Largest difference of a probability, or of a number as a share of its range."""

_LENGTHS = (1, 2, 5, 40)  # frames of made-up utterances
_REAL = 8  # utterances of the run


@dataclass(frozen=True)
class Agreement:
    """What a comparison saw."""

    answers: int
    real: int
    """How many of the answers are on features of the run."""
    largest: float
    """The largest difference; NaN if one of them has no number."""


@dataclass(frozen=True)
class _Case:
    """Features of an utterance, as extracted, and the mask for a mask-aware model."""

    frames: dict[str, np.ndarray]
    is_clean: tuple[bool, ...]
    is_real: bool = False


def compare(
    exported: ExportedModel, names: list[str], path: Path, features: dict[str, Path]
) -> Agreement:
    """Compare the answers to made-up and real features, complete and with a modality missing.

    All utterances go through the file one by one, and together as one batch.

    Args:
        exported: The model.
        names: Of the output's columns.
        path: The ONNX file.
        features: Feature files by modality; may be empty.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    complete = [*_made_up(exported), *_of_run(exported, features)]
    cases = [variant for case in complete for variant in _variants(exported, case)]
    answers = [_answer(exported, case) for case in cases]
    expected = np.array([[_numbers(answer)[name] for name in names] for answer in answers])
    ranges = answers[0].ranges
    scale = np.array([np.ptp(ranges[name]) if name in ranges else 1.0 for name in names])
    alone = np.concatenate([_run(session, [case]) for case in cases])
    differences = np.abs(np.stack([alone, _run(session, cases)]) - expected) / scale
    real = sum(case.is_real for case in cases)
    return Agreement(len(cases), real, float(differences.max()))


def _made_up(exported: ExportedModel) -> Iterator[_Case]:
    """Draws from the normal distribution of the training part."""
    draws = np.random.default_rng(1)
    for length in _LENGTHS:
        frames = {}
        for place, (modality, one) in enumerate(exported.normalisers.items()):
            values = draws.normal(size=(length + place, len(one.mean)))
            frames[modality] = (values * one.deviation + one.mean).astype(np.float32)
        yield _Case(frames, (True,) * len(frames))


def _of_run(exported: ExportedModel, features: dict[str, Path]) -> Iterator[_Case]:
    """Utterances of a run, from the shortest to the longest."""
    with ExitStack() as files:
        stores = {m: files.enter_context(open_features(path)) for m, path in features.items()}
        widths = {modality: len(store.names) for modality, store in stores.items()}
        if widths != {modality: one.features for modality, one in exported.inputs.items()}:
            return  # there are none, or the run has changed since
        lengths = np.sum([np.diff(store.offsets) for store in stores.values()], axis=0)
        by_length = np.argsort(lengths, kind="stable")
        places = np.unique(np.linspace(0, len(by_length) - 1, _REAL).astype(int))
        for row in by_length[places]:
            frames = {m: np.asarray(store.frames(row), np.float32) for m, store in stores.items()}
            has_frames = tuple(len(values) > 0 for values in frames.values())
            yield _Case(frames, has_frames, is_real=True)


def _variants(exported: ExportedModel, case: _Case) -> Iterator[_Case]:
    """The utterance; without each modality; and with each that a mask-aware model must not use."""
    yield case
    for place, modality in enumerate(case.frames):
        others = tuple(n != place and clean for n, clean in enumerate(case.is_clean))
        missing = {**case.frames, modality: case.frames[modality][:0]}
        yield replace(case, frames=missing, is_clean=others)
        if exported.model.settings.is_mask_aware:
            yield replace(case, is_clean=others)


def _answer(exported: ExportedModel, case: _Case) -> Answer:
    """What torch answers."""
    frames = {}
    for modality, values in case.frames.items():
        instead = exported.inputs[modality].not_finite
        if instead is not None:
            values = np.where(np.isfinite(values), values, np.float32(instead))
        frames[modality] = values
    return answer_of(exported, frames, case.is_clean)[0]


def _numbers(answer: Answer) -> dict[str, float]:
    return answer.probabilities or answer.value


def _run(session: Any, cases: Sequence[_Case]) -> np.ndarray:
    """What the file answers [cases, outputs]. Padding is full of ones, which must not count."""
    feed: dict[str, np.ndarray] = {}
    for modality in cases[0].frames:
        frames = [case.frames[modality] for case in cases]
        lengths = np.array([len(values) for values in frames], np.int64)
        padded = np.ones((len(cases), lengths.max(), frames[0].shape[1]), np.float32)
        for place, values in enumerate(frames):
            padded[place, : len(values)] = values
        feed |= {modality: padded, modality + FRAMES: lengths}
    feed[IS_CLEAN] = np.array([case.is_clean for case in cases])
    (output,) = session.run(None, {one.name: feed[one.name] for one in session.get_inputs()})
    result: np.ndarray = output
    return result
