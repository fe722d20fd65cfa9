"""Jobs: they end with Snakemake and explain faults to the user."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.project import warm_python
from mounts import mounted

from robust_mer.jobs import prepare_jobs
from robust_mer.runs import begin_run, report_killed, run_elsewhere

linux = pytest.mark.skipif(sys.platform != "linux", reason="jobs die with Snakemake on Linux only")


@pytest.fixture
def ended() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def job_under(runner: str) -> int:
    """Exit status of a job with this value of its runner's variable."""
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


def with_helpers() -> dict[str, str]:
    """The environment of a process that imports modules beside this file."""
    path = (str(Path(__file__).parent), os.environ.get("PYTHONPATH", ""))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def messages_of(tmp_path, body: str, name: str = "extract_features is13") -> tuple[str, str]:
    """What a job says that ends in ``body``: on the terminal, and in its log."""
    log = tmp_path / "results/logs/job.log"
    log.parent.mkdir(parents=True)
    code = (
        "import errno, os\n"
        "from recorded_jobs import fake_job\n"
        "from robust_mer.jobs import job\n"
        f"with job(fake_job('rule', {str(log)!r}), {name!r}):\n"
        f"    {body}\n"
    )
    done = subprocess.run(
        [warm_python(), "-c", code],
        text=True,
        env=with_helpers(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 1, done.stdout
    return done.stdout, log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (
            "raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), 'results/a.h5')",
            ["the disk that holds results/a.h5 is full", "MB free", "the same command again"],
        ),
        (
            "raise OSError(errno.EROFS, os.strerror(errno.EROFS), 'results/a.h5')",
            ["results/a.h5 is on a read-only file system"],
        ),
        (
            "raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), 'results/a.h5')",
            ["results/a.h5: permission denied"],
        ),
        (
            "raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))",
            ["your quota on the disk that holds"],
        ),
        ("raise MemoryError", ["out of memory", "--cores", "--set-threads extract_features=1"]),
        (
            "import numpy; numpy.zeros(1 << 50)",
            ["out of memory", "Unable to allocate 8.00 PiB", "the same command again"],
        ),
        (
            "import torch; torch.empty(1 << 50)",
            ["out of memory", "DefaultCPUAllocator", "the same command again"],
        ),
        (
            "import torch; raise torch.OutOfMemoryError('CUDA out of memory')",
            ["the GPU has too little free memory", "features.device to cpu"],
        ),
        (
            "from concurrent.futures.process import BrokenProcessPool; raise BrokenProcessPool",
            ["was killed, probably by the system for lack of memory"],
        ),
    ],
)
def test_faults_of_the_machine_are_one_line_that_says_what_to_do(tmp_path, body, parts):
    for text in messages_of(tmp_path, body):
        assert "Traceback" not in text
        (line,) = text.splitlines()
        for part in parts:
            assert part in line


def test_an_evaluation_that_a_gpu_cannot_hold_says_what_to_do(tmp_path):
    body = (
        "import torch, robust_mer.evaluation.evaluate as e\n"
        "    def fail(*_): raise torch.OutOfMemoryError('CUDA out of memory')\n"
        "    e.read_labelled_corpus, e.load_frames = (lambda *_: None), fail\n"
        "    from unittest.mock import MagicMock as Mock\n"
        "    e.evaluate_replicas(Mock(), Mock(), Mock(device='cpu', threads=1))"
    )
    for text in messages_of(tmp_path, body, "evaluate_model men clean"):
        (line,) = text.splitlines()
        assert "evaluate_model men clean: the GPU has too little free memory" in line
        assert "training.device to cpu" in line


def test_a_bug_leaves_its_trace(tmp_path):
    for text in messages_of(tmp_path, "[][1]"):
        assert "IndexError" in text
        assert "Traceback" in text


@linux
def test_memory_that_the_system_refuses(tmp_path):
    """The limit that batch systems set, met by Python itself."""
    body = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31)); "
        "x = [bytes(1 << 20) for _ in range(1 << 14)]"
    )
    for text in messages_of(tmp_path, body):
        (line,) = text.splitlines()
        assert "out of memory" in line


