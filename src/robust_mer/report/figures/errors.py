"""Where models err: by emotion, condition and speaker."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from robust_mer.report.figures.base import ResultFigure
from robust_mer.report.figures.confusion import read_test_part
from robust_mer.report.names import corruption_title, line_name
from robust_mer.report.spec import Experiment, FigureSpec, Results
from robust_mer.report.words import figures as words
from robust_mer.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class ErrorsSettings(Settings):
    """How much the figure shows."""

    most_speakers: Annotated[int, Field(ge=0)] = 40
    """More speakers than these are left out: CMU-MOSEI has a thousand."""


class Errors(ResultFigure):
    """The share of wrong predictions per model: a row of panels per corruption.

    Over the partial conditions, and the complete one of clean data; all folds and seeds together.
    """

    settings_class = ErrorsSettings
    title = words.TITLE_ERRORS
    reads = ("predictions", "utterances")
    settings: ErrorsSettings

    def draw(self, spec: FigureSpec, files: Results) -> "Figure":
        """From the predictions, and from the index, which knows the speakers."""
        errors = _errors(spec.experiment, files)
        return _figure(spec.experiment, errors, self.settings.most_speakers)


def _errors(experiment: Experiment, files: Results) -> "pd.DataFrame":
    import pandas as pd

    from robust_mer.evaluation.summary import trainings
    from robust_mer.table import read_table

    speaker = read_table(files.path("utterances")).set_index("utterance")["speaker"]
    keys = pd.DataFrame(experiment.evaluations, columns=["model", "trained_on", "tested_on"])
    keys["training"] = trainings(experiment, keys)
    parts = []
    for (_, row), path in zip(keys.iterrows(), files.predictions, strict=True):
        table = read_test_part(path, experiment)
        table["wrong"] = table["label"] != table["predicted"]
        table["speaker"] = table["utterance"].map(speaker)
        line = line_name(experiment, row["model"], row["training"])
        for by in ("label", "condition", "speaker"):
            shares = table.groupby(by)["wrong"].mean()
            parts.append(
                pd.DataFrame(
                    {
                        "tested_on": row["tested_on"],
                        "line": line,
                        "by": by,
                        "value": shares.index,
                        "wrong": shares.to_numpy(),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def _figure(experiment: Experiment, errors: "pd.DataFrame", most_speakers: int) -> "Figure":
    from matplotlib.figure import Figure

    from robust_mer.report.figures.heat_map import draw_heat_map
    from robust_mer.report.figures.style import headline, runs

    corruptions = list(errors["tested_on"].unique())
    columns = ["label", "condition"]
    speakers = errors.loc[errors["by"] == "speaker", "value"].nunique()
    title = words.headline_errors(experiment.corpus, runs(experiment))
    if speakers <= most_speakers:
        columns.append("speaker")
    else:
        title += words.too_many_speakers(speakers)
    widths = [errors.loc[errors["by"] == by, "value"].nunique() for by in columns]
    heights = [
        errors.loc[errors["tested_on"] == name, "line"].nunique() + 2.5 for name in corruptions
    ]
    figure = Figure(
        figsize=(3.4 + 0.42 * sum(widths), 0.3 * sum(heights) + 1.5), layout="constrained"
    )
    figure.suptitle(
        headline(experiment, title, 20 + 4 * sum(widths)), x=0.01, ha="left", fontsize=11
    )
    panels = figure.subplots(
        len(corruptions),
        len(columns),
        squeeze=False,
        gridspec_kw={"width_ratios": widths, "height_ratios": heights},
    )
    high = errors["wrong"].max()
    for row, tested_on in enumerate(corruptions):
        for column, by in enumerate(columns):
            some = errors[(errors["tested_on"] == tested_on) & (errors["by"] == by)]
            table = some.pivot_table(index="line", columns="value", values="wrong", sort=False)
            order = sorted(
                table.columns, key=lambda name: (len(name) if by == "condition" else 0, name)
            )
            axes = panels[row, column]
            draw_heat_map(
                axes,
                table[order].to_numpy(),
                list(table.index) if column == 0 else [],
                order,
                0.0,
                high,
            )
            axes.tick_params(axis="x", rotation=0 if by == "condition" else 90)
            if column == 0:
                axes.set_ylabel(corruption_title(experiment, tested_on), fontsize=11)
            if row == 0:
                axes.set_title(words.by_title(by), loc="left", fontsize=11)
    return figure
