"""The protocol ``natural``: missing is what has no frames, in training and in tests."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.corpus import read
from helpers.experiments import make_experiment
from helpers.models import described
from helpers.noises import corruption
from helpers.training import evaluate, model, train

from robust_mer.engine.corruption import CorruptionOfFold
from robust_mer.engine.replica import EpochDraws, ReplicaData, training_conditions
from robust_mer.errors import InputError
from robust_mer.evaluation.experiment import Evaluation
from robust_mer.evaluation.presence import with_presence
from robust_mer.evaluation.scores import SummaryFiles, write_summary
from robust_mer.evaluation.spec import SummarySpec
from robust_mer.evaluation.summary import read_summary
from robust_mer.protocols.protocol import drawn_conditions
from robust_mer.protocols.registry import PROTOCOLS
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.store import write_features

THREE = ["audio", "video", "text"]
NATURAL = Plugin(PROTOCOLS["natural"], {})
COUNT = 10_000
RATES = np.array([0.02, 0.3, 0.1])
NAMES = [f"u{number}" for number in range(COUNT)]


@pytest.fixture(scope="module")
def is_present():
    """Whether detectors and recognisers that fail at these rates left frames."""
    return np.random.default_rng(5).random((COUNT, 3)) >= RATES


def condition_of(present, letters="avl"):
    return "".join(letter for letter, one in zip(letters, present, strict=True) if one) or "none"


def test_each_utterance_meets_what_it_has(is_present):
    protocol = NATURAL.build()
    drawn = drawn_conditions(protocol, THREE, 1, NAMES, is_present)
    assert drawn == [condition_of(row) for row in is_present]
    assert drawn_conditions(protocol, THREE, 2, NAMES[::-1], is_present[::-1]) == drawn[::-1]
    lost = 1 - is_present.mean(axis=0)
    assert (abs(lost - RATES) < 3 * (RATES * (1 - RATES) / COUNT) ** 0.5).all()
    counts = Counter(drawn)
    for present in np.ndindex(2, 2, 2):
        share = np.where(present, 1 - RATES, RATES).prod()
        error = (share * (1 - share) * COUNT) ** 0.5
        assert abs(counts[condition_of(present)] - share * COUNT) <= 3 * error


def test_what_a_corruption_does_not_touch_is_clean_come_what_may(is_present):
    protocol, touched = NATURAL.build(), ["video"]
    names = list(protocol.distribution(THREE, touched))
    weights = protocol.of_utterances(THREE, touched, is_present)
    assert names == ["al", "avl"]
    assert (weights == np.column_stack([~is_present[:, 1], is_present[:, 1]])).all()


def test_training_meets_each_utterance_as_it_is_in_every_epoch(is_present):
    conditions = [
        training_conditions(THREE, NATURAL.build(), corruption("missing"), is_present),
        training_conditions(THREE, NATURAL.build(), corruption("clean"), is_present),
    ]
    rows = np.arange(1, 4000, 2)
    replica = ReplicaData(1, 1, {"train": rows}, {}, [CorruptionOfFold({}, 1)] * 2, conditions)
    for epoch in (1, 2):
        drawn = EpochDraws.of(replica, epoch, 32, 0, torch.device("cpu"))
        of_clean = drawn.corruption == 1
        assert drawn.is_clean[of_clean].all()
        expected = is_present[rows[drawn.order]]
        assert (drawn.is_clean[~of_clean] == expected[~of_clean]).all()


@pytest.mark.parametrize("name", ["men_augmented", "logistic_regression"])
def test_epochs_are_chosen_on_validation_data_as_they_are(corpus, tmp_path, name):
    plugin = described(name) if name == "logistic_regression" else model(name)
    checkpoint, history = train(
        corpus,
        tmp_path,
        name,
        "missing_natural",
        model=plugin,
        corruptions=[corruption("missing")],
        protocol=NATURAL,
    )
    data = read(corpus)
    assert not data.is_present.all()
    condition = dict(zip(data.utterances, map(condition_of, data.is_present), strict=True))
    answers = evaluate(corpus, tmp_path, checkpoint, "missing")
    answers = answers[answers["part"] == "validation"]
    met = answers[answers["condition"] == answers["utterance"].map(condition)]
    assert len(met) == answers["utterance"].nunique()
    right = met["label"] == met["predicted"]
    expected = right.groupby(met["label"]).mean().mean()
    assert pd.read_csv(history)["validation_ua"].max() == pytest.approx(expected)


def test_scores_count_each_utterance_as_its_features_are(tmp_path):
    names = [f"u{number}" for number in range(40)]
    present = np.random.default_rng(1).random((40, 3)) < 0.6
    features = []
    for column, modality in enumerate(THREE):
        frames = [np.zeros((2 * int(one), 1), np.float32) for one in present[:, column]]
        features.append(tmp_path / f"{modality}.h5")
        write_features(features[-1], names[::-1], frames[::-1], ["x"], None, {}, "")
    conditions = ["none", "a", "v", "l", "av", "al", "vl", "avl"]
    rows = pd.DataFrame({"utterance": names, "label": ["x", "y"] * 20}).merge(
        pd.DataFrame({"condition": conditions}), how="cross"
    )
    met = dict(zip(names, map(condition_of, present), strict=True))
    is_right = rows["condition"] == rows["utterance"].map(met)  # right where it counts, else wrong
    rows["predicted"] = rows["label"].where(is_right, rows["label"].map({"x": "y", "y": "x"}))
    sure = np.where(rows["predicted"] == "x", 0.9, 0.1)
    rows = rows.assign(fold=1, seed=7, part="test", probability_x=sure, probability_y=1 - sure)
    rows.to_parquet(tmp_path / "predictions.parquet")
    experiment = make_experiment(
        [Evaluation("m", "missing_natural", "missing")],
        name="x",
        corpus="corpus",
        models={"m": "men"},
        folds=(1,),
        seeds=(7,),
        tested_under={"natural": NATURAL},
        modalities=tuple(THREE),
    )
    files = SummaryFiles([tmp_path / "predictions.parquet"], [], [], tmp_path / "all.csv", features)
    write_summary(SummarySpec(experiment, ()), files, Runtime())
    summary = read_summary(tmp_path / "all.csv").set_index("condition")
    assert (summary.loc["natural", "kind"], summary.loc["natural", "wa_mean"]) == ("drawn", 1)
    with pytest.raises(InputError, match="feature files do not have stranger"):
        with_presence(experiment, features).drawn_conditions(["stranger"])
