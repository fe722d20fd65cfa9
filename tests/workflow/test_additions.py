"""The user's own parts, as docs/extending.md has them: each a class in the project's folder.

The code and the sections of the config are those of the page; no file of the package is touched.
"""

import re

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml
from helpers.project import ROOT, Project, edited
from snakemake.utils import update_config

# What the page leaves to the reader's own corpus.
CLIPS = {
    "root": "clips",
    "folds": {"scheme": "speaker_groups", "groups": 3},
    "modalities": {
        "audio": {"extractor": "loudness", "normalise": True},
        "text": {"extractor": "words", "normalise": False},
    },
}
CONFIG = {
    "run": ["mine"],
    "experiments": {
        "mine": {
            "corpus": "mine",
            "models": ["mean"],
            "folds": [1],
            "seeds": [1],
            "tested_on": ["uneven"],
        }
    },
    "corruption": {"named": {"uneven": {"audio": "gaussian_-5dB"}}},
    "corpora": {"mine": CLIPS, "rated": {"reader": "my_reader:MyReader", **CLIPS}},
    "features": {"extractors": {"words": {"class": "glove", "vectors": "vectors.txt"}}},
    "models": {"mean": {"epochs_constant": 1, "epochs_falling": 0}},
}
MODULES = {
    f"my_{part}.py"
    for part in (
        *("reader", "extractor", "noise", "model", "protocol", "task", "metric", "table", "figure"),
    )
}


@pytest.fixture
def project(tmp_path):
    project = Project.make(tmp_path / "project")
    page = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
    config: dict = {}
    modules = set()
    for language, text in re.findall(r"```(python|yaml)\n(.*?)```", page, re.DOTALL):
        if language == "yaml":
            update_config(config, yaml.safe_load(text))
        elif module := re.match(r"# (my_\w+\.py)\b", text):
            modules.add(module[1])
            (project.folder / module[1]).write_text(text, encoding="utf-8")
    assert modules == MODULES
    update_config(config, CONFIG)
    project.configure(config)
    write_clips(project.folder / "clips")
    (project.folder / "vectors.txt").write_text("well 1 2\nyes 3 4\n", encoding="utf-8")
    return project


def write_clips(folder):
    """Clips of noise with a transcript, and the table that my_reader.py reads."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for number in range(24):
        name = f"clip{number:02}"
        soundfile.write(folder / f"{name}.wav", rng.uniform(-0.5, 0.5, 4000), 16_000)
        emotion = ["good", "bad"][number // 6 % 2]
        rows.append((name, f"p{number % 6}", emotion, "well " * (number % 4 + 1) + "yes"))
    rows.append(("clip24", "p0", "", "well"))
    table = pd.DataFrame(rows, columns=["name", "who", "emotion", "words"])
    table.to_csv(folder / "clips.csv", index=False)


def test_eight_parts_of_the_users_own_run_from_the_corpus_to_the_report(project):
    done = project.run()
    assert done.returncode == 0, done.stdout[-5000:]
    results = project.folder / "results"
    # reader
    assert len(pd.read_csv(results / "mine/utterances.csv")) == 24
    assert "clip24 has no emotion" in (results / "mine/index_problems.csv").read_text()
    # extractor
    features = pd.read_csv(results / "mine/features/loudness.csv")
    assert set(features["frames"]) == {25}
    # noise: uniform in ±0.5, with a power 10.8 dB below the 1 that the formula assumes
    schedule = pd.read_csv(results / "mine/corrupted/mine_-10dB/schedule.csv")
    assert set(schedule["modality"]) == {"audio", "text"}
    assert (schedule["true_snr_db"] + 10 - 10.79).abs().max() < 1
    # model and protocol
    summary = pd.read_csv(results / "tables/mine_all.csv")
    assert set(summary["model"]) == {"mean"}
    assert set(summary["trained_on"]) == {"clean", "mine_-10dB_one_noisy"}
    assert set(summary["tested_on"]) == {"clean", "mine_-10dB", "uneven"}
    tested = summary[summary["kind"].isin(["none", "partial", "complete"])]
    conditions = tested.groupby("tested_on")["condition"].unique().map(set)
    assert conditions["mine_-10dB"] == {"none", "a", "l", "al"}
    assert conditions["uneven"] == {"l", "al"}  # words stay clean
    # metric
    assert (summary["error_mean"] + summary["wa_mean"] - 1).abs().max() < 1e-12
    assert "Error rate" in (results / "tables/mine_average.md").read_text()
    # table and figure
    best = pd.read_csv(results / "tables/mine_best.csv")
    assert set(best["tested_on"]) == {"mine_-10dB", "uneven"}
    assert "Best models, mine" in (results / "tables/mine_best.md").read_text()
    assert (results / "tables/mine_best.tex").stat().st_size
    assert "UA" in (results / "figures/mine_bars.svg").read_text()
    assert (results / "figures/mine_bars.pdf").stat().st_size
    page = (results / "report.html").read_text()
    for text in ("Best models, mine", "UA of every model, averaged over corruptions", "Error rate"):
        assert text in page
    assert not project.planned()

    with edited(
        project,
        ("my_noise.py", '"""Uniform noise."""', '"""Noise."""'),
        ("my_noise.py", "- 1)", "- 1)  # why"),
    ):
        assert not project.planned()
    with edited(project, ("my_noise.py", "- 1)", "- 0.5)")):
        jobs = project.planned("results/tables/mine_all.csv")
    assert set(jobs) == {"schedule_noise", "train_model", "evaluate_model", "write_summary"}
    assert jobs["schedule_noise"] == {"corpus=mine, corruption=mine_-10dB"}
    assert {what.split("trained_on=")[1] for what in jobs["train_model"]} == {
        "mine_-10dB_one_noisy, folds=fold1"
    }
    assert all("mine_-10dB" in what for what in jobs["evaluate_model"])
    with edited(project, ("my_table.py", "{:.3f}", "{:.2f}")):
        jobs = project.planned()
    assert set(jobs) == {"make_statistics_csv_md_tex", "write_report"}
    with edited(project, ("my_metric.py", "weight @ wrong", "1.0 * weight @ wrong")):
        jobs = project.planned()
    assert {"write_summary", "compute_statistics", "make_average_csv_md_tex"} <= set(jobs)
    assert not {"train_model", "evaluate_model"} & set(jobs)
