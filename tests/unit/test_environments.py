"""The conda environments of the stages against the lock."""

import re
from pathlib import Path

import pytest
import yaml

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
