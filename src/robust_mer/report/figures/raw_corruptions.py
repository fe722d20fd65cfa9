"""The SNR at the embedding of raw corruptions against the harm that they do."""

import math

import numpy as np

from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words
from robust_mer.table import groups


class RawCorruptions(PictureFigure):
    """Per model, equivalent Gaussian dB and the main measure against the SNR at the embedding.

    A point is a raw corruption. The lines are Gaussian noise itself at its SNRs: a point beside the
    line of its modality is worse, or less bad, for the model than its SNR says. An arrow marks a
    point that lies beyond the measured SNRs.
    """

    title = words.TITLE_RAW_FIGURE
    section = "raw"
    reads = ("calibration",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether recordings were corrupted."""
        return experiment.has_raw

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the calibration."""
        from robust_mer.evaluation.calibration import ABOVE, BELOW, read_calibration
        from robust_mer.report.figures.curves import Curves
        from robust_mer.report.figures.panels import Panels

        main = spec.experiment.main
        table = read_calibration(files.path("calibration"))
        places = {name: place for place, name in enumerate(table["modality"].unique())}
        arrow = {ABOVE: " ↑", BELOW: " ↓"}
        table = table.assign(
            line=table["modality"],
            series=table["modality"],
            place=table["modality"].map(places),
            dash=0,
            x=table["embedding_snr_db_mean"].replace([np.inf, -np.inf], np.nan),
            is_alone=table["is_raw"],
        )
        panels = []
        for (model, trained_on), rows in groups(table, ["model", "trained_on"]):
            title = words.model_panel(str(model), str(trained_on))
            snr = [spec.experiment.noise_and_snr(name)[1] for name in rows["corruption"]]
            raw, bound = rows["is_raw"], rows["bound"].map(arrow).fillna("")
            equal = rows.assign(
                y=rows["equivalent_db"].where(raw, snr),
                sd=np.nan,
                label=(rows["corruption"] + bound).where(raw, ""),
            )
            scores = rows.assign(
                y=rows[f"{main.name}_mean"],
                sd=rows[f"{main.name}_sd"].where(raw),
                label=rows["corruption"].where(raw, ""),
            )
            rules = {
                words.NO_CORRUPTION: rows[f"{main.name}_complete"].mean(),
                words.CHANCE: rows[f"{main.name}_chance"].mean(),
            }
            rules = {name: value for name, value in rules.items() if not math.isnan(value)}
            for points, axis, values in (
                (equal, words.equal_noise_axis(main.title), {}),
                (scores, main.title, rules),
            ):
                points = points.dropna(subset=["x", "y"])
                panels.append(
                    Curves(
                        title,
                        points,
                        words.SNR_AT_EMBEDDING,
                        axis,
                        rules=values,
                        is_marked=False,
                    )
                )
        names = {"corruption": words.CORRUPTION, "line": words.MODALITY}
        names |= {"x": "", "y": "", "sd": words.SD}
        return Panels(panels, 2, places, names)

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What points, lines and arrows are."""
        return words.ABOUT_RAW
