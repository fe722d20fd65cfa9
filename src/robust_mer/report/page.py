"""The report: one HTML page that holds everything that a run found, and what is behind it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from robust_mer.evaluation.summary import read_statistics, read_summary
from robust_mer.files import write_text
from robust_mer.provenance.facts import MadeWith, made_with
from robust_mer.report.answer import answer
from robust_mer.report.cells import span
from robust_mer.report.costs import stage_costs, training_devices
from robust_mer.report.figures.base import ResultFigure
from robust_mer.report.figures.palette import DARK, LIGHT, SYMBOLS
from robust_mer.report.names import corruption_title, title_of
from robust_mer.report.parts import fold_sizes, read_samples, shared, target_sizes
from robust_mer.report.printed import read_markdown
from robust_mer.report.spec import ReportSpec, Results, Shown, TableSpec
from robust_mer.report.table import Line, Table, to_html
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import page as words
from robust_mer.runtime import Runtime
from robust_mer.settings import load
from robust_mer.store import read_features
from robust_mer.table import groups, read_numbers, read_table

_HERE = Path(__file__).parent
_LAID_OUT_ANEW = ("average", "conditions", "raw")  # Markdown keeps no heads of several levels
_READABLE = ("summary", "calibration", "comparisons", "utterances", "folds", "checks")


@dataclass(frozen=True)
class ReportFiles:
    """What `write_report` reads and writes.

    Lists hold the files of the first experiment, then those of the second, ...; of each experiment
    one file, or one per name in `robust_mer.report.spec.Shown`.
    """

    summaries: list[Path]
    """``{experiment}_all.csv``."""
    comparisons: list[Path]
    """``{experiment}_comparisons.csv``."""
    calibrations: list[Path]
    """``{experiment}_raw.csv`` of the experiments that have one."""
    tables: list[Path]
    """The Markdown of every table."""
    figures: list[Path]
    """The svg of every figure."""
    captions: list[Path]
    """What stands below every figure."""
    charts: list[Path]
    """Every figure in Vega-Lite, or ``null``."""
    logs: list[Path]
    """Of extraction (columns ``utterance, status, reason``), one per log."""
    replaced: list[Path]
    """The feature files in which values are replaced, one per name."""
    schedules: list[Path]
    """``schedule.csv`` of every scheduled corruption."""
    features: list[Path]
    """The corpus' ``features.csv``."""
    utterances: list[Path]
    folds: list[Path]
    checks: list[Path]
    """The corpus' ``fold_checks.csv``."""
    problems: list[Path]
    """The corpus' ``index_problems.csv``."""
    others: list[Path]
    """Further results, which the page accounts for but does not show."""
    samples: Path
    """The paper's Table 1."""
    html: Path
    """The page, to be written."""

    def inputs(self) -> list[Path]:
        """All that is read, each file once."""
        lists = (*_LISTS, "others")
        return sorted({path for name in lists for path in getattr(self, name)})


_LISTS = (
    "summaries",
    "comparisons",
    "calibrations",
    "tables",
    "figures",
    "captions",
    "charts",
    "logs",
    "replaced",
    "schedules",
    "features",
    "utterances",
    "folds",
    "checks",
    "problems",
)


@dataclass(frozen=True)
class ExperimentFiles:
    """The files of one experiment, by the names of what they hold."""

    summary: Path
    tables: dict[str, Path]
    figures: dict[str, Path]
    captions: dict[str, Path]
    charts: dict[str, Path]
    logs: dict[str, Path]
    replaced: dict[str, Path]
    schedules: dict[str, Path]
    folds: Path
    problems: Path
    utterances: Path
    checks: Path
    samples: Path
    features: Path | None = None
    comparisons: Path | None = None
    calibration: Path | None = None


@dataclass(frozen=True)
class RunFacts:
    """What the report says of the run as a whole."""

    costs: list[list[str]]  # see `robust_mer.report.costs.stage_costs`
    devices: list[list[str]]  # see `robust_mer.report.costs.training_devices`
    config: str  # what was run, as YAML
    made_with: MadeWith  # what the jobs had and read


