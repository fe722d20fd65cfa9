"""Layers that feature files hold side by side: every model learns their weighted sum."""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.corpus import NORMALISE, add_folds, modalities, write_corpus
from helpers.jobs import run_evaluation
from helpers.layers import NUMBERS, add_layers, average_layers, write
from helpers.models import TASK, described
from helpers.stacks import described as quick
from helpers.stacks import train
from helpers.training import evaluate
from safetensors.torch import load_file
from scipy.special import softmax

from robust_mer.conditions import Corruption
from robust_mer.engine.checkpoint import load_checkpoint
from robust_mer.engine.nets import Nets
from robust_mer.errors import InputError
from robust_mer.features.resampling import resample_features
from robust_mer.features.specs import ResampleFiles, ResampleSpec
from robust_mer.modality import FeatureShape
from robust_mer.models.layers import LayerSum
from robust_mer.models.model import Batch, Model
from robust_mer.models.optimisation import Optimisation
from robust_mer.runtime import Runtime
from robust_mer.store import read_features

PLAIN = dict.fromkeys(NORMALISE, False)
LOGITS = "model.layer_sums.audio.logits"


def test_a_layer_sum_is_a_weighted_mean_of_layers():
    frames = torch.randn(2, 4, 3 * 5)
    one = LayerSum(NUMBERS)
    layers = frames.unflatten(2, (3, 5))
    torch.testing.assert_close(one(frames), layers.mean(dim=2))
    with torch.no_grad():
        one.logits.copy_(torch.tensor([0.0, 50.0, 0.0]))
    torch.testing.assert_close(one(frames), layers[:, :, 1])
    assert one.weights().sum().item() == pytest.approx(1)


@pytest.fixture
def corpus(tmp_path):
    return add_layers(add_folds(write_corpus(tmp_path)))


def test_feature_files_keep_the_numbers_of_layers(corpus):
    store = read_features(corpus["features"]["audio"])
    assert store.layers == NUMBERS
    assert asdict(store.shape("recurrent")) == {
        "width": 6,
        "encoder": "recurrent",
        "layers": NUMBERS,
    }
    assert store.shape("recurrent").stored_width == 18
    other = read_features(corpus["features"]["text"])
    assert other.layers == []
    assert other.shape("recurrent").stored_width == other.shape("recurrent").width == 7


def test_features_that_are_no_layers_are_refused(corpus):
    import h5py

    with h5py.File(corpus["features"]["audio"], "a") as file:
        file.attrs["layers"] = "[1, 2, 3, 4]"
    with pytest.raises(InputError, match="18 features cannot be those of 4 layers"):
        read_features(corpus["features"]["audio"])


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("men", {"epochs_constant": 20}),
        ("mctn", {"epochs_constant": 10, "hidden": 8, "segments": 4}),
        ("cm_arr", {"epochs_constant": 8, "learning_rate": 0.003}),  # its flows diverge sooner
    ],
)
def test_models_learn_which_layer_informs(corpus, tmp_path, name, changes):
    settings = quick(name, **{"learning_rate": 0.03, **changes})
    (checkpoint,) = train(
        corpus, tmp_path / name, name, [(1, 1)], trained_on="clean", model=settings
    ).values()
    loaded, normalisers, facts = load_checkpoint(checkpoint)
    assert facts["inputs"]["audio"] == {"width": 6, "encoder": "recurrent", "layers": NUMBERS}
    assert len(normalisers["audio"].mean) == 18
    weights = {name: w.item() for name, w in loaded.layer_weights().items()}
    assert sum(weights.values()) == pytest.approx(1)
    assert max(weights, key=weights.get) == "audio_layer_10"
    history = pd.read_csv(checkpoint.with_suffix(".history.csv"))
    chosen = history.set_index("epoch").loc[facts["selected_epoch"]]
    assert {name: chosen[name] for name in weights} == pytest.approx(weights, abs=1e-6)
    answers = evaluate(corpus, tmp_path, checkpoint, "gaussian_-10dB")
    assert len(answers)


class Distance(Model):
    """Its loss is the distance of what is received from what is clean."""

    settings_class = Optimisation
    needs_clean = True

    def encode(self, modality, frames, lengths):
        return frames.mean(dim=1)

    def forward(self, embeddings):
        return embeddings["audio"]

    def loss(self, batch):
        return {"distance": (batch.received["audio"] - batch.clean["audio"]).square().mean()}


@pytest.mark.parametrize("replicas", [1, 2])
def test_clean_targets_are_summed_and_teach_the_weights_of_layers_nothing(replicas):
    torch.manual_seed(0)
    layers, width = len(NUMBERS), 4
    models = [
        Distance(Optimisation(), {"audio": FeatureShape(width, layers=NUMBERS)}, TASK)
        for _ in range(replicas)
    ]
    logits = torch.randn(replicas, layers)
    for model, values in zip(models, logits, strict=True):
        model.layer_sums["audio"].logits.data.copy_(values)
    received, clean = torch.randn(2, replicas, 8, 5, layers * width)
    lengths = {"audio": torch.full((replicas, 8), 5)}
    is_clean = torch.zeros(replicas, 8, 1, dtype=torch.bool)
    target = torch.zeros(replicas, 8)
    batch = Batch({"audio": received}, lengths, target, {}, is_clean, {"audio": clean})
    nets = Nets(models, torch.device("cpu"))
    keys = torch.zeros(replicas, 0, 2, dtype=torch.int32)
    parts = nets.backward(list(range(replicas)), batch, keys, clip_norm=1e6)

    for place in range(replicas):
        of_layers = [one[place].reshape(-1, layers, width).numpy() for one in (received, clean)]
        weights = softmax(logits[place].numpy())
        heard, meant = (np.einsum("l,nld->nd", weights, one) for one in of_layers)
        assert parts["loss"][place].item() == pytest.approx(np.mean((heard - meant) ** 2), rel=1e-4)
        slope = 2 * np.einsum("nd,nld->l", heard - meant, of_layers[0]) / heard.size
        expected = weights * (slope - weights @ slope)  # the derivative of softmax
        np.testing.assert_allclose(nets.gradient[place].numpy(), expected, rtol=1e-3, atol=1e-6)


