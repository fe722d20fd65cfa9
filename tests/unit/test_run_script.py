"""What ``workflow/run.py`` decides before it becomes Snakemake."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.plans import ROOT


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("run_script", ROOT / "workflow/run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        (["all", "--cores", "2"], "."),
        (["-n", "--directory", "there", "--config", "a={b: -d}"], "there"),
        (["--directory=there", "--dry-run"], "there"),
        (["-d", "there"], "there"),
    ],
)
def test_the_folder_is_that_of_the_run(script, tmp_path, monkeypatch, arguments, folder):
    monkeypatch.chdir(tmp_path)
    assert script.folder_of(arguments) == (tmp_path / folder).resolve()


def test_runs_of_other_users_hide_where_they_run(script, monkeypatch, tmp_path):
    processes = [
        {"pid": 1, "cmdline": ["python", "bin/snakemake", "all"], "cwd": str(tmp_path)},
        {"pid": 2, "cmdline": ["python", "bin/snakemake", "all"], "cwd": None},
        {"pid": 3, "cmdline": ["python", "other.py"], "cwd": None},
        {"pid": 4, "cmdline": None, "cwd": None},
    ]
    made = [SimpleNamespace(info=info) for info in processes]
    monkeypatch.setattr(script.psutil, "process_iter", lambda _: made)
    assert script.other_runs(tmp_path) == [1]
    assert script.other_runs(None) == [2]
    assert script.other_runs(Path("/elsewhere")) == []
