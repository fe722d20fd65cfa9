"""Measures of the predictions per model, corruption and condition.

A measure is computed on the test part of every (fold, seed), averaged over the folds, and then over
the seeds; the standard deviation is that of the fold x seed values. ``average`` is the unweighted
mean of the partial conditions (some modalities clean, some not) of every (fold, seed), never
pooled, as in the NMER paper. If each utterance counts under one condition only, conditions differ
in size, and ``pooled`` is added: the measure on all these utterances together.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from robust_mer.conditions import CLEAN, NONE, PARTIAL, drawn_condition
from robust_mer.errors import InputError
from robust_mer.evaluation.experiment import (
    AVERAGE,
    COMPLETE,
    DRAWN,
    POOLED,
    Evaluation,
    Experiment,
)
from robust_mer.files import naming
from robust_mer.metrics.metric import Metric
from robust_mer.protocols.protocol import condition_met
from robust_mer.table import read_numbers
from robust_mer.tasks.task import Columns, Texts

SETTING = ["model", "trained_on", "tested_on", "condition"]
"""Columns that name what a row is about."""


@dataclass(frozen=True)
class PredictionFile:
    """Predictions of one model for one corruption, all folds, seeds, parts and conditions."""

    model: str
    trained_on: str
    tested_on: str
    path: str | Path


def prediction_files(
    evaluations: Sequence[Evaluation], paths: Sequence[str | Path]
) -> list[PredictionFile]:
    """The files of an experiment, from one path per evaluation."""
    return [PredictionFile(*one, path) for one, path in zip(evaluations, paths, strict=True)]


def kinds_of(conditions: Iterable[str]) -> dict[str, str]:
    """Sort a model's conditions into ``none``, ``partial`` and ``complete``, in their order.

    The complete one has the letters of all others, whatever the number of modalities.
    """
    conditions = dict.fromkeys(conditions)  # a set's order, and so rounding, differs between runs
    letters = set("".join(name for name in conditions if name != NONE))
    return {
        name: NONE if name == NONE else COMPLETE if set(name) == letters else PARTIAL
        for name in conditions
    }


def trainings(experiment: Experiment, summary: pd.DataFrame) -> list[str]:
    """`Experiment.training_of` every row, the same for all tests of a trained model.

    A model that is trained on one corruption and also tested on others is named after the former in
    all rows, so that each line of a table is one model with one training.
    """
    pairs = list(zip(summary["model"], summary["trained_on"], summary["tested_on"], strict=True))
    elsewhere = {
        (model, trained_on)
        for model, trained_on, tested_on in pairs
        if experiment.training_of(trained_on, tested_on) == trained_on
    }
    return [
        trained_on
        if (model, trained_on) in elsewhere
        else experiment.training_of(trained_on, tested_on)
        for model, trained_on, tested_on in pairs
    ]


def summarise(experiment: Experiment, predictions: list[PredictionFile]) -> pd.DataFrame:
    """Every measure on the test part of the experiment's folds and seeds.

    Args:
        experiment: Its folds and seeds are used; others in the files are ignored. If it has a
            ``one_condition_seed``, every utterance counts under one of the partial conditions
            only, drawn with this seed (`drawn_condition`).
        predictions: The files to read, one for each (model, trained on, tested on).

    Returns:
        One row per (``model, trained_on, tested_on, condition``). ``training`` as in
        `Experiment.training_of`, or ``trained_on`` for a model that is also tested on other
        corruptions; ``noise`` and ``snr_db`` of ``tested_on``; ``kind`` of the condition: none,
        partial, complete, average or pooled, the last two over the available partial ones; or drawn
        under the protocol that ``condition`` names; for each
        measure ``{name}_mean`` and ``{name}_sd`` (see the module; the sd of a single value is
        NaN, and so is what comes from an undefined measure) and then ``{name}_chance``
        (`robust_mer.metrics.metric.Metric.chance`); and the numbers of
        ``folds``, ``seeds`` and different ``utterances``.

    Raises:
        InputError: a file cannot be read, or lacks one of the folds and seeds; or the utterances
            are too few for one condition each.
    """
    conditions: defaultdict[str, set[str]] = defaultdict(set)
    for file in predictions:
        conditions[file.model] |= _conditions_in(file)
    kinds = {model: kinds_of(names) for model, names in conditions.items()}
    scores = pd.concat(
        [_read_scores(file, experiment, kinds[file.model]) for file in predictions],
        ignore_index=True,
    )
    names = [metric.name for metric in experiment.measures]
    groups = scores.groupby(SETTING, sort=False)
    by_seed = scores.groupby([*SETTING, "seed"], sort=False)[_values(experiment.measures)].mean(
        skipna=False
    )
    mean = by_seed.groupby(SETTING, sort=False).mean(skipna=False)
    sd = groups[names].std(ddof=1, skipna=False)
    columns = {"kind": groups["kind"].first()}
    for name in names:
        columns |= {f"{name}_mean": mean[name], f"{name}_sd": sd[name]}
    columns |= {f"{name}_chance": mean[f"{name}_chance"] for name in names}
    columns |= {
        "folds": groups["fold"].nunique(),
        "seeds": groups["seed"].nunique(),
        "utterances": groups["utterances"].first(),
    }
    summary = pd.DataFrame(columns).reset_index()
    noises = [experiment.noise_and_snr(name) for name in summary["tested_on"]]
    summary.insert(3, "training", trainings(experiment, summary))
    summary.insert(4, "noise", [kind for kind, _ in noises])
    summary.insert(5, "snr_db", [snr_db for _, snr_db in noises])
    return summary


def read_snr(schedules: Mapping[str, str | Path], folds: Sequence[int]) -> pd.DataFrame:
    """SNR in dB by corruption, means over ``folds``.

    Args:
        schedules: ``schedule.csv`` by corruption.
        folds: Folds to average over.

    Returns:
        Indexed by ``tested_on``; for every modality ``reached_snr_db_{modality}``, the nominal one,
        and ``true_snr_db_{modality}``, measured on the data; NaN if there is none.
    """
    rows: dict[str, dict[str, float]] = {}
    for tested_on, path in schedules.items():
        table = read_numbers(path, ["modality"])
        means = table[table["fold"].isin(list(folds))].groupby("modality", sort=False)
        for modality, snr in means[["reached_snr_db", "true_snr_db"]].mean().iterrows():
            for kind in ("reached", "true"):
                name = f"{kind}_snr_db_{modality}"
                rows.setdefault(tested_on, {})[name] = snr[f"{kind}_snr_db"]
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("tested_on")


def read_summary(path: str | Path) -> pd.DataFrame:
    """Read ``{experiment}_all.csv`` with the types that it was written from."""
    return read_numbers(path, [*SETTING, "training", "noise", "kind", "published_model"])


def read_statistics(path: str | Path) -> pd.DataFrame:
    """Read ``{experiment}_intervals.csv`` or another table of statistics likewise."""
    return read_numbers(path, [*SETTING, "kind", "other", "other_trained_on"])


def _conditions_in(file: PredictionFile) -> set[str]:
    column = read_predictions(file, ["condition"])["condition"]
    if not len(column):
        raise InputError(f"{file.path} contains no predictions")
    return set(column.unique().to_pylist())


@dataclass(frozen=True)
class _Answers:
    """Targets and predictions of all rows of a file [n, ...], as metrics take them."""

    target: np.ndarray
    predicted: np.ndarray


def _values(measures: Iterable[Metric]) -> list[str]:
    names = [metric.name for metric in measures]
    return [*names, *(f"{name}_chance" for name in names)]


def _read_scores(
    file: PredictionFile, experiment: Experiment, kinds: dict[str, str]
) -> pd.DataFrame:
    """Measures of one file, a row per (condition, fold, seed); ``average`` is a condition too."""
    folds, seeds = experiment.folds, experiment.seeds
    one_condition_seed = experiment.one_condition_seed
    task = experiment.predicts
    columns = ["utterance", "condition", "fold", "seed"]
    wanted = (
        (ds.field("part") == "test")
        & ds.field("fold").isin(list(folds))
        & ds.field("seed").isin(list(seeds))
    )
    table = read_predictions(file, [*columns, *task.answer_columns], wanted)
    frame = table.select(columns).to_pandas()
    with naming(file.path, "a file of predictions"):
        read = columns_of(table, task.answer_columns)
        answers = _Answers(*task.of_answers(read).answers(read))
    frame["row"] = np.arange(len(frame))
    for column in ("condition", "utterance"):
        frame[column] = frame[column].astype("category")
    _check(frame, folds, seeds, file)
    partial = sorted({name for name in frame["condition"].unique() if kinds[name] == PARTIAL})
    every = frame
    if one_condition_seed is not None and partial:
        frame = _one_condition(frame, partial, one_condition_seed, file)

    scores = _score(answers, frame, ["condition", "fold", "seed"], experiment.measures)
    scores["condition"] = scores["condition"].astype(str)
    scores["kind"] = scores["condition"].map(kinds)
    different = frame.groupby("condition", observed=True)["utterance"].nunique()
    scores["utterances"] = scores["condition"].map(different)

    if partial:
        tested = frame[frame["condition"].isin(partial)]
        utterances = tested["utterance"].nunique()
        by_replica = scores[scores["kind"] == PARTIAL].groupby(["fold", "seed"])
        average = by_replica[_values(experiment.measures)].mean(skipna=False)
        joint = {AVERAGE: average.reset_index()}
        if one_condition_seed is not None:
            joint[POOLED] = _score(answers, tested, ["fold", "seed"], experiment.measures)
        for kind, rows in joint.items():
            rows = rows.assign(condition=kind, kind=kind, utterances=utterances)
            scores = pd.concat([scores, rows])
    if file.tested_on != CLEAN:
        scores = pd.concat([scores, *_drawn(every, answers, experiment)])
    return scores.assign(model=file.model, trained_on=file.trained_on, tested_on=file.tested_on)


def _drawn(
    frame: pd.DataFrame, answers: _Answers, experiment: Experiment
) -> Iterator[pd.DataFrame]:
    """Scores under each protocol of the tests: each utterance counts under its one condition."""
    names, place = frame["utterance"].cat.categories, frame["utterance"].cat.codes.to_numpy()
    available = list(frame["condition"].cat.categories)
    for protocol, drawn in experiment.drawn_conditions(list(names)).items():
        met = np.array([condition_met(condition, available) for condition in drawn])
        counted = frame[frame["condition"].astype(str).to_numpy() == met[place]]
        rows = _score(answers, counted, ["fold", "seed"], experiment.measures)
        yield rows.assign(condition=protocol, kind=DRAWN, utterances=counted["utterance"].nunique())


def _score(
    answers: _Answers, frame: pd.DataFrame, by: list[str], measures: Iterable[Metric]
) -> pd.DataFrame:
    """Each measure of the predictions and its chance level, a row per group."""
    groups = frame.groupby(by, observed=True)
    table = groups.size().index.to_frame(index=False)
    group = groups.ngroup().to_numpy()
    scores, chances = {}, {}
    row = frame["row"].to_numpy()
    for metric in measures:
        score, chance = metric.of_groups(answers.target[row], answers.predicted[row], group)
        scores[metric.name], chances[f"{metric.name}_chance"] = score, chance
    return table.assign(**scores, **chances)


def _one_condition(
    frame: pd.DataFrame, partial: list[str], seed: int, file: PredictionFile
) -> pd.DataFrame:
    """The frame with only the drawn one of each utterance's partial conditions."""
    names = frame["utterance"].cat.categories
    condition_of = {name: drawn_condition(partial, seed, "test", name) for name in names}
    is_partial = frame["condition"].isin(partial)
    selection = frame[
        ~is_partial | (frame["condition"].astype(str) == frame["utterance"].map(condition_of))
    ]
    keys = ["condition", "fold", "seed"]
    expected = frame[is_partial].groupby(keys, observed=True).size().index
    absent = expected.difference(selection.groupby(keys, observed=True).size().index)
    if len(absent):
        raise too_few_utterances(file, absent[0][0], f" of fold {absent[0][1]}")
    return selection


