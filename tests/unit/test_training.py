"""Training and evaluation of a replica on a small corpus."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.corpus import NORMALISE, modalities, read
from helpers.jobs import run_evaluation, run_schedule, run_training, train_files, train_spec
from helpers.models import described
from helpers.noises import corruption
from helpers.training import evaluate, model, schedule_of, train
from safetensors import safe_open
from safetensors.torch import load_file

from robust_mer.conditions import Corruption
from robust_mer.corruption import corrupt
from robust_mer.corruption.bursts import Bursts
from robust_mer.corruption.draws import CounterDraws, FreshDraws
from robust_mer.corruption.dropped import Dropped
from robust_mer.corruption.gaussian import Gaussian
from robust_mer.corruption.pink import Pink
from robust_mer.corruption.stretch import hit_by, untouched_share
from robust_mer.data import Normaliser, fit_normaliser, training_frames
from robust_mer.engine.checkpoint import load_checkpoint
from robust_mer.engine.corruption import (
    CorruptionOfFold,
    CorruptionOfModality,
    corrupt_afresh,
    evaluation_frames,
)
from robust_mer.engine.frames import Frames, pad
from robust_mer.engine.replica import EpochDraws, ReplicaData, TrainingConditions
from robust_mer.engine.replica import training_conditions as conditions_of
from robust_mer.errors import InputError
from robust_mer.metrics.numbers import MAE, PearsonR
from robust_mer.models.snr_fusion.snr_fusion import SNRFusion
from robust_mer.protocols.registry import PROTOCOLS
from robust_mer.settings import Plugin, Settings
from robust_mer.store import read_features, write_features
from robust_mer.training.resume import ReplicaRun


def training_conditions(modalities, which, touched=None):
    """Those of a protocol for noise that touches some modalities, by default all; or of clean."""
    protocol = Plugin(PROTOCOLS.get(which, PROTOCOLS["partial"]), {}).build()
    one = Corruption("clean")
    if which != "clean":
        one = corruption("gaussian_-10dB", touched or modalities)
    return conditions_of(modalities, protocol, one)


def brief(name):
    """A model of two epochs, for tests in which it need not learn."""
    return model(name, epochs_constant=1, epochs_falling=1)


def accuracy(predictions, **selected):
    for column, value in selected.items():
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
    assert history["epoch"][history["kept"]].tolist() == [facts["selected_epoch"]]


def test_the_last_epoch_is_kept_if_the_settings_say_so(corpus, tmp_path):
    """The same training as of the best epoch, up to the weights that are kept."""
    tables = {}
    for keep in ("best", "last"):
        folder = tmp_path / keep
        folder.mkdir()
        settings = {"keep": keep, "epochs_constant": 6, "learning_rate": 0.05}
        checkpoint, history = train(corpus, folder, model=model("men", **settings))
        tables[keep] = pd.read_csv(history)
    best, last = (table.drop(columns=["seconds", "kept"]) for table in tables.values())
    pd.testing.assert_frame_equal(best, last)
    assert last["epoch"][tables["last"]["kept"]].tolist() == [len(last)]
    predictions = evaluate(corpus, folder, checkpoint, "clean")
    validation = predictions[predictions["part"] == "validation"]
    right = validation["label"] == validation["predicted"]
    recalls = right.groupby(validation["label"]).mean()
    assert recalls.mean() == pytest.approx(last["validation_ua"].iloc[-1])


def test_digests_that_are_kept_change_no_figure_of_validation(corpus, tmp_path, monkeypatch):
    settings = {"epochs_constant": 3, "epochs_falling": 0, "learning_rate": 0.01}
    histories = []
    for digests in (True, False):
        monkeypatch.setattr(SNRFusion, "digests", digests)
        folder = tmp_path / str(digests)
        folder.mkdir()
        _, history = train(
            corpus, folder, "snr_fusion", "gaussian_-10dB", model=model("snr_fusion", **settings)
        )
        histories.append(pd.read_csv(history).drop(columns="seconds"))
    pd.testing.assert_frame_equal(*histories)
    assert histories[0]["validation_ua"].nunique() > 1  # the weights have changed in between


def test_a_seed_repeats_a_run_and_another_does_not(corpus, tmp_path):
    teacher, _ = train(corpus, tmp_path, "invariance_teacher", model=brief("invariance_teacher"))
    options = {"teacher": teacher, "model": brief("nmer")}
    weights = []
    for place, seed in enumerate([1, 1, 2]):
        folder = tmp_path / str(place)
        folder.mkdir()
        path, _ = train(corpus, folder, "nmer", "gaussian_-10dB", seed=seed, **options)
        weights.append(load_file(path))
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert not all(torch.equal(value, weights[2][name]) for name, value in weights[0].items())


def test_nmer_learns_under_noise(corpus, tmp_path):
    teacher, _ = train(
        corpus,
        tmp_path,
        "invariance_teacher",
        model=model("invariance_teacher", epochs_constant=12),
    )
    checkpoint, history = train(
        corpus,
        tmp_path,
        "nmer",
        "gaussian_-10dB",
        teacher,
        model=model("nmer", epochs_constant=15, learning_rate=5e-4),
    )
    history = pd.read_csv(history)
    assert {"kl", "reconstruction", "invariant", "cross_entropy", "active_latent_units"} <= set(
        history
    )
    predictions = evaluate(corpus, tmp_path, checkpoint, "gaussian_-10dB")
    assert accuracy(predictions, part="test", condition="avl") > 0.7
    assert accuracy(predictions, part="test", condition="none") > 0.25


def test_test_data_change_nothing_in_training(corpus, tmp_path):
    """Statistics, schedule, training and selection never see the test part."""
    teacher, _ = train(corpus, tmp_path, "invariance_teacher", model=brief("invariance_teacher"))
    options = {"teacher": teacher, "model": brief("nmer")}
    before, _ = train(corpus, tmp_path, "nmer", "gaussian_-10dB", **options)
    before = load_file(before)
    for path in corpus["features"].values():
        store = read_features(path)
        frames = [store.frames(row) * (1000 if row >= 80 else 1) for row in range(96)]
        write_features(path, store.utterances, frames, store.names, None, {}, "")
    after, _ = train(corpus, tmp_path, "nmer", "gaussian_-10dB", **options)
    after = load_file(after)
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_schedule(corpus, tmp_path):
    for mode in ("paper", "exact"):
        table = pd.read_csv(schedule_of(corpus, tmp_path, "gaussian_-10dB", mode))
        assert table["modality"].tolist() == ["audio", "video", "text"]
        assert table["variance"][0] == pytest.approx(1, abs=1e-5)  # normalised
        assert table["variance"][1] > 1.2  # not normalised
        # the measured power has a standard error of half a per cent
        assert (table["true_snr_db"] - table["reached_snr_db"]).abs().max() < 0.1
        assert table["steps"].isna().all() == (mode == "exact")
        miss = (table["reached_snr_db"] + 10).abs().max()
        assert miss < (1e-6 if mode == "exact" else 1)
    gain = pd.read_csv(schedule_of(corpus, tmp_path, "impulse_-10dB"))["true_snr_db"] + 10
    assert gain.to_numpy() == pytest.approx(-10 * np.log10(0.3), abs=0.1)


def test_schedule_of_what_is_missing_or_dropped(corpus, tmp_path):
    without = ["target_snr_db", "steps", "alpha_bar", "reached_snr_db"]
    table = pd.read_csv(schedule_of(corpus, tmp_path, "missing"))
    assert table[[*without, "true_snr_db"]].isna().all(axis=None)
    table = pd.read_csv(schedule_of(corpus, tmp_path, "dropped_30%"))
    assert table[without].isna().all(axis=None)
    data = read(corpus)
    for row in table.itertuples():
        frames = training_frames(data.features[row.modality], data.parts[1]["train"])
        frames = fit_normaliser(frames, NORMALISE[row.modality])(frames)
        power = 0.3 * (frames.astype(float) ** 2).mean()
        assert row.true_snr_db == pytest.approx(10 * np.log10(frames.var() / power), abs=0.1)


def test_normalisation_is_that_of_the_training_part(corpus, tmp_path):
    data = read(corpus)
    frames = training_frames(data.features["audio"], data.parts[1]["train"])
    normalised = fit_normaliser(frames, True)(frames)
    np.testing.assert_allclose(normalised.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(normalised.std(axis=0), 1, atol=1e-4)
    checkpoint, _ = train(corpus, tmp_path, model=brief("men"))
    with safe_open(checkpoint, "np") as file:
        np.testing.assert_allclose(
            file.get_tensor("normalise.mean.audio"), frames.mean(axis=0), atol=1e-5
        )
        assert not file.get_tensor("normalise.mean.video").any()


def test_each_fold_is_evaluated_on_its_own_rows_if_nothing_is_normalised(corpus, tmp_path):
    """The folds have the same statistics and swap the validation and the test part."""
    first = pd.read_csv(corpus["folds_csv"])
    swapped = first["part"].replace({"validation": "test", "test": "validation"})
    folds = pd.concat([first, first.assign(fold=2, part=swapped)])
    folds.to_csv(corpus["folds_csv"], index=False)
    read_as = modalities(dict.fromkeys(NORMALISE, False))
    clean = corruption("clean")
    files = train_files(corpus, tmp_path / "men", [(1, 1), (2, 1)])
    run_training(train_spec(brief("men"), "clean", [clean], modalities=read_as), files)
    both, second = (
        run_evaluation(corpus, tmp_path / "p.parquet", checkpoints, clean, read_as=read_as)
        for checkpoints in (files.checkpoints, files.checkpoints[1:])
    )
    keys = ["fold", "part", "utterance"]
    expected = folds.loc[folds["part"] != "train", keys]
    assert sorted(both[keys].to_numpy().tolist()) == sorted(expected.to_numpy().tolist())
    again = both[both["fold"] == 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, second)


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
    assert training_conditions(["audio", "video"], "none").is_clean.tolist() == [[False, False]]
    partial = training_conditions(["audio", "video"], "partial", ["video"])
    assert partial.is_clean.tolist() == [[True, False]]
    with pytest.raises(InputError, match="Partial has no training condition"):
        training_conditions(["audio"], "partial")
    with pytest.raises(InputError, match="corrupts video of audio, video: NoneClean has no"):
        training_conditions(["audio", "video"], "none", ["video"])


def test_evaluation_draws_do_not_follow_the_snr(corpus, tmp_path):
    """At every SNR the same noise: x_T - sqrt(abar) x differs by its scale alone."""
    noise = Gaussian(Settings())
    values = torch.randn(5, 3)
    frames = {"audio": Frames(values, np.array([0, 2]), np.array([2, 3]))}
    as_is = {"audio": Normaliser(np.zeros(3, np.float32), np.ones(3, np.float32))}
    drawn = []
    for alpha_bar in (0.5, 0.01):
        how = {"audio": CorruptionOfModality("gaussian", noise, alpha_bar)}
        corruption = CorruptionOfFold(how, 7)
        rows = np.array([1])
        twin = evaluation_frames(frames, as_is, ["u1", "u2"], rows, "test", corruption)["audio"]
        drawn.append((twin.values - alpha_bar**0.5 * values[2:]) / (1 - alpha_bar) ** 0.5)
    torch.testing.assert_close(drawn[0], drawn[1], rtol=1e-4, atol=1e-5)
    expected = CounterDraws(7, "test", "gaussian", "audio", "u2").normal((3, 3))
    torch.testing.assert_close(drawn[1], expected, rtol=1e-4, atol=1e-5)


SEVERAL = [corruption(name) for name in ("gaussian_-5dB", "gaussian_-15dB", "dropped_50%", "clean")]


def test_training_on_several_corruptions_selects_by_the_mean_over_them(corpus, tmp_path):
    checkpoint, history = train(
        corpus,
        tmp_path,
        "men_augmented",
        "many",
        model=model("men_augmented", epochs_constant=6),
        corruptions=SEVERAL,
    )
    history = pd.read_csv(history)
    scores = []
    for one in SEVERAL:
        found = evaluate(corpus, tmp_path, checkpoint, one)
        partial = {"a", "v", "l", "av", "al", "vl"} if one.noises else {"avl"}
        found = found[(found["part"] == "validation") & found["condition"].isin(partial)]
        right = found["label"] == found["predicted"]
        scores.append(right.groupby(found["label"]).mean().mean())
    assert np.mean(scores) == pytest.approx(history["validation_ua"].max())
    assert np.std(scores) > 0


def test_a_fit_on_several_corruptions_meets_them_all(corpus, tmp_path):
    checkpoint, _ = train(
        corpus,
        tmp_path,
        "logistic_regression",
        "many",
        model=described("logistic_regression"),
        corruptions=SEVERAL,
    )
    assert accuracy(evaluate(corpus, tmp_path, checkpoint, "clean"), part="test") > 0.8


def test_every_sample_draws_its_corruption_and_one_of_the_conditions_of_that():
    conditions = [
        training_conditions(["audio", "video"], "partial"),
        training_conditions(["audio", "video"], "partial", ["video"]),
        training_conditions(["audio", "video"], "clean"),
    ]
    parts = {"train": np.arange(6000)}
    replica = ReplicaData(1, 1, parts, {}, [CorruptionOfFold({}, 1)] * 3, conditions)
    drawn = EpochDraws.of(replica, 1, 16, 0, torch.device("cpu"))
    seen = np.column_stack([drawn.corruption, drawn.is_clean])
    found = {
        tuple(row.tolist()): (seen == row).all(axis=1).mean() for row in np.unique(seen, axis=0)
    }
    assert found == {
        (0, 1, 0): pytest.approx(1 / 6, abs=0.02),
        (0, 0, 1): pytest.approx(1 / 6, abs=0.02),
        (1, 1, 0): pytest.approx(1 / 3, abs=0.02),
        (2, 1, 1): pytest.approx(1 / 3, abs=0.02),
    }
    other = EpochDraws.of(replica, 2, 16, 0, torch.device("cpu"))
    assert (other.corruption != drawn.corruption).mean() > 0.5


def test_conditions_that_are_not_equally_likely_are_drawn_by_their_weights():
    both = np.array([[True, False], [False, True]])
    conditions = [
        TrainingConditions(both, np.array([0.8, 0.2])),
        TrainingConditions(np.ones((1, 2), bool)),
    ]
    parts = {"train": np.arange(6000)}
    replica = ReplicaData(1, 1, parts, {}, [CorruptionOfFold({}, 1)] * 2, conditions)
    drawn = EpochDraws.of(replica, 1, 16, 0, torch.device("cpu"))
    assert drawn.is_clean[drawn.corruption == 1].all()
    first = drawn.is_clean[drawn.corruption == 0]
    assert (first == both[0]).all(axis=1).mean() == pytest.approx(0.8, abs=0.03)
    assert (first.sum(axis=1) == 1).all()


def test_noise_on_a_stretch_leaves_the_rest_as_it_is():
    gaussian, lengths = Gaussian(Settings()), np.array([10, 0, 40])
    hit = CorruptionOfModality("gaussian", gaussian, 0.0, (0.2, 0.5))
    whole = CorruptionOfModality("gaussian", gaussian, 0.0)
    clean = torch.full((50, 3), 2.0)
    draws = FreshDraws(torch.Generator().manual_seed(1))
    received = corrupt_afresh(clean.clone(), lengths, np.array([0, 0, 0]), [hit], draws)
    changed = (received != clean).all(dim=1).nonzero().flatten().tolist()
    assert changed == [*range(2, 5), *range(10 + 8, 10 + 20)]
    both = corrupt_afresh(clean.clone(), lengths, np.array([0, 0, 1]), [hit, whole], draws)
    assert (both != clean).all(dim=1).nonzero().flatten().tolist() == [2, 3, 4, *range(10, 50)]


def test_the_share_of_utterances_that_a_stretch_leaves_alone():
    lengths = np.array([1, 0, 3, 40, 2])
    assert hit_by((0.2, 0.5), np.array([1, 3])).tolist() == [False, False, False, False]
    assert hit_by((0.4, 0.6), np.array([1, 0, 3])).tolist() == [True, False, True, False]
    assert untouched_share((0.2, 0.5), lengths) == 0.5
    assert untouched_share((0.0, 1.0), lengths) == 0
    assert untouched_share((0.9, 0.91), np.array([1, 2])) == 1
    assert untouched_share((0.2, 0.5), np.array([0, 0])) == 0


def test_a_stretch_without_a_frame_is_said(corpus, tmp_path, caplog):
    one = corruption("gaussian_-10dB")
    for stretch, said in (((0.001, 0.002), "no utterance has a frame"), ((0.2, 0.25), "% of the")):
        noises = {m: replace(spec, stretch=stretch) for m, spec in one.noises.items()}
        hit = replace(one, noises=noises)
        if stretch[1] < 0.01:
            with pytest.raises(InputError, match=rf"gaussian_-10dB, audio: {said}.*0\.002"):
                run_schedule(corpus, tmp_path / "s.csv", hit)
        else:
            run_schedule(corpus, tmp_path / "s.csv", hit)
            assert "stay clean, because they have no frame" in caplog.text


def test_all_samples_of_a_batch_have_one_condition_where_the_protocol_says_so():
    protocol = Plugin(PROTOCOLS["shares"], {"one": 0.4, "two": 0.4, "per_batch": True}).build()
    modalities = ["audio", "video", "text"]
    conditions = conditions_of(modalities, protocol, corruption("missing", modalities))
    parts = {"train": np.arange(1000)}
    replica = ReplicaData(1, 1, parts, {}, [CorruptionOfFold({}, 1)], [conditions])
    drawn = EpochDraws.of(replica, 1, 32, 0, torch.device("cpu")).is_clean
    batches = [drawn[at : at + 32] for at in range(0, 1000, 32)]
    assert all((batch == batch[0]).all() for batch in batches)
    assert len({tuple(batch[0]) for batch in batches}) > 4


def test_training_noise_is_that_of_each_samples_corruption():
    gaussian = Gaussian(Settings())
    dropped = Dropped(Dropped.settings_class(rate=0.5))
    corruptions = [
        CorruptionOfModality("gaussian", gaussian, 0.5),
        CorruptionOfModality("gaussian", gaussian, 0.01),
        CorruptionOfModality("dropped", dropped, None),
        None,  # one that does not touch this modality
    ]
    lengths = np.tile([40, 0, 25, 60], 30)
    corruption = np.arange(120) % 3
    clean = torch.full((int(lengths.sum()), 8), 2.0)
    draws = FreshDraws(torch.Generator().manual_seed(1))
    received = corrupt_afresh(clean.clone(), lengths, corruption, corruptions, draws)
    of_frame = np.repeat(corruption, lengths)
    for place, kept in ((0, 0.5), (1, 0.01)):
        own = received[of_frame == place]
        assert float(own.mean()) == pytest.approx(2 * kept**0.5, abs=0.03)
        assert float(own.var()) == pytest.approx(1 - kept, rel=0.05)
    own = received[of_frame == 2]
    assert set(own.unique().tolist()) == {0.0, 2.0}
    assert float((own[:, 0] == 0).float().mean()) == pytest.approx(0.5, abs=0.05)
    nothing = corrupt_afresh(clean[:0], lengths[:0], corruption[:0], corruptions, draws)
    assert nothing.shape == (0, 8)


@pytest.mark.parametrize("kind", [Pink, Bursts])
def test_utterances_without_frames_have_no_noise(kind):
    how = CorruptionOfModality("noise", kind(kind.settings_class()), 0.5)
    draws = FreshDraws(torch.Generator().manual_seed(1))
    found = corrupt_afresh(torch.zeros(0, 4), np.array([0, 0]), np.array([0, 0]), [how], draws)
    assert found.shape == (0, 4)


def test_a_modality_that_is_not_touched_stays_clean(corpus, tmp_path):
    alone = corruption("gaussian_-10dB", ["audio"])
    options = {"corruptions": [alone], "model": brief("men_augmented")}
    checkpoint, _ = train(corpus, tmp_path, "men_augmented", "alone", **options)
    found = evaluate(corpus, tmp_path, checkpoint, alone)
    assert set(found["condition"]) == {"vl", "avl"}
    whole = evaluate(corpus, tmp_path, checkpoint, "gaussian_-10dB")
    for condition in ("vl", "avl"):
        same = (rows[rows["condition"] == condition] for rows in (found, whole))
        pd.testing.assert_frame_equal(*(rows.reset_index(drop=True) for rows in same))


def test_constant_features_are_named_before_training(corpus, tmp_path):
    path = corpus["features"]["text"]
    store = read_features(path)
    frames = [np.full_like(store.frames(row), 0.5) for row in range(96)]
    write_features(path, store.utterances, frames, store.names, None, {}, "")
    with pytest.raises(InputError, match=r"gaussian_-10dB, fold 1, text: .*variance 0"):
        schedule_of(corpus, tmp_path, "gaussian_-10dB")


def test_noise_that_is_nothing_is_an_error(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(corrupt, "MAX_VALUES", 100_000)
    with pytest.raises(InputError, match="nothing is corrupted"):
        schedule_of(corpus, tmp_path, "impulse_-10dB", frequency=1e-6)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folds: folds[folds["part"] != "validation"], "validation part of fold 1 is empty"),
        (lambda folds: folds.assign(fold=2), "no fold 1"),
        (
            lambda folds: folds[(folds["part"] != "train") | (folds.index % 4 != 0)],
            "training part of fold 1 has no utterance of angry",
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


@pytest.mark.parametrize(("metric", "best"), [(PearsonR, 3), (MAE, 2)])
def test_an_epoch_without_a_score_is_never_the_best(metric, best):
    """Pearson's r of a constant answer."""
    measure = metric(Settings())
    run = ReplicaRun(None, {"settings": {}}, None, [], None, measure)
    run.history = [
        {"epoch": epoch, f"validation_{measure.name}": value}
        for epoch, value in enumerate((np.nan, 0.2, 0.5), start=1)
    ]
    assert (run.best_epoch, run.kept_epoch) == (best, best)


def test_the_loss_is_a_mean_over_samples_whatever_the_batch(corpus, tmp_path):
    losses = []
    for size in (16, 64):
        still = {"epochs_constant": 1, "epochs_falling": 0, "learning_rate": 1e-9}
        men = described("men", **still, batch_size=size)
        _, history = train(corpus, tmp_path / str(size), model=men)
        losses.append(pd.read_csv(history)["loss"][0])
    assert losses[0] == pytest.approx(losses[1], rel=0.3)
    assert losses[0] > 1


def test_a_checkpoint_of_other_classes_is_refused(corpus, tmp_path):
    men = model("men", epochs_constant=1, epochs_falling=0)
    checkpoint, _ = train(corpus, tmp_path, model=men)
    table = pd.read_csv(corpus["utterances_csv"])
    table["label"] = table["label"].replace("angry", "zealous")
    table.to_csv(corpus["utterances_csv"], index=False)
    with pytest.raises(InputError, match="other targets"):
        evaluate(corpus, tmp_path, checkpoint, "clean")
