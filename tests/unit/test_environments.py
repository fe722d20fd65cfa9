"""The conda environments of the stages against the lock."""

import inspect
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from robust_mer.corpora.registry import GENERATORS, READERS
from robust_mer.corruption.raw.registry import RAW_KINDS
from robust_mer.corruption.registry import NOISES
from robust_mer.features.registry import EXTRACTORS
from robust_mer.identity import closure, imported_names
from robust_mer.metrics.registry import METRICS
from robust_mer.models.registry import MODELS as MODELS_SETTINGS
from robust_mer.models.registry import implementation
from robust_mer.plan.rules import (
    corpora,
    corruption,
    evaluation,
    export,
    features,
    report,
    training,
)
from robust_mer.plan.rules.features import EXTRACT
from robust_mer.protocols.registry import PROTOCOLS
from robust_mer.report.figures.registry import FIGURES
from robust_mer.report.tables.registry import PAPER_TABLE, TABLES
from robust_mer.tasks.registry import TASKS

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))


def locked(name):
    """Versions by package for Python 3.11."""
    versions = {}
    for line in (ROOT / name).read_text().splitlines():
        match = re.match(r"([a-z0-9-]+)==([^\s;]+)( ; .*>= '3\.1[2-9]')?", line)
        if match and not match[3]:
            versions[match[1]] = match[2]
    return versions


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_versions_are_those_of_the_lock(path):
    (pip,) = [
        d["pip"] for d in yaml.safe_load(path.read_text())["dependencies"] if isinstance(d, dict)
    ]
    versions = locked("requirements.lock")
    assert pip
    for requirement in pip:
        name, version = requirement.split("==")
        assert versions[name] == version
    deploy = path.with_suffix(".post-deploy.sh")
    if deploy.exists():
        weights = locked("requirements-weights.lock")
        wanted = dict(word.split("==") for word in deploy.read_text().split() if "==" in word)
        assert wanted
        assert wanted.items() <= weights.items()


def test_every_rule_has_an_environment_that_exists():
    named = set()
    for rules in (ROOT / "workflow/rules").glob("*.smk"):
        text = rules.read_text()
        named |= set(re.findall(r'"\.\./\.\./envs/(\w+)\.yaml"', text))
        working = len(re.findall(r"^ +script:", text, re.M))  # a target only asks for files
        assert working == len(re.findall(r"^ +conda:", text, re.M))
    assert named == {path.stem for path in ENVIRONMENTS}


