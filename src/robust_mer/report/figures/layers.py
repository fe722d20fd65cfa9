"""What models learnt of a network's layers: the weight of each."""

from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import Experiment
from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.names import corruption_title, marked
from robust_mer.report.spec import Facts, FigureSpec, Results
from robust_mer.report.words import figures as words

if TYPE_CHECKING:
    import pandas as pd

_LAYER = "_layer_"  # between modality and number, in columns of histories


class LayerWeights(PictureFigure):
    """A panel per modality: a row per model, a column per layer.

    Weights are those of the kept epoch, the mean over the model's replicas.
    """

    title = words.TITLE_LAYERS
    reads = ("histories",)
    uses = ("learning", "layered")

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether a model learns weights of layers."""
        return bool(facts.learning and facts.layered)

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the histories of the replicas."""
        from robust_mer.report.figures.heat_map import HeatMaps
        from robust_mer.report.figures.lines import series_of

        cells = _cells(spec, files)
        modalities = list(dict.fromkeys(cells["modality"]))
        numbers = sorted(cells["number"].unique())
        cells = cells.assign(
            panel=cells["modality"].map(modalities.index), column=cells["number"].astype(str)
        )
        return HeatMaps(
            cells[["panel", "row", "column", "value", "sd", "series"]],
            [str(number) for number in numbers],
            dict(enumerate(modalities)),
            2,
            0.0,
            float(cells["value"].max()),
            {"row": words.MODEL, "column": words.LAYER, "value": words.WEIGHT, "sd": words.SD},
            series_of(spec.experiment),
        )

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What cells are."""
        return words.ABOUT_LAYERS


def _cells(spec: FigureSpec, files: Results) -> "pd.DataFrame":
    """``row, series, modality, number, value, sd``: mean weights of every training's replicas."""
    import pandas as pd

    experiment, learning = spec.experiment, spec.facts.learning
    of_each = len(experiment.folds) * len(experiment.seeds)
    parts = []
    for place, training in enumerate(learning):
        paths = files.histories[place * of_each : (place + 1) * of_each]
        chosen = pd.concat([pd.read_csv(path).query("kept") for path in paths])
        name = marked(experiment, training.model)
        trained_on = corruption_title(experiment, training.trained_on)
        for column in chosen:
            modality, between, number = str(column).rpartition(_LAYER)
            if between and number.isdigit():
                parts.append(
                    {
                        "row": words.model_panel(name, trained_on),
                        "series": name,
                        "modality": modality,
                        "number": int(number),
                        "value": chosen[column].mean(),
                        "sd": chosen[column].std(ddof=1),
                    }
                )
    return pd.DataFrame(parts)
