"""Names of corruptions and conditions, and what they stand for."""

import re
from dataclasses import dataclass
from itertools import combinations

from robust_mer.errors import InputError

CLEAN = "clean"
MISSING = "missing"
NONE = "none"
PARTIAL = "partial"

_LETTERS = {"audio": "a", "video": "v", "text": "l"}
_NAME = re.compile(r"(?P<noise>[a-z][a-z0-9]*)_(?P<snr>-?\d+(?:\.\d+)?)dB")


@dataclass(frozen=True)
class Corruption:
    """A noise type at a target SNR in dB, e.g. ``gaussian_-10dB``; ``missing`` has none."""

    noise: str
    target_snr_db: float | None


def parse_corruption(name: str) -> Corruption | None:
    """What a corruption's name says; None for ``clean``.

    Raises:
        InputError: the name is neither ``missing`` nor of the form ``{noise}_{SNR}dB``.
    """
    if name == CLEAN:
        return None
    if name == MISSING:
        return Corruption(MISSING, None)
    match = _NAME.fullmatch(name)
    if match is None:
        raise InputError(
            f"{name!r} is not a corruption: expected 'clean', 'missing' or '{{noise}}_{{SNR}}dB', "
            "e.g. gaussian_-10dB"
        )
    return Corruption(match["noise"], float(match["snr"]))


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


def conditions(modalities: list[str]) -> dict[str, tuple[bool, ...]]:
    """All conditions by name; a name says which modalities are clean, ``none`` that none is.

    Returns:
        For three modalities ``none, a, v, l, av, al, vl, avl``; each with a bool per modality,
        True where it is clean.
    """
    letter = letters(modalities)
    table = {}
    for size in range(len(modalities) + 1):
        for clean in combinations(modalities, size):
            name = "".join(letter[modality] for modality in clean) or NONE
            table[name] = tuple(modality in clean for modality in modalities)
    return table


def partial_conditions(modalities: list[str]) -> dict[str, tuple[bool, ...]]:
    """The conditions in which some modalities are clean and some are not (six for three)."""
    return {
        name: clean
        for name, clean in conditions(modalities).items()
        if any(clean) and not all(clean)
    }
