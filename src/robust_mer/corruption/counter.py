"""Random numbers that are a function of a key only."""

import hashlib

import numpy as np


def counter_generator(*key: str | int) -> np.random.Generator:
    """A counter-based generator (Philox) for a key.

    The same key gives the same numbers on every machine and in every order of calls.
    """
    digest = hashlib.sha256("\0".join(map(str, key)).encode()).digest()
    return np.random.Generator(np.random.Philox(key=np.frombuffer(digest[:16], dtype=np.uint64)))
