"""Training and evaluation of a replica on a small corpus."""

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from robust_mer.corruption.corrupt import read_alpha_bars, write_schedule
from robust_mer.corruption.draws import CounterDraws
from robust_mer.data import Normaliser, fit_normaliser, read_corpus, training_frames
from robust_mer.errors import InputError
from robust_mer.evaluation.evaluate import evaluate_replicas
from robust_mer.models.registry import MODELS
from robust_mer.settings import complete
from robust_mer.store import read_features, write_features
from robust_mer.training.checkpoint import load_checkpoint
from robust_mer.training.frames import Frames, pad
from robust_mer.training.replica import training_conditions
from robust_mer.training.train import train_replicas

NORMALISE = {"audio": True, "video": False, "text": False}
NOT_FINITE = dict.fromkeys(NORMALISE)
GAUSSIAN = {"implementation": "robust_mer.corruption.gaussian:draw", "settings": {}, "seed": 1}


def model(name, **changes):
    implementation = MODELS[name].implementation
    quick = {"epochs_constant": 6, "epochs_falling": 2, "batch_size": 16, "learning_rate": 3e-3}
    if name == "nmer":
        quick |= {"layers": 1, "feed_forward": 64}
    return {
        "implementation": implementation,
        "settings": complete(implementation, {**quick, **changes}, "test"),
    }


def train(corpus, folder, name="men", trained_on="clean", teacher=None, seed=1, **changes):
    """Train one replica, fold 1; paths of its checkpoint and history."""
    noise = None if trained_on == "clean" else GAUSSIAN
    corruption = trained_on.removesuffix("_none")
    schedule = folder / f"{corruption}.csv"
    if noise:
        write_schedule(
            schedule, corruption, **corpus, normalise=NORMALISE, not_finite=NOT_FINITE,
            mode="exact", noise=noise,
        )  # fmt: skip
    stem = folder / f"{name}_{trained_on}"
    key = (1, seed)
    arguments = {
        "checkpoints": {key: f"{stem}.safetensors"}, "histories": {key: f"{stem}.csv"}, **corpus,
        "alpha_bars": read_alpha_bars(schedule) if noise else {},
        "teachers": {key: teacher} if teacher else {}, "trained_on": trained_on,
        "model": changes.get("model") or model(name), "normalise": NORMALISE,
        "not_finite": NOT_FINITE, "noise": noise,
        "code": "test", "device": "cpu", "max_replicas": None, "threads": 1, "save_every": 60,
        **changes,
    }  # fmt: skip
    train_replicas(**arguments)
    return f"{stem}.safetensors", f"{stem}.csv"


def evaluate(corpus, folder, checkpoint, tested_on):
    noise = None if tested_on == "clean" else GAUSSIAN
    schedule = folder / f"{tested_on}.csv"
    if noise:
        write_schedule(
            schedule, tested_on, **corpus, normalise=NORMALISE, not_finite=NOT_FINITE, mode="exact",
            noise=noise,
        )  # fmt: skip
    path = folder / "predictions.parquet"
    evaluate_replicas(
        path, [checkpoint], **corpus, alpha_bars=read_alpha_bars(schedule) if noise else {},
        tested_on=tested_on, not_finite=NOT_FINITE, noise=noise, device="cpu", threads=1,
    )  # fmt: skip
    return pd.read_parquet(path)


def accuracy(predictions, **where):
    for column, value in where.items():
        predictions = predictions[predictions[column] == value]
    return (predictions["label"] == predictions["predicted"]).mean()


def test_men_learns_and_noise_costs_it_accuracy(corpus, tmp_path):
    checkpoint, _ = train(corpus, tmp_path)
    clean = evaluate(corpus, tmp_path, checkpoint, "clean")
    assert set(clean["condition"]) == {"avl"}
    assert set(clean["part"]) == {"validation", "test"}
    assert accuracy(clean, part="test") > 0.8
    noisy = evaluate(corpus, tmp_path, checkpoint, "gaussian_-20dB")
    assert set(noisy["condition"]) == {"none", "a", "v", "l", "av", "al", "vl", "avl"}
    assert accuracy(noisy, part="test", condition="none") < 0.6
    # the complete condition has no noise in it
    complete_ones = noisy[noisy["condition"] == "avl"].reset_index(drop=True)
    pd.testing.assert_frame_equal(complete_ones, clean.reset_index(drop=True))
    probabilities = noisy.filter(like="probability_")
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    best = probabilities.idxmax(axis=1).str.removeprefix("probability_")
    assert (best == noisy["predicted"]).all()


