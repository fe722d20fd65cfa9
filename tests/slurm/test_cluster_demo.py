"""The demo through Slurm."""

import shutil

import pytest
from helpers.project import Project
from slurm.runs import SlurmRun, differences, left_over, submitted


@pytest.mark.timeout(3600)
def test_the_demo_through_slurm_ends_as_on_one_machine(cluster, finished, tmp_path):
    """All stages, from the corpus to the report."""
    project = Project.make(tmp_path / "project")
    run = SlurmRun(project)
    run.wait_for_job(cluster, "find_faces", 900)
    ports = cluster.open_ports()
    assert ports
    assert all(address.startswith("127.0.0.1:") for address in ports), ports
    jobs = submitted(run.wait(3000))
    assert len(jobs) == len(set(jobs)), "a job ran twice"
    assert not left_over(project.folder)
    assert not differences(finished.folder / "results", project.folder / "results")


def test_jobs_that_are_ready_together_can_be_an_array(cluster, project, finished):
    """`slurm-array-jobs`, for a rule whose jobs all become ready by one job's end."""
    shutil.rmtree(project.folder / "results/demo/features")
    text = SlurmRun(project, "features", "--slurm-array-jobs", "extract_features").wait()
    assert "Submitted array job" in text
    assert not differences(
        project.folder / "results/demo/features", finished.folder / "results/demo/features"
    )
