"""What other speakers of a corpus say, as far as an utterance may be corrupted with it."""

from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pandas as pd

from robust_mer.errors import InputError
from robust_mer.features.extract import read_utterances
from robust_mer.features.utterance import Utterance
from robust_mer.table import read_table


class Others:
    """Utterances that may enter another one: as babble, or as the words that are misheard."""

    def __init__(self, utterances: list[Utterance], speakers: list[str]) -> None:
        self.utterances = utterances
        self._speakers = speakers

    @cached_property
    def by_speaker(self) -> dict[str, list[Utterance]]:
        """The utterances of every speaker."""
        found: dict[str, list[Utterance]] = {}
        for utterance, speaker in zip(self.utterances, self._speakers, strict=True):
            found.setdefault(speaker, []).append(utterance)
        return found


class Pool:
    """Who may enter whose recording.

    An utterance that is validated or tested on meets speakers of other sessions than its own who
    train in all the folds in which it is; so what a model is tested with is never the voice of
    somebody whom it is tested on, and one corrupted recording serves all folds. Where folds leave
    nobody who trains in all of them (`session_groups` with three groups), the folds count in which
    it is tested on. An utterance that only trains meets whoever trains.
    """

    def __init__(self, utterances_csv: str | Path, folds_csv: str | Path, root: str | Path) -> None:
        table = read_table(utterances_csv)
        self._utterances = read_utterances(utterances_csv, Path(root))
        self._session = dict(zip(table["utterance"], table["session"], strict=True))
        self._speakers = table["speaker"].tolist()
        folds = read_table(folds_csv)
        self._train = _sets(folds[folds["part"] == "train"], "fold", "utterance")
        self._held_out = _sets(folds[folds["part"] != "train"], "utterance", "fold")
        self._tested = _sets(folds[folds["part"] == "test"], "utterance", "fold")
        self._found: dict[tuple[Any, ...], Others] = {}

    @cached_property
    def _sessions_of_speaker(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for utterance, speaker in zip(self._utterances, self._speakers, strict=True):
            found.setdefault(speaker, set()).add(self._session[utterance.utterance])
        return found

    def of(self, utterance: str) -> Others:
        """Those who may enter an utterance's recording.

        Raises:
            InputError: there are none.
        """
        session = self._session[utterance]
        for folds in (self._held_out.get(utterance, set()), self._tested.get(utterance, set())):
            key = session, *sorted(folds)
            if key not in self._found:
                self._found[key] = self._others(session, folds)
            if self._found[key].utterances:
                return self._found[key]
        raise InputError(
            f"{utterance}: no speaker of another session is in the training part of the fold that "
            "tests it, so no other voice or words may be mixed into its recording; use folds of "
            "three or more sessions, or leave out this corruption"
        )

    def _others(self, session: str, folds: set[str]) -> Others:
        if folds:
            allowed = set.intersection(*(self._train[fold] for fold in folds))
        else:
            allowed = set().union(*self._train.values())
        chosen = [
            (utterance, speaker)
            for utterance, speaker in zip(self._utterances, self._speakers, strict=True)
            if utterance.utterance in allowed and session not in self._sessions_of_speaker[speaker]
        ]
        return Others([utterance for utterance, _ in chosen], [speaker for _, speaker in chosen])


def _sets(rows: pd.DataFrame, key: str, value: str) -> dict[str, set[str]]:
    return cast("dict[str, set[str]]", rows.groupby(key)[value].agg(set).to_dict())