@pytest.fixture
def full_disk(tmp_path):
    """A disk of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with mounted(folder, "-t", "tmpfs", "-o", "size=64k", "tmpfs"):
        yield folder


WRITERS = {
    "h5": "import h5py\n    with h5py.File(path, 'w') as file: file['x'] = values",
    "h5, bit by bit": (
        "import h5py\n"
        "    with h5py.File(path, 'w') as file:\n"
        "        x = file.create_dataset('x', (0,), maxshape=(None,), chunks=(1000,))\n"
        "        for end in range(500, 100_000, 500): x.resize((end,)); x[end - 500:] = 1.5"
    ),
    "safetensors": "from safetensors.numpy import save_file; save_file({'x': values}, path)",
    "parquet": "import pandas; pandas.DataFrame({'x': values}).to_parquet(path)",
    "csv": "import pandas; pandas.DataFrame({'x': values}).to_csv(path)",
    "svg": (
        "from matplotlib.figure import Figure; figure = Figure()\n"
        "    figure.subplots().plot(values); figure.savefig(path)"
    ),
}


@pytest.mark.parametrize("what", WRITERS)
def test_a_full_disk_is_told_of_whoever_writes(full_disk, what):
    path = full_disk / f"a.{what.split(',')[0]}"
    body = (
        "import numpy; values = numpy.random.default_rng(1).random(100_000)\n"
        "    from robust_mer.files import whole\n"
        f"    with whole({str(path)!r}) as path:\n        " + WRITERS[what].replace("\n", "\n    ")
    )
    terminal, _ = messages_of(full_disk, body)
    (line,) = terminal.splitlines()
    assert "the disk that holds" in line
    assert "is full" in line
    assert str(full_disk) in line
    assert not path.exists()
    assert [left.name for left in full_disk.rglob("*") if left.is_file()] == ["job.log"]


def test_a_job_whose_log_cannot_be_written_says_so(tmp_path):
    with mounted(tmp_path, "-t", "tmpfs", "-o", "ro", "tmpfs"):
        code = (
            "from recorded_jobs import fake_job\nfrom robust_mer.jobs import job\n"
            f"with job(fake_job('rule', {str(tmp_path / 'a.log')!r}), 'a'): pass"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=with_helpers()
        )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "is on a read-only file system" in line


def test_a_killed_job_is_told_of_by_its_rule(tmp_path, capsys):
    """As Snakemake 9.27 wrote it."""
    log = tmp_path / "snakemake.log"
    log.write_text(
        'RuleException:\nCalledProcessError in file "Snakefile", line 7:\n'
        "Command 'set -euo pipefail;  python script.py' died with <Signals.SIGKILL: 9>.\n"
        "[Sat Nov 21 23:45:01 2026]\nError in rule find_faces:\n    message: None\n"
        "Command 'python other.py' returned non-zero exit status 1.\n"
        "Error in rule make_folds:\n",
        encoding="utf-8",
    )
    report_killed([str(log)])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("A job of find_faces was killed from outside, probably by the system")
    assert "--set-threads find_faces=1" in line


@pytest.mark.parametrize(
    ("host", "boot", "locked", "found"),
    [
        ("other", "another boot", True, "other"),
        ("other", "another boot", False, None),  # it came to its end
        ("this", "another boot", True, None),  # the machine was started anew
        ("container", "this boot", True, None),  # the system's lock holds between them
    ],
)
def test_a_run_on_another_machine_is_noticed(tmp_path, monkeypatch, host, boot, locked, found):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("socket.gethostname", lambda: "this")
    Path(".snakemake/locks").mkdir(parents=True)
    begin_run("results", {})
    note = json.loads(Path(".snakemake/run.json").read_text())
    assert note["host"] == "this"
    if locked:
        Path(".snakemake/locks/0.output.lock").touch()
    boot = note["boot"] if boot == "this boot" else boot
    Path(".snakemake/run.json").write_text(json.dumps({**note, "host": host, "boot": boot}))
    assert run_elsewhere(tmp_path) == found
