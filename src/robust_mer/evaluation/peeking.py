"""The price of peeking: what the same models would score if test data chose among them.

Someone who chooses the epoch, or the best of several seeds, by the scores that they report, reports
too much. The audit keeps every model's answers for its test part after every epoch, and measures
how much. For a model and a corruption, m(f, s, e) is the main measure on the test part of fold f
with seed s after epoch e, in the conditions of the training. These are averaged, as in the tables
of scores; under a protocol that draws conditions for tests, each utterance counts in its own one.

- ``reported``: e is the epoch whose weights were kept; mean over folds and seeds
- ``epoch``: e is the best one on the test part of every fold and seed; mean over folds and seeds
- ``seed``: e is the kept one; mean over the folds, then the best of the seeds
- ``both``: e is the best one; mean over the folds, then the best of the seeds

The optimism of a choice is how much better than ``reported`` it looks. Its interval is of the whole
procedure: each resample of the bootstrap chooses anew.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from robust_mer.conditions import PARTIAL, drawn_condition
from robust_mer.errors import InputError
from robust_mer.evaluation.answers import HeldOut, read_held_out
from robust_mer.evaluation.bootstrap import bounds, draw_weights
from robust_mer.evaluation.experiment import REPLICATES, Experiment
from robust_mer.evaluation.presence import with_presence
from robust_mer.evaluation.spec import PeekingSpec
from robust_mer.evaluation.summary import columns_of, kinds_of, read_statistics
from robust_mer.files import naming, write_text
from robust_mer.metrics.metric import AnswerSets, Metric, weighted_scores
from robust_mer.protocols.protocol import condition_met
from robust_mer.runtime import Runtime
from robust_mer.tasks.task import PEEKED_KEYS

REPORTED = "reported"
CHOICES = ("epoch", "seed", "both")
"""What test data choose."""
_COMPARED = ["trained_on", "tested_on", "average"]


@dataclass(frozen=True)
class PeekingFiles:
    """What `measure_peeking` reads and writes."""

    peeked: list[Path]
    """Of every replica (by fold, then seed) of every training, in order."""
    histories: list[Path]
    """Likewise, of the trainings in ``spec.learning``."""
    utterances: Path
    folds: Path
    peeking: Path
    """To write; see `prices`."""
    presence: list[Path] = field(default_factory=list)
    """Feature files of the corpus' modalities if a protocol needs them."""


@dataclass(frozen=True)
class Epochs:
    """The answers of one replica to its test part after every epoch.

    ``predicted`` [n, E, C, ...] are those to the n utterances under C conditions, in the order of
    `HeldOut`; ``kept`` is the place of the epoch whose weights were kept.
    """

    conditions: list[str]
    predicted: np.ndarray
    kept: int


class OrderChange(NamedTuple):
    """How a choice on test data changes the order of models that are compared."""

    trained_on: str
    tested_on: str
    choice: str
    """One of `CHOICES`."""
    pairs: int
    """Of models."""
    changed: list[tuple[str, str]]
    """The model that is better as reported, and the one that then looks better."""


def measure_peeking(spec: PeekingSpec, files: PeekingFiles, runtime: Runtime) -> None:
    """Write what a selection on test data would print, per model and corruption.

    Raises:
        InputError: a file of answers does not fit the folds.
    """
    experiment = with_presence(spec.experiment, files.presence)
    task = experiment.predicts
    tested = read_held_out(files.utterances, files.folds, experiment.folds, task)
    size = len(experiment.folds) * len(experiment.seeds)
    histories = dict(zip(spec.learning, _split(files.histories, size), strict=True))
    rows = []
    for training, paths in zip(spec.trainings, _split(files.peeked, size), strict=True):
        of_training: Sequence[Path | None] = histories.get(training) or [None] * size
        by_corruption = _read_all(experiment, tested, paths, of_training)
        rows += [
            {
                **training._asdict(),
                "tested_on": corruption,
                **prices(experiment, tested, replicas, training.trained_on),
            }
            for corruption, replicas in by_corruption.items()
        ]
    write_text(files.peeking, pd.DataFrame(rows).to_csv(index=False))


def read_prices(path: str | Path) -> pd.DataFrame:
    """Read ``{experiment}_peeking.csv`` with the types that it was written from."""
    return read_statistics(path)


