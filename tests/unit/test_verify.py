"""``robust-mer verify`` reports files that do not belong together, and nothing else."""

import json
import os
import sys
import time
from pathlib import Path

import pytest
from recorded_jobs import run

from robust_mer import cli
from robust_mer.corpora.index import remember
from robust_mer.errors import InputError
from robust_mer.provenance import hashes
from robust_mer.provenance.show import as_text
from robust_mer.provenance.verify import verify

MODELS = "results/c/models"


def train(model, fold, content, teacher=None, folds=None):
    """Train replicas of a model; ``fold`` or, in one job, ``folds``."""
    folds = folds or [fold]
    names = [f"fold{one}_seed1.history.csv" for one in folds]
    of = "-".join(map(str, folds))
    return run(
        f"train_model_fold{of}",
        f"results/c/logs/train_model/{model}/clean/fold{of}.log",
        {f"{MODELS}/{model}/clean/{name}": content for name in names},
        ["results/c/folds.csv"] + [f"{MODELS}/{teacher}/clean/{name}" for name in names if teacher],
        wildcards={"corpus": "c", "model": model, "trained_on": "clean"},
    )


def predict(content="p"):
    return run(
        "evaluate_model",
        "results/c/logs/evaluate_model/student.log",
        {"results/c/predictions/student.parquet": content},
        [f"{MODELS}/student/clean/fold1_seed1.history.csv"],
    )


def tabulate():
    return run(
        "write_tables",
        "results/logs/write_tables/e.log",
        {"results/tables/e_all.csv": "t", "results/tables/e_average.md": "t"},
        ["results/c/predictions/student.parquet", "published.csv"],
        wildcards={"experiment": "e"},
    )


@pytest.fixture
def done(tmp_path, monkeypatch):
    """A finished run: folds, a teacher, its student, predictions, tables."""
    monkeypatch.chdir(tmp_path)
    Path("published.csv").write_text("paper")
    run("make_folds", "results/c/logs/make_folds.log", {"results/c/folds.csv": "folds"})
    train("teacher", 1, "teacher")
    train("student", 1, "student", "teacher")
    predict()
    tabulate()
    for path in Path("results").rglob("*"):
        if path.is_file() and "provenance" not in path.parts:
            os.utime(path)  # Snakemake touches outputs
    return tmp_path


def problems_of(**options):
    return sorted((p.kind, p.path) for p in verify("results", **options).problems)


@pytest.mark.parametrize("quick", [False, True])
def test_a_finished_run_is_clean(done, quick):
    verdict = verify("results", quick)
    assert not verdict.problems
    assert not verdict.remarks
    counts = {row.rule: (row.jobs, row.files) for row in verdict.rules}
    assert counts == {
        "make_folds": (1, 1),
        "train_model": (2, 2),
        "evaluate_model": (1, 1),
        "write_tables": (1, 2),
    }


def test_a_changed_result_is_found_once_and_told_who_read_it(done):
    checkpoint = Path(f"{MODELS}/teacher/clean/fold1_seed1.history.csv")
    checkpoint.write_text("TEACHER")
    (problem,) = verify("results").problems
    assert (problem.kind, problem.path) == ("changed", str(checkpoint))
    assert "train_model_fold1 (c, teacher, clean)" in problem.what
    assert "jobs that read its old content: 1" in problem.what
    assert "snakemake" in problem.remedy


@pytest.mark.parametrize("quick", [False, True])
def test_truncated_and_missing_results_are_found(done, quick):
    Path("results/tables/e_all.csv").write_text("")
    Path("results/tables/e_average.md").unlink()
    assert problems_of(quick=quick) == [
        ("changed", "results/tables/e_all.csv"),
        ("gone", "results/tables/e_average.md"),
    ]


@pytest.mark.parametrize("quick", [False, True])
def test_results_from_older_versions_are_found_along_the_chain(done, quick):
    """The newer versions have the size of the older ones."""
    train("teacher", 1, "TEACHER")
    teacher, student = (
        f"{MODELS}/{model}/clean/fold1_seed1.history.csv" for model in ("teacher", "student")
    )
    (problem,) = verify("results", quick).problems
    assert (problem.kind, problem.path) == ("out of date", student)
    assert problem.what == (
        f"train_model_fold1 (c, student, clean) made {student} from an older version of {teacher} "
        "than train_model_fold1 (c, teacher, clean) wrote last"
    )
    train("student", 1, "STUDENT", "teacher")
    assert problems_of(quick=quick) == [("out of date", "results/c/predictions/student.parquet")]
    predict("P")
    assert problems_of(quick=quick) == [("out of date", "results/tables/e_all.csv")]
    tabulate()
    assert problems_of(quick=quick) == []


def test_the_same_content_written_anew_makes_nothing_out_of_date(done):
    train("teacher", 1, "teacher")
    assert problems_of() == []


