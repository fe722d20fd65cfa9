"""Records list what a job read and wrote, without the machine's folders."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from recorded_jobs import fake_job, run
from safetensors.numpy import save_file

from robust_mer.provenance import hashes
from robust_mer.provenance.environment import host, packages
from robust_mer.provenance.hashes import Memory, survey
from robust_mer.provenance.record import JobRecord, split_log


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    place = tmp_path / "project"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def known(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("log", "record", "results"),
    [
        ("results/logs/write_report.log", "results/provenance/write_report.json", "results"),
        ("results/demo/logs/a/b_1.5.log", "results/demo/provenance/a/b_1.5.json", "results"),
        ("results/logs/logs/make_folds.log", "results/logs/provenance/make_folds.json", "results"),
        ("results/demo/logs/logs/x.log", "results/demo/provenance/logs/x.json", "results"),
        (
            ".snakemake/fs/results/d/logs/x.log",
            ".snakemake/fs/results/d/provenance/x.json",
            ".snakemake/fs/results",
        ),
    ],
)
def test_a_record_lies_beside_the_log(log, record, results):
    found = split_log(log)
    assert [path.as_posix() for path in found] == [results, record]


@pytest.mark.parametrize(
    ("log", "is_of_corpus", "results"),
    [
        ("out/mine/mine/logs/x.log", True, "out/mine"),
        ("out/mine/logs/x.log", False, "out/mine"),
        ("out/mine/logs/logs/x.log", False, "out/mine"),
    ],
)
def test_a_corpus_may_have_the_name_of_the_results(log, is_of_corpus, results):
    assert split_log(log, "out/mine", is_of_corpus)[0].as_posix() == results


def test_in_a_storages_folder_paths_are_those_of_any_other_run(folder):
    found = known(run("fold", "at/s3/results/c/logs/f.log", {"at/s3/results/c/f.csv": "x"}))
    assert found["outputs"][0]["path"] == "results/c/f.csv"


def test_what_a_record_holds(folder):
    (folder / "table.csv").write_text("a,b\n")
    path = run(
        "measure",
        "results/demo/logs/measure.log",
        {"results/demo/out.csv": "1\n"},
        ["table.csv"],
        params={"noises": {"audio": {"implementation": "x:y", "seed": 3}}, "seed": 1, "rate": 0.5},
        wildcards={"corpus": "demo"},
    )
    found = known(path)
    assert (found["rule"], found["wildcards"]) == ("measure", {"corpus": "demo"})
    assert found["params"]["rate"] == 0.5
    assert found["seeds"] == {"noises.audio.seed": 3, "seed": 1}
    assert found["code"]["of"] == ["robust_mer.replicas"]
    assert len(found["code"]["identity"]) == 16
    (read,), (wrote,) = found["inputs"], found["outputs"]
    assert read["path"] == "table.csv"
    assert read["sha256"] == hashlib.sha256(b"a,b\n").hexdigest()
    assert read["mtime_ns"] == (folder / "table.csv").stat().st_mtime_ns
    assert wrote == {
        "path": "results/demo/out.csv",
        "bytes": 2,
        "sha256": hashlib.sha256(b"1\n").hexdigest(),
        "mtime_ns": (folder / "results/demo/out.csv").stat().st_mtime_ns,
    }
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["host"]["device"] == "cpu"


def test_seeds_of_replicas_stand_in_their_files_names(folder):
    outputs = {f"results/d/models/m/clean/fold1_seed{n}.history.csv": "" for n in (12, 3)}
    assert known(run("train", "results/d/logs/t.log", outputs))["seeds"] == {"replicas": [3, 12]}


def test_folders_of_this_machine_are_not_told(folder):
    root = folder.parent / "licensed" / "IEMOCAP"
    root.mkdir(parents=True)
    (root / "labels.txt").write_text("x")
    elsewhere = folder.parent / "faces.csv"
    elsewhere.write_text("y")
    path = run(
        "index",
        "results/c/logs/index.log",
        {"results/c/u.csv": ""},
        [str(root / "labels.txt"), str(elsewhere)],
        params={"tables": [str(root / "labels.txt")], "note": str(root) + "2"},
        wildcards={"corpus": "c"},
        root=str(root),
    )
    labels, other = known(path)["inputs"]
    assert (labels["path"], labels["corpus"]) == ("labels.txt", "c")
    assert (other["path"], other["corpus"]) == ("faces.csv", "")
    assert known(path)["params"] == {"tables": ["<c>/labels.txt"], "note": "IEMOCAP2"}


def test_a_job_that_fails_leaves_no_record_not_even_the_one_before(folder):
    outputs = {"results/demo/out.csv": "1"}
    path = run("measure", "results/demo/logs/measure.log", outputs)
    assert path.exists()
    JobRecord(fake_job("measure", "results/demo/logs/measure.log"))
    assert not path.exists()


def test_a_folders_hash_is_that_of_its_files_and_their_names(folder):
    for name, text in (("b/c.txt", "two"), ("a.txt", "one")):
        (folder / "d" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "d" / name).write_text(text)
    lines = [
        f"{name}\0{hashlib.sha256(text.encode()).hexdigest()}\n"
        for name, text in (("a.txt", "one"), ("b/c.txt", "two"))
    ]
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    found = survey("d").hashed()
    assert (found.sha256, found.bytes, found.files) == (expected, 6, 2)
    (folder / "d/.snakemake_timestamp").touch()
    assert survey("d").hashed() == found
    (folder / "d/a.txt").rename(folder / "d/z.txt")
    assert survey("d").hashed().sha256 != expected


@pytest.fixture
def reads(monkeypatch):
    """Files that were read to be hashed."""
    seen = []

    def counted(path):
        seen.append(Path(path).name)
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()

    monkeypatch.setattr(hashes, "sha256", counted)
    return seen


def test_a_large_file_is_not_hashed_by_every_job_that_reads_it(folder, reads):
    large = "results/demo/features/is13.h5"
    run("extract", "results/demo/logs/extract.log", {large: bytes(2**21)})
    assert reads == ["is13.h5"]
    os.utime(large)  # as Snakemake does when it notes the job's end
    for fold in range(20):
        path = run(
            "train",
            f"results/demo/logs/train/fold{fold}.log",
            {f"results/demo/models/fold{fold}.csv": str(fold)},
            [large],
        )
    assert reads.count("is13.h5") == 2
    assert known(path)["inputs"][0]["sha256"] == hashlib.sha256(bytes(2**21)).hexdigest()
    before = Path(large).stat().st_mtime_ns
    Path(large).write_bytes(b"\1" + bytes(2**21 - 1))
    os.utime(large, ns=(before + 1, before + 1))
    path = run("train", "results/demo/logs/train/fold0.log", {"results/demo/x.csv": ""}, [large])
    assert reads.count("is13.h5") == 3
    assert known(path)["inputs"][0]["sha256"] != hashlib.sha256(bytes(2**21)).hexdigest()


def test_a_broken_memory_is_no_memory(folder, reads):
    Path("large.bin").write_bytes(bytes(2**21))
    memory = Memory("memory")
    expected = memory.content("large.bin").sha256
    for kept in Path("memory").rglob("*.json"):
        kept.write_text("[")
    assert memory.content("large.bin").sha256 == expected
    assert reads == ["large.bin", "large.bin"]


def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo("pipe")
    with pytest.raises(OSError, match="neither a file nor a folder"):
        survey("pipe")


def test_packages_are_those_of_the_import_closure():
    found = packages(["robust_mer.training.train"])
    assert {"torch", "numpy", "pandas", "safetensors"} <= set(found)
    assert not {"opensmile", "matplotlib", "snakemake"} & set(found)
    assert found["numpy"] == np.__version__


def test_the_device_is_that_of_the_training_not_of_the_job(folder):
    facts = {"facts": json.dumps({"device": "NVIDIA H200"})}
    save_file({"x": np.zeros(3)}, "fold1_seed1.safetensors", facts)
    assert host(["fold1_seed1.safetensors"], given_a_gpu=False)["device"] == "NVIDIA H200"


ASK = (
    "import json; from robust_mer.provenance import checkout as c; print(json.dumps(c.checkout()))"
)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_commit_and_changes_are_those_of_the_checkout(folder):
    source = Path(hashes.__file__).parents[1]
    shutil.copytree(source, "src/robust_mer", ignore=shutil.ignore_patterns("__pycache__"))

    def git(*arguments):
        config = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *config, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def asked(**environment):
        done = subprocess.run(
            [sys.executable, "-c", ASK],
            env={"PYTHONPATH": "src", **environment},
            check=True,
            capture_output=True,
            text=True,
        )
        found = json.loads(done.stdout)
        return found["commit"], found["dirty"]

    path = os.environ["PATH"]
    git("init", "--quiet")
    assert asked(PATH=path) == (None, None), "not a file of that checkout"
    git("add", "src")
    git("commit", "--quiet", "--message", "one")
    commit = git("rev-parse", "HEAD")
    assert asked(PATH=path) == (commit, False)
    Path("src/robust_mer/table.py").write_text("changed")
    assert asked(PATH=path) == (commit, True)
    assert asked(PATH="/nowhere") == (None, None)
    kept = json.dumps({"commit": "remembered", "dirty": None})
    assert asked(PATH=path, ROBUST_MER_CHECKOUT=kept) == ("remembered", None)
