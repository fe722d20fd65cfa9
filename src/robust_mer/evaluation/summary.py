"""From predictions to numbers: WA and UA per model, corruption and condition.

How a number is formed: WA and UA are taken on the test part of every (fold, seed), averaged over
the folds, and then over the seeds; the standard deviation is that of the fold x seed values.
``average`` is the unweighted mean of the partial conditions (some modalities clean, some not) of
every (fold, seed), never pooled, as in the NMER paper. Where each utterance counts under one
condition only, conditions differ in size, and ``pooled`` stands beside it: all these utterances
taken together.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from robust_mer.corruption.raw.registry import RAW_KINDS
from robust_mer.errors import InputError
from robust_mer.protocol import (
    CLEAN,
    NONE,
    PARTIAL,
    drawn_condition,
    parse_trained_on,
    read_name,
)
from robust_mer.settings import load

AVERAGE = "average"
POOLED = "pooled"
COMPLETE = "complete"
SAME = "same"
SAME_NONE = "same, none clean"

_SETTING = ["model", "trained_on", "tested_on", "condition"]
_MEASURES = ["wa", "ua"]
_VALUES = [*_MEASURES, "wa_chance", "ua_chance"]


@dataclass(frozen=True)
class PredictionFile:
    """Predictions of one model for one corruption, all folds, seeds, parts and conditions."""

    model: str
    trained_on: str
    tested_on: str
    path: str | Path


def kinds_of(conditions: Iterable[str]) -> dict[str, str]:
    """Sort a model's conditions into ``none``, ``partial`` and ``complete``.

    The complete one has the letters of all the others; so nothing here knows how many modalities
    there are.
    """
    conditions = set(conditions)
    letters = set("".join(conditions - {NONE}))
    return {
        name: NONE if name == NONE else COMPLETE if set(name) == letters else PARTIAL
        for name in conditions
    }


def split_name(tested_on: str) -> tuple[str, float, str]:
    """Kind, amount and unit of a corruption; NaN and none where its name has no amount."""
    found = read_name(tested_on)
    return (found.kind, found.amount, found.unit) if found else (tested_on, float("nan"), "")


def noise_and_snr(tested_on: str) -> tuple[str, float]:
    """Kind and target SNR in dB of a corruption; NaN where its name has no SNR (clean, missing)."""
    kind, amount, unit = split_name(tested_on)
    return kind, amount if unit == "dB" else float("nan")


def severity(tested_on: str) -> float:
    """A corruption's amount, with the sign by which more is worse; NaN where it has none."""
    kind, amount, unit = split_name(tested_on)
    less_is_worse = unit == "dB" or (kind in RAW_KINDS and load(RAW_KINDS[kind]).of_rest)
    return -amount if less_is_worse else amount


def training_of(trained_on: str, tested_on: str) -> str:
    """What a model was trained on, said relative to the corruption that it is tested on.

    ``clean``; ``same``: that corruption; ``same, none clean``: that corruption on all modalities;
    or the name of another one.
    """
    corruption, modalities = parse_trained_on(trained_on)
    if corruption == CLEAN or corruption != tested_on:
        return trained_on
    return SAME_NONE if modalities == NONE else SAME


def trainings(summary: pd.DataFrame) -> list[str]:
    """`training_of` every row; but one model's tests on several corruptions stay together.

    A model that is trained on one corruption and tested on others too is called after the former
    in all rows, so that each line of a table is one model with one training.
    """
    pairs = list(zip(summary["model"], summary["trained_on"], summary["tested_on"], strict=True))
    elsewhere = {
        (model, trained_on)
        for model, trained_on, tested_on in pairs
        if training_of(trained_on, tested_on) == trained_on
    }
    return [
        trained_on if (model, trained_on) in elsewhere else training_of(trained_on, tested_on)
        for model, trained_on, tested_on in pairs
    ]


