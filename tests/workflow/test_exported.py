"""What leaves the workflow is usable without it."""

import json

import pandas as pd


def test_a_trained_model_predicts_a_recording(project):
    done = project.run("exported", "exported_features")
    assert done.returncode == 0, done.stdout[-3000:]
    corpus = project.folder / "results" / "demo"
    folders = {
        p.parent.relative_to(corpus).as_posix() for p in corpus.rglob("exported/*/*/*/card.md")
    }
    assert folders == {
        "exported/men/clean/fold1_seed1",
        "exported/invariance_teacher/clean/fold1_seed1",
        "exported/nmer/clean/fold1_seed1",
        "exported/nmer/gaussian_-10dB/fold1_seed1",
    }
    assert len(list(corpus.glob("exported_features/*/fold1/features/A/comparE.h5"))) == 2

    index = pd.read_csv(corpus / "utterances.csv").set_index("utterance")
    folds = pd.read_csv(corpus / "folds.csv")
    tested = index.loc[folds.loc[folds["part"] == "test", "utterance"]]
    row = tested[tested["audio_is_cut"] == 1].iloc[0]
    elsewhere = project.folder.parent / "elsewhere"
    (corpus / "exported").rename(elsewhere)
    model = str(elsewhere / "nmer" / "gaussian_-10dB" / "fold1_seed1")
    audio = str(corpus / "raw" / row["audio"])
    done = project.call("predict", audio, "--model", model, "--json", cwd=project.folder.parent)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert set(said["probabilities"]) == set(index["label"])
    assert abs(sum(said["probabilities"].values()) - 1) < 1e-9
    assert said["modalities"]["audio"]["frames"] > 0
    assert said["modalities"]["video"]["note"] == "not given"
    targets = ("features", "exported", "exported_features")
    assert project.planned(*targets).keys() - {*targets} == {"export_model"}  # it was moved away
