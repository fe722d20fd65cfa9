"""Whether models know how good their answers are."""

from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import AVERAGE, BINS
from robust_mer.report.cells import mean_sd
from robust_mer.report.spec import Experiment, Facts, Results, TableSpec
from robust_mer.report.table import Table, of_frame
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import tables as words

if TYPE_CHECKING:
    import pandas as pd


class ReliabilityTable(ResultTable):
    """Calibration in the average of the partial conditions, or what there is without them."""

    title = words.TITLE_RELIABILITY
    reads = ("reliability",)
    writes = ("md",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether models state how sure they are."""
        return experiment.predicts.has_confidence

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """Calibration in every condition."""
        from robust_mer.evaluation.summary import read_statistics

        return read_statistics(files.path("reliability"))

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """One table."""
        experiment = spec.experiment
        keys = ["model", "trained_on", "tested_on"]
        average = data["condition"] == AVERAGE
        has_average = average.groupby([data[key] for key in keys]).transform("any")
        shown = data[average | ~has_average]
        lines = shown[[*keys, "condition"]].assign(
            **{
                head: [
                    mean_sd(mean, sd)
                    for mean, sd in zip(shown[f"{name}_mean"], shown[f"{name}_sd"], strict=True)
                ]
                for name, head in words.RELIABILITY.items()
            }
        )
        lines = lines.sort_values(["tested_on", "condition", words.RELIABILITY["ece"]])
        notes = [words.note_reliability(BINS, len(experiment.seeds))]
        caption = words.caption(experiment.name, experiment.corpus, words.ABOUT_RELIABILITY)
        return [of_frame(caption, lines, [*notes, *filter(None, [experiment.note])])]
