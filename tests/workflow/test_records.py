"""The records of a finished run, and ``robust-mer verify`` on it."""

import hashlib
import json
import re
import shutil
from pathlib import Path

from helpers.project import Project


def verified(project: Project, *arguments: str) -> tuple[int, dict]:
    """Exit status and findings of ``robust-mer verify``, of this checkout's package."""
    done = project.call("verify", "results", "--json", *arguments)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def problems(findings: dict) -> set[tuple[str, str]]:
    return {(problem["kind"], problem["path"]) for problem in findings["problems"]}


def test_a_finished_run_belongs_together_until_something_is_changed(project):
    for arguments in ((), ("--quick",)):
        status, findings = verified(project, *arguments)
        assert (status, findings["problems"], findings["remarks"]) == (0, [], [])
    rules = {row["rule"] for row in findings["rules"]}
    assert {"make_corpus", "index_corpus", "train_model", "write_report"} <= rules

    # a number in a table, by hand; one checkpoint in another's place
    table = project.folder / "results/tables/demo_average.csv"
    digits = table.read_bytes()
    table.write_bytes(digits.replace(b"0.", b"1.", 1))
    models = project.folder / "results/demo/models/nmer"
    swapped = models / "clean/fold1_seed1.safetensors"
    other = models / "gaussian_-10dB/fold1_seed1.safetensors"
    swapped.unlink()
    shutil.copyfile(other, swapped)
    status, findings = verified(project)
    assert status == 1
    assert problems(findings) == {
        ("changed", "results/tables/demo_average.csv"),
        ("changed", "results/demo/models/nmer/clean/fold1_seed1.safetensors"),
    }


def test_one_step_made_anew_leaves_what_hangs_on_it_out_of_date(project):
    config = (project.folder / "small.yaml").read_text(encoding="utf-8")
    changed = config.replace("epochs_constant: 1", "epochs_constant: 2")
    (project.folder / "small.yaml").write_text(changed, encoding="utf-8")
    teacher = "results/demo/models/invariance_teacher/clean/fold1_seed1.safetensors"
    done = project.run(teacher)
    assert done.returncode == 0, done.stdout[-3000:]
    status, findings = verified(project, "--quick")
    assert status == 1
    # also the epochs' history, which the learning curves show
    assert problems(findings) == {
        ("out of date", "results/demo/models/nmer/clean/fold1_seed1.safetensors"),
        ("out of date", "results/demo/models/nmer/gaussian_-10dB/fold1_seed1.safetensors"),
    }


def test_records_tell_of_the_job_and_rerun_nothing(finished, project):
    results = project.folder / "results"
    training = json.loads(
        (results / "demo/provenance/train_model/nmer/clean/fold1.json").read_text()
    )
    assert training["seeds"]["replicas"] == [1]
    assert training["params"]["model"]["settings"]["layers"] == 1
    assert training["host"]["device"]
    assert {"torch", "numpy"} <= set(training["packages"])
    read = {one["path"]: one["sha256"] for one in training["inputs"]}
    features = results / "demo/features/is13.h5"
    assert (
        read["results/demo/features/is13.h5"] == hashlib.sha256(features.read_bytes()).hexdigest()
    )
    teacher = "results/demo/models/invariance_teacher/clean/fold1_seed1.safetensors"
    assert teacher in read
    texts = [path.read_text() for path in results.rglob("provenance/**/*.json")]
    assert not [text for text in texts if str(finished.folder) in text or str(Path.home()) in text]

    average = (results / "tables/demo_average.md").read_text()
    conditions = (results / "tables/demo_conditions.md").read_text()
    signed = average.splitlines()[-1]
    assert signed.startswith("*Made from: experiment demo; robust-mer ")
    code = re.compile("code [0-9a-f]{16}")  # each table's own
    assert code.sub("code", conditions.splitlines()[-1]) == code.sub("code", signed)
    predictions = signed.rpartition("predictions ")[2].rstrip("*")
    assert len(predictions) == 12
    for name in ("tables/demo_claims.md", "tables/demo_average.tex", "figures/demo_snr.svg"):
        assert f"predictions {predictions}" in (results / name).read_text(), name
    digest = hashlib.sha256(features.read_bytes()).hexdigest()
    assert digest[:16] in (results / "report.html").read_text()

    for folder in (results / "provenance", results / "demo/provenance"):
        shutil.rmtree(folder)
    assert not project.planned()
    status, findings = verified(project, "--quick")
    assert status == 1
    assert ("no record", "results/demo/folds.csv") in problems(findings)