def summarise(
    predictions: list[PredictionFile],
    folds: list[int],
    seeds: list[int],
    one_condition_seed: int | None = None,
) -> pd.DataFrame:
    """WA and UA of the test part of some folds and seeds.

    Args:
        predictions: The files to read, one for each (model, trained on, tested on).
        folds: Folds that count; others in the files are left out.
        seeds: Seeds that count, likewise.
        one_condition_seed: Where there is one, every utterance counts under one of the partial
            conditions only, drawn by this seed (`drawn_condition`).

    Returns:
        One row per (``model, trained_on, tested_on, condition``). ``training`` as in
        :func:`training_of`, or ``trained_on`` for a model that is tested on other corruptions than
        that; ``noise`` and ``snr_db`` of ``tested_on``; ``kind`` of the condition: none, partial,
        complete, average or pooled, the last two over the partial ones that there are;
        ``wa_mean, wa_sd, ua_mean, ua_sd`` as fractions (see the module; the sd of a single value is
        NaN); ``wa_chance, ua_chance`` of always answering with the class that is most
        frequent in the test part; and how many ``folds``, ``seeds`` and different ``utterances``
        are behind it.

    Raises:
        InputError: A file cannot be read, or lacks one of the folds and seeds; or the utterances
            are too few for one condition each.
    """
    conditions = defaultdict(set)
    for file in predictions:
        conditions[file.model] |= _conditions_in(file)
    kinds = {model: kinds_of(names) for model, names in conditions.items()}
    scores = pd.concat(
        [
            _read_scores(file, folds, seeds, kinds[file.model], one_condition_seed)
            for file in predictions
        ],
        ignore_index=True,
    )
    groups = scores.groupby(_SETTING, sort=False)
    by_seed = scores.groupby([*_SETTING, "seed"], sort=False)[_VALUES].mean()
    mean = by_seed.groupby(_SETTING, sort=False).mean()
    sd = groups[_MEASURES].std(ddof=1)
    summary = pd.DataFrame(
        {
            "kind": groups["kind"].first(),
            "wa_mean": mean["wa"],
            "wa_sd": sd["wa"],
            "ua_mean": mean["ua"],
            "ua_sd": sd["ua"],
            "wa_chance": mean["wa_chance"],
            "ua_chance": mean["ua_chance"],
            "folds": groups["fold"].nunique(),
            "seeds": groups["seed"].nunique(),
            "utterances": groups["utterances"].first(),
        }
    ).reset_index()
    summary.insert(3, "training", trainings(summary))
    summary.insert(4, "noise", [noise_and_snr(name)[0] for name in summary["tested_on"]])
    summary.insert(5, "snr_db", [noise_and_snr(name)[1] for name in summary["tested_on"]])
    return summary


def read_snr(schedules: dict[str, str | Path], folds: list[int]) -> pd.DataFrame:
    """SNR in dB by corruption, means over some folds.

    Args:
        schedules: ``schedule.csv`` by corruption.
        folds: Those that count.

    Returns:
        Indexed by ``tested_on``; for every modality ``reached_snr_db_{modality}``, the nominal one,
        and ``true_snr_db_{modality}``, measured on the data; NaN where there is none.
    """
    rows = {}
    for tested_on, path in schedules.items():
        table = pd.read_csv(path)
        means = table[table["fold"].isin(folds)].groupby("modality", sort=False)
        for modality, snr in means[["reached_snr_db", "true_snr_db"]].mean().iterrows():
            for kind in ("reached", "true"):
                name = f"{kind}_snr_db_{modality}"
                rows.setdefault(tested_on, {})[name] = snr[f"{kind}_snr_db"]
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("tested_on")


def read_summary(path: str | Path) -> pd.DataFrame:
    """Read ``{experiment}_all.csv`` as it was before it was written."""
    texts = [*_SETTING, "training", "noise", "kind", "published_model"]
    # as text without exceptions: a model may be called "NA"
    return pd.read_csv(path, converters={column: str for column in texts})


def read_statistics(path: str | Path) -> pd.DataFrame:
    """Read ``{experiment}_intervals.csv`` or another table of statistics as it was."""
    texts = [*_SETTING, "kind", "other", "other_trained_on"]
    return pd.read_csv(path, converters={column: str for column in texts})


def _conditions_in(file: PredictionFile) -> set[str]:
    column = read_predictions(file, ["condition"])["condition"]
    if not len(column):
        raise InputError(f"{file.path} holds no predictions")
    return set(column.unique().to_pylist())


