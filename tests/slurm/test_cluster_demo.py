"""The demo through Slurm."""

import shutil

import pytest
from helpers.project import SMALL, Project
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


def test_candidates_of_a_tuned_model_run_on_nodes(cluster, project):
    """Their names hold the settings that are tuned."""
    men = {"class": "men_augmented", "epochs_constant": 1, "epochs_falling": 0}
    tune = {"learning_rate": [0.0001, 0.01], "dropout": [0.3, 0.5]}
    demo = {**SMALL["experiments"]["demo"], "models": ["tuned"], "corruptions": ["clean"]}
    models = {**SMALL["models"], "tuned": {**men, "tune": tune}}
    project.configure({**SMALL, "experiments": {"demo": demo}, "models": models})
    jobs = submitted(SlurmRun(project, "models").wait())
    assert sum("train_model" in job for job in jobs) == 4
    chosen = project.folder / "results/demo/models/tuned/clean/fold1_seed1.safetensors"
    assert chosen.is_file()
