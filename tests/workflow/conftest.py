"""A copy of the repository in which a small demo has run once."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "config.yaml", "profiles", "workflow", "src", "resources", "envs")

# Small enough for a test: two sessions, small nets, one epoch.
SMALL = {
    "experiments": {
        "demo": {
            "corpus": "demo",
            "models": ["men", "nmer"],
            "conditions": ["partial"],
            "corruptions": ["clean", "gaussian_-10dB"],
            "folds": [1],
            "seeds": [1],
        },
    },
    "corpora": {
        "demo": {
            "generator": {"sessions": 2, "dialogues_per_session": 2, "utterances_per_dialogue": 6},
        },
    },
    "features": {
        "max_failed_fraction": 0.5,
        "faces": {"frame_rate": 2},
    },
    "models": {
        "men": {"epochs_constant": 1, "epochs_falling": 1},
        "invariance_teacher": {"epochs_constant": 1, "epochs_falling": 1},
        "nmer": {"epochs_constant": 1, "epochs_falling": 1, "layers": 1, "feed_forward": 16},
    },
}


class Project:
    """A checkout to run Snakemake in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
                shutil.copytree(source, folder / part, ignore=ignore)
            else:
                folder.mkdir(exist_ok=True)
                shutil.copy2(source, folder / part)
        self.configure(SMALL)

    def configure(self, config: dict) -> None:
        """Write the config that is laid over the default one."""
        (self.folder / "small.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def command(
        self, *arguments: str, cores: int = 2, configfiles: tuple[str, ...] = ("small.yaml",)
    ) -> list[str]:
        """The command line of a run."""
        snakemake = str(Path(sys.executable).with_name("snakemake"))
        return [snakemake, *arguments, "--cores", str(cores), "--configfile", *configfiles]

    @property
    def environment(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(self, *arguments: str, timeout: float = 550, **options) -> subprocess.CompletedProcess:
        """Run Snakemake to its end; its output is in ``stdout``."""
        return subprocess.run(
            self.command(*arguments, **options),
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
        )

    def planned(self, *arguments: str, **options) -> dict[str, set[str]]:
        """What a dry run would do: wildcards of the jobs by rule.

        Training has a rule for each set of replicas; here they are all ``train_model``, with the
        folds that their names say.
        """
        done = self.run("--dry-run", *arguments, **options)
        assert done.returncode == 0, done.stdout
        jobs: dict[str, set[str]] = {}
        rule, folds = None, ""
        for line in done.stdout.splitlines():
            if match := re.match(r"(?:local)?rule (\S+):", line):
                rule, folds = match[1], ""
                if training := re.match(r"train_(?:model|teacher)_(folds?[^_]+)", rule):
                    rule, folds = "train_model", f", folds={training[1]}"
                jobs.setdefault(rule, set())
            elif rule and (match := re.match(r"\s+wildcards: (.*)", line)):
                jobs[rule].add(match[1] + folds)
        return {rule: what for rule, what in jobs.items() if rule != "all"}


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The small demo, run once to its end; tests copy it before they change it."""
    project = Project(tmp_path_factory.mktemp("finished") / "project")
    done = project.run()
    assert done.returncode == 0, done.stdout[-5000:]
    return project


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished small demo, for one test."""
    copy = Project.__new__(Project)
    copy.folder = tmp_path / "project"
    shutil.copytree(finished.folder, copy.folder)
    return copy
