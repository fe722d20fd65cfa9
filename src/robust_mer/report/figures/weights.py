"""What models say of their input: the weight of each modality, and its SNR."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from robust_mer.conditions import CLEAN, NONE, letters
from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results, Training
from robust_mer.report.words import figures as words
from robust_mer.table import groups

if TYPE_CHECKING:
    import pandas as pd

    from robust_mer.report.figures.curves import Curves

_WEIGHT, _SNR = "weight_", "snr_"
"""Before a modality, in columns of predictions; see `robust_mer.models.model.Model.describe`."""

_ASIDE, _APART = 8.0, 1.5
"""From the highest SNR to the points of clean data, and between these, in dB."""


class ModalityWeights(PictureFigure):
    """A row of panels per model and noise: weights at the left, estimated SNRs at the right.

    A line per modality, over its true SNR where it alone is noisy.
    """

    title = words.TITLE_WEIGHTS
    reads = ("predictions", "summary")
    uses = ("weighing", "drawn")

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether a model weighs modalities, and is tested on a noise at several SNRs."""
        return bool(facts.weighing and facts.drawn)

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the predictions, and the true SNRs in the summary."""
        from robust_mer.report.figures.panels import Panels

        said = _said(spec, files)
        series = {modality: place for place, modality in enumerate(spec.experiment.modalities)}
        panels = [
            _panel(title, some.assign(y=some[name], sd=some[f"{name}_sd"]), axis, span)
            for title, some in said.groupby("title", sort=False)
            for name, axis, span in (
                ("weight", words.SHARE, (-0.05, 1.05)),
                ("snr", words.ESTIMATED_SNR, None),
            )
            if some[name].notna().any()
        ]
        names = {"line": words.MODALITY, "x": "", "y": "", "sd": words.SD}
        return Panels(panels, 2, series, names)

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What is noisy."""
        return words.ABOUT_WEIGHTS


def _panel(
    title: object, points: "pd.DataFrame", axis: str, span: tuple[float, float] | None
) -> "Curves":
    from robust_mer.report.figures.curves import Curves
    from robust_mer.report.figures.panels import spread

    shown = ["line", "series", "place", "dash", "x", "y", "sd", "is_alone"]
    return Curves(
        str(title), points[shown], words.TRUE_SNR, axis, _ticks(points), span=span or spread(points)
    )


def _ticks(points: "pd.DataFrame") -> dict[float, str]:
    """Tens of dB, and the place of clean data."""
    from robust_mer.report.cells import amount

    noisy, clean = points[~points["is_alone"]], points[points["is_alone"]]
    first, last = 10 * int(noisy["x"].min() // 10), int(noisy["x"].max())
    ticks = {float(db): amount(db) for db in range(first, last + 1, 10)}
    return ticks | ({float(clean["x"].mean()): words.CLEAN_TICK} if len(clean) else {})


def _said(spec: FigureSpec, files: Results) -> "pd.DataFrame":
    """``title, line, place, x, weight, snr``, their deviations and so on, a row per point."""
    import pandas as pd

    from robust_mer.evaluation.summary import read_summary
    from robust_mer.report.counted import evaluations

    experiment = spec.experiment
    summary = read_summary(files.path("summary")).drop_duplicates("tested_on")
    true_snr = summary.set_index("tested_on").filter(regex="^true_snr_db_")
    noises: dict[str, list[str]] = {}
    for name in spec.facts.drawn:
        noises.setdefault(experiment.noise_and_snr(name)[0], []).append(name)
    rows = evaluations(experiment, files)
    parts: list[dict[str, object]] = []
    for (model, trained_on), line in groups(rows, ["model", "trained_on"]):
        if Training(model, trained_on) not in spec.facts.weighing:
            continue
        paths = dict(zip(line["tested_on"], line["path"], strict=True))
        for noise, names in noises.items():
            title = words.weights_panel(line["line"].iloc[0], noise)
            tests = {name: paths[name] for name in (CLEAN, *names) if name in paths}
            if not set(tests) - {CLEAN}:
                continue
            parts += [{"title": title, **one} for one in _points(experiment, tests, true_snr)]
    return pd.DataFrame(parts)


def _points(
    experiment: Experiment, tests: dict[str, Path], true_snr: "pd.DataFrame"
) -> Iterator[dict[str, object]]:
    """Yield what a model says of each modality in each test of a noise."""
    import numpy as np

    modalities = list(experiment.modalities)
    highest = true_snr.loc[[name for name in tests if name != CLEAN]].max(axis=None)
    for tested_on, path in tests.items():
        table = _read(path, experiment)
        columns = [one for one in modalities if f"{_WEIGHT}{one}" in table]
        letter = letters(columns)
        for modality in columns:
            others = "".join(letter[one] for one in columns if one != modality) or NONE
            complete = "".join(letter.values())
            some = table[table["condition"] == (complete if tested_on == CLEAN else others)]
            if some.empty:  # the corruption does not touch the modality
                continue
            place = modalities.index(modality)
            figures = {
                name: some[column].to_numpy() if (column := f"{prefix}{modality}") in some else None
                for name, prefix in (("weight", _WEIGHT), ("snr", _SNR))
            }
            aside = _ASIDE + place * _APART
            yield {
                "line": modality,
                "series": modality,
                "place": place,
                "dash": 0,
                "is_alone": tested_on == CLEAN,
                "x": highest + aside
                if tested_on == CLEAN
                else true_snr.loc[tested_on, f"true_snr_db_{modality}"],
                **{
                    f"{name}{end}": np.nan if values is None else of(values)
                    for name, values in figures.items()
                    for end, of in (("", np.mean), ("_sd", np.std))
                },
            }


def _read(path: Path, experiment: Experiment) -> "pd.DataFrame":
    """The test predictions of the experiment's folds and seeds."""
    import pyarrow.parquet as pq

    table = pq.read_table(
        path,
        filters=[
            ("part", "==", "test"),
            ("fold", "in", list(experiment.folds)),
            ("seed", "in", list(experiment.seeds)),
        ],
        partitioning=None,
    )
    columns = [n for n in table.column_names if n.startswith((_WEIGHT, _SNR))]
    return table.select(["condition", *columns]).to_pandas()
