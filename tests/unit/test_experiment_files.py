"""Every file of ``resources/experiments`` plans, after the files that its own comment names."""

import re
from pathlib import Path

import pytest
import yaml
from helpers.plans import ROOT, config_with, plan_of

from robust_mer.plan.targets import Targets

FILES = sorted((ROOT / "resources/experiments").glob("*.yaml"))


def names_in_comment(file: Path) -> list[str]:
    """The experiment files that the comment at the top names, in their order, and the file."""
    lines = file.read_text(encoding="utf-8").splitlines()
    end = next(place for place, line in enumerate(lines) if not line.startswith("#"))
    names = re.findall(r"resources/experiments/(\w+)\.yaml", "\n".join(lines[:end]))
    return list(dict.fromkeys([*names, file.stem]))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_all_experiments_of_the_file_plan(file, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")  # for classes that a file names there
    experiments = yaml.safe_load(file.read_text(encoding="utf-8"))["experiments"]
    raw = config_with(*names_in_comment(file))
    for run in (raw["run"], list(experiments)):
        plan = plan_of(raw | {"run": run})
        assert set(plan.grid.experiments) == set(run)
        targets = Targets(plan)
        assert len(targets.index) > 1
        assert targets.features
        assert targets.tables
