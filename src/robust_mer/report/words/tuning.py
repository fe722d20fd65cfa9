"""Texts of the table of candidates."""

from collections.abc import Mapping
from typing import Any

from robust_mer.report.words.text import folds_and_seeds

TITLE = "Candidates of tuned models"
ABOUT = "candidates of tuned models"

CANDIDATE, CHOSEN = "Candidate", "Chosen"
VALIDATION, MEAN, SPREAD = "Validation", "mean", "± sd"


def candidate(tuned: Mapping[str, Any]) -> str:
    """The settings of a candidate, e.g. ``learning_rate 0.0002, dropout 0.3``."""
    return ", ".join(f"{key} {value}" for key, value in tuned.items())


def share(chosen: int, replicas: int) -> str:
    """How many of the replicas a candidate is."""
    return f"{chosen} of {replicas}"


def note(main: str, folds: int, seeds: int) -> str:
    """How candidates are chosen, and how many replicas there are."""
    return (
        f"Each replica (a fold with a seed; {folds_and_seeds(folds, seeds)}) is the candidate with "
        f"the best {main} on the validation part of its fold, under the conditions of its "
        "training. Test data are not used. The mean and the standard deviation are over replicas, "
        "each after the epoch that it keeps; the chosen ones look better here than they are."
    )
