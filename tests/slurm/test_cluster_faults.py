"""What a cluster does to a run: jobs cancelled, a node lost, Snakemake itself stopped."""

import shutil
from collections import Counter

from slurm.runs import SlurmRun, differences, ended, left_over, submitted


def forget_models(project):
    """Have a copy of the finished demo train again."""
    results = project.folder / "results"
    for path in ("demo/models", "demo/predictions", "tables", "figures"):
        shutil.rmtree(results / path)


def check_end(project, finished):
    """The run is complete, equal to one without Slurm, and nothing is left half done."""
    assert not left_over(project.folder)
    assert not differences(project.folder / "results", finished.folder / "results")
    assert project.planned() == {}


def test_a_cancelled_job_is_tried_again_and_nothing_else(cluster, project, finished):
    forget_models(project)
    run = SlurmRun(project)
    cluster.cancel(run.wait_for_job(cluster, "train_model"))
    counts = Counter(submitted(run.wait()))
    assert sorted(counts.values())[-2:] == [1, 2], counts
    assert max(counts, key=counts.get).startswith("rule_train_model")
    check_end(project, finished)


def test_a_lost_node_costs_the_jobs_that_it_held(cluster, project, finished):
    forget_models(project)
    run = SlurmRun(project)
    run.wait_for_job(cluster, "train_model")
    cluster.kill_node()
    cluster.start_node()
    counts = Counter(submitted(run.wait()))
    again = [job for job, count in counts.items() if count > 1]
    assert again, counts
    assert all(job.startswith("rule_train_") for job in again), counts
    check_end(project, finished)


def test_an_interrupted_run_goes_on(cluster, project, finished):
    forget_models(project)
    run = SlurmRun(project)
    run.wait_for_job(cluster, "train_model_fold1_wildcards_demo_nmer")  # its teacher is finished
    text = run.interrupt()
    assert not cluster.jobs("PENDING", "RUNNING"), "jobs go on without Snakemake"
    done = ended(text)
    assert any("train_teacher" in job for job in done), done
    again = submitted(SlurmRun(project).wait())
    assert done.isdisjoint(again)
    assert any("nmer" in job for job in again)
    check_end(project, finished)
