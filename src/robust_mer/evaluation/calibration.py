"""Strength of corruptions of recordings: embedding SNR and equally harmful Gaussian noise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression

from robust_mer.conditions import CLEAN, conditions
from robust_mer.evaluation.experiment import COMPLETE, Experiment
from robust_mer.evaluation.spec import CalibrationSpec
from robust_mer.evaluation.summary import read_summary
from robust_mer.files import write_text
from robust_mer.runtime import Runtime
from robust_mer.table import groups, read_numbers

ABOVE, BELOW = ">", "<"


@dataclass(frozen=True)
class CalibrationFiles:
    """What `calibrate_raw` reads and writes."""

    summary: Path
    """``{experiment}_all.csv``."""
    schedules: list[Path]
    """``schedule.csv`` of each raw corruption, in their order."""
    noises: list[Path]
    """True SNR of each Gaussian noise (:func:`robust_mer.evaluation.embeddings.measure_noise`), in
    their order."""
    calibration: Path
    """``{experiment}_raw.csv``, to be written."""


def calibrate_raw(spec: CalibrationSpec, files: CalibrationFiles, runtime: Runtime) -> None:
    """Write the strength of each raw corruption.

    A row per corruption and model, and per modality, SNR and model for the Gaussian noise that it
    is compared with. The measures are of the condition in which the touched modality is corrupted
    and all others are clean. ``equivalent_db`` is the nominal SNR in dB at which Gaussian noise on
    that modality gives the same model the same score in the main measure. If ``bound`` is ``>`` or
    ``<``, the SNR is beyond that number, outside the measured range.
    """
    summary = read_summary(files.summary)
    folds = spec.experiment.folds
    measured = {}
    for (name, modality), path in zip(spec.raw.items(), files.schedules, strict=True):
        table = read_numbers(path, ["modality"])
        measured[name, modality] = _mean_and_sd(table, modality, "true_snr_db", folds)
    for name, path in zip(spec.gaussian, files.noises, strict=True):
        table = read_numbers(path, ["modality"])
        for modality in table["modality"].unique():
            measured[name, modality] = _mean_and_sd(table, modality, "embedding_snr_db", folds)
    rows = _rows(spec.experiment, summary, measured, set(spec.raw), spec.modalities)
    write_text(files.calibration, pd.DataFrame(rows).to_csv(index=False))


def read_calibration(path: str | Path) -> pd.DataFrame:
    """Read ``{experiment}_raw.csv`` with the types that it was written from."""
    texts = ["corruption", "modality", "model", "trained_on", "condition", "bound"]
    return read_numbers(path, texts)


def equivalent_snr_db(
    score: float, snr_db: np.ndarray, scores: np.ndarray, higher_is_better: bool = True
) -> tuple[float, str]:
    """The SNR at which a score would be reached, from scores measured at several SNRs.

    Isotonic regression makes the scores rise with the SNR; between them, they are interpolated
    linearly. If several SNRs share a fitted score, it maps to their middle. The best and the worst
    score map to no SNR, because their range is unknown.

    Args:
        score: The score.
        snr_db: Measured SNRs in dB [n].
        scores: Their scores [n].
        higher_is_better: Whether scores rise with the SNR; errors fall with it.

    Returns:
        The SNR in dB and ``""``; or, for a score at or beyond the best one, the lowest SNR with the
        best one and ``>``; likewise the highest SNR with the worst one and ``<``. NaN if the fitted
        scores do not rise with the SNR.
    """
    if not higher_is_better:
        score, scores = -score, -np.asarray(scores, float)
    order = np.argsort(snr_db)
    levels = np.asarray(snr_db, float)[order]
    fitted = IsotonicRegression().fit_transform(levels, np.asarray(scores, float)[order])
    if fitted[0] == fitted[-1]:
        return float("nan"), ""
    if score >= fitted[-1]:
        return float(levels[fitted == fitted[-1]].min()), ABOVE
    if score <= fitted[0]:
        return float(levels[fitted == fitted[0]].max()), BELOW
    if (fitted == score).any():
        same = levels[fitted == score]
        return float((same.min() + same.max()) / 2), ""
    above = int(np.searchsorted(fitted, score))
    return float(np.interp(score, fitted[above - 1 : above + 1], levels[above - 1 : above + 1])), ""


def _mean_and_sd(
    table: pd.DataFrame, modality: str, column: str, folds: Sequence[int]
) -> tuple[float, float]:
    values = table[(table["modality"] == modality) & table["fold"].isin(list(folds))][column]
    return float(values.mean()), float(values.std(ddof=1))


def _rows(
    experiment: Experiment,
    summary: pd.DataFrame,
    measured: dict[tuple[str, str], tuple[float, float]],
    raw: set[str],
    modalities: Mapping[str, list[str]],
) -> Iterator[dict[str, object]]:
    main = experiment.main.name
    scores = [f"{metric.name}_{s}" for metric in experiment.measures for s in ("mean", "sd")]
    lines = list(groups(summary, ["model", "trained_on"]))
    noises = {name for name, _ in measured} - raw
    for (name, modality), (snr_db, sd) in measured.items():
        for (model, trained_on), line in lines:
            if modality not in modalities[model]:
                continue
            condition = next(iter(conditions(modalities[model], [modality])))
            results = line[line["condition"] == condition]
            result = results[results["tested_on"] == name]
            if result.empty:
                continue
            noise_results = results[results["tested_on"].isin(noises)].sort_values("snr_db")
            complete = line[(line["kind"] == COMPLETE) & (line["tested_on"] == CLEAN)]
            row = {
                "corruption": name,
                "is_raw": name in raw,
                "modality": modality,
                "embedding_snr_db_mean": snr_db,
                "embedding_snr_db_sd": sd,
                "model": model,
                "trained_on": trained_on,
                "condition": condition,
                **result.iloc[0][[*scores, f"{main}_chance"]],
                f"{main}_complete": complete[f"{main}_mean"].iloc[0] if len(complete) else np.nan,
                "equivalent_db": np.nan,
                "bound": "",
                "equivalent_embedding_snr_db": np.nan,
            }
            if name in raw and len(noise_results) > 1:
                db, bound = equivalent_snr_db(
                    row[f"{main}_mean"],
                    noise_results["snr_db"].to_numpy(),
                    noise_results[f"{main}_mean"].to_numpy(),
                    experiment.main.higher_is_better,
                )
                of_noise = [measured[noise, modality][0] for noise in noise_results["tested_on"]]
                row |= {
                    "equivalent_db": db,
                    "bound": bound,
                    "equivalent_embedding_snr_db": np.interp(db, noise_results["snr_db"], of_noise),
                }
            yield row
