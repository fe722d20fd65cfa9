"""The coverage that sets of answers promise."""

COVERAGE = 0.9
"""The promise, unless another one is asked for."""
