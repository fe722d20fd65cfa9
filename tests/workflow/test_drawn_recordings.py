"""Snakemake plans the extraction of every draw of corrupted recordings, and says what it takes."""

from helpers.project import PARTS, ROOT, Project

CONFIG = {
    "run": ["heard"],
    "experiments": {
        "heard": {
            "corpus": "clips",
            "models": ["men_augmented"],
            "conditions": ["partial"],
            "corruptions": ["street", "clip_20%", "clip_10to30%"],
            "folds": [1],
            "seeds": [1],
        }
    },
    "corruption": {
        "draws": 2,
        "named": {"street": {"audio": "babble_-10to-5dB", "text": "unknown_30%"}},
    },
    "corpora": {
        "clips": {
            "reader": "manifest",
            "root": "corpus",
            "folds": {"scheme": "part"},
            "modalities": {
                "audio": {"extractor": "is13", "normalise": True, "frame_rate": 10},
                "text": {"extractor": "minilm", "normalise": False},
            },
        }
    },
}


def test_every_draw_is_extracted_and_counted(tmp_path):
    (tmp_path / "corpus").mkdir()
    for part in PARTS:
        (tmp_path / part).symlink_to(ROOT / part)
    project = Project(tmp_path)
    project.configure(CONFIG)
    done = project.run("models", "--dry-run")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "clips: training on corrupted recordings needs 7 extractions (5 of audio" in done.stdout
    outputs = {
        file
        for line in done.stdout.splitlines()
        if line.strip().startswith("output: ")
        for file in line.strip().removeprefix("output: ").split(", ")
    }
    folder = "results/clips/corrupted"
    assert {file for file in outputs if file.startswith(folder) and file.endswith(".h5")} == {
        f"{folder}/babble_-10to-5dB/features/is13.h5",
        f"{folder}/babble_-10to-5dB/features/is13@10Hz.h5",
        f"{folder}/babble_-10to-5dB/draw2/features/is13.h5",
        f"{folder}/babble_-10to-5dB/draw2/features/is13@10Hz.h5",
        f"{folder}/clip_20%/features/is13.h5",
        f"{folder}/clip_20%/features/is13@10Hz.h5",
        *(
            f"{folder}/clip_10to30%/{draw}features/is13{rate}.h5"
            for draw in ("", "draw2/")
            for rate in ("", "@10Hz")
        ),
        f"{folder}/unknown_30%/features/minilm.h5",
        f"{folder}/unknown_30%/draw2/features/minilm.h5",
    }
