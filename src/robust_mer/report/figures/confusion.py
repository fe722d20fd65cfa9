"""Which classes models take for which."""

from pathlib import Path
from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import COMPLETE, Evaluation
from robust_mer.protocol import PARTIAL
from robust_mer.report.figures.base import ResultFigure
from robust_mer.report.names import corruption_title, line_name, lines_of
from robust_mer.report.spec import Experiment, FigureSpec, Results
from robust_mer.report.words import figures as words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Confusion(ResultFigure):
    """A confusion matrix per model and corruption, as shares of the true class.

    All folds and seeds together, and all partial conditions (the complete one of clean data).
    """

    title = words.TITLE_CONFUSION
    reads = ("predictions",)

    def draw(self, spec: FigureSpec, files: Results) -> "Figure":
        """From the predictions."""
        experiment = spec.experiment
        keys = zip(experiment.evaluations, files.predictions, strict=True)
        return _figure(experiment, {key: _matrix(path, experiment) for key, path in keys})


def read_test_part(path: Path, experiment: Experiment) -> "pd.DataFrame":
    """Predictions of the test part, of an experiment's folds and seeds, that a figure counts.

    Those of the partial conditions; of the complete one where there is no other.
    """
    import pandas as pd

    from robust_mer.evaluation.summary import kinds_of

    table = pd.read_parquet(
        path,
        columns=["utterance", "fold", "seed", "condition", "label", "predicted"],
        filters=[
            ("part", "==", "test"),
            ("fold", "in", list(experiment.folds)),
            ("seed", "in", list(experiment.seeds)),
        ],
    )
    kinds = kinds_of(table["condition"].unique())
    wanted = PARTIAL if PARTIAL in kinds.values() else COMPLETE
    return table[table["condition"].map(kinds) == wanted]


def _matrix(path: Path, experiment: Experiment) -> "pd.DataFrame":
    import pandas as pd
    from sklearn.metrics import confusion_matrix

    table = read_test_part(path, experiment)
    classes = sorted(set(table["label"]) | set(table["predicted"]))
    shares = confusion_matrix(table["label"], table["predicted"], labels=classes, normalize="true")
    return pd.DataFrame(shares, classes, classes)


def _figure(experiment: Experiment, matrices: "dict[Evaluation, pd.DataFrame]") -> "Figure":
    import pandas as pd
    from matplotlib.figure import Figure

    from robust_mer.evaluation.summary import trainings
    from robust_mer.report.figures.heat_map import draw_heat_map
    from robust_mer.report.figures.style import headline, runs

    keys = pd.DataFrame(matrices.keys(), columns=["model", "trained_on", "tested_on"])
    keys["training"] = trainings(experiment, keys)
    lines = lines_of(keys)
    columns = list(keys["tested_on"].unique())
    classes = list(next(iter(matrices.values())).index)
    side = 0.36 * len(classes) + 0.25
    figure = Figure(
        figsize=(2.4 + side * len(columns), 1.9 + side * len(lines)), layout="constrained"
    )
    title = words.headline_confusion(experiment.corpus, runs(experiment))
    width = 20 + 20 * len(columns)
    figure.suptitle(headline(experiment, title, width), x=0.01, ha="left", fontsize=11)
    panels = figure.subplots(len(lines), len(columns), squeeze=False)
    for panel in panels.ravel():
        panel.set_visible(False)
    for (key, matrix), training in zip(matrices.items(), keys["training"], strict=True):
        row, column = lines.index((key[0], training)), columns.index(key[2])
        panel = panels[row, column]
        panel.set_visible(True)
        draw_heat_map(panel, matrix.to_numpy(), classes, classes)
        panel.tick_params(axis="x", rotation=90)
        panel.tick_params(labelleft=column == 0, labelbottom=row == len(lines) - 1, labelsize=9)
        if row == 0:
            panel.set_title(corruption_title(experiment, key[2]), fontsize=10)
        if column == 0:
            panel.set_ylabel(line_name(experiment, *lines[row]).replace(" (", "\n("), fontsize=9)
    return figure
