"""Replicas that train as one: each is the same as if trained alone, even after interruptions."""

import logging
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.corpus import NORMALISE, WIDTHS, add_folds, modalities, write_corpus
from helpers.models import TASK, inputs_of
from helpers.stacks import KEYS, described, teach, train
from safetensors.torch import load_file
from torch import nn
from torch.func import functional_call

from robust_mer.engine.nets import Nets
from robust_mer.errors import InputError
from robust_mer.models.chance import Dropout, StandardNormal
from robust_mer.models.men.men import MEN
from robust_mer.models.men.settings import MENSettings
from robust_mer.models.model import Batch
from robust_mer.models.registry import settings_class
from robust_mer.training import resume
from robust_mer.training import saved as saved_module
from robust_mer.training.optimiser import Optimiser
from robust_mer.training.saved import Saved


class Undisturbed:
    """Trainings that nothing disturbs, each done once."""

    def __init__(self, folder):
        self.folder = folder
        self.folds = add_folds(write_corpus(folder))

    @cached_property
    def teachers(self):
        return teach(self.folds, self.folder)

    def teachers_of(self, name):
        return self.teachers if settings_class(name).teacher else None

    @cache  # noqa: B019 (there is one object)
    def trained(self, name, width):
        """Checkpoints of a model, trained so many replicas at once."""
        folder = self.folder / f"{name}_{width}"
        teachers = self.teachers_of(name)
        return train(self.folds, folder, name, teachers=teachers, max_replicas=width)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return Undisturbed(tmp_path_factory.mktemp("undisturbed"))


def history_of(checkpoint):
    """The history of a replica, without its times."""
    return pd.read_csv(checkpoint.with_suffix(".history.csv")).drop(columns="seconds")


# No weight moves farther in the trainings of this module than Adam's steps reach: three epochs of
# four steps.
FARTHEST = 3 * 4 * 1e-3


def assert_same(weights, expected, name):
    """The same but for rounding.

    Adam makes whole steps of gradients that are rounding alone. A hidden unit whose input is zero
    but for rounding is on for one order of summation and off for another, which changes its share
    of a batch's gradient; processors differ in when that happens. Replicas that are mixed up differ
    by about as much as weights move, or by their initial weights.
    """
    tolerance = 3e-4 * expected.norm() + 0.1 * FARTHEST * expected.numel() ** 0.5
    assert (weights - expected).norm() <= tolerance, name


@pytest.mark.parametrize("name", ["men", "nmer"])
def test_a_replica_is_the_same_alone_and_in_a_stack(undisturbed, tmp_path, name):
    alone, stacked = (undisturbed.trained(name, width) for width in (1, 4))
    teachers = undisturbed.teachers_of(name)
    other = train(undisturbed.folds, tmp_path, name, KEYS[1:3], teachers=teachers, max_replicas=2)
    for key in KEYS:
        expected = load_file(alone[key])
        for checkpoints in (stacked, other):
            if key not in checkpoints:
                continue
            trained = load_file(checkpoints[key])
            for tensor, value in expected.items():
                assert_same(trained[tensor], value, tensor)
            histories = [history_of(paths[key]) for paths in (alone, checkpoints)]
            first = [history.drop(columns="kept").head(1) for history in histories]
            pd.testing.assert_frame_equal(*first, rtol=1e-3, atol=1e-4)
            np.testing.assert_allclose(*(history["loss"] for history in histories), rtol=0.05)


def test_replicas_differ_by_fold_and_seed(undisturbed):
    weights = [load_file(path) for path in undisturbed.trained("men", 4).values()]
    first = [w["model.classifier.0.weight"] for w in weights]
    assert not any(torch.equal(a, b) for i, a in enumerate(first) for b in first[:i])


def test_draws_are_the_same_alone_and_stacked():
    keys = torch.tensor([[3, -7], [123456, 99], [-(1 << 31), (1 << 31) - 1]], dtype=torch.int32)
    values = torch.randn(3, 50, 40)
    for site in (Dropout(0.3), StandardNormal()):
        stacked = torch.vmap(
            lambda key, some, site=site: functional_call(site, {"key": key}, some)
        )(keys, values)
        for replica in range(3):
            site.key = keys[replica]
            assert torch.equal(site(values[replica]), stacked[replica])
        assert not torch.equal(stacked[0], stacked[1])


