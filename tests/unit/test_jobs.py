"""Jobs around their work: who ends with Snakemake, and what a user reads of faults."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from robust_mer.jobs import prepare_jobs

linux = pytest.mark.skipif(sys.platform != "linux", reason="jobs die with Snakemake on Linux only")


@pytest.fixture
def ended() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def job_under(runner: str) -> int:
    """Exit status of a job that was given this name of who runs it."""
    code = "from robust_mer.jobs import die_with_parent; die_with_parent()"
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "ROBUST_MER_RUNNER": runner}
    ).returncode


@pytest.fixture
def here(monkeypatch) -> tuple[str, str]:
    """This process as one that runs jobs, and the machine that it names."""
    monkeypatch.setenv("ROBUST_MER_RUNNER", "1 inherited from who submitted the job")
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    prepare_jobs(1)
    pid, _, machine = os.environ["ROBUST_MER_RUNNER"].partition(" ")
    return pid, machine


@linux
def test_a_job_lives_under_the_snakemake_that_started_it(here):
    pid, machine = here
    assert int(pid) == os.getpid()
    assert job_under(f"{pid} {machine}") == 0


@linux
def test_a_job_ends_whose_snakemake_has_ended(here, ended):
    assert job_under(f"{ended} {here[1]}") == -signal.SIGKILL


@linux
def test_a_job_on_another_node_does_not_look_for_the_process_that_submitted_it(here, ended):
    boot, namespace = here[1].split()
    assert Path("/proc/sys/kernel/random/boot_id").read_text().strip() == boot
    assert job_under(f"{ended} 00000000-0000-0000-0000-000000000000 {namespace}") == 0
    assert job_under(f"{ended} {boot} pid:[1]") == 0, "the id belongs to another container"


def test_a_job_that_no_snakemake_started_runs():
    assert job_under("") == 0
