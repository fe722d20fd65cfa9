"""Figures of results by name: one line each."""

from collections.abc import Mapping

from robust_mer.report.spec import Experiment, Facts
from robust_mer.settings import Plugin, load

_HERE = "robust_mer.report.figures"

FIGURES = {
    "snr": f"{_HERE}.snr_curves:SnrCurves",
    "conditions": f"{_HERE}.conditions:Conditions",
    "rates": f"{_HERE}.rates:Rates",
    "agreement": f"{_HERE}.agreement:Agreement",
    "transfer": f"{_HERE}.transfer:Transfer",
    "sweep": f"{_HERE}.sweep:Sweep",
    "confusion": f"{_HERE}.confusion:Confusion",
    "errors": f"{_HERE}.errors:Errors",
    "reliability": f"{_HERE}.reliability:Reliability",
    "sets": f"{_HERE}.sets:PredictionSets",
    "weights": f"{_HERE}.weights:ModalityWeights",
    "learning": f"{_HERE}.learning:Learning",
    "layers": f"{_HERE}.layers:LayerWeights",
    "raw": f"{_HERE}.raw_corruptions:RawCorruptions",
    "tsne": f"{_HERE}.plans:EmbeddingsFigure",
    "reconstructions": f"{_HERE}.plans:ReconstructionsFigure",
}
"""``"module:Class"`` of every `robust_mer.report.figures.base.ResultFigure`."""


def figures_of(
    experiment: Experiment, facts: Facts, own: Mapping[str, Plugin] | None = None
) -> dict[str, Plugin]:
    """The figures that make sense of an experiment, by name, in the order of the page.

    Args:
        experiment: The experiment.
        facts: What else is known of it.
        own: Figures of the user's own, by name.
    """
    figures = {name: Plugin(implementation, {}) for name, implementation in FIGURES.items()}
    figures |= own or {}
    return {
        name: figure
        for name, figure in figures.items()
        if load(figure.implementation).applies(experiment, facts)
    }