def write_report(spec: ReportSpec, files: ReportFiles, runtime: Runtime) -> None:
    """Write the report: one page that is self-contained."""
    results = files.html.parent
    corpora = sorted({shown.experiment.corpus for shown in spec.experiments})
    run = RunFacts(
        stage_costs(folder / "benchmarks" for folder in (results, *map(results.joinpath, corpora))),
        training_devices(map(Path, spec.checkpoints)),
        yaml.safe_dump(dict(spec.config), sort_keys=False, allow_unicode=True),
        made_with(results, [str(path) for path in files.inputs() if path.is_relative_to(results)]),
    )
    write_text(files.html, page(list(sort_files(spec, files)), run))


def sort_files(spec: ReportSpec, files: ReportFiles) -> "Iterator[tuple[Shown, ExperimentFiles]]":
    """Yield each experiment with its own files.

    Raises:
        ValueError: there are more or fewer files than the experiments have names.
    """
    rest = {name: iter(getattr(files, name)) for name in _LISTS}

    def named(name: str, keys: "Sequence[str]") -> dict[str, Path]:
        return {key: next(rest[name]) for key in keys}

    for shown in spec.experiments:
        yield (
            shown,
            ExperimentFiles(
                summary=next(rest["summaries"]),
                tables=named("tables", list(shown.tables)),
                figures=named("figures", list(shown.figures)),
                captions=named("captions", list(shown.figures)),
                charts=named("charts", list(shown.figures)),
                logs=named("logs", shown.logs),
                replaced=named("replaced", list(shown.replaced)),
                schedules=named("schedules", shown.scheduled),
                folds=next(rest["folds"]),
                problems=next(rest["problems"]),
                utterances=next(rest["utterances"]),
                checks=next(rest["checks"]),
                samples=files.samples,
                features=next(rest["features"]),
                comparisons=next(rest["comparisons"]),
                calibration=next(rest["calibrations"]) if shown.has_calibration else None,
            ),
        )
    if left := [name for name, paths in rest.items() if list(paths)]:
        raise ValueError(f"more {', '.join(left)} than the experiments name")


def page(experiments: "Sequence[tuple[Shown, ExperimentFiles]]", run: RunFacts) -> str:
    """The page, in HTML.

    Args:
        experiments: In the order in which they should stand, each with its files.
        run: What is said of the run as a whole.
    """
    environment = Environment(autoescape=True, trim_blocks=True, undefined=StrictUndefined)
    environment.globals["plain"] = _plain
    template = environment.from_string(_read("page.html"))
    views = [_view(shown, files) for shown, files in experiments]
    figures = [one for view in views for some in view["figures"].values() for one in some]
    return template.render(
        experiments=views,
        run=run,
        css=_read("page.css"),
        js=_read("page.js"),
        vega=_vega() if any(one["chart"] for one in figures) else None,
        palette=_in_script(
            {
                "light": LIGHT,
                "dark": DARK,
                "symbols": [symbol for symbol, _, _ in SYMBOLS],
                "glyphs": [glyph for _, _, glyph in SYMBOLS],
            }
        ),
    )


def _read(name: str) -> Markup:
    """A part of the page."""
    return Markup((_HERE / name).read_text(encoding="utf-8"))  # noqa: S704


@cache
def _vega() -> Markup:
    """Vega-Lite and what it needs, to be embedded whole: the page must work offline."""
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return Markup(bundle.replace("</script", r"<\/script"))  # noqa: S704


def _in_script(value: Any) -> Markup:
    """JSON within a script element; no name can end that element."""
    return Markup(json.dumps(value, ensure_ascii=False).replace("<", r"\u003c"))  # noqa: S704


def _plain(caption: str, heads: "Sequence[str]", rows: "Sequence[Sequence[object]]") -> Markup:
    """A table of texts in HTML."""
    lines = [Line([str(cell) for cell in row]) for row in rows]
    return to_html(Table(caption, list(heads), [], [lines], []))


