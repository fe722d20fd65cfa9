"""Corrupting what extraction is given: an utterance's samples, pictures or words."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.others import Pool
from robust_mer.features.utterance import Utterance
from robust_mer.settings import load


@dataclass(frozen=True)
class RawCorruption:
    """A kind at an amount: gives back an utterance whose signals are corrupted when they are read.

    Args:
        kind: Name of the kind in the config; part of the key of the random numbers.
        implementation: ``"module:function"``.
        settings: The function's own.
        signal: What it is applied to (see :mod:`robust_mer.corruption.raw.registry`).
        amount: In the kind's unit.
        seed: Of the random numbers.
        code: Identity of the function's code.
        others: Index, folds and root of the corpus where the kind draws on other speakers.
    """

    kind: str
    implementation: str
    settings: dict
    signal: str
    amount: float
    seed: int
    code: str
    others: tuple[Path, Path, Path] | None = None

    def __call__(self, utterance: Utterance) -> Utterance:
        """The utterance as it is received."""
        draws = Draws(self.seed, self.kind, utterance.utterance)
        how = {"amount": self.amount, "draws": draws, **self.settings}
        if self._pool is not None:
            how["others"] = self._pool.of(utterance.utterance)
        corrupt = partial(self._function, **how)
        if self.signal == "words":
            return replace(utterance, text=_corrupted_text(utterance.text, corrupt))
        return replace(utterance, **{f"alter_{self.signal}": corrupt})

    def describe(self) -> dict:
        """What stands in the feature file beside the extractor's settings."""
        return {
            "kind": self.kind,
            "amount": self.amount,
            "seed": self.seed,
            "settings": self.settings,
        }

    def identity(self) -> list:
        """All that a result hangs on beside the utterance itself."""
        tables = self.others[:2] if self.others else ()
        read = [hashlib.sha256(Path(table).read_bytes()).hexdigest() for table in tables]
        return [self.describe(), self.implementation, self.signal, self.code, read]

    @cached_property
    def _function(self):
        return load(self.implementation)

    @cached_property
    def _pool(self) -> Pool | None:
        return Pool(*self.others) if self.others else None


def _corrupted_text(text: str, corrupt: partial) -> str:
    words = text.split()
    received = corrupt(words)
    return text if received == words else " ".join(received)
