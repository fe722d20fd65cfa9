"""Snakemake handles files and utterances whose names a shell would interpret."""

import csv
import os

import pandas as pd
import pytest
from helpers.project import Project

NAMES = [
    "two words",
    'it\'s "so"',
    "$(touch pwned)",
    "`touch pwned`",
    ";touch pwned",
    "-rf",
    "é'ü",
    "{u}{corpus}",
]
ROOT = "my corpus{2}; $(touch pwned) 'x'"


@pytest.fixture
def project(tmp_path):
    project = Project.make(tmp_path / "project")
    project.configure(
        {
            "run": ["mine"],
            "experiments": {
                "mine": {
                    "corpus": "mine",
                    "models": ["men"],
                    "conditions": ["partial"],
                    "corruptions": ["clean"],
                    "folds": [1],
                    "seeds": [1],
                },
            },
            "corpora": {
                "mine": {
                    "reader": "manifest",
                    "root": ROOT,
                    "table": "$(touch pwned) it's a table.csv",
                    "folds": {"scheme": "speaker_groups", "groups": 3},
                    "modalities": {
                        "audio": {"extractor": "is13", "normalise": True},
                        "text": {"extractor": "words", "normalise": False},
                    },
                },
            },
            "features": {
                "extractors": {
                    "words": {"class": "glove", "vectors": "my $(touch pwned) 'vectors'.txt"},
                },
            },
        }
    )
    root = project.folder / ROOT
    root.mkdir()
    (project.folder / "my $(touch pwned) 'vectors'.txt").write_text("well 1 2\nyes 3 4\n")
    with (root / "$(touch pwned) it's a table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["utterance", "session", "speaker", "label", "audio", "text"])
        for number, name in enumerate(NAMES):
            (root / f"{name}.wav").write_bytes(b"RIFF")
            speaker = f"$(touch pwned) '{number % 4}'"
            label = ("`x`", "$(y)")[number // 4]
            writer.writerow([name, "s", speaker, label, f"{name}.wav", f"well, yes; $(no) {name}"])
    return project


def test_index_and_extraction_of_such_a_corpus(project):
    wanted = ["results/mine/folds.csv", "results/mine/features/words.h5"]
    done = project.run(*wanted)
    assert done.returncode == 0, done.stdout[-5000:]
    table = pd.read_csv(project.folder / "results/mine/utterances.csv", keep_default_na=False)
    assert set(table["utterance"]) == set(NAMES)
    assert set(table["audio"]) == {f"{name}.wav" for name in NAMES}
    report = pd.read_csv(project.folder / "results/mine/features/words.csv")
    assert set(report["utterance"]) == set(NAMES)
    assert set(report["status"]) == {"ok"}
    written = [name for _, folders, files in os.walk(project.folder) for name in folders + files]
    assert "pwned" not in written
    again = project.run("--dry-run", *wanted)
    assert "Nothing to be done" in again.stdout, again.stdout[-3000:]
