"""An RO-Crate: ``robust-mer verify`` accepts a copy elsewhere, and names what changed."""

import json
import shutil
import sys
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from recorded_jobs import run

from robust_mer import cli
from robust_mer.provenance.crate import CONFIG, CRATE, write_crate
from robust_mer.provenance.discard import discard
from robust_mer.provenance.hashes import survey
from robust_mer.provenance.verify import verify
from robust_mer.runs import begin_run

FEATURES = "results/c/features/loud_50%.h5"


@pytest.fixture
def crate(tmp_path, monkeypatch):
    """A finished run on a corpus on another disk, copied without it to another machine."""
    home, corpus = tmp_path / "home", tmp_path / "corpus"
    home.mkdir()
    corpus.mkdir()
    monkeypatch.chdir(home)
    Path("published.csv").write_text("paper")
    (corpus / "labels.csv").write_text("labels")
    begin_run("results", {"run": ["e"]})
    of_corpus = {"root": str(corpus), "wildcards": {"corpus": "c"}}
    run(
        "index_corpus",
        "results/c/logs/index.log",
        {"results/c/utterances.csv": "index"},
        [str(corpus / "labels.csv")],
        **of_corpus,
    )
    Path("results/c/raw/wav").mkdir(parents=True)
    Path("results/c/raw/wav/a.wav").write_text("sound")
    run("make_corpus", "results/c/logs/make.log", {"results/c/raw/b.txt": "text"}, **of_corpus)
    describe_folder(Path("results/c/provenance/make.json"))
    inputs = ["results/c/utterances.csv", "results/c/raw"]
    run("extract_features", "results/c/logs/extract.log", {FEATURES: "features"}, inputs)
    table = {"results/tables/e.csv": "table"}
    run("make_table", "results/logs/make_table.log", table, [FEATURES, "published.csv"])
    write_crate("results")
    away = tmp_path / "away"
    shutil.copytree("results", away / "downloaded")  # copies keep no times
    monkeypatch.chdir(away)
    return away / "downloaded"


def describe_folder(record):
    """Make a job's record describe the whole folder results/c/raw, as a generated corpus'."""
    content = survey("results/c/raw").hashed()
    entry = {
        "path": "results/c/raw",
        "bytes": content.bytes,
        "mtime_ns": content.mtime_ns,
        "files": content.files,
        "sha256": content.sha256,
    }
    written = json.loads(record.read_text())
    record.write_text(json.dumps({**written, "outputs": [entry]}))


def entities(crate):
    graph = json.loads((crate / CRATE).read_text())["@graph"]
    return {entity["@id"]: entity for entity in graph}


def test_a_copy_belongs_together_without_the_inputs_that_stayed(crate):
    verdict = verify(crate)
    assert not verdict.problems
    assert any("outside the folder of the run: 2" in remark for remark in verdict.remarks)


@pytest.mark.parametrize(
    "path",
    [
        "tables/e.csv",
        "c/features/loud_50%.h5",
        "c/raw/wav/a.wav",
        "c/provenance/extract.json",
        CONFIG,
    ],
)
@pytest.mark.parametrize("change", ["byte", "gone"])
def test_whatever_changed_is_named(crate, path, change):
    file = crate / path
    content = file.read_bytes()
    if change == "byte":
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    else:
        file.unlink()
    assert f"results/{path}" in [problem.path for problem in verify(crate).problems]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"@graph": [{"sha256": "", "@type": "File", "@id": "../x"}]}', "[" * 10**5]
)
def test_a_damaged_crate_is_a_problem(crate, text):
    (crate / CRATE).write_text(text)
    paths = [problem.path for problem in verify(crate).problems]
    assert f"downloaded/{CRATE}" in paths


def test_the_command_accepts_and_refuses(crate, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["robust-mer", "verify", str(crate)])
    cli.main()
    (crate / "tables/e.csv").write_text("tAble")
    with pytest.raises(SystemExit):
        cli.main()
    assert "tables/e.csv" in capsys.readouterr().out


