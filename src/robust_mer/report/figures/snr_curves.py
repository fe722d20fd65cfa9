"""All measures against the SNR, or under each corruption."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from robust_mer.conditions import CLEAN
from robust_mer.evaluation.experiment import Experiment
from robust_mer.report.cells import amount
from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import FigureSpec, Results
from robust_mer.report.words import figures as words

if TYPE_CHECKING:
    import pandas as pd

    from robust_mer.report.figures.curves import Curves
    from robust_mer.report.figures.dots import Dots
    from robust_mer.report.figures.panels import Panels

_CURVE = 3
"""Amounts of a noise from which on there is a curve."""


@dataclass(frozen=True)
class Measured:
    """What panels show: ``{name}_mean`` and ``{name}_sd`` of some rows.

    Attributes:
        name: In names of columns.
        title: For people.
        axis: Name of the axis.
        rule: Name of a line of a single value, ``{name}_rule``; empty: there is none.
        span: Ends of the axis; None: those of each panel's points.
    """

    name: str
    title: str
    axis: str
    rule: str = ""
    span: tuple[float, float] | None = None


class SnrCurves(PictureFigure):
    """Every measure, averaged over the partial conditions, a column of panels each.

    See `against_snr`. Chance (always the most frequent class) is a dashed line.
    """

    title = words.TITLE_SNR
    reads = ("summary",)

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the summary."""
        from robust_mer.evaluation.order import curve_rows
        from robust_mer.evaluation.summary import read_summary

        experiment = spec.experiment
        rows = curve_rows(experiment, read_summary(files.path("summary")))
        for measure in experiment.measures:
            rows[f"{measure.name}_rule"] = rows[f"{measure.name}_chance"]
        measures = [
            Measured(m.name, m.title, m.title, words.CHANCE)
            for m in experiment.measures
            if rows[f"{m.name}_mean"].notna().any()  # some have no value for a constant answer
        ]
        return against_snr(experiment, rows, measures, max(1, len(measures)))

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What is averaged, and what bands are."""
        return words.ABOUT_SNR


def against_snr(
    experiment: Experiment, rows: "pd.DataFrame", measures: Sequence[Measured], abreast: int
) -> "Panels":
    """Some measures against the SNR, or under each corruption, a panel each.

    A noise with three SNRs or more has panels with curves; all other corruptions share panels with
    a dot per model. Clean data stands at the left, or on top. Bands and bars are ± one standard
    deviation over folds x seeds.

    Args:
        experiment: The experiment.
        rows: With ``model, trained_on, tested_on`` and the columns of the measures.
        measures: What to show.
        abreast: Panels side by side.
    """
    from robust_mer.report.figures.lines import named, series_of
    from robust_mer.report.figures.panels import Panels

    order = {name: place for place, name in enumerate(rows["tested_on"].unique())}
    rows = named(experiment, rows).assign(
        group=lambda some: [corruption_title(experiment, name) for name in some["tested_on"]],
        is_alone=lambda some: some["tested_on"] == CLEAN,
        order=lambda some: some["tested_on"].map(order),
        noise=lambda some: [experiment.noise_and_snr(name)[0] for name in some["tested_on"]],
    )
    severities = rows["tested_on"].map(experiment.severity)
    amounts = severities.groupby(rows["noise"]).nunique()
    curves = sorted(amounts.index[amounts >= _CURVE])
    return Panels(
        [
            *(
                _curves(experiment, rows[rows["noise"].isin([noise, CLEAN])], noise, measure)
                for noise in curves
                for measure in measures
            ),
            *_dots(rows[~rows["noise"].isin(curves)], bool(curves), measures),
        ],
        abreast,
        series_of(experiment),
        {"line": words.MODEL, "group": words.TESTED_ON, "y": "", "sd": words.SD},
    )


def _points(rows: "pd.DataFrame", measure: Measured) -> "pd.DataFrame":
    points = rows.assign(y=rows[f"{measure.name}_mean"], sd=rows[f"{measure.name}_sd"])
    return points[["line", "series", "place", "dash", "group", "is_alone", "tested_on", "y", "sd"]]


def _rules(rows: "pd.DataFrame", measure: Measured) -> dict[str, float]:
    return {measure.rule: rows[f"{measure.name}_rule"].mean()} if measure.rule else {}


def _curves(
    experiment: Experiment, rows: "pd.DataFrame", noise: str, measure: Measured
) -> "Curves":
    from robust_mer.report.figures.curves import Curves
    from robust_mer.report.figures.panels import spread

    corruptions = [name for name in rows["tested_on"].unique() if name != CLEAN]
    places = {name: experiment.severity(name) for name in corruptions}
    ends = sorted(places.values())
    step = min(later - earlier for earlier, later in pairwise(ends))
    places = {CLEAN: ends[0] - step, **places}
    lines = rows.groupby(["place", "dash"])
    aside = 0.5 * step * ((lines.ngroup() + 0.5) / lines.ngroups - 0.5)
    x = rows["tested_on"].map(places).astype(float) + aside.where(rows["is_alone"], 0.0)
    points = _points(rows, measure).assign(x=x)
    rules = _rules(rows, measure)
    facts = experiment.facts(corruptions[0])
    return Curves(
        f"{measure.title}, {noise}",
        points.drop(columns="tested_on"),
        words.SNR_AXES.get(facts.unit, facts.unit),
        measure.axis,
        {places[name]: _tick(experiment, name) for name in rows["tested_on"].unique()},
        rules=rules,
        span=measure.span or spread(points, *rules.values()),
    )


def _dots(rows: "pd.DataFrame", has_curves: bool, measures: Sequence[Measured]) -> "list[Dots]":
    """A panel per measure of the corruptions that have no curve; none if there is but clean."""
    from robust_mer.report.figures.dots import Dots
    from robust_mer.report.figures.panels import spread

    if rows.empty or (rows["is_alone"].all() and has_curves):
        return []
    rows = rows.sort_values("order", kind="stable")
    panels = []
    for measure in measures:
        points = _points(rows, measure).drop(columns=["tested_on", "is_alone"])
        rules = _rules(rows, measure)
        title = "" if measure.title == measure.axis else measure.title
        span = measure.span or spread(points, *rules.values())
        panels.append(Dots(title, points, measure.axis, rules, span))
    return panels


def _tick(experiment: Experiment, corruption: str) -> str:
    facts = experiment.facts(corruption)
    return corruption if facts.amount is None else amount(facts.amount)