def test_inputs_that_no_job_wrote_are_compared_too(done):
    Path("published.csv").write_text("PAPER")
    (problem,) = verify("results").problems
    assert problem.path == "results/tables/e_all.csv"
    assert "published.csv" in problem.what


def test_jobs_of_another_width_take_over_their_replicas_only(done):
    train("teacher", None, "teacher", folds=[1, 2])
    train("student", None, "student", "teacher", folds=[1, 2])
    assert problems_of() == []
    train("teacher", 1, "retrained")
    assert [path for _, path in problems_of()] == [
        f"{MODELS}/student/clean/fold1_seed1.history.csv"
    ]
    train("student", 1, "student", "teacher")
    assert problems_of() == []


def test_files_that_no_record_tells_of_are_found(done):
    for name in (
        "c/models/student/clean/.replicas/fold1_seed1.csv",
        "c/logs/x.log",
        "benchmarks/x.tsv",
        "snakemake_report.html",
        "c/.hidden",
        "c/features/left.h5.shards/1",
        "c/tables/logs/x",
    ):
        path = Path("results", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert problems_of() == [
        ("no record", "results/c/features/left.h5.shards/1"),
        ("no record", "results/c/tables/logs/x"),
    ]


def test_results_without_a_record_are_named(done):
    Path("results/c/provenance/make_folds.json").unlink()
    assert problems_of() == [("no record", "results/c/folds.csv")]


def test_quick_hashes_nothing_and_knows_old_and_young_files(done, monkeypatch):
    def refuse(path):
        raise AssertionError(f"{path} was hashed")

    monkeypatch.setattr(hashes, "sha256", refuse)
    assert problems_of(quick=True) == []
    table = "results/tables/e_all.csv"
    Path(table).write_text("T")  # as long, and edited at once: quick does not see that
    assert problems_of(quick=True) == []
    for hours in (-1, 1):
        when = time.time() + 3600 * hours
        os.utime(table, (when, when))
        assert problems_of(quick=True) == [("changed", table)]


def broken(change):
    """A record with something changed, as text."""
    known = json.loads(Path("results/c/provenance/make_folds.json").read_text())
    change(known)
    return json.dumps(known)


def with_path(path):
    return lambda known: known["outputs"][0].update(path=path)


BROKEN = {
    "nothing": lambda: "",
    "no JSON": lambda: "{",
    "a list": lambda: "[]",
    "null": lambda: "null",
    "deep": lambda: "[" * 200_000,
    "another format": lambda: broken(lambda k: k.update(format=9)),
    "lacks outputs": lambda: broken(lambda k: k.pop("outputs")),
    "outputs are text": lambda: broken(lambda k: k.update(outputs="abc")),
    "an output is a number": lambda: broken(lambda k: k.update(outputs=[1])),
    "bytes are text": lambda: broken(lambda k: k["outputs"][0].update(bytes="9")),
    "bytes are infinite": lambda: broken(lambda k: k["outputs"][0].update(bytes=float("inf"))),
    "no hash": lambda: broken(lambda k: k["outputs"][0].update(sha256="x" * 64)),
    "leaves the folder": lambda: broken(with_path("results/../../outside")),
    "absolute": lambda: broken(with_path("/etc/passwd")),
    "not among results": lambda: broken(with_path("published.csv")),
    "twice named": lambda: broken(with_path("results/./c/folds.csv")),
    "a null byte": lambda: broken(with_path("results/c/\0")),
    "an empty path": lambda: broken(with_path("")),
    "reads outside": lambda: broken(
        lambda k: k.update(inputs=[{**k["outputs"][0], "path": "../x"}])
    ),
    "no time": lambda: broken(lambda k: k.update(started="yesterday")),
    "seconds are a list": lambda: broken(lambda k: k.update(seconds=[])),
    "bytes without end": lambda: broken(lambda k: k["outputs"][0].update(bytes=10**400)),
    "seeds are a number": lambda: broken(lambda k: k.update(seeds=3)),
    "packages are numbers": lambda: broken(lambda k: k.update(packages={"numpy": 2})),
    "code is null": lambda: broken(lambda k: k.update(code=None)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_malformed_record_is_a_problem_with_its_name(done, what):
    record = Path("results/c/provenance/make_folds.json")
    record.write_text(BROKEN[what](), encoding="utf-8")
    verdict = verify("results")
    assert ("broken record", str(record)) in {(p.kind, p.path) for p in verdict.problems}
    assert {p.kind for p in verdict.problems} <= {"broken record", "no record"}
    as_text(verdict).encode()


def test_a_job_that_never_ended_does_no_harm(done):
    change_record("results/c/provenance/make_folds.json", seconds=1e308)
    assert problems_of(quick=True) == []


@pytest.mark.parametrize(
    "path", ["results/\ud800", "results/\x1b[2J", "results/" + "x" * 5000, "results/c"]
)
def test_strange_paths_do_no_harm(done, path):
    record = Path("results/c/provenance/make_folds.json")
    record.write_text(broken(with_path(path)), encoding="utf-8")
    verdict = verify("results")
    assert verdict.problems
    text = as_text(verdict)
    text.encode()
    assert "\x1b" not in text
    json.dumps(verdict.as_json()).encode()


def test_a_record_that_is_no_text(done):
    record = Path("results/c/provenance/make_folds.json")
    record.write_bytes(b"\xff\xfe\x00")
    assert ("broken record", str(record)) in problems_of()


def change_record(path, **changes):
    known = json.loads(Path(path).read_text())
    for key, value in changes.items():
        known[key] = {**known[key], **value} if isinstance(value, dict) else value
    Path(path).write_text(json.dumps(known))


def test_other_code_and_mixtures_are_remarks_not_problems(done):
    change_record(
        "results/c/provenance/train_model/student/clean/fold1.json",
        code={"identity": "0" * 16},
        packages={"numpy": "1.0"},
        host={"device": "NVIDIA H100"},
    )
    change_record("results/c/provenance/evaluate_model/student.json", packages={"numpy": "2.0"})
    verdict = verify("results")
    assert not verdict.problems
    text = "\n".join(verdict.remarks)
    assert "jobs of train_model that used code different from this checkout's" in text
    assert "jobs of train_model used 2 versions of the same code" in text
    assert "experiment e mixes numpy: 1.0 (1 jobs), 2.0 (1 jobs)" in text
    assert "experiment e mixes device: NVIDIA H100 (1 jobs), cpu (4 jobs)" in text
    assert "processor" not in text


def test_code_that_a_record_names_is_not_imported(done):
    Path("mine").mkdir()
    Path("mine/__init__.py").write_text("raise SystemExit('imported')")
    change_record("results/c/provenance/make_folds.json", code={"of": ["mine.noise:draw"]})
    assert not verify("results").problems
    change_record("results/c/provenance/make_folds.json", code={"of": ["robust_mer.gone"]})
    assert "robust_mer.gone" in "\n".join(verify("results").remarks)


def test_recordings_are_compared_with_the_index(done):
    root = done / "corpus"
    root.mkdir()
    for name in ("a.wav", "b.wav"):
        (root / name).write_text(name)
    rows = [",".join(map(str, remember(root, name))) for name in ("a.wav", "b.wav")]
    media = "\n".join(["path,bytes,mtime,hash", *rows, ""])
    run("index_corpus", "results/c/logs/index.log", {"results/c/media.csv": media})
    assert problems_of(media={"c": root}) == []
    (root / "b.wav").write_text("changed")
    assert problems_of(media={"c": root}) == [("recording", "b.wav")]
    assert problems_of() == []
    Path("results/c/media.csv").write_text("x\n1\n")
    with pytest.raises(InputError, match=r"media\.csv"):
        verify("results", media={"c": root})


def test_labels_outside_of_the_project_are_compared_where_the_root_is_told(done, tmp_path):
    root = tmp_path.parent / f"{tmp_path.name}_corpus"
    root.mkdir()
    (root / "labels.txt").write_text("x")
    run(
        "index_corpus",
        "results/c/logs/index.log",
        {"results/c/media.csv": "path,bytes,mtime,hash\n"},
        [str(root / "labels.txt")],
        wildcards={"corpus": "c"},
        root=str(root),
    )
    assert "outside the folder of the run: 1" in "\n".join(verify("results").remarks)
    assert problems_of(media={"c": root}) == []
    (root / "labels.txt").write_text("y")
    assert problems_of(media={"c": root}) == [("out of date", "results/c/media.csv")]


def command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["robust-mer", "verify", *arguments])
    cli.main()


def test_the_command(done, monkeypatch, capsys):
    command(monkeypatch)
    assert "6 files of 5 jobs belong together, by content" in capsys.readouterr().out
    Path("results/tables/e_all.csv").unlink()
    with pytest.raises(SystemExit) as end:
        command(monkeypatch, "results", "--quick")
    assert end.value.code == 1
    out = capsys.readouterr().out
    assert "results/tables/e_all.csv: write_tables (e) wrote it, but it is missing or" in out
    assert "to fix: run snakemake again" in out
    with pytest.raises(SystemExit):
        command(monkeypatch, "results", "--json")
    said = json.loads(capsys.readouterr().out)
    assert said["belongs_together"] is False
    assert [problem["kind"] for problem in said["problems"]] == ["gone"]
    with pytest.raises(SystemExit) as end:
        command(monkeypatch, "nothing")
    assert "nothing" in end.value.code


def test_a_results_folder_of_another_name(done):
    Path("results").rename("results_of_may")
    assert not verify("results_of_may").problems


def test_an_empty_folder_is_no_results(tmp_path):
    with pytest.raises(InputError, match="is empty: name the results"):
        verify(tmp_path)
