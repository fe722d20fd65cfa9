"""Corrupting what extraction receives: an utterance's samples, pictures or words."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import Amount, RawKind
from robust_mer.features.utterance import Utterance

if TYPE_CHECKING:
    from robust_mer.corruption.raw.others import Pool


@dataclass(frozen=True)
class RawCorruption:
    """A kind at an amount; corrupts an utterance's signals when they are read.

    Args:
        kind: The kind.
        name: Its name in the config; part of the key of the random numbers.
        amount: One, or a range in which each utterance has its own.
        seed: Of the random numbers.
        tables: Index, folds and root of the corpus, if the kind needs other speakers.
    """

    kind: RawKind
    name: str
    amount: Amount
    seed: int
    tables: tuple[Path, Path, Path] | None = None

    def __call__(self, utterance: Utterance) -> Utterance:
        """The corrupted utterance."""
        others = None if self._pool is None else self._pool.of(utterance.utterance)
        draws = Draws(self.seed, self.name, utterance.utterance, others=others)
        corrupt = partial(self.kind.corrupt, amount=self.amount_of(draws), draws=draws)
        match self.kind.signal:
            case "audio":
                return replace(utterance, alter_audio=corrupt)
            case "frames":
                return replace(utterance, alter_frames=corrupt)
            case "picture":
                return replace(utterance, alter_picture=corrupt)
            case "words":
                return replace(utterance, text=_corrupted_text(utterance.text, corrupt))

    def amount_of(self, draws: Draws) -> float:
        """The amount for an utterance, uniform in a range, by the draws of that utterance."""
        if not isinstance(self.amount, tuple):
            return self.amount
        low, high = self.amount
        return low + (high - low) * draws.of("amount").random()

    def describe(self) -> dict[str, Any]:
        """The entry of the feature file beside the extractor's settings."""
        return {
            "kind": self.name,
            "amount": list(self.amount) if isinstance(self.amount, tuple) else self.amount,
            "seed": self.seed,
            "settings": self.kind.settings.model_dump(),
        }

    def identity(self) -> list[Any]:
        """Everything that a result depends on beside the utterance and the kind's code."""
        tables = self.tables[:2] if self.tables else ()
        hashes = [hashlib.sha256(Path(table).read_bytes()).hexdigest() for table in tables]
        return [self.describe(), self.kind.signal, hashes]

    @cached_property
    def _pool(self) -> "Pool | None":
        if self.tables is None:
            return None
        from robust_mer.corruption.raw.others import Pool  # pandas is slow to load

        return Pool(*self.tables)


def _corrupted_text(text: str, corrupt: Callable[[list[str]], list[str]]) -> str:
    words = text.split()
    received = corrupt(words)
    return text if received == words else " ".join(received)
