"""A trained replica is reused only where everything that determines it is the same."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from robust_mer.conditions import NoiseSpec
from robust_mer.corruption.noise import build_noise
from robust_mer.corruption.registry import NOISES
from robust_mer.engine.corruption import CorruptionOfFold, CorruptionOfModality
from robust_mer.engine.replica import ReplicaData
from robust_mer.training.resume import identity
from robust_mer.training.saved import corpus_identity

SPEC = NoiseSpec("gaussian", -10.0, NOISES["gaussian"], {}, is_mask=False)
NOISY = CorruptionOfFold(
    {"audio": CorruptionOfModality("gaussian", build_noise(SPEC), alpha_bar=0.5)}, seed=1
)
REPLICA = ReplicaData(
    fold=1,
    seed=1,
    parts={"train": np.arange(4), "validation": np.arange(4, 6), "test": np.arange(6, 8)},
    normalisers={},
    corruptions=[NOISY],
    conditions=[],
)
STRONGER = replace(NOISY.modalities["audio"], alpha_bar=0.4)


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ({"fold": 2}, False),
        ({"seed": 2}, False),
        ({"parts": {**REPLICA.parts, "train": np.arange(1, 4)}}, False),
        ({"parts": {**REPLICA.parts, "validation": np.arange(4, 5)}}, False),
        ({"parts": {**REPLICA.parts, "test": np.arange(6, 7)}}, True),
        ({"corruptions": [replace(NOISY, modalities={"audio": STRONGER})]}, False),
        ({"corruptions": [NOISY, NOISY]}, False),
    ],
)
def test_what_a_replica_hangs_on(change, is_same):
    first, other = (identity({}, one, None) for one in (REPLICA, replace(REPLICA, **change)))
    assert (first == other) == is_same


def test_a_replica_hangs_on_its_teacher_and_on_what_all_of_the_job_share(tmp_path):
    teacher = tmp_path / "fold1_seed1.safetensors"
    seen = {identity({}, REPLICA, None), identity({"torch": "2"}, REPLICA, None)}
    for content in ("weights", "other weights"):
        teacher.write_text(content)
        seen.add(identity({}, REPLICA, teacher))
    assert len(seen) == 4


def corpus(**changes):
    """A corpus of three utterances, as far as its identity sees it."""
    values = {
        "target": np.array([0, 1, 0]),
        "utterances": ["a", "b", "c"],
        "classes": ["happy", "sad"],
        "names": ["pitch", "loudness"],
        "layers": [],
        "offsets": np.array([0, 1, 3, 4]),
        "values": np.arange(8, dtype=np.float32).reshape(4, 2),
    } | changes
    store = SimpleNamespace(**{k: values[k] for k in ("names", "layers", "offsets", "values")})
    task = SimpleNamespace(describe=lambda: values["classes"])
    return SimpleNamespace(
        task=task,
        utterances=values["utterances"],
        target=values["target"],
        features={values.get("modality", "audio"): store},
    )


@pytest.mark.parametrize(
    "change",
    [
        {"target": np.array([0, 1, 1])},
        {"utterances": ["a", "b", "d"]},
        {"classes": ["happy", "angry"]},
        {"names": ["pitch", "jitter"]},
        {"layers": [0, 1]},
        {"offsets": np.array([0, 2, 3, 4])},
        {"values": np.ones((4, 2), np.float32)},
        {"modality": "text"},
    ],
)
def test_what_the_identity_of_a_corpus_hangs_on(change):
    assert corpus_identity(corpus(**change)) != corpus_identity(corpus())
    assert corpus_identity(corpus()) == corpus_identity(corpus())
