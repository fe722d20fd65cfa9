"""Runs of the workflow through the Slurm profile, and their results."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

from robust_mer.jobs import die_with_parent

# Of one machine without accounts, and quick to look at its jobs.
ON_ONE_MACHINE = (
    "--profile",
    "profiles/slurm",
    "--max-threads",
    str(os.cpu_count()),
    "--slurm-no-account",
    "--slurm-init-seconds-before-status-checks",
    "2",
    "--seconds-between-status-checks",
    "1",
    "--latency-wait",
    "5",
)


class SlurmRun:
    """Snakemake, submitting to Slurm. Its output grows in ``log``."""

    def __init__(
        self, project, *arguments: str, configfile: str = "small.yaml", python: str = sys.executable
    ) -> None:
        self.folder = project.folder
        self.log = self.folder / "slurm_run.log"
        snakemake = str(Path(sys.executable).with_name("snakemake"))
        configured = ("--configfile", configfile) if configfile else ()
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.process = subprocess.Popen(
            [python, snakemake, *arguments, *ON_ONE_MACHINE, *configured],
            cwd=self.folder,
            env={**project.environment, "PATH": path, "OMP_NUM_THREADS": "1"},
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
            preexec_fn=_begin,
        )

    def wait(self, seconds: float = 1200) -> str:
        """Wait until it has succeeded; its output."""
        status = self.process.wait(seconds)
        text = self.log.read_text()
        assert status == 0, text[-5000:]
        return text

    def interrupt(self) -> str:
        """As Ctrl-C does; its output."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(120) != 0
        return self.log.read_text()

    def wait_for_job(self, cluster, rule: str, seconds: float = 300) -> str:
        """The id of a job of a rule whose work has begun, which its log shows."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()[-5000:]
            for job, comment in cluster.jobs("RUNNING").items():
                if comment.startswith(f"rule_{rule}") and self._works(job):
                    return job
            time.sleep(0.2)
        raise TimeoutError(f"no job of {rule} has run: {self.log.read_text()[-2000:]}")

    def _works(self, job: str) -> bool:
        logs = (self.folder / ".snakemake/slurm_logs").rglob(f"{job}.log")
        return any("] " in log.read_text() for log in logs)  # progress of a job


def _begin() -> None:
    """End with the tests. And they may have been started with Ctrl-C ignored, in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    die_with_parent()


_SUBMITTED = re.compile(
    r"Job (\d+) has been submitted with SLURM jobid \d+ \(log: \S*/slurm_logs/(\S+)/\d+\.log\)"
)


def submitted(text: str) -> list[str]:
    """Rule and wildcards of every job that a run submitted, in their order."""
    return [job for _, job in _SUBMITTED.findall(text)]


def ended(text: str) -> set[str]:
    """Rule and wildcards of the submitted jobs that ended well."""
    jobs = dict(_SUBMITTED.findall(text))
    return {jobs[number] for number in re.findall(r"Finished jobid: (\d+)", text) if number in jobs}


def left_over(folder: Path) -> list[str]:
    """Half-written files, and outputs that Snakemake holds to be incomplete."""
    unfinished = [str(path) for path in (folder / "results").rglob("*.unfinished*")]
    incomplete = [str(path) for path in (folder / ".snakemake/incomplete").glob("*")]
    return unfinished + incomplete


# Times and places: nothing else in a run's results may differ.
_VOLATILE = re.compile(r"/(logs|benchmarks|provenance|\.replicas)/|\.history\.csv$|report\.html$")


def differences(one: Path, other: Path) -> list[str]:
    """Files of two results folders that are not the same, byte by byte."""
    files = [
        {
            str(path.relative_to(folder)): path
            for path in folder.rglob("*")
            if path.is_file() and not _VOLATILE.search(f"/{path.relative_to(folder)}")
        }
        for folder in (one, other)
    ]
    names = sorted(files[0].keys() | files[1].keys())
    assert names
    return [
        name
        for name in names
        if not (name in files[0] and name in files[1])
        or _timeless(files[0][name]) != _timeless(files[1][name])
    ]


def _timeless(path: Path) -> bytes:
    """A file's content; of the table of recordings without the times at which they were made."""
    if path.name != "media.csv":
        return path.read_bytes()
    return pd.read_csv(path, dtype=str).drop(columns="mtime").to_csv(index=False).encode()
