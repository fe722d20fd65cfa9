"""A checkout to run Snakemake in, and the small demo's config."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psutil
import yaml

from helpers.warm_python import WarmPython

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "config.yaml", "profiles", "workflow", "src", "resources", "envs")
HANG = 3600.0  # seconds after which a process counts as hung, even on a busy machine

DEMO_MODEL = next(
    line.split(" := ")[1]
    for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    if line.startswith("DEMO_MODEL := ")
)

# Small enough for a test: two sessions, small nets, one epoch.
SMALL = {
    "run": ["demo"],
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
            "folds": {"scheme": "session_speakers", "groups": None},
        },
    },
    "features": {
        "max_failed_fraction": 0.5,
        "faces": {"frame_rate": 1},
    },
    "models": {
        "men": {"epochs_constant": 1, "epochs_falling": 1},
        "invariance_teacher": {"epochs_constant": 1, "epochs_falling": 1},
        "nmer": {"epochs_constant": 1, "epochs_falling": 1, "layers": 1, "feed_forward": 16},
    },
}


# Two jobs, one after the other: what a cluster trains in tests.
TRAININGS = tuple(f"results/demo/models/{model}/clean" for model in ("invariance_teacher", "nmer"))
TEACHER, STUDENT = (f"{folder}/fold1_seed1.safetensors" for folder in TRAININGS)


@cache
def warm_python() -> str:
    """The Python in which all tests of this process run Snakemake and its jobs."""
    return WarmPython().executable


class Project:
    """A checkout to run Snakemake in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def make(cls, folder: Path) -> "Project":
        """Copy the repository, but for results, tests and documents, into a new folder.

        Bytecode is copied too, but for files that another process is just writing.
        """
        folder.mkdir()
        ignore = shutil.ignore_patterns("*.pyc.*", "*.egg-info")
        for part in PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, folder / part, ignore=ignore)
            else:
                shutil.copy2(ROOT / part, folder / part)
        project = cls(folder)
        project.configure(SMALL)
        return project

    def copy(self, folder: Path) -> "Project":
        """Copy all, results too, into a new folder."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)

    def configure(self, config: dict) -> None:
        """Write the config that is laid over the default one."""
        (self.folder / "small.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def command(
        self, *arguments: str, cores: int = 2, configfiles: tuple[str, ...] = ("small.yaml",)
    ) -> list[str]:
        """The command line of a run."""
        snakemake = str(Path(sys.executable).with_name("snakemake"))
        return [snakemake, *arguments, "--cores", str(cores), "--configfile", *configfiles]

    def runner(self, *targets: str, python: str = sys.executable) -> list[str]:
        """The command that ``make demo`` calls."""
        return [python, "workflow/run.py", *self.command(*targets)[1:]]

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a run: bytecode is kept, a process has one thread for arithmetic."""
        left_out = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
        kept = {name: value for name, value in os.environ.items() if name not in left_out}
        return {**kept, "OMP_NUM_THREADS": "1"}

    def run(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        """Run Snakemake to its end; its output is in ``stdout``."""
        return self.run_command([warm_python(), *self.command(*arguments, **options)])

    def run_as_make(self, *targets: str) -> subprocess.CompletedProcess:
        """Run what ``make demo`` runs to its end; its output is in ``stdout``."""
        return self.run_command(self.runner(*targets, python=warm_python()))

    def call(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        """``robust-mer``, of this checkout's package; its output is in ``stdout``."""
        source = {"PYTHONPATH": str(self.folder / "src")}
        return self.run_command(
            [warm_python(), "-m", "robust_mer.cli", *arguments],
            **{"env": {**self.environment, **source}, "stderr": subprocess.PIPE, **options},
        )

    def run_command(self, command: list[str], **options) -> subprocess.CompletedProcess:
        """Run a command in the checkout to its end; its output is in ``stdout``."""
        usual = {
            "env": self.environment,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
        }
        return subprocess.run(
            command, text=True, timeout=HANG, **{"cwd": self.folder, **usual, **options}
        )

    def start(self, *targets: str, log: Path | None = None) -> subprocess.Popen:
        """Start what ``make demo`` starts; its output goes to a file."""
        with (log or Path(os.devnull)).open("w") as file:
            return subprocess.Popen(
                self.runner(*targets),
                cwd=self.folder,
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
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
        return {rule: what for rule, what in jobs.items() if rule not in ("all", *arguments)}


def edit(project: Project, path: str, before: str, after: str) -> None:
    file = project.folder / path
    text = file.read_text(encoding="utf-8")
    assert text.count(before) >= 1, f"{path} no longer holds {before!r}"
    file.write_text(text.replace(before, after, 1), encoding="utf-8")


@contextmanager
def edited(project: Project, *edits: tuple[str, str, str]) -> Iterator[None]:
    """A project in which files are edited temporarily.

    Args:
        project: What to edit.
        edits: Path, text and what takes its place; an empty text is the end of the file, which
            may be a new one.
    """
    texts: dict[Path, str | None] = {}
    for path, before, after in edits:
        file = project.folder / path
        text = file.read_text(encoding="utf-8") if file.exists() else None
        texts.setdefault(file, text)
        if before:
            edit(project, path, before, after)
        else:
            file.write_text((text or "") + after, encoding="utf-8")
    try:
        yield
    finally:
        for file, text in texts.items():
            if text is None:
                file.unlink()
            else:
                file.write_text(text, encoding="utf-8")


def save_at_every_epoch(project: Project) -> None:
    """Have trainings save their progress so often that any of them can be resumed."""
    path = "src/robust_mer/training/train.py"
    edit(project, path, "save_every: float = 60.0", "save_every: float = 0.0")


def jobs_at_work(folder: Path) -> dict[psutil.Process, str]:
    """The processes of jobs that work in a folder, and the rule of each.

    All jobs run the same script, in a copy that holds what Snakemake hands to it.
    """
    jobs = {}
    for process in psutil.process_iter(["cwd", "cmdline", "status", "cpu_times"]):
        if process.info["cwd"] != str(folder) or process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        for word in process.info["cmdline"] or []:
            script = Path(word)
            if script.parent == folder / ".snakemake/scripts" and script.exists():
                text = script.read_text(encoding="utf-8")
                if match := re.search(r"/logs/(\w+)", text):  # none: it is still being written
                    jobs[process] = match[1]
    return jobs


def models_of(jobs: dict, rule: str) -> set[str]:
    return {re.search(r"model=([^,]+)", what)[1] for what in jobs.get(rule, ())}


TABLES_AND_FIGURES = {
    "make_audit_csv_md",
    "make_average_csv_md_tex",
    "make_conditions_csv_md_tex",
    "make_papers_csv_md_tex",
    "make_statistics_csv_md",
    "make_statistics_md",
    "make_figure",
}
AFTER_EVALUATION = {
    *("write_summary", "compute_statistics", "measure_sets", "write_report"),
    *TABLES_AND_FIGURES,
}
