"""The Slurm profile on a cluster of one machine; `make test-slurm` has the demo and faults."""

import shutil

import pytest
from helpers.project import STUDENT, TRAININGS, warm_python
from slurm.cluster import slurm_cluster, why_not
from slurm.runs import SlurmRun, differences, left_over, submitted


def test_training_through_slurm_gives_the_same_weights(project, finished, tmp_path):
    if reason := why_not(install=False):
        pytest.skip(reason)
    for path in ("models", "predictions"):
        shutil.rmtree(project.folder / "results/demo" / path)
    with slurm_cluster(tmp_path / "slurm") as cluster:
        run = SlurmRun(project, STUDENT, python=warm_python())
        run.wait_for_job(cluster, "train_")
        ports = cluster.open_ports()
        jobs = submitted(run.wait())
    assert ports
    assert all(address.startswith("127.0.0.1:") for address in ports), ports
    assert len(jobs) == 2, jobs  # the teacher and nmer
    assert not left_over(project.folder)
    for path in TRAININGS:
        assert not differences(project.folder / path, finished.folder / path)
