"""What corruptions of recordings amount to: SNR at the embedding, and Gaussian noise as harmful."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression

from robust_mer.evaluation.summary import COMPLETE, read_summary
from robust_mer.evaluation.tables import Row, Table, count, to_latex, to_markdown
from robust_mer.files import whole
from robust_mer.protocol import CLEAN, conditions

ABOVE, BELOW = ">", "<"

_SCORES = ["wa_mean", "wa_sd", "ua_mean", "ua_sd", "ua_chance"]


def calibrate(
    experiment: dict,
    summary_csv: str | Path,
    raw: dict[str, tuple[str, str | Path]],
    gaussian: dict[str, str | Path],
    modalities: dict[str, list[str]],
    folder: str | Path,
) -> None:
    """Write ``{name}_raw`` as csv, md and tex: what each raw corruption amounts to.

    A row per corruption and model, and per modality, SNR and model for the Gaussian noise that it
    is compared with. WA and UA are of the condition in which the touched modality is corrupted and
    all others are clean. ``equivalent_db`` is the nominal SNR at which Gaussian noise on that
    modality costs the same model the same UA; where ``bound`` is ``>`` or ``<`` it lies beyond that
    number, outside of what was measured.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        summary_csv: ``{experiment}_all.csv``.
        raw: Per raw corruption, the modality that it touches and its ``schedule.csv``.
        gaussian: Per Gaussian noise (``gaussian_-10dB``), the table of what it leaves of every
            modality (:func:`robust_mer.evaluation.embeddings.write_noise_snr`).
        modalities: Those that each model uses.
        folder: Where to write.
    """
    summary = read_summary(summary_csv)
    folds = experiment["folds"]
    measured = {
        (name, modality): _mean_and_sd(pd.read_csv(path), modality, "true_snr_db", folds)
        for name, (modality, path) in raw.items()
    }
    for name, path in gaussian.items():
        table = pd.read_csv(path)
        for modality in table["modality"].unique():
            measured[name, modality] = _mean_and_sd(table, modality, "embedding_snr_db", folds)
    table = pd.DataFrame(_rows(summary, measured, set(raw), modalities))
    text = calibration_table(experiment, table)
    for suffix, content in {
        "csv": table.to_csv(index=False),
        "md": to_markdown(text),
        "tex": to_latex(text),
    }.items():
        with whole(Path(folder) / f"{experiment['name']}_raw.{suffix}") as unfinished:
            unfinished.write_text(content, encoding="utf-8")


def read_calibration(path: str | Path) -> pd.DataFrame:
    """Read ``{experiment}_raw.csv`` as it was before it was written."""
    texts = ["corruption", "modality", "model", "trained_on", "condition", "bound"]
    table = pd.read_csv(path, converters={column: str for column in texts})
    return table.assign(bound=table["bound"].fillna(""))


def equivalent_snr_db(score: float, snr_db: np.ndarray, scores: np.ndarray) -> tuple[float, str]:
    """The SNR at which a score would be reached, from scores measured at some SNRs.

    The scores are made to rise with the SNR (isotonic regression) and are interpolated linearly in
    between. Where several SNRs share a fitted score it stands for their middle; the best and the
    worst score stand for no SNR, since nobody knows how far they reach.

    Returns:
        The SNR in dB and ``""``; or, for a score that is at or beyond the best one, the lowest SNR
        that has the best one and ``>``; likewise the highest SNR that has the worst one and ``<``.
        NaN where no score rises with the SNR, so that none stands for any.
    """
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
    table: pd.DataFrame, modality: str, column: str, folds: list[int]
) -> tuple[float, float]:
    values = table[(table["modality"] == modality) & table["fold"].isin(folds)][column]
    return float(values.mean()), float(values.std(ddof=1))


def _rows(
    summary: pd.DataFrame,
    measured: dict[tuple[str, str], tuple[float, float]],
    raw: set[str],
    modalities: dict[str, list[str]],
) -> Iterator[dict]:
    lines = summary.groupby(["model", "trained_on"], sort=False)
    noises = {name for name, _ in measured} - raw
    for (name, modality), (snr_db, sd) in measured.items():
        for (model, trained_on), line in lines:
            if modality not in modalities[model]:
                continue
            condition = next(iter(conditions(modalities[model], [modality])))
            here = line[line["condition"] == condition]
            own = here[here["tested_on"] == name]
            if own.empty:
                continue
            others = here[here["tested_on"].isin(noises)].sort_values("snr_db")
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
                **own.iloc[0][_SCORES],
                "ua_complete": complete["ua_mean"].iloc[0] if len(complete) else np.nan,
                "equivalent_db": np.nan,
                "bound": "",
                "equivalent_embedding_snr_db": np.nan,
            }
            if name in raw and len(others) > 1:
                db, bound = equivalent_snr_db(
                    row["ua_mean"], others["snr_db"].to_numpy(), others["ua_mean"].to_numpy()
                )
                of_noise = [measured[noise, modality][0] for noise in others["tested_on"]]
                row |= {
                    "equivalent_db": db,
                    "bound": bound,
                    "equivalent_embedding_snr_db": np.interp(db, others["snr_db"], of_noise),
                }
            yield row


def calibration_table(experiment: dict, rows: pd.DataFrame) -> Table:
    """The table to print.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        rows: From :func:`read_calibration`.
    """
    folds = len(experiment["folds"])
    lines = []
    for row in rows[rows["is_raw"]].itertuples():
        equals = ""
        if not np.isnan(row.equivalent_db):
            equals = f"{row.bound} {_db(row.equivalent_db)}".strip()
            beside = f"{row.bound} {_db(row.equivalent_embedding_snr_db)}".strip()
            equals += f" ({beside})"
        lines.append(
            Row(
                [
                    row.corruption,
                    row.modality,
                    _with_sd(row.embedding_snr_db_mean, row.embedding_snr_db_sd, "{:.1f}"),
                    row.model,
                    row.trained_on,
                    equals,
                    _with_sd(row.wa_mean, row.wa_sd, "{:.4f}"),
                    _with_sd(row.ua_mean, row.ua_sd, "{:.4f}"),
                ]
            )
        )
    ceilings = rows.drop_duplicates(["model", "trained_on"]).dropna(subset="ua_complete")
    return Table(
        f"Experiment {experiment['name']} on {experiment['corpus']}: what corruptions of "
        "recordings amount to",
        [
            "Corruption",
            "Modality",
            "SNR at the embedding (dB)",
            "Model",
            "Trained on",
            "Gaussian noise of equal UA (dB)",
        ],
        ["That modality corrupted"],
        lines,
        [
            "SNR at the embedding: 10 log10(g² var(x) / var(x' − g x)) of utterances' mean "
            "features x, clean, and x', corrupted, with the best gain g; normalised with the "
            "fold's clean training part, measured on its test part; mean ± standard deviation "
            f"over {count(folds, 'fold')}.",
            "Gaussian noise of equal UA: nominal SNR at which Gaussian noise on the features of "
            "that modality brings the same model to the same UA (isotonic regression and linear "
            "interpolation), in brackets the SNR at the embedding that this noise has; > and < "
            "where that lies beyond what was measured, nothing where UA does not rise with SNR.",
            "WA and UA: test part, that modality corrupted and all others clean; mean over folds, "
            "then over seeds; ± standard deviation over folds and seeds.",
            *(
                f"Without corruption, {row.model} (trained on {row.trained_on}) has a UA of "
                f"{row.ua_complete:.4f}."
                for row in ceilings.itertuples()
            ),
            *([experiment["note"]] if experiment.get("note") else []),
        ],
    )


def _db(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


def _with_sd(mean: float, sd: float, form: str) -> str:
    text = form.format(mean) if np.isnan(sd) else f"{form.format(mean)} ± {form.format(sd)}"
    return text.replace("-", "−")
