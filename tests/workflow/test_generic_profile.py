"""The generic profile, as it is, with a PBS that runs jobs on this machine."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from helpers.project import STUDENT, TEACHER, TRAININGS
from slurm.runs import differences, left_over

# What the scripts of the profile use of PBS. Jobs start at once, in the background.
QSUB = """#!/bin/sh
echo "qsub $*" >> "$PBS_HOME/calls"
for script; do :; done
job=$(mktemp -d "$PBS_HOME/XXXXXX")
(sh "$script" > "$job/log" 2>&1; echo $? > "$job/status") > /dev/null 2>&1 &
echo "${job##*/}.server"
"""
QSTAT = """#!/bin/sh
for job; do :; done
job=$PBS_HOME/${job%.server}
[ -d "$job" ] || { echo "qstat: Unknown Job Id" >&2; exit 153; }
echo "Job Id: $job"
if [ -f "$job/status" ]
then echo "    job_state = F"; echo "    Exit_status = $(cat "$job/status")"
else echo "    job_state = R"
fi
"""


@pytest.fixture
def pbs(tmp_path, monkeypatch):
    """The folder of the scheduler; its commands are on the PATH."""
    folder = tmp_path / "pbs"
    folder.mkdir()
    for name, text in (("qsub", QSUB), ("qstat", QSTAT)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PBS_HOME", str(folder))
    places = (folder, Path(sys.executable).parent, os.environ["PATH"])
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, places)))
    return folder


def run(project, *arguments, target=STUDENT):
    quickly = ("--seconds-between-status-checks", "1", "--latency-wait", "5", "--max-threads", "1")
    return project.run(target, "--profile", "profiles/generic", *quickly, *arguments)


def test_jobs_go_through_the_scheduler_and_end_alike(project, finished, pbs):
    shutil.rmtree(project.folder / "results/demo/models")
    done = run(project, "--config", "training={device: cuda}", "--dry-run")
    assert done.returncode == 0, done.stdout
    done = run(project)
    assert done.returncode == 0, done.stdout[-5000:]
    calls = (pbs / "calls").read_text().splitlines()
    assert len(calls) == 2, calls  # the teacher and nmer
    assert all("select=1:ncpus=1:mem=" in call and ":ngpus=1 " in call for call in calls), calls
    assert not left_over(project.folder)
    for path in TRAININGS:
        assert not differences(project.folder / path, finished.folder / path)


def test_a_job_that_fails_is_seen_and_gets_more_memory(project, pbs):
    shutil.rmtree(project.folder / "results/demo/models")
    (project.folder / "results/demo/features/is13.h5").write_bytes(b"no features")
    done = run(project, "--retries", "1", target=TEACHER)
    assert done.returncode != 0
    assert "is not a file of the feature store" in done.stdout
    calls = [call for call in (pbs / "calls").read_text().splitlines() if "train_teacher" in call]
    memory = [int(call.partition(":mem=")[2].partition("mb")[0]) for call in calls]
    assert memory == [memory[0], 2 * memory[0]], calls