def test_the_best_epoch_on_validation_is_kept(corpus, tmp_path):
    checkpoint, history = train(corpus, tmp_path)
    history = pd.read_csv(history)
    predictions = evaluate(corpus, tmp_path, checkpoint, "clean")
    validation = predictions[predictions["part"] == "validation"]
    right = validation["label"] == validation["predicted"]
    recalls = right.groupby(validation["label"]).mean()
    assert recalls.mean() == pytest.approx(history["validation_ua"].max())
    _, _, facts = load_checkpoint(checkpoint)
    assert facts["selected_epoch"] == history.loc[history["validation_ua"].idxmax(), "epoch"]


def test_a_seed_repeats_a_run_and_another_does_not(corpus, tmp_path):
    teacher, _ = train(corpus, tmp_path, "invariance_teacher")
    weights = []
    for place, seed in enumerate([1, 1, 2]):
        folder = tmp_path / str(place)
        folder.mkdir()
        path, _ = train(corpus, folder, "nmer", "gaussian_-10dB", teacher, seed=seed)
        weights.append(load_file(path))
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert not all(torch.equal(value, weights[2][name]) for name, value in weights[0].items())


def test_nmer_learns_under_noise(corpus, tmp_path):
    teacher, _ = train(
        corpus,
        tmp_path,
        "invariance_teacher",
        model=model("invariance_teacher", epochs_constant=30),
    )
    checkpoint, history = train(
        corpus, tmp_path, "nmer", "gaussian_-10dB", teacher,
        model=model("nmer", epochs_constant=25, learning_rate=5e-4),
    )  # fmt: skip
    history = pd.read_csv(history)
    assert {"kl", "reconstruction", "invariant", "cross_entropy", "active_latent_units"} <= set(
        history
    )
    predictions = evaluate(corpus, tmp_path, checkpoint, "gaussian_-10dB")
    assert accuracy(predictions, part="test", condition="avl") > 0.7
    assert accuracy(predictions, part="test", condition="none") > 0.25


def test_test_data_change_nothing_in_training(corpus, tmp_path):
    """Statistics, schedule, training and selection never see the test part."""
    teacher, _ = train(corpus, tmp_path, "invariance_teacher")
    before, _ = train(corpus, tmp_path, "nmer", "gaussian_-10dB", teacher)
    before = load_file(before)
    for path in corpus["features"].values():
        store = read_features(path)
        frames = [store.frames(row) * (1000 if row >= 80 else 1) for row in range(96)]
        write_features(path, store.utterances, frames, store.names, None, {}, "")
    after, _ = train(corpus, tmp_path, "nmer", "gaussian_-10dB", teacher)
    after = load_file(after)
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_schedule(corpus, tmp_path):
    path = tmp_path / "schedule.csv"
    for mode in ("paper", "exact"):
        write_schedule(
            path, "gaussian_-10dB", **corpus, normalise=NORMALISE, not_finite=NOT_FINITE, mode=mode,
            noise=GAUSSIAN,
        )  # fmt: skip
        table = pd.read_csv(path)
        assert table["modality"].tolist() == ["audio", "video", "text"]
        assert table["variance"][0] == pytest.approx(1, abs=1e-5)  # normalised
        assert table["variance"][1] > 1.2  # not normalised
        assert (table["true_snr_db"] - table["reached_snr_db"]).abs().max() < 0.6  # few values
        assert table["steps"].isna().all() == (mode == "exact")
        miss = (table["reached_snr_db"] + 10).abs().max()
        assert miss < (1e-6 if mode == "exact" else 1)
    impulse = {
        "implementation": "robust_mer.corruption.impulse:draw",
        "settings": {"frequency": 0.3},
    }
    write_schedule(
        path, "impulse_-10dB", **corpus, normalise=NORMALISE, not_finite=NOT_FINITE, mode="exact",
        noise=impulse,
    )  # fmt: skip
    gain = pd.read_csv(path)["true_snr_db"] + 10
    assert gain.between(4.7, 5.8).all()


def test_schedule_of_what_is_missing(corpus, tmp_path):
    path = tmp_path / "schedule.csv"
    write_schedule(
        path, "missing", **corpus, normalise=NORMALISE, not_finite=NOT_FINITE, mode="paper",
        noise={"implementation": "robust_mer.corruption.missing:draw", "settings": {}},
    )  # fmt: skip
    table = pd.read_csv(path)
    assert (table["alpha_bar"] == 0).all()
    assert table[["target_snr_db", "steps", "reached_snr_db", "true_snr_db"]].isna().all(axis=None)


