"""Utterances of other speakers that may be mixed into an utterance."""

from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pandas as pd

from robust_mer.errors import InputError
from robust_mer.features.extract import read_utterances
from robust_mer.features.utterance import Utterance
from robust_mer.table import read_table


class Others:
    """Utterances that may enter another one, as babble or as misheard words."""

    def __init__(self, utterances: list[Utterance], speakers: list[str]) -> None:
        self.utterances = utterances
        self._speakers = speakers

    @cached_property
    def by_speaker(self) -> dict[str, list[Utterance]]:
        """The utterances of every speaker."""
        groups: dict[str, list[Utterance]] = {}
        for utterance, speaker in zip(self.utterances, self._speakers, strict=True):
            groups.setdefault(speaker, []).append(utterance)
        return groups


class Pool:
    """Selects the `Others` of each utterance.

    For an utterance of a validation or test part, these are speakers of other sessions who are in
    the training part of all the folds that validate or test on it. A model is therefore never
    tested with the voice of a test speaker in the background, and one corrupted recording serves
    all folds. If no speaker is in all these training parts (`session_groups` with three groups),
    only the folds count that test on the utterance. An utterance that is only used for training may
    meet any training speaker of another session.
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
        self._pools: dict[tuple[Any, ...], Others] = {}

    @cached_property
    def _sessions_of_speaker(self) -> dict[str, set[str]]:
        sessions: dict[str, set[str]] = {}
        for utterance, speaker in zip(self._utterances, self._speakers, strict=True):
            sessions.setdefault(speaker, set()).add(self._session[utterance.utterance])
        return sessions

    def of(self, utterance: str) -> Others:
        """The utterances that may enter ``utterance``.

        Raises:
            InputError: there are none.
        """
        session = self._session[utterance]
        for folds in (self._held_out.get(utterance, set()), self._tested.get(utterance, set())):
            key = session, *sorted(folds)
            if key not in self._pools:
                self._pools[key] = self._others(session, folds)
            if self._pools[key].utterances:
                return self._pools[key]
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
        pairs = [
            (utterance, speaker)
            for utterance, speaker in zip(self._utterances, self._speakers, strict=True)
            if utterance.utterance in allowed and session not in self._sessions_of_speaker[speaker]
        ]
        return Others([utterance for utterance, _ in pairs], [speaker for _, speaker in pairs])


def _sets(rows: pd.DataFrame, key: str, value: str) -> dict[str, set[str]]:
    return cast("dict[str, set[str]]", rows.groupby(key)[value].agg(set).to_dict())
