"""Fuzzers: every file that the package reads, mutated, under a rule that holds for all of them.

``PYTHONPATH=tests python -m fuzz.run --inputs 100000 --seed 1`` from the repository's root. An
input is read, or refused with an error that names its file (for the config: the key); nothing else
may happen.
"""