def _read_scores(
    file: PredictionFile,
    folds: list[int],
    seeds: list[int],
    kinds: dict[str, str],
    one_condition_seed: int | None,
) -> pd.DataFrame:
    """WA and UA of one file, a row per (condition, fold, seed); ``average`` is a condition too."""
    columns = ["utterance", "condition", "fold", "seed", "label", "predicted"]
    wanted = (
        (ds.field("part") == "test") & ds.field("fold").isin(folds) & ds.field("seed").isin(seeds)
    )
    frame = read_predictions(file, columns, wanted).to_pandas()
    frame["hit"] = frame["label"].astype(str) == frame["predicted"].astype(str)
    for column in ("condition", "utterance", "label"):
        frame[column] = frame[column].astype("category")
    _check(frame, folds, seeds, file)
    partial = sorted({name for name in frame["condition"].unique() if kinds[name] == PARTIAL})
    if one_condition_seed is not None and partial:
        frame = _one_condition(frame, partial, one_condition_seed, file)

    scores = _score(frame, ["condition", "fold", "seed"])
    scores["condition"] = scores["condition"].astype(str)
    scores["kind"] = scores["condition"].map(kinds)
    different = frame.groupby("condition", observed=True)["utterance"].nunique()
    scores["utterances"] = scores["condition"].map(different)

    if partial:
        tested = frame[frame["condition"].isin(partial)]
        utterances = tested["utterance"].nunique()
        average = scores[scores["kind"] == PARTIAL].groupby(["fold", "seed"])[_VALUES].mean()
        joint = {AVERAGE: average.reset_index()}
        if one_condition_seed is not None:
            joint[POOLED] = _score(tested, ["fold", "seed"])
        for kind, rows in joint.items():
            rows = rows.assign(condition=kind, kind=kind, utterances=utterances)
            scores = pd.concat([scores, rows])
    return scores.assign(model=file.model, trained_on=file.trained_on, tested_on=file.tested_on)


def _score(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """WA and UA of the predictions, and of always answering with the most frequent class."""
    recall = frame.groupby([*by, "label"], observed=True)["hit"].agg(["mean", "size"])
    classes = recall.groupby(by, observed=True)
    return pd.DataFrame(
        {
            "wa": frame.groupby(by, observed=True)["hit"].mean(),
            "ua": classes["mean"].mean(),
            "wa_chance": classes["size"].max() / classes["size"].sum(),
            "ua_chance": 1 / classes.size(),
        }
    ).reset_index()


def _one_condition(
    frame: pd.DataFrame, partial: list[str], seed: int, file: PredictionFile
) -> pd.DataFrame:
    """Of an utterance's rows in partial conditions that of the one that is drawn for it."""
    names = frame["utterance"].cat.categories
    drawn = {name: drawn_condition(partial, seed, "test", name) for name in names}
    is_partial = frame["condition"].isin(partial)
    chosen = frame[~is_partial | (frame["condition"].astype(str) == frame["utterance"].map(drawn))]
    keys = ["condition", "fold", "seed"]
    expected = frame[is_partial].groupby(keys, observed=True).size().index
    absent = expected.difference(chosen.groupby(keys, observed=True).size().index)
    if len(absent):
        raise InputError(
            f"{file.path}: with one condition an utterance no test utterance of fold "
            f"{absent[0][1]} is left for condition {absent[0][0]}; they are too few. Set the "
            "experiment's evaluate: every_condition"
        )
    return chosen


def read_predictions(
    file: PredictionFile, columns: list[str] | None, wanted: ds.Expression | None = None
) -> pa.Table:
    """Some columns (None: all) and rows of a file of predictions.

    Raises:
        InputError: The file cannot be read, or lacks a column.
    """
    try:
        return pq.read_table(file.path, columns=columns, filters=wanted, partitioning=None)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise InputError(f"{file.path} is not a file of predictions: {error}") from error


def _check(frame: pd.DataFrame, folds: list[int], seeds: list[int], file: PredictionFile) -> None:
    """Refuse means over fewer folds and seeds than were asked for, or over doubled rows."""
    if frame.empty:
        raise InputError(
            f"{file.path} holds no test predictions of folds {_join(folds)}, seeds {_join(seeds)}"
        )
    expected = pd.MultiIndex.from_product([folds, seeds])
    there = frame[["condition", "fold", "seed"]].drop_duplicates()
    for condition, found in there.groupby("condition", observed=True):
        absent = expected.difference(pd.MultiIndex.from_frame(found[["fold", "seed"]]))
        if len(absent):
            pairs = ", ".join(f"fold {fold} seed {seed}" for fold, seed in absent)
            raise InputError(
                f"{file.path} lacks test predictions in condition {condition} of {pairs}; evaluate "
                "them, or take them out of the experiment's folds and seeds"
            )
    if frame.duplicated(["condition", "fold", "seed", "utterance"]).any():
        raise InputError(
            f"{file.path} holds an utterance twice in one condition, fold and seed; remove the "
            "file to have it made anew"
        )


def _join(values: list[int]) -> str:
    return ", ".join(map(str, values))