def test_no_crate_is_written_of_what_does_not_belong_together(crate, monkeypatch):
    before = (crate / CRATE).read_text()
    (crate / "tables/e.csv").write_text("tAble")
    monkeypatch.setattr(sys, "argv", ["robust-mer", "crate", str(crate)])
    with pytest.raises(SystemExit, match=r"tables/e\.csv"):
        cli.main()
    assert (crate / CRATE).read_text() == before


def test_it_is_an_ro_crate(crate):
    graph = entities(crate)
    assert graph[CRATE]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert graph[CRATE]["about"] == {"@id": "./"}
    assert {"name", "description", "datePublished", "license"} <= set(graph["./"])
    parts = {part["@id"] for part in graph["./"]["hasPart"]}
    data = {name for name, one in graph.items() if one["@type"] in ("File", "Dataset")} - {"./"}
    assert parts == data
    assert all((crate / unquote(name)).exists() for name in parts)


def test_it_is_a_process_run_crate(crate):
    graph = entities(crate)
    profile = graph[graph["./"]["conformsTo"]["@id"]]
    assert profile["@id"] == "https://w3id.org/ro/wfrun/process/0.5"
    assert (profile["@type"], profile["version"]) == ("CreativeWork", "0.5")
    assert graph[graph["./"]["license"]["@id"]]["@type"] == "CreativeWork"
    jobs = [one for one in graph.values() if one["@type"] == "CreateAction"]
    for job in jobs:
        assert graph[job["instrument"]["@id"]]["@type"] == "SoftwareApplication"
        assert datetime.fromisoformat(job["startTime"]) <= datetime.fromisoformat(job["endTime"])


def test_every_file_has_a_media_type(crate):
    types = {
        name: entity["encodingFormat"]
        for name, entity in entities(crate).items()
        if entity["@type"] == "File"
    }
    assert types["tables/e.csv"] == "text/csv"
    assert types["c/features/loud_50%25.h5"] == "application/x-hdf5"
    assert types["c/provenance/extract.json"] == "application/json"


def test_no_list_has_a_single_value(crate):
    for entity in entities(crate).values():
        for key, value in entity.items():
            assert not (isinstance(value, list) and len(value) == 1), (entity["@id"], key)


def test_every_reference_leads_to_an_entity(crate):
    graph = entities(crate)
    references = [
        reference["@id"]
        for entity in graph.values()
        for key, value in entity.items()
        for reference in (value if isinstance(value, list) else [value])
        if isinstance(reference, dict) and (entity["@id"], key) != (CRATE, "conformsTo")
    ]
    assert set(references) <= set(graph)


def test_it_says_what_was_made_from_what_with_which_code(crate):
    graph = entities(crate)
    job = graph["#job/provenance/make_table"]
    software = graph[job["instrument"]["@id"]]
    assert job["result"] == {"@id": "tables/e.csv"}
    assert [graph[one["@id"]]["name"] for one in job["object"]] == [
        "c/features/loud_50%.h5",
        "published.csv",
    ]
    assert software["name"] == "robust-mer"
    assert software["softwareVersion"]


def test_what_was_discarded_is_not_missed(crate):
    Path("published.csv").write_text("paper")
    discard([str(crate / "c/features/loud_50%.h5"), "none"], str(crate), "discard.log")
    assert not (crate / "c/features/loud_50%.h5").exists()
    assert not verify(crate, with_crate=False).problems
    write_crate(crate)
    assert not verify(crate).problems
    graph = entities(crate)
    (features,) = (one for one in graph.values() if one.get("name") == FEATURES)
    assert features["@type"] == "CreativeWork"


def test_the_config_is_in_it(crate):
    assert yaml.safe_load((crate / CONFIG).read_text()) == {"run": ["e"]}
    assert CONFIG in entities(crate)


def test_nothing_reveals_the_machine_on_which_the_run_was(crate):
    assert str(crate.parents[1]) not in (crate / CRATE).read_text()
