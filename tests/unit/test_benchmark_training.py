"""The benchmark of training runs at toy size and prints what it promises."""

import json
import subprocess
from pathlib import Path

import pytest
from helpers.project import warm_python

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_random_corpus_has_iemocaps_folds(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from random_corpus import FULL, SESSIONS, session_speakers

    parts = session_speakers(list(SESSIONS))
    assert FULL == 5531
    assert {part: len(rows) for part, rows in parts[1].items()} == {
        "train": 4446,
        "validation": 528,
        "test": 557,
    }
    assert (parts[2]["test"] == parts[1]["validation"]).all()


def test_training_benchmark_at_toy_size(tmp_path):
    path = tmp_path / "figures.json"
    options = ["--models", "men", "--device", "cpu", "--threads", "1", "--epochs", "1"]
    command = [warm_python(), BENCHMARKS / "training.py", *options]
    command += ["--utterances", "40", "--json", path]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "no accuracy" in shown
    figures = json.loads(path.read_text())
    men = figures["models"]["men"]
    assert [name[:3] for name in men["rates"]] == ["(a)", "(b)", "(c)"]
    assert min(men["rates"].values()) > 0
    assert sum(men["shares of (a)"].values()) == pytest.approx(1)
    assert min(men["floors"].values()) > 0
