"""Names of replicas' files. A replica is one fold and one seed of a model."""

import re
from collections.abc import Iterable
from pathlib import Path


def replica_name(fold: int, seed: int) -> str:
    """What the files of a replica are called, without their suffix."""
    return f"fold{fold}_seed{seed}"


def by_replica(paths: Iterable[str | Path]) -> dict[tuple[int, int], str | Path]:
    """Files by the (fold, seed) that their names say."""
    found = {}
    for path in paths:
        fold, seed = re.match(r"fold(\d+)_seed(\d+)\.", Path(path).name).groups()
        found[int(fold), int(seed)] = path
    return found
