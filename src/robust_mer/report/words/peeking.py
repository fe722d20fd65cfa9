"""Texts of the table of what a selection on test data would print."""

from collections.abc import Sequence

from robust_mer.report.words.text import count, folds_and_seeds, listed

TITLE = "The price of peeking"
ABOUT = "what a selection on test data would print"
ABOUT_ORDER = "models whose order a selection on test data changes"

REPORTED = "reported"
OPTIMISM = "optimism"
CHOSEN, CHANGED, PAIRS = "Chosen on test data", "Pairs that change order", "Changes"
NO_CHOICE = "–"


def choice(name: str, seeds: int) -> str:
    """What is chosen on test data."""
    return {"epoch": "best epoch", "seed": f"best of {count(seeds, 'seed')}", "both": "both"}[name]


def without_epochs(model: str, has_none: bool) -> str:
    """A model's name, marked if it is fitted at once."""
    return f"{model} *" if has_none else model


def share(changed: int, pairs: int) -> str:
    """How many pairs change their order."""
    return f"{changed} of {pairs}"


def changes(pairs: Sequence[tuple[str, str]]) -> str:
    """Which models change their order: the better one as reported, and the other one."""
    return "; ".join(f"{worse} overtakes {better}" for better, worse in pairs) or "none"


def note_numbers(main: str, corpus: str, folds: int, seeds: int) -> str:
    """What the numbers are, and what they are not used for."""
    return (
        f"{main} on the test part of {corpus}, {folds_and_seeds(folds, seeds)}, in the "
        "conditions of the training: their mean, or, under a protocol that draws conditions, each "
        "utterance in its own one. reported: after the epoch that validation data chose, mean "
        "over folds and seeds. best epoch: chosen on the test part of each fold and seed. best of "
        "the seeds: chosen by the mean over the folds. both: the best epochs, then the best seed. "
        "Nothing else in this report uses epochs or seeds that were chosen on test data."
    )


def note_optimism(is_fraction: bool, main: str, replicates: int) -> str:
    """What the optimism and its interval are."""
    unit = "in percentage points" if is_fraction else f"in the unit of {main}"
    interval = (
        f"In brackets: 95 % interval by bootstrap over speakers and their utterances "
        f"({count(replicates, 'replicate')}). Each replicate chooses anew among its own scores, "
        "which vary more than those on the data; the interval may therefore lie above the estimate."
        if replicates
        else "It has no interval, because the test parts have only one speaker."
    )
    return f"optimism: how much better than reported the choice looks, {unit}. {interval}"


def note_few_speakers(speakers: int, least: int) -> str:
    """That the intervals are too narrow."""
    return (
        f"The test parts have {count(speakers, 'speaker')}: intervals from fewer than {least} are "
        "too narrow to be conclusive."
    )


NOTE_ONE_SEED = (
    "With one seed there is no choice of seeds (–). Add seeds to the experiment to measure it."
)
NOTE_WITHOUT_EPOCHS = "*: fitted at once, without epochs to choose from (–)."


def note_deterministic(models: Sequence[str]) -> str:
    """Which models answer the same with every seed."""
    verb = "answers" if len(models) == 1 else "answer"
    return f"{listed(models)} {verb} the same with every seed, so there is no best seed."


def note_clean(models: Sequence[str]) -> str:
    """Which models are scored on clean data alone."""
    verb = "is" if len(models) == 1 else "are"
    return (
        f"{listed(models)} {verb} trained on clean data, and therefore scored on clean test data "
        "only."
    )


NOTE_ORDER = (
    "A pair counts if one model is better as reported, and the other one once both were chosen on "
    "test data. A model without that choice keeps its reported score."
)

# Published numbers that were chosen on test data.

NOTE_SELECTS_ON_TEST = (
    "‡: the public code of this system chooses the epoch on the part that it reports, so the "
    "published number is too good; the table of the price of peeking measures by how much."
)


def marked_paper(text: str, selects_on_test: bool) -> str:
    """A published number or its name, marked if its epoch was chosen on test data."""
    return f"{text} ‡" if selects_on_test else text
