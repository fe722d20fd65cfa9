"""The sentences of the page, and the headings of Snakemake's own report."""

from collections.abc import Iterable

from robust_mer.report.words.text import count

NO_AVERAGE = "No average over partial conditions was evaluated."
NO_LEAD_TESTED = "None of these leads could be tested, which takes two folds; they may be chance."
LEFT_OUT = (
    "Models marked † are told which modalities are corrupted and are left out of this comparison."
)


def average_of(measure: str) -> str:
    """What models are compared by."""
    return f"average {measure}"


def all_corrupted(measure: str) -> str:
    """What models are compared by that were trained with no modality clean."""
    return f"{measure} with all modalities corrupted"


def win(model: str, won: int, corruptions: int, lead: str | None) -> str:
    """Under how many corruptions a model is the best."""
    by = f" (by {lead} over the next model)" if lead else ""
    return f"{model} under {won} of {count(corruptions, 'corruption')}{by}"


def highest(about: str, wins: Iterable[str]) -> str:
    """Which models are the best."""
    return f"Highest {about}: {', '.join(wins)}."


def means_over(folds: int, seeds: int) -> str:
    """How much is behind the numbers."""
    return f"These are means over {count(folds, 'fold')} and {count(seeds, 'seed')}."


def in_each(texts: Iterable[str]) -> str:
    """The best model under each corruption."""
    return f"In each: {'; '.join(texts)}."


def best(corruption: str, model: str, score: str) -> str:
    """The best model under one corruption."""
    return f"{corruption}: {model} {score}"


def ahead(over: str | None, following: str) -> str:
    """The lead of the best model; None: there is none."""
    return f", {over} above {following}" if over else f", level with {following}"


def how_sure(low: str, high: str, p: str | None) -> str:
    """Interval and p of a lead."""
    return f" (95 % interval {low} to {high}" + (f", p = {p})" if p else ")")


def significant(tested: int, sure: int, level: str) -> str:
    """How many of the leads are more than chance."""
    return (
        f"Of {count(tested, 'tested lead')} {sure or 'none'} "
        f"{'is' if sure < 2 else 'are'} significant (paired t-test over the folds, corrected for "
        f"overlapping training sets and, after Holm, for all comparisons made here; p < {level})."
    )


def beside_published(about: str, least: str, most: str, numbers: int) -> str:
    """How far ours are from the published numbers."""
    return (
        f"Ours minus published {about} lies between {least} and {most} "
        f"({count(numbers, 'number')})."
    )


def not_finite(values: int, utterances: int, instead: str) -> str:
    """How many values were replaced."""
    return (
        f"Not finite: {count(values, 'value')} in {count(utterances, 'utterance')}; "
        f"{instead} takes their place."
    )


SUBCATEGORIES = {
    "average": "Average over the partial conditions",
    "conditions": "Every condition",
    "papers": "The papers' tables",
    "statistics": "Statistics",
    "raw": "Corruptions of recordings",
    "audit": "Validity",
}
"""Of tables in Snakemake's own report, by `ResultTable.section`."""
