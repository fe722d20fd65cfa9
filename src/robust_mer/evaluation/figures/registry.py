"""Figures that are drawn of an experiment's results, by name: one line each."""

from typing import NamedTuple


class Figure(NamedTuple):
    """What the workflow must know of a figure before it imports it.

    The function is called with the experiment, the paths to write, and what it ``reads``:
    ``summary`` (``{experiment}_all.csv``), ``predictions`` (path by model, trained on, tested on),
    ``histories`` (paths by model, trained on), ``utterances`` (the index), ``reliability`` and
    ``curves`` (``{experiment}_reliability.csv`` and ``_risk_coverage.csv``).
    """

    implementation: str
    title: str
    reads: tuple[str, ...]
    needs: str = ""  # an experiment without that is not drawn so: drawn_figures


_HERE = "robust_mer.evaluation.figures"

FIGURES = {
    "snr": Figure(f"{_HERE}.snr_curves:draw_snr_curves", "WA and UA against the SNR", ("summary",)),
    "conditions": Figure(
        f"{_HERE}.conditions:draw_conditions", "UA in each condition", ("summary",), "corruptions"
    ),
    "transfer": Figure(
        f"{_HERE}.transfer:draw_transfer",
        "UA on corruptions that were not trained on",
        ("summary",),
        "transfer",
    ),
    "sweep": Figure(
        f"{_HERE}.sweep:draw_sweep", "Effect of hyperparameters", ("summary",), "sweep"
    ),
    "confusion": Figure(
        f"{_HERE}.confusion:draw_confusion", "Confusion matrices", ("predictions",)
    ),
    "errors": Figure(
        f"{_HERE}.errors:draw_errors",
        "Errors by emotion, condition and speaker",
        ("predictions", "utterances"),
    ),
    "reliability": Figure(
        f"{_HERE}.reliability:draw_reliability",
        "Calibration, and risk against coverage",
        ("reliability", "curves"),
        "corruptions",
    ),
    "learning": Figure(
        f"{_HERE}.learning:draw_learning", "Learning curves", ("histories",), "histories"
    ),
}
