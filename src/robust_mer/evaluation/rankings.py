"""Whether the order of the models depends on the protocol: Kendall's tau between rankings."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
import pandas as pd

from robust_mer.conditions import CLEAN, NONE, PARTIAL
from robust_mer.evaluation.bootstrap import Replicates, bounds
from robust_mer.evaluation.experiment import AVERAGE, DRAWN, Experiment
from robust_mer.table import records

_FEWEST = 3
"""Models from which on there is an order worth comparing."""
_KEYS = ["tested_on", "protocol", "training"]


@dataclass(frozen=True)
class _Ranking:
    """The models that a protocol ranks, by their places among the replicates."""

    tested_on: str
    protocol: str
    training: str
    places: dict[str, int]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.tested_on, self.protocol, self.training

    def best(self, scores: np.ndarray) -> str:
        """The model with the highest score."""
        return max(self.places, key=lambda model: scores[self.places[model]])


def compare_rankings(experiment: Experiment, replicates: Replicates) -> pd.DataFrame:
    """Compare the orders of the models, by the main measure, under each pair of protocols.

    A ranking holds the models that were trained in the same way: on the corruption and under the
    protocol of the test (``same``), or all on something else; and those that are only ever trained
    on clean data. Its protocol is ``partial`` for the average of the partial conditions, ``none``
    for the condition with that name, or one of ``tested_under``.

    Args:
        experiment: Says how models were trained.
        replicates: Of all settings.

    Returns:
        A row per pair of rankings, each with itself too: ``tested_on, protocol, training`` and the
        ``best`` model of both, the second with the prefix ``other_``; the number of ``models`` in
        both; Kendall's ``tau``, tau-b, with the interval ``low, high`` of the bootstrap. Rankings
        in which all models are equal, and pairs with fewer than three models, are left out.
    """
    main = next(
        place for place, m in enumerate(replicates.measures) if m.name == experiment.main.name
    )
    sign = 1 if experiment.main.higher_is_better else -1
    data, resampled = sign * replicates.data[main], sign * replicates.resampled[main]
    rankings = [
        ranking
        for ranking in _rankings(experiment, replicates.settings)
        if np.ptp(data[list(ranking.places.values())]) > 0
    ]
    rows = []
    for place, one in enumerate(rankings):
        for other in rankings[place:]:
            models = [model for model in one.places if model in other.places]
            if len(models) < _FEWEST:
                continue
            pair = [[ranking.places[model] for model in models] for ranking in (one, other)]
            tau = kendall_tau(*(data[None, places] for places in pair))
            low, high = bounds(kendall_tau(*(resampled[:, places] for places in pair))[None])
            both = ((*ranking.key, ranking.best(data)) for ranking in (one, other))
            rows.append((*chain.from_iterable(both), len(models), *tau, *low, *high))
    columns = [*_KEYS, "best", *(f"other_{key}" for key in [*_KEYS, "best"])]
    return pd.DataFrame(rows, columns=[*columns, "models", "tau", "low", "high"])


def kendall_tau(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Kendall's tau-b between two rankings of n models, in B resamples [B, n] each: [B].

    NaN where all models of one of them are equal.

    Source: M. G. Kendall, "The Treatment of Ties in Ranking Problems", Biometrika 33 (1945).
    """
    pairs = np.array(list(combinations(range(one.shape[1]), 2)))
    signs = [np.sign(values[:, pairs[:, 0]] - values[:, pairs[:, 1]]) for values in (one, other)]
    ordered = np.sqrt(np.prod([(sign**2).sum(axis=1) for sign in signs], axis=0))
    agreeing = (signs[0] * signs[1]).sum(axis=1)
    return np.divide(agreeing, ordered, out=np.full(len(one), np.nan), where=ordered > 0)


def _rankings(experiment: Experiment, settings: pd.DataFrame) -> Iterator[_Ranking]:
    shown = settings[settings["kind"].isin([AVERAGE, NONE, DRAWN])]
    protocol = shown["condition"].replace({AVERAGE: PARTIAL})
    shown = shown.assign(protocol=protocol, place=shown.index)
    shown = shown[shown["tested_on"] != CLEAN]
    free = {
        str(model)
        for model, names in shown.groupby("model")["trained_on"].unique().items()
        if set(names) == {CLEAN}
    }
    free.update(experiment.trained_once)
    for (tested_on, name), rows in shown.groupby(["tested_on", "protocol"], sort=False):
        members: dict[str, dict[str, int]] = {}
        others: dict[str, int] = {}
        for row in records(rows):
            training = experiment.training_under(
                row["model"], row["trained_on"], str(tested_on), str(name)
            )
            if row["model"] in free:
                others[row["model"]] = row["place"]
            elif training is not None:
                members.setdefault(training, {})[row["model"]] = row["place"]
        for training, places in (members or {CLEAN: {}}).items():
            if len(places | others) >= _FEWEST:
                yield _Ranking(str(tested_on), str(name), training, places | others)
