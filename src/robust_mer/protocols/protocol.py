"""What a protocol is: a distribution over the conditions in which utterances are met."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

import numpy as np

from robust_mer.conditions import NONE, conditions
from robust_mer.errors import InputError
from robust_mer.settings import Settings


class Protocol(ABC):
    """How often which modalities are clean, in training and in tests.

    In training, each sample draws its condition anew at every access. In a test, each utterance has
    one condition for good (`drawn_conditions`). What happens to a modality that is not clean is up
    to the corruption.

    To add a protocol, write a subclass and name it in the config as ``module:Class``.

    Args:
        settings: Of type ``settings_class``.
    """

    settings_class: ClassVar[type[Settings]] = Settings
    needs_presence: ClassVar[bool] = False
    """Whether an utterance's conditions depend on which of its modalities have frames, so that it
    overrides `of_utterances`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    def settings_of(cls, variant: str) -> dict[str, Any]:
        """Settings that the end of a name stands for, e.g. ``30%`` in ``random_30%``.

        Raises:
            InputError: with what was expected; by default there are no such names.
        """
        raise InputError("define it in the section protocols")

    @abstractmethod
    def distribution(self, modalities: list[str], touched: Collection[str]) -> dict[str, float]:
        """The probability of each condition, by its name; conditions that never occur are left out.

        Args:
            modalities: Those of the model, in their order.
            touched: Those that the corruption touches; the others are clean in any case.

        Returns:
            Empty if the protocol has no condition for such a corruption.

        Raises:
            InputError: the settings do not fit the modalities.
        """

    def of_utterances(
        self, modalities: list[str], touched: Collection[str], is_present: np.ndarray
    ) -> np.ndarray:
        """The probability of each condition of `distribution` for each utterance [n, conditions].

        By default it is the same for all.

        Args:
            modalities: As for `distribution`.
            touched: As for `distribution`.
            is_present: Whether each utterance has frames, bool [n, modalities].
        """
        probability = list(self.distribution(modalities, touched).values())
        return np.tile(probability, (len(is_present), 1))

    @property
    def is_per_batch(self) -> bool:
        """Whether all samples of a training batch have the same condition."""
        return False

    @property
    def family(self) -> str | None:
        """Name of the protocols that differ from it in a rate or condition alone, if any.

        A model that is trained under one of them is meant for tests under the same one. All other
        models are meant for every test.
        """
        return None

    @property
    def rate(self) -> float | None:
        """The nominal rate at which modalities are missing, of a family that has an axis of rates.

        Curves show a protocol at its `realised_rate`.
        """
        return None


def alike(names: Collection[str]) -> dict[str, float]:
    """A distribution over conditions that are all equally likely."""
    return {name: 1 / len(names) for name in names}


def restricted(
    probability: Mapping[str, float], modalities: list[str], touched: Collection[str]
) -> dict[str, float]:
    """A distribution over all conditions, after clean modalities stay clean come what may.

    Args:
        probability: Of the conditions of ``modalities``, as if the corruption touched all.
        modalities: In their order.
        touched: Those that the corruption touches.
    """
    every = conditions(modalities)
    names = {is_clean: name for name, is_clean in every.items()}
    met: dict[str, float] = {}
    for name, share in probability.items():
        if share > 0:
            is_clean = tuple(
                clean or modality not in touched
                for modality, clean in zip(modalities, every[name], strict=True)
            )
            met[names[is_clean]] = met.get(names[is_clean], 0.0) + share
    return {name: met[name] for name in every if name in met}


def realised_rate(protocol: Protocol, modalities: list[str]) -> float:
    """The mean rate at which the modalities are missing, if the corruption touches all of them."""
    every = conditions(modalities)
    return sum(
        share * every[name].count(False) / len(modalities)
        for name, share in protocol.distribution(modalities, modalities).items()
    )


def drawn_conditions(
    protocol: Protocol,
    modalities: list[str],
    seed: int,
    utterances: Sequence[str],
    is_present: np.ndarray | None = None,
) -> list[str]:
    """The condition of each utterance in a test, as if the corruption touched all modalities.

    A function of (seed, protocol, utterance), so it is the same for every model and corruption. One
    number per utterance decides under every protocol, which makes protocols easier to compare: at a
    higher rate, an utterance keeps the same number of modalities or fewer.

    Args:
        protocol: The protocol.
        modalities: Of the corpus, in their order.
        seed: Of the draws.
        utterances: Their names [n].
        is_present: Whether each has frames, bool [n, modalities]; None if the protocol does not
            need it.
    """
    probability = protocol.distribution(modalities, modalities)
    names = [name for name in conditions(modalities) if name in probability]
    shares = np.array([[probability[name] for name in names]])
    if protocol.needs_presence:
        assert is_present is not None
        shares = protocol.of_utterances(modalities, modalities, is_present)
    numbers = np.array([_uniform(seed, utterance) for utterance in utterances])
    return [names[place] for place in places_drawn(shares, numbers)]


def places_drawn(shares: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Which of C alternatives each number in [0, 1) stands for [n].

    Args:
        shares: How likely each is, for every number [1 or n, C].
        numbers: Uniform [n].
    """
    ends = (shares / shares.sum(axis=1, keepdims=True)).cumsum(axis=1)[:, :-1]
    drawn: np.ndarray = (numbers[:, None] >= ends).sum(axis=1)
    return drawn


@cache
def _uniform(seed: int, utterance: str) -> float:
    digest = hashlib.sha256("\0".join(["protocol", str(seed), utterance]).encode()).digest()
    return int.from_bytes(digest[:8], "little") / 2**64


def condition_met(drawn: str, available: Collection[str]) -> str:
    """The condition in which a model meets an utterance.

    Args:
        drawn: The utterance's condition, of all modalities of the corpus.
        available: The conditions under which the model was tested: of its modalities, of which
            those that the corruption does not touch are clean in all.

    Raises:
        InputError: it is none of those.
    """
    met = _met(drawn, available)
    if met is None:
        raise InputError(
            f"utterances were tested under {', '.join(available)}, and a protocol draws {drawn}"
        )
    return met


def is_met(drawn: str, available: Collection[str]) -> bool:
    """Whether `condition_met` has an answer."""
    return _met(drawn, available) is not None


def _met(drawn: str, available: Collection[str]) -> str | None:
    sets = {name: frozenset("" if name == NONE else name) for name in available}
    everything = frozenset().union(*sets.values())
    untouched = frozenset.intersection(*sets.values())
    met = (frozenset("" if drawn == NONE else drawn) & everything) | untouched
    return next((name for name, letters in sets.items() if letters == met), None)
