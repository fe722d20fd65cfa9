"""Values that are not finite, utterances without frames: an error by name or a documented rule."""

import logging
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.corpus import NORMALISE, modalities, read
from helpers.corpus import NOT_FINITE as REFUSE
from helpers.jobs import run_evaluation, run_schedule
from helpers.models import ENCODERS, described
from helpers.noises import corruption
from helpers.tasks import CLASSIFICATION

from robust_mer.data import fit_normalisers
from robust_mer.engine.checkpoint import build_model, save_checkpoint
from robust_mer.errors import InputError
from robust_mer.store import read_features, write_features

TRAIN = range(64)
TEST = range(80, 96)


def spoil(path, change):
    """Rewrite a feature file; ``change`` is given every utterance's place and frames."""
    store = read_features(path)
    frames = [change(row, store.frames(row).copy()) for row in range(len(store.utterances))]
    write_features(path, store.utterances, frames, store.names, None, {}, "")


def put(values):
    """Put a value, by (utterance's place, frame, dimension), into the frames."""

    def change(row, frames):
        for (place, frame, dimension), value in values.items():
            if place == row:
                frames[frame, dimension] = value
        return frames

    return change


def schedule(corpus, folder, not_finite=REFUSE):
    read_as = modalities(NORMALISE, not_finite)
    return run_schedule(
        corpus, folder / "schedule.csv", corruption("gaussian_-10dB"), read_as=read_as
    )


def evaluate(corpus, folder, not_finite=REFUSE):
    """Predictions of an untrained MEN under noise."""
    data = read(corpus, not_finite)
    normalisers = fit_normalisers(data, 1)
    facts = {
        **described("men"),
        "inputs": {
            modality: {"width": len(store.names), "encoder": ENCODERS[modality]}
            for modality, store in data.features.items()
        },
        "task": {
            **asdict(CLASSIFICATION),
            "description": data.task.describe(),
        },
        "trained_on": "clean",
        "fold": 1,
        "seed": 1,
    }
    torch.manual_seed(0)
    save_checkpoint(folder / "fold1_seed1.safetensors", build_model(facts), normalisers, facts)
    return run_evaluation(
        corpus,
        folder / "predictions.parquet",
        [folder / "fold1_seed1.safetensors"],
        corruption("gaussian_-10dB"),
        schedule(corpus, folder, not_finite),
        read_as=modalities(NORMALISE, not_finite),
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_with_utterance_and_dimension(corpus, value):
    spoil(corpus["features"]["video"], put({(4, 1, 3): value}))  # utterance 3 has no frames
    with pytest.raises(InputError, match=r"video\.h5: u04 .* 'video3'.*not_finite: 0"):
        read(corpus, {**REFUSE, "audio": 0.0})


def test_infinities_that_cancel_out_are_seen(corpus):
    spoil(corpus["features"]["audio"], put({(0, 0, 0): np.inf, (0, 0, 1): -np.inf}))
    with pytest.raises(InputError, match=r"u00 .* 'audio0'"):
        read(corpus)


def test_values_that_are_replaced_are_counted(corpus, caplog):
    spoiled = {(4, 0, 1): np.nan, (4, 1, 1): np.inf, (90, 0, 0): -np.inf}
    path = corpus["features"]["audio"]
    before = read_features(path).values
    spoil(path, put(spoiled))
    assert read_features(path).count_not_finite() == (3, 2)
    assert read_features(corpus["features"]["text"]).count_not_finite() == (0, 0)
    with caplog.at_level(logging.WARNING, "robust_mer"):
        store = read(corpus, {**REFUSE, "audio": -2.0}).features["audio"]
    (record,) = caplog.records
    assert "audio: 3 values in 2 utterances are not finite; replaced by -2" in record.message
    for place, frame, dimension in spoiled:
        assert store.frames(place)[frame, dimension] == -2
    assert (store.values != before).sum() == 3


def test_statistics_and_predictions_are_those_of_the_replaced_values(corpus, tmp_path):
    places = [(0, 0, 1), (70, 0, 2), (95, 1, 0)]
    spoil(corpus["features"]["audio"], put(dict.fromkeys(places, 0.5)))
    undisturbed, rows = evaluate(corpus, tmp_path), schedule(corpus, tmp_path).read_text()
    values = dict(zip(places, (np.nan, np.inf, -np.inf), strict=True))
    spoil(corpus["features"]["audio"], put(values))
    replaced = {**REFUSE, "audio": 0.5}
    pd.testing.assert_frame_equal(evaluate(corpus, tmp_path, replaced), undisturbed)
    assert schedule(corpus, tmp_path, replaced).read_text() == rows


@pytest.mark.parametrize("empty", [[5, 90], TEST, [*TRAIN[1:], *TEST]], ids=["two", "test", "most"])
def test_utterances_without_any_frame_are_predicted_like_all_others(corpus, tmp_path, empty):
    for path in corpus["features"].values():
        spoil(path, lambda row, frames: frames[:0] if row in empty else frames)
    table = pd.read_csv(schedule(corpus, tmp_path))
    assert np.isfinite(table.drop(columns=["modality", "steps"]).to_numpy()).all()
    predictions = evaluate(corpus, tmp_path)
    assert np.isfinite(predictions.filter(like="probability_").to_numpy()).all()
    assert set(predictions["condition"]) == {"none", "a", "v", "l", "av", "al", "vl", "avl"}
    one = predictions[predictions["utterance"] == "u90"].filter(like="probability_").to_numpy()
    # there is nothing to lay noise on
    np.testing.assert_allclose(one, np.broadcast_to(one[0], one.shape), rtol=1e-5)


def test_a_modality_without_frames_in_a_training_part_is_named_with_its_fold(corpus, tmp_path):
    spoil(corpus["features"]["video"], lambda row, frames: frames[:0] if row in TRAIN else frames)
    with pytest.raises(InputError, match="fold 1 has no video frames in its training part"):
        schedule(corpus, tmp_path)
    with pytest.raises(InputError, match="fold 1 has no video frames in its training part"):
        evaluate(corpus, tmp_path)
