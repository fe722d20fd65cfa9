"""Corruptions and conditions: what happens to which modality.

A *corruption* says what happens to a modality (`Corruption`). A *condition* says to which
modalities it happens; it is named after the clean ones. A *protocol* says which conditions occur
how often; see `robust_mer.protocols`.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from robust_mer.errors import InputError

CLEAN = "clean"
MISSING = "missing"
NONE = "none"
PARTIAL = "partial"

_LETTERS = {"audio": "a", "video": "v", "text": "l"}
_NAME = re.compile(
    r"(?P<kind>[a-z][a-z0-9]*)_(?P<amount>-?\d+(?:\.\d+)?)(?:to(?P<highest>-?\d+(?:\.\d+)?))?"
    r"(?P<unit>dB|%|px|ms)"
)


@dataclass(frozen=True)
class CorruptionName:
    """What a corruption's name says, e.g. ``gaussian_-10dB``; ``missing`` has no amount."""

    kind: str
    amount: float | None = None
    unit: str | None = None  # dB, %, px or ms
    highest: float | None = None
    """Of a range, from which each utterance draws its amount, e.g. ``gaussian_-40to10dB``."""

    def __str__(self) -> str:
        """The name as it must be spelt."""
        if self.amount is None:
            return self.kind
        upper = "" if self.highest is None else f"to{self.highest + 0.0:g}"
        return f"{self.kind}_{self.amount + 0.0:g}{upper}{self.unit}"


@dataclass(frozen=True)
class NoiseSpec:
    """What a corruption does to the frames of one modality."""

    kind: str
    """Name of the noise in the config; part of the key of its random numbers."""
    target_snr_db: float | None
    """SNR to reach; the middle of a range; None if nothing is added."""
    implementation: str
    """``"module:Class"`` of the noise."""
    settings: dict[str, Any]
    is_mask: bool
    """Whether the noise multiplies the frames instead of being added to them."""
    stretch: tuple[float, float] | None = None
    """Start and end of the part of an utterance that is hit, as fractions; None: all of it."""
    snr_span_db: float = 0.0
    """Width of the range from which each utterance draws its SNR; 0: all have the target."""
    lost: float | None = None
    """Mean rate at which a hit utterance loses the modality altogether, more often at low SNRs; see
    `robust_mer.corruption.levels`. None: never."""


@dataclass(frozen=True)
class Corruption:
    """One corruption, resolved for one corpus; ``clean`` touches nothing.

    It touches a modality by noise on its features or by corrupted recordings: models then receive
    features that were extracted from these.
    """

    name: str
    noises: Mapping[str, NoiseSpec] = field(default_factory=dict)
    """Noise on features, by modality."""
    seed: int | None = None
    """Of the noise in validation and test; None if nothing is drawn."""
    recorded: Mapping[str, str] = field(default_factory=dict)
    """Corruption of recordings before extraction, e.g. ``babble_5dB``, by modality."""

    @property
    def touched(self) -> list[str]:
        """The modalities that are corrupted."""
        return [*self.recorded, *self.noises]


def read_name(name: str) -> CorruptionName | None:
    """What a name of the form ``{kind}_{amount}{unit}`` says; None for any other."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    highest = None if match["highest"] is None else float(match["highest"])
    return CorruptionName(match["kind"], float(match["amount"]), match["unit"], highest)


def parse_corruption(name: str) -> CorruptionName | None:
    """What a corruption's name says; None for ``clean``.

    It does not know the names of ``corruption.named``, which only the config defines.

    Raises:
        InputError: the name is neither ``missing`` nor of the form ``{kind}_{amount}{unit}``.
    """
    if name == CLEAN:
        return None
    if name == MISSING:
        return CorruptionName(MISSING)
    corruption = read_name(name)
    if corruption is not None and name != (spelt := str(corruption)):
        raise InputError(f"{name!r}: write {spelt}, because the name becomes part of paths")
    if corruption is None:
        raise InputError(
            f"{name!r} is not a corruption: expected 'clean', 'missing', a name of "
            "corruption.named, or '{kind}_{amount}{unit}' with the unit dB, %, px or ms, e.g. "
            "gaussian_-10dB or dropped_30%"
        )
    return corruption


def letters(modalities: list[str]) -> dict[str, str]:
    """Letter of every modality in the names of conditions.

    Raises:
        InputError: two modalities would share a letter.
    """
    letter = {modality: _LETTERS.get(modality, modality[0]) for modality in modalities}
    if len(set(letter.values())) < len(letter):
        raise InputError(f"modalities {modalities} need different first letters, not {letter}")
    return letter


def conditions(
    modalities: list[str], touched: Collection[str] | None = None
) -> dict[str, tuple[bool, ...]]:
    """All conditions by name; a name lists the clean modalities, ``none`` if there are none.

    Args:
        modalities: In their order.
        touched: Those that the corruption touches; the others are clean in every condition. None
            means all.

    Returns:
        For three modalities, all touched, ``none, a, v, l, av, al, vl, avl``; if only audio is
        touched, ``vl, avl``. Each with a bool per modality, True if it is clean.
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


def counted_conditions(names: Collection[str], none_clean: bool = False) -> set[str]:
    """The conditions that stand for a test in one number: partial ones, none, or the complete one.

    Args:
        names: Those of the test; only one of clean data, and of a corruption that touches nothing,
            has neither partial ones nor none.
        none_clean: Whether the model was trained with no modality clean, and is meant for that.
    """
    some = {name for name in names if name != NONE}
    partial = {name for name in some if set(name) != set("".join(some))}
    none = set(names) & {NONE}
    return (none if none_clean else set()) or partial or none or some


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
    """The only condition under which an utterance is evaluated, as on CMU-MOSEI.

    A function of (seed, part, utterance), so it is the same for every model and corruption with
    these conditions (NMER, section 3.1).
    """
    digest = hashlib.sha256("\0".join(["condition", str(seed), part, utterance]).encode()).digest()
    return names[int.from_bytes(digest[:8], "little") % len(names)]
