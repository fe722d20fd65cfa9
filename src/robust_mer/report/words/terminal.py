"""What the terminal says at the end of a run."""

from robust_mer.report.words.text import count

CHANCE = "chance"


def title(experiment: str, measure: str) -> str:
    """Head of the first column."""
    return f"{measure}, {experiment}"


def about(folds: int, seeds: int, has_averages: bool, has_none: bool) -> str:
    """How a number is formed."""
    means = f"Means over {count(folds, 'fold')} and {count(seeds, 'seed')}, on test data."
    some = " Corrupted: the mean of the conditions in which some modalities are clean"
    if has_averages:
        exception = "; no modality clean where a model was trained so, or uses one modality alone"
        return f"{means}{some}{exception if has_none else ''}."
    return f"{means} Corrupted: no modality clean." if has_none else means


def report(path: str) -> str:
    """What to open."""
    return f"Open    {path}"


def prediction(command: str) -> str:
    """What to try."""
    return f"Try     {command}"
