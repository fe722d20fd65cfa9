"""The report: one HTML page that holds everything that a run found, and what is behind it."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from robust_mer.evaluation.calibration import calibration_table, read_calibration
from robust_mer.evaluation.parts import class_sizes, fold_sizes, read_samples, shared
from robust_mer.evaluation.printed import read_markdown
from robust_mer.evaluation.summary import AVERAGE, read_statistics, read_summary, severity
from robust_mer.evaluation.tables import (
    average_rows,
    average_table,
    conditions_table,
    corruption_title,
    count,
    line_name,
)
from robust_mer.files import whole
from robust_mer.protocol import CLEAN, NONE, PARTIAL, parse_trained_on
from robust_mer.provenance.facts import MadeWith
from robust_mer.store import read_features
from robust_mer.table import read_table

_TEMPLATE = Path(__file__).with_name("report.html")
_SIGNIFICANT = 0.05


@dataclass(frozen=True)
class ExperimentResults:
    """What the report shows of one experiment, and the files that it reads for it.

    ``experiment`` is that of :func:`robust_mer.evaluation.tables.write_tables`, ``summary`` its
    ``{name}_all.csv``, ``figures`` svgs by title; ``features`` holds the log of every extractor
    (columns ``utterance, status, reason``), ``schedules`` the ``schedule.csv`` of every corruption,
    and ``folds`` is the corpus' ``folds.csv`` and ``problems`` its ``index_problems.csv``.
    ``replaced`` holds, of extractors whose values may be NaN or infinite, the feature file and what
    takes the place of such values. ``utterances`` and ``checks`` are the corpus' ``utterances.csv``
    and ``fold_checks.csv``, and ``samples`` holds the paper's Table 1. Where recordings were
    corrupted, ``calibration`` is ``{name}_raw.csv`` and its svg; ``embeddings`` is the svg of clean
    and noisy embeddings, where there is one. ``features_table`` is the
    corpus' ``features.csv``.
    """

    experiment: dict
    summary: str | Path
    figures: dict[str, str | Path]
    features: dict[str, str | Path]
    schedules: dict[str, str | Path]
    folds: str | Path
    problems: str | Path
    replaced: dict[str, tuple[str | Path, float]]
    utterances: str | Path
    checks: str | Path
    samples: str | Path
    calibration: tuple[str | Path, str | Path] | None = None
    embeddings: str | Path | None = None
    reconstructions: str | Path | None = None
    features_table: str | Path | None = None
    comparisons: str | Path | None = None
    audit: str | Path | None = None
    papers: list[str | Path] = field(default_factory=list)
    statistics: list[str | Path] = field(default_factory=list)


@dataclass(frozen=True)
class RunFacts:
    """What the report says of the run as a whole."""

    costs: list[list[str]]  # see `robust_mer.evaluation.provenance.stage_costs`
    devices: list[list[str]]  # see `robust_mer.evaluation.provenance.training_devices`
    config: str  # what was run, as YAML
    made_with: MadeWith  # what the jobs had and read


def write_report(path: str | Path, experiments: list[ExperimentResults], run: RunFacts) -> None:
    """Write the report, which is self-contained.

    Args:
        path: The HTML file to write.
        experiments: In the order in which they should stand.
        run: What is said of the run as a whole.
    """
    environment = Environment(autoescape=True, trim_blocks=True, undefined=StrictUndefined)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    page = template.render(experiments=[_view(results) for results in experiments], run=run)
    with whole(path) as unfinished:
        unfinished.write_text(page, encoding="utf-8")


def answer(
    experiment: dict, summary: pd.DataFrame, comparisons: pd.DataFrame | None = None
) -> list[str]:
    """What the average table says, in sentences: the best model by average UA, and its lead.

    Only averages over as many partial conditions compete, and models that are told which
    modalities are corrupted do not compete with those that are not. Where models were trained with
    all modalities corrupted, it is that condition that is compared.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        summary: From :func:`robust_mer.evaluation.summary.read_summary`.
        comparisons: ``{experiment}_comparisons.csv``, which says how sure a lead is.
    """
    rows = average_rows(summary)
    rows, what = rows[rows["kind"] == AVERAGE], "average UA"
    trained_on = {parse_trained_on(name)[1] for name in summary["trained_on"] if name != CLEAN}
    if trained_on == {NONE}:
        rows, what = summary[summary["kind"] == NONE], "UA with all modalities corrupted"
    else:
        partial = summary[summary["kind"] == PARTIAL].groupby("model")["condition"].nunique()
        rows = rows[rows["model"].map(partial) == partial.max()]
    told = rows["model"].isin(experiment.get("given_mask", []))
    competing = rows if told.all() else rows[~told]
    if competing.empty:
        return ["No average over partial conditions was evaluated."]
    names = [
        line_name(experiment, *line)
        for line in zip(competing["model"], competing["training"], strict=True)
    ]
    scores = competing.assign(
        name=names, severity=competing["tested_on"].map(severity)
    ).sort_values(["noise", "severity", "ua_mean"], ascending=[True, True, False], kind="stable")
    leads = pd.DataFrame(
        [_lead(ranked, comparisons) for _, ranked in scores.groupby("tested_on", sort=False)]
    )
    wins = []
    for name, won in leads.groupby("name", sort=False):
        over = won["over"].dropna()
        by = f" (by {_range(over, '{:.4f}')} over the next model)" if len(over) else ""
        wins.append(f"{name} under {len(won)} of {count(len(leads), 'corruption')}{by}")
    folds, seeds = len(experiment["folds"]), len(experiment["seeds"])
    sentences = [
        f"Highest {what}: {', '.join(wins)}.",
        _significance(leads),
        f"These are means over {count(folds, 'fold')} and {count(seeds, 'seed')}.",
        f"In each: {'; '.join(leads['text'])}.",
    ]
    if told.any() and not told.all():
        sentences.append(
            "Models marked † are told which modalities are corrupted and are left out of this "
            "comparison."
        )
    published = rows[rows["paper_ua"].notna()]
    if len(published):
        difference = published["difference_ua"]
        sentences.append(
            f"Ours minus published {what} lies between {_signed(difference.min())} and "
            f"{_signed(difference.max())} ({count(len(published), 'number')})."
        )
    return sentences


def _lead(ranked: pd.DataFrame, comparisons: pd.DataFrame | None) -> dict:
    """The best model under one corruption and its lead, from rows with the best one first."""
    best = ranked.iloc[0]
    text = f"{corruption_title(best['tested_on'])}: {best['name']} {best['ua_mean']:.4f}"
    if len(ranked) == 1:
        return {"name": best["name"], "over": None, "p": None, "text": text}
    following = ranked.iloc[1]
    over = best["ua_mean"] - following["ua_mean"]
    text += (
        f", {over:.4f} above {following['name']}" if over else f", level with {following['name']}"
    )
    tested = None if comparisons is None else _comparison(comparisons, best, following)
    if tested is None:
        return {"name": best["name"], "over": over, "p": None, "text": text}
    low, high, p = tested
    text += f" (95 % interval {_signed(low)} to {_signed(high)}"
    text += ")" if pd.isna(p) else f", p = {p:.2g})"
    return {"name": best["name"], "over": over, "p": p, "text": text}


def _comparison(
    comparisons: pd.DataFrame, best: pd.Series, other: pd.Series
) -> tuple[float, float, float] | None:
    """Interval of a lead in UA, and its p after Holm; None where the two were not compared."""
    same = (
        (comparisons["tested_on"] == best["tested_on"])
        & (comparisons["condition"] == best["condition"])
        & (comparisons["measure"] == "ua")
    )
    for one, two, sign in ((best, other, 1), (other, best, -1)):
        found = comparisons[
            same
            & (comparisons["model"] == one["model"])
            & (comparisons["trained_on"] == one["trained_on"])
            & (comparisons["other"] == two["model"])
            & (comparisons["other_trained_on"] == two["trained_on"])
        ]
        if len(found):
            row = found.iloc[0]
            low, high = sorted((sign * row["low"], sign * row["high"]))
            return low, high, row["p_holm"]
    return None


def _significance(leads: pd.DataFrame) -> str:
    """How many of the leads are more than chance."""
    tested = pd.to_numeric(leads["p"]).dropna()
    if tested.empty:
        return "None of these leads could be tested, which takes two folds; they may be chance."
    sure = int((tested < _SIGNIFICANT).sum())
    return (
        f"Of {count(len(tested), 'tested lead')} {sure or 'none'} "
        f"{'is' if sure < 2 else 'are'} significant (paired t-test over the folds, corrected for "
        f"overlapping training sets and, after Holm, for all comparisons made here; p < "
        f"{_SIGNIFICANT:g})."
    )


def _view(results: ExperimentResults) -> dict:
    experiment = results.experiment
    summary = read_summary(results.summary)
    samples = read_samples(results.samples, experiment.get("published"))
    return {
        "name": experiment["name"],
        "corpus": experiment["corpus"],
        "note": experiment.get("note"),
        "answer": answer(
            experiment, summary, results.comparisons and read_statistics(results.comparisons)
        ),
        "papers": [read_markdown(path) for path in results.papers],
        "statistics": [read_markdown(path) for path in results.statistics],
        "audit": results.audit and read_markdown(results.audit),
        "tables": [average_table(experiment, summary), conditions_table(experiment, summary)],
        "figures": [
            (title, _inline_svg(path, f"{title}, {experiment['name']}"))
            for title, path in results.figures.items()
        ],
        "calibration": results.calibration and _calibration(experiment, *results.calibration),
        "embeddings": results.embeddings
        and _inline_svg(results.embeddings, f"Clean and noisy embeddings, {experiment['name']}"),
        "reconstructions": results.reconstructions
        and _inline_svg(results.reconstructions, f"Rebuilt representations, {experiment['name']}"),
        "features": results.features_table and _table(results.features_table),
        "extractors": [
            _extraction(name, path, results.replaced.get(name))
            for name, path in results.features.items()
        ],
        "schedules": [
            row for name, path in results.schedules.items() for row in _schedule(name, path)
        ],
        "classes": class_sizes(results.utterances, results.folds, samples),
        "folds": fold_sizes(results.folds, samples),
        "shared": shared(results.checks),
        "problems": read_table(results.problems)[["file", "line", "problem"]].to_numpy().tolist(),
    }


def _table(path: str | Path) -> list[list[str]]:
    """Heading and rows of a table."""
    table = read_table(path)
    return [table.columns.tolist(), *table.to_numpy().tolist()]


def _calibration(experiment: dict, table: str | Path, figure: str | Path) -> dict:
    label = f"SNR at the embedding against harm, {experiment['name']}"
    return {
        "table": calibration_table(experiment, read_calibration(table)),
        "figure": _inline_svg(figure, label),
    }


def _inline_svg(path: str | Path, label: str) -> Markup:
    text = Path(path).read_text(encoding="utf-8")
    drawing = text[text.index("<svg") :]
    return Markup(drawing.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1))  # noqa: S704


def _extraction(
    extractor: str, path: str | Path, replaced: tuple[str | Path, float] | None
) -> dict:
    log = read_table(path)
    kind = log["reason"].str.partition(":")[0]  # details, which differ, stand behind the colon
    counts = log.groupby(["status", kind]).size().sort_index()
    lost = log[log["status"] != "ok"]
    return {
        "extractor": extractor,
        "counts": [(status, reason, number) for (status, reason), number in counts.items()],
        "total": len(log),
        "replaced": replaced and _replacement(*replaced),
        "lost": list(zip(lost["utterance"], lost["status"], lost["reason"], strict=True)),
    }


def _replacement(features: str | Path, instead: float) -> str:
    values, utterances = read_features(features).count_not_finite()
    return (
        f"Not finite: {count(values, 'value')} in {count(utterances, 'utterance')}; "
        f"{instead:g} takes their place."
    )


def _schedule(corruption: str, path: str | Path) -> list[list[str]]:
    """A line per modality: target, and the ranges over the folds."""
    schedule = pd.read_csv(path)
    return [
        [
            corruption_title(corruption),
            modality,
            _range(folds["target_snr_db"], "{:g}"),
            _range(folds["steps"], "{:g}"),
            _range(folds["reached_snr_db"], "{:.2f}"),
            _range(folds["true_snr_db"], "{:.2f}"),
        ]
        for modality, folds in schedule.groupby("modality", sort=False)
    ]


def _range(values: pd.Series, form: str) -> str:
    """Least and greatest value, as one where they read the same; empty where there are none."""
    if values.isna().all():
        return ""
    ends = [form.format(end).replace("-", "−") for end in (values.min(), values.max())]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "−")
