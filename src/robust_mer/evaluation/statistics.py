"""Statistics of an experiment: intervals, comparisons, calibration."""

from pathlib import Path

import numpy as np
import pandas as pd

from robust_mer.evaluation.answers import read_answers, read_held_out
from robust_mer.evaluation.bootstrap import CONFIDENCE, MEASURES, REPLICATES, resample
from robust_mer.evaluation.comparisons import compare_models
from robust_mer.evaluation.grid import frame_markdown
from robust_mer.evaluation.reliability import BINS, reliability
from robust_mer.evaluation.summary import AVERAGE, PredictionFile
from robust_mer.evaluation.tables import count
from robust_mer.files import whole


def write_statistics(
    experiment: dict,
    predictions: dict[tuple[str, str, str], str | Path],
    utterances_csv: str | Path,
    folds_csv: str | Path,
    folder: str | Path,
) -> None:
    """Write what chance there is in an experiment's figures into ``folder``.

    ``{name}_intervals.csv`` (`robust_mer.evaluation.bootstrap`), ``{name}_comparisons`` as csv and
    md (`robust_mer.evaluation.comparisons`), ``{name}_reliability`` as csv and md and
    ``{name}_risk_coverage.csv`` (`robust_mer.evaluation.reliability`).

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        predictions: Path by (model, trained on, tested on).
        utterances_csv: The corpus' index; it says who speaks.
        folds_csv: The corpus' folds.
        folder: Where to write.

    Raises:
        InputError: predictions and folds do not fit each other.
    """
    tested = read_held_out(utterances_csv, folds_csv, experiment["folds"])
    seed = experiment.get("one_condition_seed")
    answers, figures, curves = [], [], []
    for key, path in predictions.items():
        answer = read_answers(PredictionFile(*key, path), tested, experiment["seeds"], seed)
        for table, some in zip((figures, curves), reliability(answer), strict=True):
            table.append(some)
        answers.append(answer)
    replicates = resample(answers, tested)
    intervals = replicates.intervals().assign(
        speakers=tested.speakers, utterances=len(tested.names), replicates=REPLICATES
    )
    comparisons = compare_models(replicates, tested.test_to_train)
    figures = pd.concat(figures, ignore_index=True)
    for name, text in {
        "intervals.csv": intervals.to_csv(index=False),
        "comparisons.csv": comparisons.to_csv(index=False),
        "comparisons.md": comparisons_markdown(experiment, comparisons, tested.test_to_train),
        "reliability.csv": figures.to_csv(index=False),
        "reliability.md": reliability_markdown(experiment, figures),
        "risk_coverage.csv": pd.concat(curves).to_csv(index=False),
    }.items():
        with whole(Path(folder) / f"{experiment['name']}_{name}") as unfinished:
            unfinished.write_text(text, encoding="utf-8")


def comparisons_markdown(experiment: dict, comparisons: pd.DataFrame, test_to_train: float) -> str:
    """The comparisons to read: a line per pair, with both measures."""
    keys = ["tested_on", "condition", "model", "trained_on", "other", "other_trained_on"]
    lines = comparisons[keys].drop_duplicates(ignore_index=True)
    for measure in MEASURES:
        own = lines.merge(comparisons[comparisons["measure"] == measure], on=keys, how="left")
        lines[measure.upper()] = [
            f"{row.difference:+.4f} ({row.low:+.4f} to {row.high:+.4f})" for row in own.itertuples()
        ]
        for head, column in (("p", "p"), ("Holm", "p_holm")):
            lines[f"{measure.upper()} {head}"] = own[column].map(_p)
    clear = int((comparisons["p_holm"] < 1 - CONFIDENCE).sum())
    return frame_markdown(
        f"Experiment {experiment['name']} on {experiment['corpus']}: model − other",
        lines,
        [
            f"In brackets the {CONFIDENCE:.0%} interval by bootstrap over speakers and their "
            f"utterances ({REPLICATES} replicates): what other people would change, not what "
            "another training would.",
            f"p: corrected resampled t-test over {count(len(experiment['folds']), 'fold')}, test "
            f"parts {test_to_train:.3f} of training parts; Holm: adjusted for all "
            f"{len(comparisons) // len(MEASURES)} pairs here. {clear} of {len(comparisons)} "
            f"adjusted p are below {1 - CONFIDENCE:.2f}.",
            *([experiment["note"]] if experiment.get("note") else []),
        ],
    )


def reliability_markdown(experiment: dict, figures: pd.DataFrame) -> str:
    """Calibration to read: the average of the partial conditions, or what there is without them."""
    keys = ["model", "trained_on", "tested_on"]
    average = figures["condition"] == AVERAGE
    has_average = average.groupby([figures[key] for key in keys]).transform("any")
    shown = figures[average | ~has_average]
    lines = shown[[*keys, "condition"]].assign(
        **{
            head: [
                f"{mean:.4f}" if np.isnan(sd) else f"{mean:.4f} ± {sd:.4f}"
                for mean, sd in zip(shown[f"{name}_mean"], shown[f"{name}_sd"], strict=True)
            ]
            for name, head in (
                ("accuracy", "accuracy"),
                ("confidence", "mean confidence"),
                ("ece", "ECE"),
                ("aurc", "AURC"),
            )
        }
    )
    return frame_markdown(
        f"Experiment {experiment['name']} on {experiment['corpus']}: calibration",
        lines.sort_values(["tested_on", "condition", "ECE"]),
        [
            f"ECE: expected calibration error, {BINS} bins; AURC: area under the risk-coverage "
            "curve, the mean share of wrong answers among the most confident ones; 0 is best. On "
            "the test utterances of all folds together; mean ± standard deviation over "
            f"{count(len(experiment['seeds']), 'seed')}.",
            *([experiment["note"]] if experiment.get("note") else []),
        ],
    )


def _p(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.3g}"