def test_locks_have_hashes_and_name_no_index():
    for name in ("requirements.lock", "requirements-weights.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        pinned = re.findall(r"^\S+==", text, re.M)
        assert len(re.findall(r"--hash=sha256:", text)) >= len(pinned) > 0


# Modules that a rule's job loads by names of the config, without an import statement.
MODELS = {name: implementation(name) for name in MODELS_SETTINGS}
BY_NAME = {
    "make_corpus": GENERATORS,
    "index_corpus": READERS | TASKS,
    "make_folds": TASKS,
    "index_words": READERS,
    "import_features": READERS,
    "extract_features": EXTRACTORS,
    "extract_corrupted": EXTRACTORS | RAW_KINDS,
    "schedule_noise": NOISES,
    "measure_noise": NOISES,
    "training": MODELS | NOISES | PROTOCOLS | TASKS,
    "choosing": TASKS,
    "evaluate_model": MODELS | NOISES | TASKS,
    "write_summary": METRICS | PROTOCOLS | TASKS,
    "compute_statistics": METRICS | PROTOCOLS | TASKS,
    "measure_peeking": METRICS | PROTOCOLS | TASKS,
    "measure_sets": METRICS | TASKS,
    "split_tables": METRICS | TASKS,
    "calibrate_raw": METRICS | TASKS,
    "make_table": METRICS | TASKS | TABLES | {"papers": PAPER_TABLE},
    "make_figure": METRICS | TASKS | FIGURES,
    "draw_embeddings": NOISES,
    "draw_reconstructions": MODELS | NOISES,
    "write_report": TASKS | TABLES | FIGURES,
    "export_model": MODELS | TASKS,
    "export_features": NOISES | TASKS,
}
# Packages that a module imports in functions which training alone calls, here `Task.loss`.
OF_TRAINING = {
    f"robust_mer.tasks.{name}": {"torch"}
    for name in ("task", "classification", "multilabel", "regression")
}
# Rules whose function is named by a constant of their module.
NAMED = {
    "training": training.FUNCTION,
    "choosing": "robust_mer.training.choose:choose_replicas",
    "extract_features": EXTRACT,
    "extract_corrupted": EXTRACT,
    "recognise_words": "robust_mer.features.recognise:recognise_words",
    "recognise_corrupted": "robust_mer.features.recognise:recognise_words",
}
# Functions that such a rule's job calls on joined corpora.
ON_JOINED = {
    "index_corpus": ["robust_mer.corpora.joined:join_corpora"],
    "index_words": ["robust_mer.corpora.joined:join_words"],
    "extract_features": ["robust_mer.features.joined:join_features"],
    "extract_corrupted": ["robust_mer.features.joined:join_features"],
    "import_features": ["robust_mer.features.joined:join_features"],
}
STAGES = (corpora, corruption, evaluation, export, features, report)


def function_of(rule):
    """What a rule's job calls, as the plan names it."""
    if rule in NAMED:
        return NAMED[rule]
    (maker,) = {vars(stage)[rule] for stage in STAGES if rule in vars(stage)}
    (function,) = re.findall(r'"(robust_mer\.[\w.]+:\w+)"', inspect.getsource(maker))
    return function


def modules_of(rule):
    """Modules of this package that a rule's job reaches, those that it loads by name among them."""
    loaded = BY_NAME.get(rule, {}).values()
    functions = [function_of(rule), *ON_JOINED.get(rule, [])]
    return closure(*functions, "robust_mer.runner:run", *loaded)


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_an_environment_has_all_that_its_rules_import(path):
    rules = set()
    for file in (ROOT / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"\n(?=rule |for )", file.read_text()):
            if f'envs/{path.stem}.yaml"' in rule:
                rules |= set(re.findall(r"jobs\.(\w+)(?:\.params|\()", rule))
    assert rules
    wanted = set()
    for module in set().union(*map(modules_of, rules)):
        wanted |= imported_names(module) - OF_TRAINING.get(module, set())
    wanted -= set(sys.stdlib_module_names) | {"robust_mer", "snakemake"}
    text = path.read_text()
    deploy = path.with_suffix(".post-deploy.sh")
    text += deploy.read_text() if deploy.exists() else ""
    there = {name.lower() for name in re.findall(r"([\w.-]+)==", text)}
    distributions = metadata.packages_distributions()
    provided = {name: distributions.get(name, [name]) for name in wanted}
    missing = {
        name
        for name, by in provided.items()
        if there.isdisjoint(package.lower().replace("_", "-") for package in by)
    }
    assert not missing


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_conda_can_make_it(path):
    """The solver accepts conda's part; the tests above compare pip's part with the lock."""
    conda = next(filter(None, map(shutil.which, ("mamba", "conda"))), None)
    if conda is None:
        pytest.skip("conda is not installed here, so no environment is solved")
    done = subprocess.run(
        [conda, "env", "create", "--dry-run", "--file", path], capture_output=True, text=True
    )
    if re.search("HTTP|connection|resolve host|Download error", done.stderr, re.I):
        pytest.skip(f"conda cannot reach its channels from here: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr


def test_the_image_is_made_as_the_environment_is():
    image, make = (ROOT / name for name in ("Dockerfile", "Makefile"))
    (version,) = re.findall(r"^UV_VERSION := (\S+)", make.read_text(), re.M)
    assert re.findall(r"uv==([\d.]+)", image.read_text()) == [version]
    for copied in re.findall(r"^COPY (.+) \./$", image.read_text(), re.M):
        assert all((ROOT / name).is_file() for name in copied.split())
    profile = yaml.safe_load((ROOT / "profiles/kubernetes/config.yaml").read_text())
    (folder,) = re.findall(r"^WORKDIR (\S+)", image.read_text(), re.M)
    assert f"cp -r {folder}/. ." in profile["precommand"]
    plugin = f"snakemake-storage-plugin-{profile['default-storage-provider']}"
    assert plugin in image.read_text()
    assert plugin in locked("requirements.lock")
