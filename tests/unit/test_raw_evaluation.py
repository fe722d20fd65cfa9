"""Trained models on features of corrupted recordings, whose lengths differ from the clean ones."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers.jobs import run_evaluation, run_schedule
from helpers.noises import corruption
from helpers.training import model, train

from robust_mer.conditions import Corruption
from robust_mer.errors import InputError
from robust_mer.store import read_features, write_features

BRIEF = model("men", epochs_constant=1, epochs_falling=0)


def rewritten(corpus, folder, change, utterances=None, modality="audio"):
    """A modality of the corpus with every utterance's frames changed."""
    clean = read_features(corpus["features"][modality])
    frames = [change(clean.frames(row)) for row in range(len(clean.utterances))]
    path = folder / f"corrupted_{modality}.h5"
    write_features(path, utterances or clean.utterances, frames, clean.names, None, {}, "")
    return path


@pytest.fixture
def evaluate(corpus, tmp_path):
    checkpoint, _ = train(corpus, tmp_path, model=BRIEF)

    def run(corrupted=None) -> pd.DataFrame:
        one = Corruption("raw", recorded={"audio": "raw"}) if corrupted else Corruption("clean")
        return run_evaluation(
            corpus,
            tmp_path / "predictions.parquet",
            [checkpoint],
            one,
            corrupted=[corrupted] if corrupted else [],
        )

    return run


def test_only_the_touched_modality_is_corrupted(evaluate, corpus, tmp_path):
    clean = evaluate()
    halves = evaluate(rewritten(corpus, tmp_path, lambda frames: -3 * frames[::2]))
    assert set(halves["condition"]) == {"vl", "avl"}
    complete = halves[halves["condition"] == "avl"].reset_index(drop=True)
    pd.testing.assert_frame_equal(complete, clean.reset_index(drop=True))
    touched = halves[halves["condition"] == "vl"]
    assert len(touched) == len(clean)
    assert (
        touched.filter(like="probability").to_numpy()
        != complete.filter(like="probability").to_numpy()
    ).mean() > 0.9


def test_what_lost_nothing_gives_the_clean_predictions(evaluate, corpus, tmp_path):
    same = evaluate(rewritten(corpus, tmp_path, lambda frames: frames))
    touched, complete = (
        same[same["condition"] == condition].filter(like="probability_").to_numpy()
        for condition in ("vl", "avl")
    )
    np.testing.assert_array_equal(touched, complete)


def test_a_modality_may_be_lost_altogether(evaluate, corpus, tmp_path):
    lost = evaluate(rewritten(corpus, tmp_path, lambda frames: frames[:0]))
    assert np.isfinite(lost.filter(like="probability_").to_numpy()).all()


def test_features_of_other_utterances_are_refused(evaluate, corpus, tmp_path):
    strangers = [f"x{i}" for i in range(96)]
    with pytest.raises(InputError, match="does not have the same utterances as the index"):
        evaluate(rewritten(corpus, tmp_path, lambda frames: frames, strangers))


def test_sound_picture_and_noise_on_text_are_corrupted_together(corpus, tmp_path):
    checkpoint, _ = train(corpus, tmp_path, model=BRIEF)
    halves = [
        rewritten(corpus, tmp_path, lambda frames: -3 * frames[::2], modality=modality)
        for modality in ("audio", "video")
    ]
    noise = corruption("gaussian_-10dB", ["text"])
    joint = replace(noise, name="street", recorded={"audio": "raw", "video": "raw"})

    def predictions(one, corrupted=()):
        schedule = run_schedule(corpus, tmp_path / "s.csv", one) if one.noises else None
        table = run_evaluation(
            corpus, tmp_path / "p.parquet", [checkpoint], one, schedule, corrupted=corrupted
        )
        return {
            str(condition): part.filter(like="probability_").to_numpy()
            for condition, part in table.groupby("condition")
        }

    together = predictions(joint, halves)
    assert set(together) == {"none", "a", "v", "l", "av", "al", "vl", "avl"}
    audio = predictions(Corruption("raw", recorded={"audio": "raw"}), halves[:1])
    video = predictions(Corruption("raw", recorded={"video": "raw"}), halves[1:])
    np.testing.assert_array_equal(together["vl"], audio["vl"])
    np.testing.assert_array_equal(together["al"], video["al"])
    np.testing.assert_array_equal(together["av"], predictions(noise)["av"])
    assert not (together["none"] == together["l"]).all()
