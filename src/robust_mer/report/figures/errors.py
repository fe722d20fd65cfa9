"""Where models err: by target, condition and speaker."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from robust_mer.report.counted import CountedRows, evaluations, read_test_part
from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words
from robust_mer.settings import Settings
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd

_BY = ("target", "condition", "speaker")


class ErrorsSettings(Settings):
    """How much the figure shows."""

    most_speakers: Annotated[int, Field(ge=0)] = 40
    """More speakers than these are left out: CMU-MOSEI has a thousand."""


class Errors(PictureFigure):
    """The mean error per model, of classes the share of wrong ones: panels per corruption.

    Over the partial conditions, and the complete one of clean data; all folds and seeds together.
    """

    settings_class = ErrorsSettings
    title = words.TITLE_ERRORS
    reads = ("predictions", "utterances")
    settings: ErrorsSettings

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether a prediction has an error."""
        return experiment.predicts.encoding in words.ABOUT_ERRORS

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the predictions, and from the index, which knows the speakers."""
        from robust_mer.report.figures.heat_map import HeatMaps
        from robust_mer.report.figures.lines import series_of

        experiment = spec.experiment
        cells = _errors(experiment, files)
        speakers = cells.loc[cells["by"] == "speaker", "column"].nunique()
        is_crowd = speakers > self.settings.most_speakers
        shown = _BY[:-1] if is_crowd else _BY
        cells = cells[cells["by"].isin(shown)].reset_index(drop=True)
        corruptions = list(cells["tested_on"].unique())
        cells["panel"] = [
            corruptions.index(name) * len(shown) + shown.index(by)
            for name, by in zip(cells["tested_on"], cells["by"], strict=True)
        ]
        titles = {
            at * len(shown) + place: words.errors_panel(corruption_title(experiment, name), by)
            for at, name in enumerate(corruptions)
            for place, by in enumerate(shown)
        }
        return HeatMaps(
            cells[["panel", "row", "column", "value", "series"]],
            _columns(cells),
            titles,
            len(shown),
            0.0,
            cells["value"].max(),
            {"row": words.MODEL, "column": words.OF, "value": words.ERROR},
            series_of(experiment),
            words.too_many_speakers(speakers) if is_crowd else "",
        )

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What is shown."""
        about = words.ABOUT_ERRORS[spec.experiment.predicts.encoding]
        return f"{about} {getattr(data, 'note', '')}".strip()


def _errors(experiment: Experiment, files: Results) -> "pd.DataFrame":
    """Mean errors: ``tested_on, by, row, column, value, series``."""
    import pandas as pd

    from robust_mer.table import read_table

    speaker = read_table(files.path("utterances")).set_index("utterance")["speaker"]
    parts = []
    for one in records(evaluations(experiment, files)):
        part = read_test_part(one["path"], one["trained_on"], experiment)
        table = _with_errors(part).assign(speaker=part.rows["utterance"].map(speaker).to_numpy())
        for by in [name for name in _BY if name in table]:
            errors = table.groupby(by)["error"].mean().rename_axis("column").rename("value")
            parts.append(
                errors.reset_index().assign(
                    tested_on=one["tested_on"], by=by, row=one["line"], series=one["series"]
                )
            )
    return pd.concat(parts, ignore_index=True)


def _with_errors(part: CountedRows) -> "pd.DataFrame":
    """The rows with their ``error``, and the ``target`` where there is but one."""
    import pandas as pd

    table = part.rows.assign(error=part.task.errors(part.target, part.predicted))
    crossed = list(part.task.crossed(part.target, part.predicted))
    if len(crossed) > 1:
        return table
    _, true, _, names = crossed[0]
    return table.assign(
        target=pd.Categorical.from_codes(true.tolist(), pd.Index(names), ordered=True)
    )


def _columns(cells: "pd.DataFrame") -> list[str]:
    """Targets in their order, speakers by name, conditions by how much is clean."""
    names = {by: sorted(some["column"].unique()) for by, some in cells.groupby("by")}
    targets = cells.loc[cells["by"] == "target", "column"].unique()
    letters = "".join(sorted(names["condition"], key=len, reverse=True))  # the complete one first
    conditions = sorted(names["condition"], key=lambda n: (len(n), [*map(letters.index, n)]))
    return list(dict.fromkeys([*targets, *conditions, *names.get("speaker", [])]))
