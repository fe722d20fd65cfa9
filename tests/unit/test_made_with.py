"""What tables, figures, models and the report say of their origin, from the records."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
from helpers.tasks import CLASSIFICATION, WA_UA
from recorded_jobs import CODE, fake_job, run

from robust_mer.identity import code_identity
from robust_mer.provenance import origin as origins
from robust_mer.provenance.facts import made_with
from robust_mer.provenance.ledger import read_ledger
from robust_mer.provenance.origin import origin, training_of
from robust_mer.provenance.record import JobRecord
from robust_mer.report.printed import read_markdown
from robust_mer.report.spec import Experiment, TableFiles, TableSpec
from robust_mer.report.table import Line, Table
from robust_mer.report.tables.base import ResultTable, make_table
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin

PREDICTIONS = "results/c/predictions/m/clean/clean/predictions.parquet"
CHECKPOINT = "results/c/models/m/clean/fold1_seed2.safetensors"
HEADER = json.dumps({"__metadata__": {"facts": json.dumps({"device": "NVIDIA H100"})}}).encode()
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER


@pytest.fixture(autouse=True)
def done(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    software = {
        "version": "0.1.0",
        "commit": "0123456789abcdef",
        "dirty": True,
        "snakemake": "9.27",
    }
    monkeypatch.setenv("ROBUST_MER_CHECKOUT", json.dumps(software))
    run("index_corpus", "results/c/logs/index_corpus.log", {"results/c/utterances.csv": "u"})
    run(
        "extract_features",
        "results/c/logs/extract_features/is13.log",
        {"results/c/features/is13.h5": "f", "results/c/features/is13.csv": "f"},
        ["results/c/utterances.csv"],
    )
    run(
        "train_model_fold1",
        "results/c/logs/train_model/m/clean/fold1.log",
        {CHECKPOINT: WEIGHTS},
        ["results/c/features/is13.h5"],
    )
    run(
        "evaluate_model",
        "results/c/logs/evaluate_model/m/clean/clean.log",
        {PREDICTIONS: "p"},
        [CHECKPOINT],
        params={"seed": 7},
    )
    run(
        "write_tables",
        "results/logs/write_tables/e.log",
        {"results/tables/e_all.csv": "t"},
        [PREDICTIONS],
        wildcards={"experiment": "e"},
    )


def of_predictions(content):
    pairs = [[PREDICTIONS, hashlib.sha256(content).hexdigest()]]
    return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()[:12]


@pytest.mark.parametrize("read", [PREDICTIONS, "results/tables/e_all.csv"])
def test_the_origin_names_predictions_however_they_were_read(read):
    record = JobRecord(
        fake_job("some", "results/logs/some/e.log", [read], wildcards={"experiment": "e"})
    )
    assert origin(record).split("; ") == [
        "experiment e",
        "robust-mer 0.1.0, commit 0123456789ab, changed since",
        f"code {code_identity(CODE)}",
        f"predictions {of_predictions(b'p')}",
    ]


def test_the_origin_of_what_is_not_made_from_predictions_names_none():
    job = fake_job("draw", "results/logs/draw/e.log", [CHECKPOINT], wildcards={"experiment": "e"})
    assert "predictions" not in origin(JobRecord(job))


class Small(ResultTable):
    """A table of one number."""

    title = "Small"
    reads = ()

    def read(self, spec, files):
        """The number."""
        return pd.DataFrame({"a": [1]})

    def tables(self, spec, data):
        """One table."""
        return [Table("Caption", ["a"], [], [[Line(["1"])]], ["a note"])]


def test_signed_tables_read_as_before(tmp_path):
    spec = TableSpec(
        "t",
        Plugin(f"{__name__}:Small", {}),
        Experiment("e", "c", {}, (1,), (1,), CLASSIFICATION, WA_UA),
    )
    files = {suffix: tmp_path / f"t.{suffix}" for suffix in ("csv", "md", "tex")}
    make_table(spec, TableFiles(**files), Runtime())
    plain = {suffix: path.read_text() for suffix, path in files.items()}
    before = read_markdown(files["md"])
    make_table(spec, TableFiles(**files), Runtime(origin="a|b; code 1"))
    assert files["csv"].read_text() == plain["csv"] == "a\n1\n"
    assert read_markdown(files["md"]) == before
    assert files["md"].read_text() == plain["md"] + "\n*Made from: a\\|b; code 1*\n"
    assert files["tex"].read_text() == plain["tex"] + "% made from: a|b; code 1\n"


def test_a_models_training_is_that_of_its_record():
    found = training_of(CHECKPOINT)
    assert found["rule"] == "train_model_fold1"
    assert found["robust_mer"]["commit"] == "0123456789abcdef"
    assert found["host"]["device"] == "NVIDIA H100"
    assert training_of("results/c/models/m/clean/fold2_seed2.safetensors") is None
    Path("results/c/provenance/train_model/m/clean/fold1.json").write_text("{")
    assert training_of(CHECKPOINT) is None
    assert origins.training_of("results/c/models/other/clean/fold1_seed1.safetensors") is None


CHOSEN = "results/c/models/t/clean/fold1_seed2.safetensors"
CANDIDATES = [
    f"results/c/models/t@dropout={share}/clean/fold1_seed2.safetensors" for share in (1, 2)
]


def choose(content):
    """A candidate for each of two values, and the copy of the second one."""
    for number, candidate in enumerate(CANDIDATES):
        folder = Path(candidate).parent.as_posix().replace("/models/", "/logs/train_model/")
        written = WEIGHTS + bytes([number]) if number == 0 else content
        run(f"train_model_fold{number + 1}", f"{folder}/fold1.log", {candidate: written}, [])
    run(
        "choose_model_fold1",
        "results/c/logs/choose_model/t/clean/fold1.log",
        {CHOSEN: content},
        CANDIDATES,
    )


def test_a_tuned_models_training_is_that_of_the_chosen_candidate():
    choose(WEIGHTS + b"two")
    assert training_of(CHOSEN)["rule"] == "train_model_fold2"


def test_rules_of_some_replicas_share_a_name():
    choose(WEIGHTS + b"two")
    stems = {record.rule: record.stem for record in read_ledger("results").records}
    assert stems["train_model_fold2"] == "train_model"
    assert stems["choose_model_fold1"] == "choose_model"
    assert stems["evaluate_model"] == "evaluate_model"


def test_a_model_that_is_no_longer_tuned_has_its_own_training():
    choose(WEIGHTS + b"two")
    log = "results/c/logs/train_model/t/clean/fold1.log"
    run("train_model_fold3", log, {CHOSEN: WEIGHTS + b"three"}, [])
    assert training_of(CHOSEN)["rule"] == "train_model_fold3"
    choose(WEIGHTS + b"four")  # and tuned once more
    assert training_of(CHOSEN)["rule"] == "train_model_fold2"


def test_the_report_tells_what_the_jobs_behind_it_had():
    run("index_corpus", "results/other/logs/index_corpus.log", {"results/other/folds.csv": "o"})
    found = made_with("results", ["results/tables/e_all.csv", "results/tables/e_lost.csv"])
    versions = {(what, version): int(jobs) for what, version, jobs in found.versions}
    assert versions["robust-mer", "0.1.0, commit 0123456789ab, changed since"] == 5
    assert versions["snakemake", "9.27"] == 5
    assert versions["device", "NVIDIA H100"] == 1
    assert versions["device", "cpu"] == 4
    assert found.seeds == [
        ["evaluate_model", "replicas", "2"],
        ["evaluate_model", "seed", "7"],
        ["train_model", "replicas", "2"],
    ]
    assert found.data == [
        [
            "results/c/features/is13.h5",
            "extract_features",
            "0.0",
            hashlib.sha256(b"f").hexdigest()[:16],
        ],
        ["results/c/utterances.csv", "index_corpus", "0.0", hashlib.sha256(b"u").hexdigest()[:16]],
    ]
    assert found.unrecorded == 1