def test_draws_have_the_distribution_they_should():
    keys = np.random.default_rng(0).integers(-(1 << 31), 1 << 31, (100, 2), dtype=np.int32)
    dropout, normal, masks, numbers = Dropout(0.3), StandardNormal(), [], []
    for key in keys:
        dropout.key = normal.key = torch.from_numpy(key)
        masks.append(dropout(torch.ones(10_000)))
        numbers.append(normal(torch.empty(10_000)))
    masks, numbers = torch.stack(masks), torch.stack(numbers)
    assert masks.unique().tolist() == pytest.approx([0, 1 / 0.7])
    dropped = (masks == 0).double()
    assert dropped.mean() == pytest.approx(0.3, abs=0.002)
    # neither keys nor elements know of each other: five standard errors
    assert torch.corrcoef(dropped).fill_diagonal_(0).abs().max() < 5 / 100
    for lag in (1, 2, 128, 384):
        product = (dropped - 0.3)[:, lag:] * (dropped - 0.3)[:, :-lag]
        assert abs(product.mean() / 0.21) < 5 / 1000
    assert numbers.mean() == pytest.approx(0, abs=0.005)
    assert numbers.std() == pytest.approx(1, abs=0.005)
    assert (numbers**4).mean() == pytest.approx(3, abs=0.05)
    assert not Dropout(0.3).eval()(torch.ones(9)).ne(1).any()


def test_steps_are_those_of_torchs_optimisers_with_clipping_per_sub_network(corpus):
    """A stack, in which one replica skips a step, against models with an optimiser each."""
    given = described(
        "men", dropout=0.0, clip_norm=0.05, weight_decay=0.1, optimiser="adamw", beta1=0.5
    )["settings"]
    settings = MENSettings(**given)
    torch.manual_seed(0)
    models = [MEN(settings, inputs_of(WIDTHS), TASK) for _ in range(3)]
    for net in models:
        for text in (part for part in net.modules() if isinstance(part, Dropout)):
            text.probability = 0.0
    nets = Nets(models, torch.device("cpu"))
    optimiser = Optimiser(nets, settings)
    plain = [
        torch.optim.AdamW(net.parameters(), lr=1e-3, betas=(0.5, 0.999), weight_decay=0.1)
        for net in models
    ]
    for which in ([0, 1, 2], [0, 2], [0, 1, 2]):
        batch = Batch(
            {m: torch.randn(len(which), 8, 6, d) for m, d in WIDTHS.items()},
            {m: torch.randint(1, 7, (len(which), 8)) for m in WIDTHS},
            torch.randint(4, (len(which), 8)),
            {},
            torch.ones(len(which), 8, 3, dtype=torch.bool),
            {},
        )
        keys = torch.zeros(len(which), nets.sites, 2, dtype=torch.int32)
        optimiser.set_epoch(1)
        parts = nets.backward(which, batch, keys, settings.clip_norm)
        optimiser.step(which)
        for place, replica in enumerate(which):
            net = models[replica].train()
            single = Batch(
                {m: v[place] for m, v in batch.received.items()},
                {m: v[place] for m, v in batch.lengths.items()},
                batch.target[place],
                {},
                batch.is_clean[place],
                {},
            )
            loss = net.loss(single)["cross_entropy"]
            torch.testing.assert_close(parts["loss"][place], loss.detach())
            plain[replica].zero_grad()
            loss.backward()
            for part in (*net.encoders.values(), net.classifier):
                nn.utils.clip_grad_norm_(part.parameters(), settings.clip_norm)
            plain[replica].step()
    for replica, net in enumerate(models):
        ours = nets.model(nets.weights[replica]).state_dict()
        for name, value in net.state_dict().items():
            torch.testing.assert_close(ours[name], value, rtol=1e-4, atol=1e-6, msg=name)


def test_learning_rate_is_constant_and_then_falls(folds, tmp_path):
    model = described("men", epochs_constant=2, epochs_falling=3, learning_rate=1e-3)
    checkpoints = train(folds, tmp_path, "men", KEYS[:1], model=model)
    history = history_of(checkpoints[KEYS[0]])
    # factor at epoch e from 0: 1 - max(0, e + 1 - niter) / (niter_decay + 1) (facts of MMIN)
    expected = [1e-3 * (1 - max(0, epoch + 1 - 2) / 4) for epoch in range(5)]
    np.testing.assert_allclose(history["learning_rate"], expected)


class BrokenError(Exception):
    """Stands for whatever ends a job."""


