"""From predictions to numbers: WA and UA per model, corruption and condition.

How a number is formed: WA and UA are taken on the test part of every (fold, seed), averaged over
the folds, and then over the seeds; the standard deviation is that of the fold x seed values.
``average`` is the unweighted mean of the partial conditions (some modalities clean, some not) of
every (fold, seed), never pooled, as in the NMER paper.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from robust_mer.corruption.names import CLEAN, NONE, PARTIAL, parse_trained_on
from robust_mer.errors import InputError

AVERAGE = "average"
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


def noise_and_snr(tested_on: str) -> tuple[str, float]:
    """Noise type and SNR in dB of a corruption; NaN where its name has no SNR (clean, missing)."""
    match = re.fullmatch(r"(.+)_(-?\d+(?:\.\d+)?)dB", tested_on)
    return (match[1], float(match[2])) if match else (tested_on, float("nan"))


def training_of(trained_on: str, tested_on: str) -> str:
    """What a model was trained on, said relative to the corruption that it is tested on.

    ``clean``; ``same``: that corruption; ``same, none clean``: that corruption on all modalities;
    or the name of another one.
    """
    corruption, modalities = parse_trained_on(trained_on)
    if corruption == CLEAN or corruption != tested_on:
        return trained_on
    return SAME_NONE if modalities == NONE else SAME


def summarise(
    predictions: list[PredictionFile], folds: list[int], seeds: list[int]
) -> pd.DataFrame:
    """WA and UA of the test part of some folds and seeds.

    Args:
        predictions: The files to read, one for each (model, trained on, tested on).
        folds: Folds that count; others in the files are left out.
        seeds: Seeds that count, likewise.

    Returns:
        One row per (``model, trained_on, tested_on, condition``). ``training`` as in
        :func:`training_of`; ``noise`` and ``snr_db`` of ``tested_on``; ``kind`` of the condition:
        none, partial, complete or average, the last where all partial ones of the model are
        there; ``wa_mean, wa_sd, ua_mean, ua_sd`` as fractions (see the module; the sd of a single
        value is NaN); ``wa_chance, ua_chance`` of always answering with the class that is most
        frequent in the test part; and how many ``folds``, ``seeds`` and different ``utterances``
        are behind it.

    Raises:
        InputError: A file cannot be read, or lacks one of the folds and seeds.
    """
    conditions = defaultdict(set)
    for file in predictions:
        conditions[file.model] |= _conditions_in(file)
    kinds = {model: kinds_of(names) for model, names in conditions.items()}
    scores = pd.concat(
        [_read_scores(file, folds, seeds, kinds[file.model]) for file in predictions],
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
    pairs = list(zip(summary["trained_on"], summary["tested_on"], strict=True))
    summary.insert(3, "training", [training_of(*pair) for pair in pairs])
    summary.insert(4, "noise", [noise_and_snr(tested_on)[0] for _, tested_on in pairs])
    summary.insert(5, "snr_db", [noise_and_snr(tested_on)[1] for _, tested_on in pairs])
    return summary


def read_summary(path: str | Path) -> pd.DataFrame:
    """Read ``{experiment}_all.csv`` as it was before it was written."""
    texts = [*_SETTING, "training", "noise", "kind", "published_model"]
    # as text without exceptions: a model may be called "NA"
    return pd.read_csv(path, converters={column: str for column in texts})


def _conditions_in(file: PredictionFile) -> set[str]:
    column = _read(file, ["condition"])["condition"]
    if not len(column):
        raise InputError(f"{file.path} holds no predictions")
    return set(column.unique().to_pylist())


def _read_scores(
    file: PredictionFile, folds: list[int], seeds: list[int], kinds: dict[str, str]
) -> pd.DataFrame:
    """WA and UA of one file, a row per (condition, fold, seed); ``average`` is a condition too."""
    columns = ["utterance", "condition", "fold", "seed", "label", "predicted"]
    wanted = (
        (ds.field("part") == "test") & ds.field("fold").isin(folds) & ds.field("seed").isin(seeds)
    )
    frame = _read(file, columns, wanted).to_pandas()
    frame["hit"] = frame["label"].astype(str) == frame["predicted"].astype(str)
    for column in ("condition", "utterance", "label"):
        frame[column] = frame[column].astype("category")
    _check(frame, folds, seeds, file)

    by = ["condition", "fold", "seed"]
    recall = frame.groupby([*by, "label"], observed=True)["hit"].agg(["mean", "size"])
    classes = recall.groupby(by, observed=True)
    utterances = classes["size"].sum()
    scores = pd.DataFrame(
        {
            "wa": frame.groupby(by, observed=True)["hit"].mean(),
            "ua": classes["mean"].mean(),
            "wa_chance": classes["size"].max() / utterances,
            "ua_chance": 1 / classes.size(),
        }
    ).reset_index()
    scores["condition"] = scores["condition"].astype(str)
    scores["kind"] = scores["condition"].map(kinds)
    different = frame.groupby("condition", observed=True)["utterance"].nunique()
    scores["utterances"] = scores["condition"].map(different)

    partial = {name for name, kind in kinds.items() if kind == PARTIAL}
    if partial and partial <= set(scores["condition"]):
        average = scores[scores["kind"] == PARTIAL].groupby(["fold", "seed"])[_VALUES].mean()
        average = average.reset_index().assign(
            condition=AVERAGE,
            kind=AVERAGE,
            utterances=frame.loc[frame["condition"].isin(partial), "utterance"].nunique(),
        )
        scores = pd.concat([scores, average])
    return scores.assign(model=file.model, trained_on=file.trained_on, tested_on=file.tested_on)


def _read(
    file: PredictionFile, columns: list[str], wanted: ds.Expression | None = None
) -> pa.Table:
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
