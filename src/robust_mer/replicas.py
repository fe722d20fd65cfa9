"""Replicas of a model and the names of their files."""

import re
from pathlib import Path
from typing import NamedTuple


class Replica(NamedTuple):
    """One fold and one seed of a model."""

    fold: int
    seed: int

    @property
    def name(self) -> str:
        """Name of its files, without suffix."""
        return f"fold{self.fold}_seed{self.seed}"

    @classmethod
    def of(cls, path: str | Path) -> "Replica":
        """The replica of a file.

        Raises:
            ValueError: the file is not named after a replica.
        """
        match = re.match(r"fold(\d+)_seed(\d+)\.", Path(path).name)
        if match is None:
            raise ValueError(f"{path} is not named fold{{fold}}_seed{{seed}}")
        return cls(int(match[1]), int(match[2]))