@pytest.mark.parametrize(("name", "width"), [("men", 1), ("nmer", 4)])
def test_a_broken_off_training_goes_on_and_ends_the_same(
    undisturbed, tmp_path, monkeypatch, caplog, name, width
):
    folds, expected = undisturbed.folds, undisturbed.trained(name, width)
    options = {"name": name, "teachers": undisturbed.teachers_of(name)}
    options |= {"max_replicas": width, "save_every": 0}
    epochs = []

    def break_off(epoch, replicas):
        epochs.append(epoch)
        if len(epochs) == 2 + 3 * (width == 1):  # the second epoch, of the second wave if alone
            raise BrokenError

    with pytest.raises(BrokenError):
        train(folds, tmp_path, **options, on_epoch=break_off)
    assert not list(tmp_path.glob("*.safetensors"))
    epochs.clear()
    caplog.set_level(logging.INFO, "robust_mer")
    monkeypatch.setattr(logging.getLogger("robust_mer"), "propagate", True)
    again = train(folds, tmp_path, **options, on_epoch=lambda epoch, _: epochs.append(epoch))
    assert "resumes after epoch 1" in caplog.text
    assert len(epochs) == (2 if width == 4 else 2 + 2 * 3)
    assert ("fold 1, seed 1 was already trained" in caplog.text) == (width == 1)
    for key in KEYS:
        assert again[key].read_bytes() == expected[key].read_bytes()
    assert not list(tmp_path.rglob("*.progress.*"))


def test_what_was_trained_is_taken_over_while_nothing_changed(folds, tmp_path):
    trained, keys = set(), [(1, 1), (2, 1)]

    def train_men(keys=keys, **changes):
        trained.clear()
        options = {"model": described("men", epochs_constant=1, epochs_falling=0), **changes}
        return train(
            folds, tmp_path, "men", keys, on_epoch=lambda _, some: trained.update(some), **options
        )

    before = {key: path.read_bytes() for key, path in train_men().items()}
    assert trained == set(keys)
    for path in tmp_path.glob("*.safetensors"):
        path.unlink()  # as Snakemake does before it starts a job
    after = train_men([*keys, (1, 3)])
    assert trained == {(1, 3)}
    assert all(after[key].read_bytes() == content for key, content in before.items())
    for change in (
        {"code": "other"},
        {"model": described("men", dropout=0.1, epochs_constant=1, epochs_falling=0)},
        {"modalities": modalities(dict.fromkeys(NORMALISE, True))},
    ):
        train_men(keys[:1], **change)
        assert trained == set(keys[:1]), change
    # a change of the data, in the training part of fold 1 alone
    table = pd.read_csv(folds["folds_csv"])
    table = table[~((table["fold"] == 1) & (table["utterance"] == "u00"))]
    table.to_csv(folds["folds_csv"], index=False)
    train_men([(1, 3), (2, 1)])
    assert trained == {(1, 3)}


def test_too_little_memory_halves_the_stack_and_says_so(undisturbed, tmp_path, monkeypatch, caplog):
    alone = undisturbed.trained("men", 1)
    widths, backward = [], Nets.backward

    def limited(nets, which, *rest):
        widths.append(len(nets))
        if len(nets) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory, or so the test says")
        return backward(nets, which, *rest)

    monkeypatch.setattr(Nets, "backward", limited)
    monkeypatch.setattr(logging.getLogger("robust_mer"), "propagate", True)
    halved = train(undisturbed.folds, tmp_path, "men", max_replicas=4)
    assert list(dict.fromkeys(widths)) == [4, 2, 1]
    assert "out of memory with 4 replicas at once: continuing with 2" in caplog.text
    for key in KEYS:
        expected = load_file(alone[key])
        for name, value in load_file(halved[key]).items():
            assert_same(value, expected[name], name)


def test_too_little_memory_for_one_replica_is_an_error(folds, tmp_path, monkeypatch):
    def none(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Nets, "backward", none)
    with pytest.raises(InputError, match=r"GPU has too little memory .* batch_size"):
        train(folds, tmp_path, "men", max_replicas=4)


def test_a_training_that_diverges_names_its_replica(folds, tmp_path):
    # every step multiplies the weights by 1 - 10 * 10
    model = described("men", optimiser="adamw", learning_rate=10.0, weight_decay=10.0)
    with pytest.raises(InputError, match=r"diverged.*: fold 1, seed 1\. Lower the learning_rate"):
        train(folds, tmp_path, "men", KEYS[:1], model=model)


