"""What an experiment's scores say, in sentences."""

from typing import NamedTuple

import pandas as pd

from robust_mer.conditions import CLEAN, NONE, PARTIAL
from robust_mer.evaluation.experiment import AVERAGE, Experiment
from robust_mer.evaluation.order import average_rows
from robust_mer.report.cells import signed, span
from robust_mer.report.names import corruption_title, line_name
from robust_mer.report.words import page as words

_SIGNIFICANT = 0.05


def answer(
    experiment: Experiment, summary: pd.DataFrame, comparisons: pd.DataFrame | None = None
) -> list[str]:
    """What the average table says, in sentences: the best model by the main measure, and its lead.

    Only averages over as many partial conditions compete, and models that are told which
    modalities are corrupted do not compete with those that are not. Where models were trained with
    all modalities corrupted, it is that condition that is compared.

    Args:
        experiment: The experiment.
        summary: From :func:`robust_mer.evaluation.summary.read_summary`.
        comparisons: ``{experiment}_comparisons.csv``, which says how sure a lead is.
    """
    main, score = experiment.main, f"{experiment.main.name}_mean"
    rows = average_rows(experiment, summary)
    rows, about = rows[rows["kind"] == AVERAGE], words.average_of(main.title)
    none_clean = {experiment.none_clean(name) for name in summary["trained_on"] if name != CLEAN}
    if none_clean == {True}:
        rows, about = summary[summary["kind"] == NONE], words.all_corrupted(main.title)
    else:
        partial = summary[summary["kind"] == PARTIAL].groupby("model")["condition"].nunique()
        rows = rows[rows["model"].map(partial) == partial.max()]
    aware = rows["model"].isin(experiment.is_mask_aware)
    competing = rows if aware.all() else rows[~aware]
    if competing.empty:
        return [words.NO_AVERAGE]
    names = [
        line_name(experiment, *line)
        for line in zip(competing["model"], competing["training"], strict=True)
    ]
    scores = competing.assign(
        name=names, severity=competing["tested_on"].map(experiment.severity)
    ).sort_values(
        ["noise", "severity", score],
        ascending=[True, True, not main.higher_is_better],
        kind="stable",
    )
    leads = pd.DataFrame(
        [
            _lead(experiment, ranked, comparisons)
            for _, ranked in scores.groupby("tested_on", sort=False)
        ]
    )
    wins = []
    for name, won in leads.groupby("name", sort=False):
        over = won["over"].dropna()
        lead = span(over, "{:.4f}") if len(over) else None
        wins.append(words.win(str(name), len(won), len(leads), lead))
    sentences = [
        words.best_models(about, main.higher_is_better, wins),
        _significance(leads),
        words.means_over(len(experiment.folds), len(experiment.seeds)),
        words.in_each(leads["text"]),
    ]
    if aware.any() and not aware.all():
        sentences.append(words.LEFT_OUT)
    published = rows[rows[f"paper_{main.name}"].notna()]
    if len(published):
        difference = published[f"difference_{main.name}"]
        ends = signed(difference.min()), signed(difference.max())
        sentences.append(words.beside_published(about, *ends, len(published)))
    return sentences


class _Lead(NamedTuple):
    """The best model under one corruption, and what is said of its lead."""

    name: str
    over: float | None
    p: float | None
    text: str


def _lead(experiment: Experiment, ranked: pd.DataFrame, comparisons: pd.DataFrame | None) -> _Lead:
    """The best model under one corruption and its lead, from rows with the best one first."""
    main, score = experiment.main, f"{experiment.main.name}_mean"
    best = ranked.iloc[0]
    title = corruption_title(experiment, best["tested_on"])
    text = words.best(title, best["name"], f"{best[score]:.4f}")
    if len(ranked) == 1:
        return _Lead(best["name"], None, None, text)
    following = ranked.iloc[1]
    over = abs(best[score] - following[score])
    text += words.ahead(f"{over:.4f}" if over else None, main.higher_is_better, following["name"])
    tested = None
    if comparisons is not None:
        tested = _comparison(comparisons, main.name, best, following)
    if tested is None:
        return _Lead(best["name"], over, None, text)
    low, high, p = tested
    text += words.how_sure(signed(low), signed(high), None if pd.isna(p) else f"{p:.2g}")
    return _Lead(best["name"], over, p, text)


def _comparison(
    comparisons: pd.DataFrame, measure: str, best: pd.Series, other: pd.Series
) -> tuple[float, float, float] | None:
    """Interval of a lead in a measure, and its p after Holm; None where they were not compared."""
    same = (
        (comparisons["tested_on"] == best["tested_on"])
        & (comparisons["condition"] == best["condition"])
        & (comparisons["measure"] == measure)
    )
    for one, two, sign in ((best, other, 1), (other, best, -1)):
        rows = comparisons[
            same
            & (comparisons["model"] == one["model"])
            & (comparisons["trained_on"] == one["trained_on"])
            & (comparisons["other"] == two["model"])
            & (comparisons["other_trained_on"] == two["trained_on"])
        ]
        if len(rows):
            row = rows.iloc[0]
            low, high = sorted((sign * row["low"], sign * row["high"]))
            return low, high, row["p_holm"]
    return None


def _significance(leads: pd.DataFrame) -> str:
    """How many of the leads are more than chance."""
    tested = pd.to_numeric(leads["p"]).dropna()
    if tested.empty:
        return words.NO_LEAD_TESTED
    return words.significant(len(tested), int((tested < _SIGNIFICANT).sum()), f"{_SIGNIFICANT:g}")
