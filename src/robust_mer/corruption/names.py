"""Names of corruptions and conditions, and what they stand for."""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import combinations

from robust_mer.errors import InputError

CLEAN = "clean"
MISSING = "missing"
NONE = "none"
PARTIAL = "partial"

_LETTERS = {"audio": "a", "video": "v", "text": "l"}
_NAME = re.compile(r"(?P<kind>[a-z][a-z0-9]*)_(?P<amount>-?\d+(?:\.\d+)?)(?P<unit>dB|%|px|ms)")


@dataclass(frozen=True)
class Corruption:
    """What a corruption's name says, e.g. ``gaussian_-10dB``; ``missing`` has no amount."""

    kind: str
    amount: float | None = None
    unit: str | None = None  # dB, %, px or ms

    def __str__(self) -> str:
        """The name, as it is spelt."""
        return self.kind if self.amount is None else f"{self.kind}_{self.amount + 0.0:g}{self.unit}"


def read_name(name: str) -> Corruption | None:
    """Kind, amount and unit of a name of the form ``{kind}_{amount}{unit}``; None for any other."""
    match = _NAME.fullmatch(name)
    return match and Corruption(match["kind"], float(match["amount"]), match["unit"])


def parse_corruption(name: str) -> Corruption | None:
    """What a corruption's name says; None for ``clean``.

    Names of ``corruption.named`` are the config's to know, not this function's.

    Raises:
        InputError: the name is neither ``missing`` nor of the form ``{kind}_{amount}{unit}``.
    """
    if name == CLEAN:
        return None
    if name == MISSING:
        return Corruption(MISSING)
    corruption = read_name(name)
    if corruption is not None and name != (spelt := str(corruption)):
        raise InputError(f"{name!r}: write {spelt}, since names stand in paths")
    if corruption is None:
        raise InputError(
            f"{name!r} is not a corruption: expected 'clean', 'missing', a name of "
            "corruption.named, or '{kind}_{amount}{unit}' with the unit dB, %, px or ms, e.g. "
            "gaussian_-10dB or dropped_30%"
        )
    return corruption


def parse_trained_on(name: str) -> tuple[str, str]:
    """Split what a model was trained on into corruption and conditions.

    ``gaussian_-10dB`` is trained with some modalities noisy (``partial``),
    ``gaussian_-10dB_none`` with none of them clean.
    """
    if name.endswith(f"_{NONE}"):
        return name.removesuffix(f"_{NONE}"), NONE
    return name, PARTIAL


def letters(modalities: list[str]) -> dict[str, str]:
    """Letter of every modality in the names of conditions.

    Raises:
        InputError: two modalities would share a letter.
    """
    chosen = {modality: _LETTERS.get(modality, modality[0]) for modality in modalities}
    if len(set(chosen.values())) < len(chosen):
        raise InputError(f"modalities {modalities} need different first letters: {chosen}")
    return chosen


def conditions(
    modalities: list[str], touched: Collection[str] | None = None
) -> dict[str, tuple[bool, ...]]:
    """All conditions by name; a name says which modalities are clean, ``none`` that none is.

    Args:
        modalities: In their order.
        touched: Those that the corruption touches; the others are clean in every condition. None:
            all of them.

    Returns:
        For three modalities, all touched, ``none, a, v, l, av, al, vl, avl``; with audio touched
        alone ``vl, avl``. Each with a bool per modality, True where it is clean.
    """
    letter = letters(modalities)
    untouched = set() if touched is None else set(modalities) - set(touched)
    table = {}
    for size in range(len(modalities) + 1):
        for clean in combinations(modalities, size):
            if untouched <= set(clean):
                name = "".join(letter[modality] for modality in clean) or NONE
                table[name] = tuple(modality in clean for modality in modalities)
    return table


def partial_conditions(
    modalities: list[str], touched: Collection[str] | None = None
) -> dict[str, tuple[bool, ...]]:
    """Those `conditions` in which some modalities are clean and some are not (six for three)."""
    return {
        name: clean
        for name, clean in conditions(modalities, touched).items()
        if any(clean) and not all(clean)
    }


def drawn_condition(names: list[str], seed: int, part: str, utterance: str) -> str:
    """The one of some conditions under which an utterance is evaluated, if only under one.

    A function of (seed, part, utterance), so it is the same for every model and corruption that
    has these conditions, as on CMU-MOSEI (NMER, section 3.1).
    """
    digest = hashlib.sha256("\0".join(["condition", str(seed), part, utterance]).encode()).digest()
    return names[int.from_bytes(digest[:8], "little") % len(names)]
