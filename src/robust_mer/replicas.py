"""A replica is one fold and one seed of a model; how its files are named."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Replica(NamedTuple):
    """One fold and one seed of a model."""

    fold: int
    seed: int

    @property
    def name(self) -> str:
        """What its files are called, without their suffix."""
        return f"fold{self.fold}_seed{self.seed}"

    @classmethod
    def of(cls, path: str | Path) -> "Replica":
        """The replica whose file this is.

        Raises:
            ValueError: its name is not that of a replica's file.
        """
        name = re.match(r"fold(\d+)_seed(\d+)\.", Path(path).name)
        if not name:
            raise ValueError(f"{path}: expected a name of the form fold1_seed2.*")
        return cls(int(name[1]), int(name[2]))


def replica_name(fold: int, seed: int) -> str:
    """What the files of a replica are called, without their suffix."""
    return Replica(fold, seed).name


def by_replica(paths: Iterable[str | Path]) -> dict[Replica, str | Path]:
    """Files by the replica that their names say."""
    return {Replica.of(path): path for path in paths}
