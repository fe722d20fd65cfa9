"""Code identity: which edits change it, and for which rules."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from robust_mer.identity import closure, code_identity, described_identity, parse_identity
from robust_mer.models.registry import MODELS, implementation

MODULE = '''"""A noise."""

import torch

from robust_mer.jobs import log

HALF = 0.5


def draw(shape, draws):
    """Noise."""
    # why
    if not shape:
        raise ValueError(f"no shape: {shape}")
    log.info("drawing %s", shape)
    return torch.abs(HALF * draws.normal(shape))
'''


def identity_of(source: str, folder: Path) -> str:
    """Identity of a user's module with this source, in a process that never saw another."""
    (folder / "mine.py").write_text(source, encoding="utf-8")
    code = "from robust_mer.identity import code_identity; print(code_identity('mine:draw'))"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": f"{Path.cwd() / 'src'}:{folder}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("# why", "# because", True),
        ('"""Noise."""', '"""Other words."""', True),
        ("HALF * draws.normal(shape)", "HALF  * draws.normal( shape )", True),
        ('f"no shape: {shape}"', '"a shape is needed"', True),
        ('"drawing %s", shape', '"drawing"', True),
        ("HALF = 0.5", "HALF = 0.5\n\n\ndef unused():\n    return 1", True),
        ("HALF = 0.5", "HALF = 0.5\nUNUSED = {1: 2}", True),
        ("HALF = 0.5", "HALF = 0.25", False),
        ("HALF = 0.5", "HALF = 0.5\ntorch.set_num_threads(1)", False),
        ("draws.normal(shape)", "2 * draws.normal(shape)", False),
        ("ValueError", "TypeError", False),
        ("import torch", "import numpy as torch", False),
    ],
)
def test_what_counts_as_a_change(tmp_path, before, after, same):
    one = identity_of(MODULE, tmp_path)
    two = identity_of(MODULE.replace(before, after), tmp_path)
    assert (one == two) is same


def test_what_a_run_remembers_of_its_code_changes_no_identity(tmp_path):
    (tmp_path / ".snakemake").mkdir()
    file = tmp_path / ".snakemake/robust_mer_definitions.json"
    first = identity_of(MODULE, tmp_path)
    entries = json.loads(file.read_text(encoding="utf-8"))
    assert "mine" in entries
    assert identity_of(MODULE, tmp_path) == first
    # It is used ...
    entries["mine"]["value"]["texts"]["draw"] = "another"
    file.write_text(json.dumps(entries), encoding="utf-8")
    assert identity_of(MODULE, tmp_path) != first
    # ... for this source only, and if it can be.
    assert identity_of(MODULE.replace("0.5", "0.25"), tmp_path) != first
    assert identity_of(MODULE, tmp_path) == first
    for damaged in ("", "null", "[1]", '{"mine": {', '[["mine"]]', '{"mine": 1}', '{"mine": {}}'):
        file.write_text(damaged, encoding="utf-8")
        assert identity_of(MODULE, tmp_path) == first


def test_what_a_users_module_imports_counts_if_it_is_the_users(tmp_path):
    (tmp_path / "helper.py").write_text("SCALE = 2\n")
    package = tmp_path / "parts"
    package.mkdir()
    (package / "__init__.py").write_text("from . import inner\n")
    (package / "inner.py").write_text("from .deep import DEPTH\n")
    (package / "deep.py").write_text("DEPTH = 1\n")
    source = MODULE.replace(
        "HALF = 0.5",
        "from helper import SCALE\nfrom parts.inner import DEPTH\nHALF = SCALE * DEPTH",
    )
    before = identity_of(source, tmp_path)
    (tmp_path / "mine.yaml").write_text("a config, not a part of mine.py\n")
    (tmp_path / "other.py").write_text("unused = 1\n")
    assert identity_of(source, tmp_path) == before
    for name, text in (("helper.py", "SCALE = 3\n"), ("parts/deep.py", "DEPTH = 2\n")):
        (tmp_path / name).write_text(text)
        after = identity_of(source, tmp_path)
        assert after != before
        before = after


def test_a_models_identity_is_its_own():
    identities = {
        code_identity("robust_mer.training.train:train_replicas", implementation(name))
        for name in MODELS
    }
    assert len(identities) == len(MODELS)


@pytest.mark.parametrize(
    "job",
    [
        "robust_mer.corpora.index",
        "robust_mer.report.page",
        "robust_mer.export.export",
        "robust_mer.features.extract",
        "robust_mer.training.train",
    ],
)
def test_how_jobs_log_and_what_they_record_is_in_no_identity(job):
    without = ("robust_mer.jobs", "robust_mer.errors", "robust_mer.provenance")
    without += ("robust_mer.report.words",)
    assert not [module for module in closure(job) if module.startswith(without)]
    assert "robust_mer.report.costs" in closure("robust_mer.report.page")


def test_a_described_identity_says_of_what():
    described = described_identity("robust_mer.table", "robust_mer.metrics.classes:wa")
    assert parse_identity(described) == (
        code_identity("robust_mer.metrics.classes:wa", "robust_mer.table"),
        ["robust_mer.metrics.classes:wa", "robust_mer.table"],
    )


@pytest.mark.parametrize(
    ("module", "used_by", "unused_by"),
    [
        (
            "robust_mer.models.nmer.nmer",
            "robust_mer.models.nmer.nmer:NMER",
            "robust_mer.models.men.men:MEN",
        ),
        (
            "robust_mer.report.table",
            "robust_mer.report.page",
            "robust_mer.training.train",
        ),
        ("robust_mer.metrics.metric", "robust_mer.training.train", "robust_mer.features.imported"),
        ("robust_mer.models.registry", "robust_mer.plan.models", "robust_mer.training.train"),
        ("robust_mer.metrics.metric", "robust_mer.training.train", "robust_mer.features.extract"),
        ("robust_mer.store", "robust_mer.training.train", "robust_mer.corpora.folds"),
        (
            "robust_mer.training.train",
            "robust_mer.training.train",
            "robust_mer.evaluation.evaluate",
        ),
    ],
)
def test_who_depends_on_what(module, used_by, unused_by):
    assert module in closure(used_by)
    assert module not in closure(unused_by)