def test_normalisation_is_that_of_the_training_part(corpus, tmp_path):
    data = read_corpus(**corpus, not_finite=NOT_FINITE)
    frames = training_frames(data.features["audio"], data.parts[1]["train"])
    normalised = fit_normaliser(frames, True)(frames)
    np.testing.assert_allclose(normalised.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(normalised.std(axis=0), 1, atol=1e-4)
    checkpoint, _ = train(corpus, tmp_path)
    with safe_open(checkpoint, "np") as file:
        np.testing.assert_allclose(
            file.get_tensor("normalise.mean.audio"), frames.mean(axis=0), atol=1e-5
        )
        assert not file.get_tensor("normalise.mean.video").any()


def test_frames_are_gathered_and_padded():
    frames = Frames(torch.arange(12.0).reshape(6, 2), np.array([0, 3, 3]), np.array([3, 0, 3]))
    rows = np.array([2, 1, 0])
    taken = frames.take(rows)
    assert taken.tolist() == [[6, 7], [8, 9], [10, 11], [0, 1], [2, 3], [4, 5]]
    padded = pad(taken, np.array([[3, 0], [1, 2]]))
    assert padded.shape == (2, 2, 3, 2)
    assert padded[0].tolist() == [[[6, 7], [8, 9], [10, 11]], [[0, 0]] * 3]
    assert padded[1].tolist() == [[[0, 1], [0, 0], [0, 0]], [[2, 3], [4, 5], [0, 0]]]
    assert pad(taken[:0], np.array([[0, 0]])).shape == (1, 2, 0, 2)


def test_training_conditions():
    assert len(training_conditions(["audio", "video", "text"], "partial")) == 6
    assert training_conditions(["audio", "video"], "none").tolist() == [[False, False]]
    with pytest.raises(InputError, match="no condition"):
        training_conditions(["audio"], "partial")


def test_evaluation_draws_do_not_follow_the_snr(corpus, tmp_path):
    """At every SNR the same noise: x_T - sqrt(abar) x differs by its scale alone."""
    from robust_mer.corruption.noise import make_noise
    from robust_mer.training.replica import CorruptionOfFold, evaluation_frames

    noise = make_noise(GAUSSIAN["implementation"], {})
    values = torch.randn(5, 3)
    frames = {"audio": Frames(values, np.array([0, 2]), np.array([2, 3]))}
    as_is = {"audio": Normaliser(np.zeros(3, np.float32), np.ones(3, np.float32))}
    drawn = []
    for alpha_bar in (0.5, 0.01):
        corruption = CorruptionOfFold("gaussian", noise, {"audio": alpha_bar}, 7)
        rows = np.array([1])
        twin = evaluation_frames(frames, as_is, ["u1", "u2"], rows, "test", corruption)["audio"]
        drawn.append((twin.values - alpha_bar**0.5 * values[2:]) / (1 - alpha_bar) ** 0.5)
    torch.testing.assert_close(drawn[0], drawn[1], rtol=1e-4, atol=1e-5)
    expected = CounterDraws(7, "test", "gaussian", "audio", "u2").normal((3, 3))
    torch.testing.assert_close(drawn[1], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folds: folds[folds["part"] != "validation"], "validation part of fold 1 is empty"),
        (lambda folds: folds.assign(fold=2), "no fold 1"),
        (
            lambda folds: folds[(folds["part"] != "train") | (folds.index % 4 != 0)],
            "no training utterance of: angry",
        ),
        (lambda folds: folds.assign(utterance="stranger"), "stranger"),
    ],
)
def test_folds_that_cannot_be_trained_on(corpus, tmp_path, spoil, told):
    path = corpus["folds_csv"]
    folds = pd.read_csv(path)
    train(corpus, tmp_path, model=model("men", epochs_constant=1, epochs_falling=0))
    spoil(folds).to_csv(path, index=False)
    with pytest.raises(InputError, match=told):
        train(corpus, tmp_path)


def test_values_that_are_not_finite_are_refused_by_name(corpus, tmp_path):
    path = corpus["features"]["text"]
    store = read_features(path)
    store.values[store.offsets[7] + 1, 2] = np.nan
    frames = [store.frames(row) for row in range(96)]
    write_features(path, store.utterances, frames, store.names, None, {}, "")
    with pytest.raises(InputError, match=r"u07 .* 'text2'"):
        train(corpus, tmp_path)


def test_a_checkpoint_that_does_not_fit_is_refused(corpus, tmp_path):
    (tmp_path / "no.safetensors").write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match="not a checkpoint"):
        load_checkpoint(tmp_path / "no.safetensors")


def test_a_gpu_that_is_not_there_is_an_error(corpus, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(InputError, match="no GPU"):
        train(corpus, tmp_path, device="cuda")