def test_replicas_learn_the_same_weights_alone_and_as_one(corpus, tmp_path):
    keys = [(1, 1), (2, 1), (3, 1)]
    alone, stacked = (
        train(corpus, tmp_path / str(width), "men_augmented", keys, max_replicas=width)
        for width in (1, 3)
    )
    for key in keys:
        one, other = (load_file(files[key])[LOGITS] for files in (alone, stacked))
        assert one.any()
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


def test_students_start_from_their_teachers_weights_of_layers(corpus, tmp_path):
    (teacher,) = train(
        corpus,
        tmp_path / "teacher",
        "men",
        [(1, 1)],
        trained_on="clean",
        model=quick("men", learning_rate=0.03),
    ).values()
    still = quick("mmin", learning_rate=1e-9, epochs_constant=1, epochs_falling=0)
    (student,) = train(
        corpus, tmp_path / "student", "mmin", [(1, 1)], teachers={(1, 1): teacher}, model=still
    ).values()
    expected = load_file(teacher)[LOGITS]
    assert expected.abs().min() > 1e-3
    torch.testing.assert_close(load_file(student)[LOGITS], expected, rtol=0, atol=1e-6)


def test_models_without_a_network_take_the_mean_of_layers(corpus, tmp_path, caplog):
    def answers(folder):
        settings = described("logistic_regression")
        options = {"trained_on": "clean", "model": settings, "modalities": modalities(PLAIN)}
        (checkpoint,) = train(corpus, tmp_path / folder, keys=[(1, 1)], **options).values()
        return load_file(checkpoint)["model.linear.weight"]

    caplog.set_level("INFO")
    of_layers = answers("layers")
    assert "it takes the plain mean of those of audio" in caplog.text
    average_layers(corpus)
    torch.testing.assert_close(of_layers, answers("mean"), rtol=1e-3, atol=1e-4)


def test_models_that_measure_the_data_take_the_mean_of_layers(corpus, tmp_path, caplog):
    def weights(folder):
        options = {"trained_on": "clean", "modalities": modalities(PLAIN)}
        options["model"] = quick("snr_fusion", learning_rate=0.01)
        files = train(corpus, tmp_path / folder, "snr_fusion", [(1, 1), (2, 1)], **options)
        return load_file(files[1, 1])

    caplog.set_level("INFO")
    of_layers = weights("layers")
    assert "it takes the plain mean of those of audio" in caplog.text
    assert not of_layers.pop(LOGITS).any()
    average_layers(corpus)
    of_mean = weights("mean")
    assert of_layers.keys() == of_mean.keys()
    for name in ("within", "between", "centre"):
        key = f"model.encoders.audio.signal.{name}"
        torch.testing.assert_close(of_layers[key], of_mean[key], rtol=1e-3, atol=1e-4)


def test_layers_are_other_features_than_the_same_values_side_by_side(corpus, tmp_path):
    def identity(folder):
        files = train(corpus, tmp_path / folder, "men", [(1, 1)], trained_on="clean")
        return load_checkpoint(files[1, 1])[2]["identity"]

    first = identity("layers")
    store = read_features(corpus["features"]["audio"])
    write(corpus["features"]["audio"], replace(store, layers=[]))
    assert identity("concatenated") != first


def test_corrupted_recordings_have_the_layers_of_the_clean_ones(corpus, tmp_path):
    files = train(corpus, tmp_path / "men", "men", [(1, 1)], trained_on="clean")
    store, path = read_features(corpus["features"]["audio"]), tmp_path / "corrupted.h5"

    def answers(corrupted):
        write(path, corrupted)
        one = Corruption("raw", recorded={"audio": "raw"})
        table = tmp_path / "predictions.parquet"
        found = run_evaluation(corpus, table, [files[1, 1]], one, corrupted=[path])
        conditions = found.groupby("condition", sort=False)
        return [group.filter(like="probability_").to_numpy() for _, group in conditions]

    touched, complete = answers(store)
    assert (touched == complete).all()
    touched, complete = answers(replace(store, values=-store.values))
    assert (touched != complete).any()
    with pytest.raises(InputError, match=r"layers \[1, 2, 3\], but .* layers \[9, 10, 11\]"):
        answers(replace(store, layers=[1, 2, 3]))
    with pytest.raises(InputError, match="18 dimensions, but the clean"):
        answers(replace(store, layers=[]))
    with pytest.raises(InputError, match="under other names"):
        answers(replace(store, names=store.names[::-1]))


def test_layers_at_another_rate_are_still_layers(corpus, tmp_path):
    source, table = tmp_path / "source.h5", tmp_path / "source.csv"
    store = replace(read_features(corpus["features"]["audio"]), frame_rate=10.0)
    write(source, store)
    pd.DataFrame({"utterance": store.utterances, "status": "ok"}).to_csv(table, index=False)
    files = ResampleFiles(source, table, tmp_path / "slow.h5", tmp_path / "slow.csv")
    resample_features(ResampleSpec(5.0, None), files, Runtime())
    slow = read_features(files.features)
    assert (slow.layers, slow.names, slow.frame_rate) == (NUMBERS, store.names, 5.0)