def _view(shown: Shown, files: ExperimentFiles) -> dict[str, Any]:
    """What the template shows of one experiment."""
    experiment = shown.experiment
    samples = read_samples(files.samples, experiment.published)
    comparisons = None if files.comparisons is None else read_statistics(files.comparisons)
    tables: dict[str, list[Markup]] = {section: [] for section in ResultTable.sections}
    for name, table in shown.tables.items():
        section = load(table.implementation).section
        tables[section].append(_table(shown, files, name))
    figures: dict[str, list[dict[str, Any]]] = {section: [] for section in ResultFigure.sections}
    for name in files.figures:
        kind = load(shown.figures[name].implementation)
        figures[kind.section].append(_figure(files, name, title_of(kind.title, experiment)))
    return {
        "name": experiment.name,
        "corpus": experiment.corpus,
        "note": experiment.note,
        "answer": answer(experiment, read_summary(files.summary), comparisons),
        "tables": tables,
        "figures": figures,
        "features": None if files.features is None else _rows(files.features),
        "extractors": [
            _extraction(name, path, files.replaced.get(name), shown.replaced.get(name))
            for name, path in files.logs.items()
        ],
        "schedules": [
            row
            for name, path in files.schedules.items()
            for row in _schedule(corruption_title(experiment, name), path)
        ],
        "targets": target_sizes(experiment.predicts, files.utterances, files.folds, samples),
        "folds": fold_sizes(files.folds, samples),
        "shared": shared(files.checks),
        "problems": read_table(files.problems)[["file", "line", "problem"]].to_numpy().tolist(),
    }


def _figure(files: ExperimentFiles, name: str, title: str) -> dict[str, Any]:
    """A figure's interactive form, or what was drawn, and what stands below."""
    chart = json.loads(files.charts[name].read_text(encoding="utf-8"))
    path = files.figures[name]
    return {
        "title": title,
        "chart": chart and _in_script(chart),
        "drawing": None if chart else _inline_svg(path, title),
        "caption": files.captions[name].read_text(encoding="utf-8").strip(),
        "path": f"{path.parent.name}/{path.stem}",
    }


def _table(shown: Shown, files: ExperimentFiles, name: str) -> Markup:
    """A table in HTML, laid out anew where its Markdown lacks something."""
    plugin = shown.tables[name]
    kind = load(plugin.implementation)
    if kind.section not in _LAID_OUT_ANEW or not set(kind.reads) <= set(_READABLE):
        return Markup("\n").join(map(to_html, read_markdown(files.tables[name])))
    table = plugin.build()
    spec = TableSpec(name, plugin, shown.experiment, shown.facts)
    results = Results(**{name: getattr(files, name) for name in kind.reads})
    tables = table.tables(spec, table.read(spec, results))
    return Markup("\n").join(map(to_html, tables))


def _rows(path: Path) -> list[list[str]]:
    """Heading and rows of a table."""
    table = read_table(path)
    return [table.columns.tolist(), *table.to_numpy().tolist()]


def _inline_svg(path: Path, label: str) -> Markup:
    text = path.read_text(encoding="utf-8")
    drawing = text[text.index("<svg") :]
    return Markup(drawing.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1))  # noqa: S704


def _extraction(
    extractor: str, path: Path, features: Path | None, instead: float | None
) -> dict[str, Any]:
    log = read_table(path)
    kind = log["reason"].str.partition(":")[0]  # details, which differ, stand behind the colon
    counts = log.groupby(["status", kind]).size().sort_index()
    lost = log[log["status"] != "ok"]
    replacement = None
    if features is not None and instead is not None:
        replacement = _replacement(features, instead)
    return {
        "extractor": extractor,
        "counts": [
            (status, reason, number)
            for (status, reason), number in zip(counts.index, counts, strict=True)
        ],
        "total": len(log),
        "replaced": replacement,
        "lost": list(zip(lost["utterance"], lost["status"], lost["reason"], strict=True)),
    }


def _replacement(features: Path, instead: float) -> str:
    values, utterances = read_features(features).count_not_finite()
    return words.not_finite(values, utterances, f"{instead:g}")


def _schedule(title: str, path: Path) -> list[list[str]]:
    """A line per modality: target, and the ranges over the folds."""
    forms = {"target_snr_db": "{:g}", "steps": "{:g}"}
    forms |= {"reached_snr_db": "{:.2f}", "true_snr_db": "{:.2f}"}
    schedule = read_numbers(path, ["modality"])
    return [
        [title, modality, *(span(folds[name], form) for name, form in forms.items())]
        for (modality,), folds in groups(schedule, ["modality"])
    ]
