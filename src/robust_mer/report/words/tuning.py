"""Texts of the table of candidates."""

from collections.abc import Mapping
from typing import Any

from robust_mer.report.words.text import folds_and_seeds

TITLE = "Candidates of tuned models"
ABOUT = "candidates of tuned models"

CANDIDATE, CHOSEN = "Candidate", "Chosen"
VALIDATION, MEAN, SPREAD = "Validation", "mean", "± sd"


def best_of(candidates: Mapping[str, int]) -> str:
    """Tuned models with the number of their candidates, e.g. ``men (best of 4)``."""
    return ", ".join(f"{model} (best of {number})" for model, number in sorted(candidates.items()))


def remark(candidates: Mapping[str, int]) -> str | None:
    """What stands with every table of an experiment with tuned models; None without them."""
    if not candidates:
        return None
    return f"Hyperparameters were chosen on validation data in every fold: {best_of(candidates)}."


def candidate(tuned: Mapping[str, Any]) -> str:
    """The settings of a candidate, e.g. ``learning_rate 0.0002, dropout 0.3``."""
    return ", ".join(f"{key} {value}" for key, value in tuned.items())


def share(chosen: int, replicas: int) -> str:
    """How many of the replicas a candidate is."""
    return f"{chosen} of {replicas}"


def of_defined(mean: str, defined: int, replicas: int) -> str:
    """A mean that not all replicas have, with the number of those that do."""
    return mean if defined in (0, replicas) else f"{mean} ({share(defined, replicas)})"


def note(main: str, folds: int, seeds: int) -> str:
    """How candidates are chosen, and how many replicas there are."""
    return (
        f"Each replica (a fold with a seed; {folds_and_seeds(folds, seeds)}) is the candidate with "
        f"the best {main} on the validation part of its fold, under the conditions of its "
        "training. Test data are not used. The mean and the standard deviation are over replicas, "
        "each after the epoch that it keeps; the chosen ones look better here than they are. "
        "Replicas whose training diverged have no figure and are never chosen."
    )
