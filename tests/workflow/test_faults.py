"""Wrong configs, broken recordings, killed runs."""

import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil
import pytest
from helpers.project import HANG, SMALL, Project, edit, jobs_at_work, save_at_every_epoch
from mounts import mounted

FEATURES = "results/demo/features/is13.h5"
TABLE = "results/tables/demo_all.csv"
SCORES = "src/robust_mer/evaluation/scores.py"
BODY = "    if not files.predictions:\n"


def same(path: str, project: Project, finished: Project) -> bool:
    return (project.folder / path).read_bytes() == (finished.folder / path).read_bytes()


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"modles": {}}, ["modles", "did you mean 'models'"]),
        (
            {"corpora": {"demo": {"root": "no/such/folder"}}},
            ["corpora.demo.root", "no/such/folder"],
        ),
    ],
)
def test_a_wrong_config_stops_before_the_first_job(project, change, parts):
    project.configure({**SMALL, **change})
    done = project.run()
    assert done.returncode != 0
    for part in parts:
        assert part in done.stdout
    assert "Traceback" not in done.stdout


def test_broken_recordings_cost_their_utterance_only(finished):
    results = finished.folder / "results/demo"
    index = pd.read_csv(results / "utterances.csv", keep_default_na=False)
    index = index.set_index("utterance")

    def failures(extractor):
        table = pd.read_csv(results / f"features/{extractor}.csv", keep_default_na=False)
        return table[table["status"] == "failed"].set_index("utterance")["reason"]

    sizes = index["audio"].map(lambda path: (results / "raw" / path).stat().st_size)
    (silent,) = index.index[sizes == 0]
    assert failures("is13").index.tolist() == [silent]
    assert len(failures("is13")[silent]) > 5
    wordless = index.index[index["text"] == ""]
    assert failures("minilm").to_dict() == dict.fromkeys(wordless, "no transcript")
    unseen = index.index[index["video"] == ""]
    assert len(wordless)
    assert len(unseen)
    assert set(failures("mini_xception").index) == set(unseen)
    video = pd.read_csv(results / "features/mini_xception.csv", keep_default_na=False)
    assert (video["status"] == "empty").any(), "an utterance whose face is hidden has zero frames"
    predictions = pd.read_parquet(results / "predictions/men/clean/clean/predictions.parquet")
    folds = pd.read_csv(results / "folds.csv")
    tested = folds[(folds["fold"] == 1) & (folds["part"] == "test")]["utterance"]
    assert set(tested) == set(predictions[predictions["part"] == "test"]["utterance"])


def test_too_many_failures_stop_the_run_and_say_why(project):
    project.configure({**SMALL, "features": {**SMALL["features"], "max_failed_fraction": 0.01}})
    features = project.folder / "results/demo/features"
    (features / "is13.h5").unlink()
    done = project.run("results/demo/features/is13.h5")
    assert done.returncode != 0
    assert "mini_xception.csv, more than the fraction 0.01" in done.stdout  # of the earlier run
    for table in features.glob("*.csv"):
        table.unlink()
    done = project.run("results/demo/features/is13.h5")
    assert done.returncode != 0
    assert "features.max_failed_fraction" in done.stdout
    assert "Ses01F_impro01_F000: audio cannot be decoded" in done.stdout