def test_a_candidate_may_diverge_and_has_no_metric_then(folds, tmp_path):
    model = described("men", optimiser="adamw", learning_rate=10.0, weight_decay=10.0)
    epochs = []
    for _ in range(2):  # the second time it is reused
        made = train(
            folds,
            tmp_path,
            "men",
            KEYS[:1],
            model=model,
            is_candidate=True,
            on_epoch=lambda *epoch: epochs.append(epoch),
        )
        (checkpoint,) = made.values()
        history = pd.read_csv(checkpoint.with_suffix(".history.csv"))
        kept = history[history["kept"]]
        assert kept["epoch"].tolist() == [len(history)]
        assert kept["validation_ua"].isna().all()
        assert all(value.isfinite().all() for value in load_file(checkpoint).values())
        checkpoint.unlink()
    assert len(epochs) == len(history)


@pytest.mark.parametrize("width", [1, 4])
def test_a_replica_that_diverges_costs_no_other_one(undisturbed, tmp_path, monkeypatch, width):
    folds, alone = undisturbed.folds, undisturbed.trained("men", 1)
    build_model = resume.build_model

    def spoilt(facts):
        model = build_model(facts)
        if (facts["fold"], facts["seed"]) == (2, 1):
            model.classifier[0].weight.data.fill_(torch.nan)
        return model

    monkeypatch.setattr(resume, "build_model", spoilt)
    with pytest.raises(InputError, match=r"fold 2, seed 1\. .*which are kept: 3"):
        train(folds, tmp_path, "men", max_replicas=width)
    monkeypatch.setattr(resume, "build_model", build_model)
    others, trained = [key for key in KEYS if key != (2, 1)], []
    kept = train(
        folds,
        tmp_path,
        "men",
        others,
        max_replicas=width,
        on_epoch=lambda *epoch: trained.append(epoch),
    )
    assert not trained
    for key in others:
        expected = load_file(alone[key])
        for name, value in load_file(kept[key]).items():
            assert_same(value, expected[name], name)


def test_a_weight_that_the_last_step_spoils_is_divergence_of_its_replica(
    folds, tmp_path, monkeypatch, caplog
):
    """No loss shows it: there is no further step."""
    backward = Nets.backward

    def spoilt(nets, *step):
        parts = backward(nets, *step)
        nets.gradient[1, -1] = torch.nan  # of one weight, after the loss
        return parts

    monkeypatch.setattr(Nets, "backward", spoilt)
    monkeypatch.setattr(logging.getLogger("robust_mer"), "propagate", True)
    one_step = described("men", epochs_constant=1, epochs_falling=0, batch_size=64)
    with pytest.raises(InputError, match=r"diverged.*: fold 1, seed 2\. .*which are kept: 1"):
        train(folds, tmp_path, "men", [(1, 1), (1, 2)], model=one_step, max_replicas=2)
    assert "fold 1, seed 2 diverged in epoch 1" in caplog.text


def test_a_kill_while_a_stack_is_saved_leaves_all_of_it_at_one_epoch(
    folds, tmp_path, monkeypatch, caplog
):
    save, saved = Saved.save, []

    def broken(self, *rest):
        saved.append(1)
        if len(saved) == 4 + 2:  # in the middle of the second save
            raise BrokenError
        save(self, *rest)

    monkeypatch.setattr(Saved, "save", broken)
    with pytest.raises(BrokenError):
        train(folds, tmp_path, "men", max_replicas=4, save_every=0)
    monkeypatch.setattr(Saved, "save", save)
    monkeypatch.setattr(logging.getLogger("robust_mer"), "propagate", True)
    caplog.set_level(logging.INFO, "robust_mer")
    train(folds, tmp_path, "men", max_replicas=4)
    assert caplog.text.count("resumes after epoch 1") == 4
    assert not list(tmp_path.rglob("*.unfinished*"))


def test_a_checkpoint_never_stands_beside_anothers_history(folds, tmp_path, monkeypatch):
    train(folds, tmp_path, "men", KEYS[:1])
    with monkeypatch.context() as patch:
        patch.setattr(saved_module, "save_checkpoint", None)  # killed before it is written
        with pytest.raises(TypeError):
            train(folds, tmp_path, "men", KEYS[:1], model=described("men", epochs_falling=0))
    checkpoints = train(folds, tmp_path, "men", KEYS[:1])
    assert len(history_of(checkpoints[KEYS[0]])) == 3


def test_broken_files_of_replicas_are_written_anew(folds, tmp_path):
    before = train(folds, tmp_path, "men", KEYS[:1])[KEYS[0]].read_bytes()
    for path in (tmp_path / ".replicas").iterdir():
        Path(path).write_bytes(b"half a file")
    assert train(folds, tmp_path, "men", KEYS[:1])[KEYS[0]].read_bytes() == before
