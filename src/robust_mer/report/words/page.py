"""The sentences of the page, and the headings of Snakemake's own report."""

from collections.abc import Iterable

from robust_mer.report.words.text import count

NO_AVERAGE = "No average over the partial conditions was evaluated."
NO_LEAD_TESTED = "None of these leads was tested (a test needs two folds); they may be chance."
LEFT_OUT = (
    "Models marked † know which modalities are corrupted (mask-aware) and are left out of this "
    "comparison."
)


def average_of(measure: str) -> str:
    """What models are compared by."""
    return f"average {measure}"


def all_corrupted(measure: str) -> str:
    """What models are compared by if they were trained with no clean modality."""
    return f"{measure} with all modalities corrupted"


def win(model: str, won: int, corruptions: int, lead: str | None) -> str:
    """Under how many corruptions a model is the best."""
    by = f" (by {lead} over the next model)" if lead else ""
    return f"{model} under {won} of {count(corruptions, 'corruption')}{by}"


def best_models(about: str, higher_is_better: bool, wins: Iterable[str]) -> str:
    """Which models are the best."""
    return f"{'Highest' if higher_is_better else 'Lowest'} {about}: {', '.join(wins)}."


def means_over(folds: int, seeds: int) -> str:
    """How many runs the numbers are means of."""
    return f"Each number is the mean over {count(folds, 'fold')} and {count(seeds, 'seed')}."


def in_each(texts: Iterable[str]) -> str:
    """The best model under each corruption."""
    return f"Best under each corruption: {'; '.join(texts)}."


def best(corruption: str, model: str, score: str) -> str:
    """The best model under one corruption."""
    return f"{corruption}: {model} {score}"


def ahead(over: str | None, higher_is_better: bool, following: str) -> str:
    """The lead of the best model; None: it has no lead."""
    side = "above" if higher_is_better else "below"
    return f", {over} {side} {following}" if over else f", level with {following}"


def how_sure(low: str, high: str, p: str | None) -> str:
    """Interval and p of a lead."""
    return f" (95 % interval {low} to {high}" + (f", p = {p})" if p else ")")


def significant(tested: int, sure: int, level: str) -> str:
    """How many of the leads are significant."""
    return (
        f"Of {count(tested, 'tested lead')}, {sure or 'none'} "
        f"{'is' if sure < 2 else 'are'} significant at p < {level}: paired t-test over the folds, "
        "corrected for overlapping training sets, with Holm's adjustment for all comparisons made "
        "here."
    )


def beside_published(about: str, least: str, most: str, numbers: int) -> str:
    """How far our results are from the published numbers."""
    return f"Our {about} minus the published one: {least} to {most} ({count(numbers, 'number')})."


def not_finite(values: int, utterances: int, instead: str) -> str:
    """How many values were replaced."""
    return (
        f"Not finite: {count(values, 'value')} in {count(utterances, 'utterance')}, replaced by "
        f"{instead}."
    )


SUBCATEGORIES = {
    "average": "Average over the partial conditions",
    "conditions": "Every condition",
    "papers": "The papers' tables",
    "statistics": "Statistics",
    "raw": "Corruptions of recordings",
    "audit": "Validity",
}
"""Headings of tables in Snakemake's own report, by `ResultTable.section`."""