def prices(
    experiment: Experiment,
    tested: HeldOut,
    replicas: Sequence[Sequence[Epochs]],
    trained_on: str,
) -> dict[str, object]:
    """What a selection on test data would print for one model and corruption.

    Args:
        experiment: Its main measure, and its only condition per utterance if there is one.
        tested: The test parts.
        replicas: Of every fold and seed.
        trained_on: Says the protocol, and so which conditions count.

    Returns:
        ``measure``; the ``conditions``; the numbers of ``epochs, folds, seeds, speakers,
        utterances`` and ``replicates``; ``same_for_all_seeds``; ``reported``; and for each of
        `CHOICES` its value,
        ``{choice}_optimism`` (above 0: looks better) and the ends ``{choice}_low`` and
        ``{choice}_high`` of its interval. A choice among one epoch or one seed is NaN, and so are
        the ends with one speaker.
    """
    main, first = experiment.main, replicas[0][0]
    epochs = first.predicted.shape[1]
    drawn = [(np.ones((1, tested.speakers)), np.ones((1, len(tested.names))))]  # double precision
    if tested.speakers > 1:
        drawn.append(draw_weights(tested.speaker, REPLICATES))
    counted = Counted(experiment, trained_on)
    printed = [_printed(main, *_scores(counted, tested, replicas, *each)) for each in drawn]
    is_choice = {"epoch": epochs > 1, "seed": len(experiment.seeds) > 1}
    is_choice["both"] = all(is_choice.values())
    row: dict[str, object] = {
        "measure": main.name,
        "conditions": " ".join(sorted(first.conditions)),
        "epochs": epochs,
        "folds": len(experiment.folds),
        "seeds": len(experiment.seeds),
        "speakers": tested.speakers,
        "utterances": len(tested.names),
        "replicates": REPLICATES if tested.speakers > 1 else 0,
        "same_for_all_seeds": all(
            np.array_equal(other.predicted, of_fold[0].predicted)
            for of_fold in replicas
            for other in of_fold[1:]
        ),
        REPORTED: printed[0][REPORTED][0],
    }
    for choice in CHOICES:
        names = (choice, *(f"{choice}_{name}" for name in ("optimism", "low", "high")))
        numbers = _optimism(main, choice, printed) if is_choice[choice] else [np.nan] * 4
        row |= dict(zip(names, numbers, strict=True))
    return row


def _optimism(main: Metric, choice: str, printed: list[dict[str, np.ndarray]]) -> list[float]:
    """What a choice prints on the data, by how much too good that is, and the interval of that."""
    sign = 1 if main.higher_is_better else -1
    optimism = [sign * (each[choice] - each[REPORTED]) for each in printed]
    ends = [np.nan, np.nan]
    if len(optimism) > 1:
        ends = [float(end[0, 0]) for end in bounds(optimism[1][None, :, None])]
    return [float(printed[0][choice][0]), float(optimism[0][0]), *ends]


def order_changes(table: pd.DataFrame, metric: Metric) -> list[OrderChange]:
    """Pairs of models whose order a selection on test data would reverse.

    A model without epochs, or whose seeds are no choice, keeps its score where others choose. Ties
    are no order.

    Args:
        table: Rows of `prices`, with ``model, trained_on, tested_on``.
        metric: What they measure.

    Returns:
        One for every training and test with two models or more, and every choice that any of them
        has.
    """
    sign = 1 if metric.higher_is_better else -1
    # Averages of different conditions have no order.
    table = table.assign(
        average=table["conditions"].where(table["conditions"].str.contains(" "), "")
    )
    changes = []
    for (trained_on, tested_on, _), group in table.groupby(_COMPARED, sort=False):
        pairs = list(combinations(group.index, 2))
        kept = {
            "epoch": group["epoch"],
            "seed": group["seed"],
            "both": group["both"].fillna(group["seed"]).fillna(group["epoch"]),
        }
        for choice in CHOICES:
            if not pairs or group[choice].isna().all():
                continue
            reported = sign * group[REPORTED]
            chosen = sign * kept[choice].fillna(group[REPORTED])
            changed = []
            for one, other in pairs:
                better, worse = (one, other) if reported[one] > reported[other] else (other, one)
                if reported[better] > reported[worse] and chosen[better] < chosen[worse]:
                    changed.append((group["model"][better], group["model"][worse]))
            changes.append(
                OrderChange(str(trained_on), str(tested_on), choice, len(pairs), changed)
            )
    return changes


def _split(paths: list[Path], size: int) -> list[list[Path]]:
    """The files of each training."""
    return [paths[start : start + size] for start in range(0, len(paths), size)]


def _read_all(
    experiment: Experiment,
    tested: HeldOut,
    paths: Sequence[Path],
    histories: Sequence[Path | None],
) -> dict[str, list[list[Epochs]]]:
    """Answers of a training by corruption, fold and seed."""
    seeds = len(experiment.seeds)
    corruptions: dict[str, list[list[Epochs]]] = {}
    for number, (path, history) in enumerate(zip(paths, histories, strict=True)):
        fold = number // seeds
        kept = 0 if history is None else _kept(history)
        with naming(path, "a file of answers after every epoch"):
            of_replica = dict(_read(path, tested, fold, kept))
        for corruption, epochs in of_replica.items():
            of_folds = corruptions.setdefault(corruption, [[] for _ in experiment.folds])
            of_folds[fold].append(epochs)
    return corruptions


def _kept(history: Path) -> int:
    """Place of the epoch whose weights are the trained model."""
    return int(pd.read_csv(history)["kept"].to_numpy().argmax())