def too_few_utterances(file: PredictionFile, condition: str, of_fold: str = "") -> InputError:
    """What is wrong if each utterance counts under one condition, and none under this one."""
    return InputError(
        f"{file.path}: with one condition per utterance, no test utterance{of_fold} is left for "
        f"condition {condition}: there are too few. Set evaluate: every_condition in the experiment"
    )


def read_predictions(
    file: PredictionFile, columns: list[str] | None, selection: ds.Expression | None = None
) -> pa.Table:
    """Read a file of predictions.

    Args:
        file: The file.
        columns: The columns to read; None: all.
        selection: The rows to read; None: all.

    Raises:
        InputError: the file cannot be read, or lacks a column.
    """
    try:
        return pq.read_table(file.path, columns=columns, filters=selection, partitioning=None)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise InputError(f"{file.path} is not a predictions file: {error}") from error


def columns_of(table: pa.Table, names: Iterable[str]) -> Columns:
    """Some columns of predictions, as tasks read them.

    Raises:
        InputError: a value is missing.
    """
    columns: dict[str, np.ndarray | Texts] = {}
    for name in names:
        column = table[name].combine_chunks()
        if column.null_count:
            raise InputError(f"the column {name} has rows without a value")
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            columns[name] = column.to_numpy()
        else:
            encoded = column.cast(pa.string()).dictionary_encode()
            columns[name] = Texts(encoded.dictionary.to_pylist(), encoded.indices.to_numpy())
    return columns


def _check(
    frame: pd.DataFrame, folds: Sequence[int], seeds: Sequence[int], file: PredictionFile
) -> None:
    """Refuse predictions that lack a fold or seed, or contain a row twice."""
    if frame.empty:
        raise InputError(
            f"{file.path} has no test predictions of folds {_join(folds)}, seeds {_join(seeds)}"
        )
    expected = pd.MultiIndex.from_product([list(folds), list(seeds)])
    available = frame[["condition", "fold", "seed"]].drop_duplicates()
    for condition, group in available.groupby("condition", observed=True):
        absent = expected.difference(pd.MultiIndex.from_frame(group[["fold", "seed"]]))
        if len(absent):
            pairs = ", ".join(f"fold {fold} seed {seed}" for fold, seed in absent)
            raise InputError(
                f"{file.path} lacks test predictions in condition {condition} of {pairs}; evaluate "
                "them, or remove them from the experiment's folds and seeds"
            )
    if frame.duplicated(["condition", "fold", "seed", "utterance"]).any():
        raise InputError(
            f"{file.path} contains an utterance twice in one condition, fold and seed; delete the "
            "file and run again"
        )


def _join(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))