def processes_in(folder: Path) -> list[psutil.Process]:
    """The processes at work in a folder."""
    return [
        process
        for process in psutil.process_iter(["cwd", "status"])
        if process.info["cwd"] == str(folder) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def is_at_work(rule: str, folder: Path) -> bool:
    """Whether a job of a rule has computed for half a second."""
    return any(
        process.info["cpu_times"].user > 0.5
        for process, name in jobs_at_work(folder).items()
        if name == rule
    )


def wait_for(condition: Callable[[], object], what: str, seconds: float = HANG) -> None:
    """Wait until something is so, however busy the machine is."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


def kill(process: subprocess.Popen, folder: Path) -> None:
    """SIGKILL; returns when every process of the run has ended."""
    assert process.poll() is None, "the run ended before it could be killed"
    process.kill()
    process.wait()
    # The kernel ends the jobs: they need no more than the time to be scheduled.
    wait_for(lambda: not processes_in(folder), "the jobs' end: one writes on", 120)


@pytest.mark.skipif(sys.platform != "linux", reason="jobs die with Snakemake on Linux only")
def test_a_killed_run_leaves_no_orphan_and_goes_on(finished, project):
    """SIGKILL to Snakemake itself while an extraction is at work."""
    target, rule = "results/demo/features/minilm.h5", "extract_features"
    (project.folder / target).unlink()
    process = project.start(target)
    wait_for(lambda: process.poll() is not None or is_at_work(rule, project.folder), rule)
    kill(process, project.folder)
    done = project.run_as_make(target)
    assert done.returncode == 0, done.stdout[-3000:]
    assert same(target, project, finished)


def test_a_killed_training_resumes_and_ends_with_the_same_weights(project):
    """SIGKILL while a replica trains; the next run resumes after its last saved epoch."""
    save_at_every_epoch(project)
    nmer = {**SMALL["models"]["nmer"], "epochs_constant": 20}
    project.configure({**SMALL, "models": {**SMALL["models"], "nmer": nmer}})
    folder = project.folder / "results/demo/models/nmer/gaussian_-10dB"
    target = str(folder.relative_to(project.folder) / "fold1_seed1.safetensors")
    log = project.folder / "results/demo/logs/train_model/nmer/gaussian_-10dB/fold1.log"
    done = project.run(target)
    assert done.returncode == 0, done.stdout[-3000:]
    checkpoint = folder / "fold1_seed1.safetensors"

    def history() -> pd.DataFrame:
        return pd.read_csv(folder / "fold1_seed1.history.csv").drop(columns="seconds")

    undisturbed = checkpoint.read_bytes(), history()
    shutil.rmtree(folder)

    process = project.start(target)
    saved = folder / ".replicas/fold1_seed1.progress.safetensors"
    wait_for(lambda: saved.exists() or process.poll() is not None, "the first epoch's end")
    kill(process, project.folder)
    assert not checkpoint.exists(), "the training ended before it could be killed"
    done = project.run_as_make(target)
    assert done.returncode == 0, done.stdout[-3000:]
    resumed = re.search(r"fold 1, seed 1 resumes after epoch (\d+)", log.read_text())
    assert resumed, log.read_text()
    assert 1 <= int(resumed[1]) < 21
    assert checkpoint.read_bytes() == undisturbed[0]
    pd.testing.assert_frame_equal(history(), undisturbed[1])


def test_two_runs_at_once_are_refused(project):
    (project.folder / "results/demo/features/minilm.h5").unlink()
    log = project.folder / "first.log"
    first = project.start(log=log)
    # Snakemake speaks: workflow/run.py has taken the lock before it
    wait_for(lambda: first.poll() is not None or log.stat().st_size, "the first run")
    second = project.run_as_make()
    first.kill()
    first.wait()
    assert second.returncode != 0
    assert "Another run is under way" in second.stdout


@pytest.mark.parametrize("place", ["results", "results/demo/features"])
def test_a_full_disk_is_told_of_and_the_run_goes_on_when_there_is_space(
    finished, project, tmp_path, place
):
    """All that is written, or the features alone, on a disk with room for a part of them."""
    (project.folder / FEATURES).unlink()
    folder = project.folder / place
    kept = shutil.move(folder, tmp_path / "kept")
    folder.mkdir()
    used = int(subprocess.run(["du", "-sB1", kept], stdout=subprocess.PIPE).stdout.split()[0])
    with mounted(folder, "-t", "tmpfs", "-o", f"size={used + 200_000}", "tmpfs"):
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        failed = project.run(FEATURES)
        assert failed.returncode != 0
        assert "the disk that holds" in failed.stdout, failed.stdout[-3000:]
        assert "is full" in failed.stdout
        assert "Traceback" not in failed.stdout, failed.stdout[-5000:]
        assert not (project.folder / FEATURES).exists()
        if place == "results":  # to go on afterwards is the same in both cases
            return
        subprocess.run(["mount", "-o", "remount,size=1g", str(folder)], check=True)
        done = project.run(FEATURES)
        assert done.returncode == 0, done.stdout[-3000:]
        assert same(FEATURES, project, finished)


def test_results_that_cannot_be_written_stop_the_run_before_its_first_job(project):
    shutil.rmtree(project.folder / "results/tables")
    folder = project.folder / "results"
    with mounted(folder, "--bind", str(folder)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        done = project.run(TABLE)
    assert done.returncode != 0
    assert "results is on a read-only file system" in done.stdout, done.stdout
    assert "Traceback" not in done.stdout
    assert "rule write_summary" not in done.stdout
    done = project.run(TABLE)
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_job_that_is_killed_is_told_of_and_the_run_goes_on(finished, project):
    """As the system does when memory runs out: SIGKILL to the job, not to Snakemake."""
    (project.folder / TABLE).unlink()
    edit(
        project,
        SCORES,
        BODY,
        f"    import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n{BODY}",
    )
    done = project.run(TABLE)
    assert done.returncode != 0
    assert "A job of write_summary was killed from outside" in done.stdout, done.stdout[-3000:]
    assert "lack of memory" in done.stdout
    shutil.copy(finished.folder / SCORES, project.folder / SCORES)
    done = project.run(TABLE)
    assert done.returncode == 0, done.stdout[-3000:]
    assert same(TABLE, project, finished)


def test_a_job_without_memory_says_so(project):
    (project.folder / TABLE).unlink()
    edit(project, SCORES, BODY, f"    import numpy; numpy.ones(1 << 50)\n{BODY}")
    done = project.run(TABLE)
    assert done.returncode != 0
    assert "out of memory. Run fewer jobs at once" in done.stdout, done.stdout[-3000:]
    assert "Traceback" not in done.stdout


def test_a_run_on_another_machine_is_refused(project):
    (project.folder / TABLE).unlink()
    note = project.folder / ".snakemake/run.json"
    assert json.loads(note.read_text())["host"] == socket.gethostname()
    note.write_text(json.dumps({"host": "node7", "boot": "another", "process": 1}))
    lock = project.folder / ".snakemake/locks/0.output.lock"
    lock.parent.mkdir(exist_ok=True)
    lock.write_text(f"{TABLE}\n")
    refused = project.run_as_make(TABLE)
    assert refused.returncode != 0
    assert "A run on node7 is under way in this folder, or was killed there" in refused.stdout
    assert lock.exists()
    note.unlink()
    done = project.run_as_make(TABLE)
    assert done.returncode == 0, done.stdout[-3000:]