def _read(path: Path, tested: HeldOut, fold: int, kept: int) -> Iterator[tuple[str, Epochs]]:
    """Yield the answers of one replica under each corruption."""
    table = pq.read_table(path, partitioning=None)
    answers = tested.task.answers(columns_of(table, tested.task.answer_columns))[1]
    keys = table.select(PEEKED_KEYS).to_pandas()
    rows = np.flatnonzero(tested.fold == fold)
    place = pd.Index(tested.names[tested.utterance[rows]]).get_indexer(keys["utterance"])
    for corruption, some in keys.groupby("corruption", sort=False).indices.items():
        condition, conditions = pd.factorize(keys["condition"].iloc[some])
        epoch = keys["epoch"].to_numpy()[some] - 1
        shape = (len(rows), int(epoch.max()) + 1, len(conditions))
        times = np.zeros(shape, np.uint8)
        if (place[some] >= 0).all():
            np.add.at(times, (place[some], epoch, condition), 1)
        if (times != 1).any() or kept >= shape[1]:
            raise InputError(
                f"{path} does not contain every test utterance of folds.csv once in each epoch "
                "and condition; delete the file and run again"
            )
        predicted = np.empty((*shape, *answers.shape[1:]), answers.dtype)
        predicted[place[some], epoch, condition] = answers[some]
        yield str(corruption), Epochs(list(conditions), predicted, kept)


def _scores(
    counted: "Counted",
    tested: HeldOut,
    replicas: Sequence[Sequence[Epochs]],
    speakers: np.ndarray,
    utterances: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measures on resamples, NaN where nothing was drawn.

    Args:
        counted: Says which conditions count.
        tested: The test parts.
        replicas: Of every fold and seed.
        speakers: How often each is drawn [B, speakers].
        utterances: Likewise [B, U].

    Returns:
        With the kept epoch and with the best one [B, F, S], and the folds' weights [B, F].
    """
    main = counted.experiment.main
    best = np.fmax if main.higher_is_better else np.fmin
    kept, chosen, share = [], [], []
    for fold, of_fold in enumerate(replicas):
        rows = np.flatnonzero(tested.fold == fold)
        utterance = tested.utterance[rows]
        for answers in of_fold:
            predicted, counts = counted.of(answers, list(tested.names[utterance]))
            n, epochs, conditions = predicted.shape[:3]
            flat = predicted.reshape(n, epochs * conditions, 1, *predicted.shape[3:])
            sets = AnswerSets(flat, counts, np.tile(np.arange(conditions), epochs))
            target, weight = tested.target[rows], utterances[:, utterance]
            score = weighted_scores([main], target, sets, weight)[0]
            by_epoch = score.reshape(-1, epochs, conditions).mean(axis=2)
            kept.append(by_epoch[:, answers.kept])
            chosen.append(best.reduce(by_epoch, axis=1))
        share.append(speakers[:, np.unique(tested.speaker[utterance])].mean(axis=1))
    shape = (-1, len(replicas), len(replicas[0]))
    return (
        np.stack(kept, axis=1).reshape(shape),
        np.stack(chosen, axis=1).reshape(shape),
        np.stack(share, axis=1),
    )


def _printed(
    main: Metric, kept: np.ndarray, chosen: np.ndarray, share: np.ndarray
) -> dict[str, np.ndarray]:
    """What each choice prints on B resamples, from what `_scores` returns."""
    best = np.fmax if main.higher_is_better else np.fmin
    by_seed, chosen_by_seed = (_over_folds(score, share) for score in (kept, chosen))
    return {
        REPORTED: by_seed.mean(axis=1),
        "epoch": chosen_by_seed.mean(axis=1),
        "seed": best.reduce(by_seed, axis=1),
        "both": best.reduce(chosen_by_seed, axis=1),
    }


def _over_folds(score: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Mean of scores [B, F, S] over the folds, each weighted by its share [B, F] of draws."""
    if (share == 1).all():
        return score.mean(axis=1)
    weight = np.where(np.isfinite(score), share[..., None], 0)
    total, weight_sum = np.nansum(score * weight, axis=1), weight.sum(axis=1)
    return np.divide(total, weight_sum, out=np.full_like(total, np.nan), where=weight_sum > 0)


@dataclass(frozen=True)
class Counted:
    """Which of a training's conditions count for which utterance, as in the tables of scores."""

    experiment: Experiment
    trained_on: str

    def of(self, answers: Epochs, utterances: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """The answers that count [n, E, C, ...], and which of them do, bool [n, C].

        Under a protocol that draws conditions for tests, there is one answer per utterance.
        """
        names, experiment = answers.conditions, self.experiment
        protocol = experiment.trained_on(self.trained_on).protocol
        if protocol in experiment.protocols and len(names) > 1:
            drawn = experiment.drawn_conditions(utterances)[protocol]
            met = np.array([names.index(condition_met(one, names)) for one in drawn])
            one = answers.predicted[np.arange(len(met)), :, met]
            return one[:, :, None], np.ones((len(met), 1), dtype=bool)
        counts = np.ones((len(utterances), len(names)), dtype=bool)
        partial = sorted(name for name, kind in kinds_of(names).items() if kind == PARTIAL)
        if experiment.one_condition_seed is not None and len(partial) > 1:
            seed = experiment.one_condition_seed
            drawn = [drawn_condition(partial, seed, "test", name) for name in utterances]
            counts = np.array(
                [[name == one or name not in partial for name in names] for one in drawn]
            )
        return answers.predicted, counts
