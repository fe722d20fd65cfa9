"""Prediction sets of an exported model: calibration at export, and the set of a new clip."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from robust_mer.conditions import NONE, letters
from robust_mer.conformal import availability, class_thresholds, known
from robust_mer.coverage import COVERAGE
from robust_mer.errors import InputError
from robust_mer.evaluation.set_rows import LOST, SNR, Rows, complete_of, joined, read_rows
from robust_mer.evaluation.summary import PredictionFile
from robust_mer.export.spec import ExportModelSpec
from robust_mer.report.words.text import listed
from robust_mer.tasks.task import ChoiceTask, Task

COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.85, COVERAGE, 0.95, 0.99)
"""What sets can promise."""

_NO_CALIBRATION = (
    "the model was exported by an older version, or never tested; test it and run "
    "`snakemake exported` again"
)
_NEVER_MET = (
    "never calibrated with {which}; add `missing` to the training and to the tests of the model"
)
_NO_LEVEL = "never calibrated at such an SNR of the features"
_TOO_FEW = "too few validation utterances of {classes} for this coverage: in every set"


@dataclass(frozen=True)
class AnswerSet:
    """Classes of which one is true, with a promised probability."""

    classes: list[str]
    """The most probable one first; all: cannot tell; none: the model was not calibrated."""
    coverage: float
    """Promised for each class."""
    is_everything: bool
    """Whether it holds all classes."""
    note: str
    """What limits the set; mostly empty."""


def calibrate(
    spec: ExportModelSpec, tests: Mapping[str, Path], facts: Mapping[str, Any], task: Task
) -> dict[str, Any] | None:
    """The thresholds of a replica, from predictions for its own validation part.

    Per what is known (`robust_mer.conformal.known`), class and coverage, from all tests of
    ``spec.calibrated_on`` together. A threshold is None where the utterances are too few.

    Args:
        spec: Of the export.
        tests: Predictions by corruption.
        facts: Those of the checkpoint.
        task: What is predicted.

    Returns:
        JSON; None for a task without classes of which one is true, or without tests.
    """
    if not isinstance(task, ChoiceTask) or not spec.calibrated_on:
        return None
    parts: dict[str, list[Rows]] = {}
    for tested_on, taken in spec.calibrated_on.items():
        file = PredictionFile(spec.name, facts["trained_on"], tested_on, tests[tested_on])
        own = [facts["fold"]], [facts["seed"]]
        rows = read_rows(file, "validation", *own, task)
        for (_, condition), some in rows.items():
            available = availability(taken, condition, complete_of(rows))
            for group, place in some.by_group(available).items():
                parts.setdefault(group, []).append(some.at(place))
    names = list(task.describe()["classes"])
    return {
        "calibrated_on": list(spec.calibrated_on),
        "coverages": COVERAGES,
        "thresholds": {key: _thresholds(joined(some), names) for key, some in parts.items()},
    }


def _thresholds(rows: Rows, names: list[str]) -> dict[str, list[float | None]]:
    """By class, a threshold for each of `COVERAGES`."""
    columns = [
        class_thresholds(rows.scores, rows.utterance, rows.truth, len(names), coverage)
        for coverage in COVERAGES
    ]
    return {
        name: [None if math.isinf(one[place]) else float(one[place]) for one in columns]
        for place, name in enumerate(names)
    }


class SetMaker:
    """Makes the sets of an exported model.

    Args:
        stored: What `calibrate` returned; None in a model of an older version.
        modalities: Of the model.
        coverage: The promise.

    Raises:
        InputError: The coverage is none of those stored.
    """

    def __init__(
        self, stored: Mapping[str, Any] | None, modalities: Sequence[str], coverage: float
    ) -> None:
        self._letters, self._coverage = letters(list(modalities)), coverage
        self._thresholds: Mapping[str, Any] | None = None
        levels = COVERAGES if stored is None else stored["coverages"]
        if coverage not in levels:
            expected = ", ".join(f"{one:g}" for one in levels)
            raise InputError(f"coverage is {coverage:g}, expected one of {expected}")
        if stored is None:
            return
        place = list(stored["coverages"]).index(coverage)
        self._thresholds = {
            group: {name: ends[place] for name, ends in by_class.items()}
            for group, by_class in stored["thresholds"].items()
        }

    def __call__(
        self,
        probabilities: Mapping[str, float],
        available: Sequence[str],
        figures: Mapping[str, float],
    ) -> AnswerSet:
        """The set of a clip.

        Args:
            probabilities: By class, the most probable one first.
            available: Modalities that reached the model.
            figures: What the model says of its input.
        """
        if self._thresholds is None:
            return AnswerSet([], self._coverage, False, _NO_CALIBRATION)
        name = "".join(self._letters[modality] for modality in available)
        estimates, lost = (
            {
                letter: np.array([figures[key]])
                for modality, letter in self._letters.items()
                if (key := f"{prefix}{modality}") in figures
            }
            for prefix in (SNR, LOST)
        )
        group = str(known(name, estimates, lost, 1)[0])
        if group not in self._thresholds:
            there, _, _ = group.partition(" ")
            has_met = there in {one.partition(" ")[0] for one in self._thresholds}
            left = [one for one in available if there != NONE and self._letters[one] in there]
            which = f"{listed(left)} only" if left else "all frames lost"
            note = _NO_LEVEL if has_met else _NEVER_MET.format(which=which)
            return AnswerSet(list(probabilities), self._coverage, True, note)
        ends = self._thresholds[group]
        best = next(iter(probabilities))
        classes = [
            one
            for one, probability in probabilities.items()
            if one == best or ends[one] is None or 1 - probability <= ends[one]
        ]
        unknown = [one for one, end in ends.items() if end is None]
        which = "every class" if len(unknown) == len(ends) else listed(unknown)
        note = _TOO_FEW.format(classes=which) if unknown else ""
        return AnswerSet(classes, self._coverage, len(classes) == len(probabilities), note)
