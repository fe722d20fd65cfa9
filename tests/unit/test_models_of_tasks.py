"""Every model under every task: heads, losses, and a training from targets to predictions."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.jobs import run_evaluation
from helpers.models import SMALL, build, clean_digests, described, widths_of
from helpers.noises import corruption
from helpers.tasks import task
from helpers.training import model as quick
from helpers.training import train

from robust_mer.models.fitted import Embedded, FittedModel
from robust_mer.models.model import Batch
from robust_mer.models.registry import MODELS, settings_class

NUMBERS = task("regression", target=["valence", "arousal"], target_range=[1.0, 5.0])
LABELS = task("multilabel", target=["happy", "sad", "angry"])
VOTES = task(target=["happy", "sad", "angry"])
TARGETS = {
    "number": torch.tensor([[1.0, 5.0], [2.5, torch.nan], [torch.nan] * 2, [4.0, 3.0]]),
    "label": torch.tensor([[1.0, 0, 0], [0, 1, 1], [torch.nan] * 3, [0, torch.nan, 1]]),
    "class": torch.tensor([[0.5, 0.5, 0], [0, 1, 0], [0.2, 0.3, 0.5], [1, 0, 0]]),
}


def batch_for(widths, target, teacher):
    """Four samples of random frames, and what the teacher says of them."""
    rng = torch.Generator().manual_seed(1)
    frames = {m: torch.randn(4, 6, width, generator=rng) for m, width in widths.items()}
    lengths = dict.fromkeys(widths, torch.tensor([6, 4, 5, 6]))
    targets = {}
    if teacher is not None:
        with torch.no_grad():
            of_zeros = teacher.encode_all({m: 0 * f for m, f in frames.items()}, lengths)
            targets = teacher.teach(teacher.encode_all(frames, lengths), of_zeros)
    is_clean = torch.ones(4, len(widths), dtype=torch.bool)
    is_clean[:, 0] = torch.tensor([False, True, False, True])
    return Batch(frames, lengths, target, targets, is_clean, frames)


@pytest.mark.parametrize("plugin", [NUMBERS, LABELS, VOTES], ids=["numbers", "labels", "votes"])
@pytest.mark.parametrize("name", MODELS)
def test_a_models_loss_is_finite_and_reaches_all_its_parameters(name, plugin):
    """With targets that are missing in part, for one utterance wholly."""
    facts, predicts = settings_class(name), plugin.build()
    if plugin == VOTES:
        predicts = predicts.described(predicts.settings, {"classes": list(predicts.columns)})
    if predicts.encoding not in facts.encodings:
        pytest.skip(f"{name} does not predict such targets")
    widths = widths_of(name)
    model = build(name, task=predicts)
    target = TARGETS[predicts.encoding]
    if isinstance(model, FittedModel):
        batch = batch_for(widths, target, None)
        embeddings = model.encode_all(batch.received, batch.lengths)
        validation = Embedded(embeddings, target.nan_to_num())
        assert np.isfinite(model.fit(Embedded(embeddings, target), validation))
        return
    teacher = build(facts.teacher, task=predicts) if facts.teacher else None
    batch = batch_for(widths, target, teacher)
    batch.clean_digests = clean_digests(model, batch.clean, batch.lengths)
    parts = model.train().loss(batch)
    assert predicts.loss_name in parts
    total = torch.stack(list(parts.values())).sum()
    assert total.isfinite()
    total.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    model.eval()
    with torch.no_grad():
        embeddings = model.encode_all(batch.received, batch.lengths)
        output = model.predict(embeddings, batch.is_clean)
    assert output.shape == (4, predicts.outputs)


def test_refinement_contrasts_what_is_alike():
    """An utterance without a target stands alone; the nearest numbers count as one class."""
    near = torch.tensor([[3.0, 1.0], [3.1, 1.0], [1.0, 1.0], [torch.nan] * 2])
    groups = NUMBERS.build().groups(near)
    assert groups[0] == groups[1]
    assert len({*groups.tolist()}) == 3


@pytest.fixture
def numbers(corpus):
    """The small corpus with two numbers: they depend on the class, whose features differ."""
    index = pd.read_csv(corpus["utterances_csv"])
    place = pd.factorize(index["label"], sort=True)[0]
    index["valence"], index["arousal"] = 1.0 + place, 4.5 - place
    index.to_csv(corpus["utterances_csv"], index=False)
    return corpus


@pytest.mark.parametrize("name", ["men", "ridge"])
def test_numbers_are_learnt_and_predicted(numbers, tmp_path, name):
    plugin = quick(name) if name == "men" else described(name)
    checkpoint, history = train(numbers, tmp_path, name, model=plugin, task=NUMBERS)
    table = pd.read_csv(history)
    assert {"validation_mae"} <= set(table.columns)
    clean, path = corruption("clean"), tmp_path / "predictions.parquet"
    run_evaluation(numbers, path, [checkpoint], clean, task=NUMBERS)
    test = pd.read_parquet(path).query("part == 'test'")
    assert list(test.columns[5:]) == [
        "valence",
        "arousal",
        "predicted_valence",
        "predicted_arousal",
    ]
    for target in ("valence", "arousal"):
        assert np.corrcoef(test[target], test[f"predicted_{target}"])[0, 1] > 0.6
    if name == "men":
        assert {"validation_r", "validation_ccc", "absolute_error"} <= set(table.columns)


def test_utterances_without_a_target_train_and_change_the_result(numbers, tmp_path):
    """They are in the training part; what the loss needs of them is left out."""
    index = pd.read_csv(numbers["utterances_csv"])
    train_rows = set(pd.read_csv(numbers["folds_csv"]).query("part == 'train'")["utterance"])
    missing = index["utterance"].isin(train_rows) & (index.index % 3 == 0)
    index.loc[missing, ["valence", "arousal"]] = np.nan
    index.to_csv(numbers["utterances_csv"], index=False)
    checkpoint, history = train(numbers, tmp_path, "men", task=NUMBERS)
    assert pd.read_csv(history)["loss"].notna().all()
    assert checkpoint.exists()
    assert set(SMALL) == {"audio", "video", "text"}
