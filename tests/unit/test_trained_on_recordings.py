"""Training on corrupted recordings: several draws of each, of other lengths than the clean ones."""

import numpy as np
import pytest
import torch
from helpers.corpus import NORMALISE, read
from helpers.jobs import run_schedule, run_training, train_files, train_spec
from helpers.noises import corruption
from helpers.plans import Wildcards, default_config, plan_of
from helpers.training import model

from robust_mer.conditions import Corruption
from robust_mer.data import fit_normalisers
from robust_mer.engine.batches import Batches
from robust_mer.engine.corruption import (
    NO_CORRUPTION,
    CorruptionOfFold,
    corruption_of_fold,
    evaluation_frames,
)
from robust_mer.engine.frames import load_frames
from robust_mer.engine.replica import EpochDraws, ReplicaData, TrainingConditions, replica_seed
from robust_mer.errors import InputError
from robust_mer.plan.recorded import extraction_messages, recorded_in_run
from robust_mer.plan.rules.features import extract_corrupted
from robust_mer.plan.rules.training import train_model
from robust_mer.plan.targets import Targets
from robust_mer.store import read_features, write_features
from robust_mer.training.spec import Recorded

CPU = torch.device("cpu")
BABBLE = Corruption("babble_5dB", recorded={"audio": "babble_5dB"})


def draw(corpus, folder, number, modality="audio", settings=None):
    """A draw of corrupted recordings: other values, and other numbers of frames."""
    clean = read_features(corpus["features"][modality])
    rng = np.random.default_rng(number)
    frames = [
        rng.normal(10 * number, 1, (rng.integers(0, 12), len(clean.names))).astype("f4")
        for _ in clean.utterances
    ]
    path = folder / f"{modality}_draw{number}.h5"
    write_features(path, clean.utterances, frames, clean.names, None, settings or {}, "")
    return path


# -- batches --------------------------------------------------------------------------------------


class Setup:
    """A replica of the small corpus with two draws of corrupted audio, and some of video."""

    def __init__(self, corpus, folder, corruptions, needs_clean=True, follows=None, draws=(3,)):
        self.corpus = read(corpus)
        size = len(self.corpus.utterances)
        self.stores = {
            "audio": [read_features(draw(corpus, folder, n)) for n in (1, 2)],
            "video": [read_features(draw(corpus, folder, n, "video")) for n in draws],
        }
        self.frames = load_frames(self.corpus, CPU, self.stores)
        self.begins = {
            "audio": np.array([size, 2 * size]),
            "video": size * np.arange(1, 1 + len(draws)),
        }
        self.normalisers = fit_normalisers(self.corpus, 1)
        parts = self.corpus.parts[1]
        folds = [
            CorruptionOfFold({}, 1, {m: self.begins[m] for m in one}, follows or {})
            for one in corruptions
        ]
        conditions = [
            TrainingConditions(np.array([[m not in one for m in NORMALISE]])) for one in corruptions
        ]
        self.replica = ReplicaData(1, 1, parts, self.normalisers, folds, conditions)
        target = torch.from_numpy(self.corpus.target)
        self.batches = Batches([self.replica], self.frames, target, {}, needs_clean)

    def epoch(self, number):
        """Each sample of an epoch: its row, its corruption, and what the batch has of it."""
        (draws,) = self.batches.draw(number, 16, 0)
        samples = []
        for step in self.batches.epoch([draws], [0], 16):
            first = len(samples)
            for place in range(step.samples):
                sample = first + place
                row = self.replica.parts["train"][draws.order[sample]]
                samples.append((row, draws.corruption[sample], step.batch, place))
        return samples

    def of_store(self, store, row, modality):
        return self.normalisers[modality](store.frames(row))


def received(batch, modality, place):
    """The real frames of a sample, after a check that the others are zeros."""
    length = int(batch.lengths[modality][0, place])
    assert not batch.received[modality][0, place, length:].any()
    return batch.received[modality][0, place, :length].numpy()


def test_a_sample_receives_one_of_the_draws_whatever_its_length(corpus, tmp_path):
    setup = Setup(corpus, tmp_path, [["audio"]])
    picked = {0: 0, 1: 0}
    for epoch in (1, 2, 3):
        for row, _, batch, place in setup.epoch(epoch):
            audio = received(batch, "audio", place)
            draws = [setup.of_store(store, row, "audio") for store in setup.stores["audio"]]
            matches = [np.array_equal(audio, one) for one in draws]
            assert any(matches)
            picked[matches.index(True)] += 1
            for modality in ("video", "text"):
                clean = setup.of_store(setup.corpus.features[modality], row, modality)
                np.testing.assert_array_equal(received(batch, modality, place), clean)
    assert min(picked.values()) > 0.35 * sum(picked.values())


@pytest.mark.parametrize("follows", [{}, {"video": "audio"}])
def test_what_one_recording_gives_comes_from_one_draw(corpus, tmp_path, follows):
    setup = Setup(corpus, tmp_path, [["audio", "video"]], follows=follows, draws=(3, 4))
    same = []
    for row, _, batch, place in setup.epoch(1):
        audio, video = (
            [
                np.array_equal(received(batch, modality, place), setup.of_store(one, row, modality))
                for one in setup.stores[modality]
            ].index(True)
            for modality in ("audio", "video")
        )
        same.append(audio == video)
    assert all(same) == bool(follows)


def test_modalities_of_one_corruption_follow_the_first():
    recorded = {"audio": "babble_5dB", "video": "blur_3px", "text": "babble_5dB"}
    begins = {(raw, m): np.array([number]) for number, (m, raw) in enumerate(recorded.items())}
    fold = corruption_of_fold(Corruption("both", recorded=recorded), {}, 1, begins)
    assert fold.follows == {"text": "audio"}
    assert {m: int(begin[0]) for m, begin in fold.recorded.items()} == {
        "audio": 0,
        "video": 1,
        "text": 2,
    }


def test_each_sample_meets_its_own_corruption(corpus, tmp_path):
    setup = Setup(corpus, tmp_path, [["audio"], ["video"], ["audio", "video"], []])
    met = set()
    for row, number, batch, place in setup.epoch(1):
        met.add(number)
        for modality in ("audio", "video"):
            clean = setup.of_store(setup.corpus.features[modality], row, modality)
            is_clean = np.array_equal(received(batch, modality, place), clean)
            touched = [["audio"], ["video"], ["audio", "video"], []][number]
            assert is_clean == (modality not in touched)
    assert met == {0, 1, 2, 3}


def test_clean_frames_have_their_own_lengths(corpus, tmp_path):
    setup = Setup(corpus, tmp_path, [["audio"]])
    for row, _, batch, place in setup.epoch(1):
        clean = setup.of_store(setup.corpus.features["audio"], row, "audio")
        length = int(batch.clean_lengths["audio"][0, place])
        np.testing.assert_array_equal(batch.clean["audio"][0, place, :length].numpy(), clean)
        assert batch.clean["audio"].shape == batch.received["audio"].shape


def test_the_draws_of_one_epoch_differ_from_the_next_and_are_the_same_again(corpus, tmp_path):
    setup = Setup(corpus, tmp_path, [["audio"]])
    first, again, second = (
        EpochDraws.of(setup.replica, epoch, 16, 2, CPU).recording for epoch in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert first.shape == (64, 3)
    assert (first != second).all()
    assert (first[:, 0] != first[:, 1]).all()  # sound and picture are drawn independently


def test_what_is_drawn_without_recordings_stays_what_it_was(corpus, tmp_path):
    setup = Setup(corpus, tmp_path, [["audio"], ["video"]])
    drawn = EpochDraws.of(setup.replica, 3, 16, 2, CPU)
    generator = np.random.default_rng(replica_seed(1, 1, "epoch 3"))
    np.testing.assert_array_equal(drawn.order, generator.permutation(64))
    np.testing.assert_array_equal(drawn.corruption, generator.integers(2, size=64))
    generator.integers(np.ones(64, int))  # the conditions: one for each corruption
    keys = generator.integers(-(1 << 31), 1 << 31, size=(4, 2, 2), dtype=np.int32)
    np.testing.assert_array_equal(drawn.keys, keys)
    noise = torch.Generator().manual_seed(replica_seed(1, 1, "noise 3"))
    expected = torch.randn(5, generator=noise)
    assert torch.equal(drawn.noise.normal((5,)), expected)


def test_validation_hears_the_first_draw(corpus, tmp_path):
    setup = Setup(corpus, tmp_path, [["audio"]])
    rows = setup.replica.parts["validation"]
    heard, clean = (
        evaluation_frames(
            setup.frames, setup.normalisers, setup.corpus.utterances, rows, "validation", one
        )
        for one in (setup.replica.corruptions[0], NO_CORRUPTION)
    )
    first = [setup.of_store(setup.stores["audio"][0], row, "audio") for row in rows]
    np.testing.assert_array_equal(heard["audio"].values.numpy(), np.concatenate(first))
    np.testing.assert_array_equal(heard["audio"].length, [len(frames) for frames in first])
    assert torch.equal(heard["text"].values, clean["text"].values)


# -- training -------------------------------------------------------------------------------------


def trained(corpus, folder, corruptions, recorded, keys=((1, 1),), name="men_augmented", **files):
    folder.mkdir(exist_ok=True)
    schedules = [
        run_schedule(corpus, folder / f"{one.name}.csv", one) for one in corruptions if one.noises
    ]
    features, paths = recorded
    quick = {"epochs_constant": 1, "epochs_falling": 0} if name != "logistic_regression" else None
    plugin = (
        model(name, **quick) if quick else {"implementation": IMPLEMENTED[name], "settings": {}}
    )
    spec = train_spec(plugin, "babble_5dB", corruptions, recorded=features)
    made = train_files(corpus, folder, keys, schedules, recorded=paths, **files)
    run_training(spec, made)
    return [path.read_bytes() for path in made.histories]


IMPLEMENTED = {
    "logistic_regression": "robust_mer.models.baselines.logistic_regression:LogisticRegression"
}


@pytest.fixture
def babble(corpus, tmp_path):
    """Two draws of babble."""
    return (Recorded("babble_5dB", "audio", 2),), [draw(corpus, tmp_path, n) for n in (1, 2)]


def weights(folder, key=(1, 1)):
    from safetensors.torch import load_file

    return load_file(folder / f"fold{key[0]}_seed{key[1]}.safetensors")


@pytest.mark.parametrize("name", ["men_augmented", "mctn", "cm_arr", "logistic_regression"])
def test_models_are_trained_on_them(corpus, tmp_path, babble, name):
    trained(corpus, tmp_path / "run", [BABBLE], babble, name=name)
    assert all(values.isfinite().all() for values in weights(tmp_path / "run").values())


def test_sound_picture_and_noise_are_trained_on_in_alternation(corpus, tmp_path, babble):
    features = (*babble[0], Recorded("blur_3px", "video", 1))
    paths = [*babble[1], draw(corpus, tmp_path, 3, "video")]
    noise = corruption("gaussian_-10dB", ["text"])
    street = Corruption("street", noise.noises, 1, {"audio": "babble_5dB", "video": "blur_3px"})
    blur = Corruption("blur_3px", recorded={"video": "blur_3px"})
    corruptions = [BABBLE, street, blur, corruption("gaussian_-20dB")]
    trained(corpus, tmp_path / "run", corruptions, (features, paths))
    assert all(values.isfinite().all() for values in weights(tmp_path / "run").values())


def test_a_replica_is_the_same_alone_and_after_another(corpus, tmp_path, babble):
    trained(corpus, tmp_path / "one", [BABBLE], babble, [(1, 2)])
    trained(corpus, tmp_path / "two", [BABBLE], babble, [(1, 1), (1, 2)])
    alone, together = (weights(tmp_path / folder, (1, 2)) for folder in ("one", "two"))
    for name, values in alone.items():
        assert torch.equal(values, together[name])


def test_other_recordings_train_anew_and_the_same_ones_are_reused(corpus, tmp_path, babble):
    first = trained(corpus, tmp_path / "run", [BABBLE], babble)
    assert trained(corpus, tmp_path / "run", [BABBLE], babble) == first  # with the times in it
    draw(corpus, tmp_path, 7).rename(babble[1][1])
    assert trained(corpus, tmp_path / "run", [BABBLE], babble) != first


def test_features_that_do_not_fit_are_refused(corpus, tmp_path, babble):
    strangers = read_features(babble[1][1])
    frames = [strangers.frames(row) for row in range(96)]
    write_features(
        babble[1][1], [f"x{n}" for n in range(96)], frames, strangers.names, None, {}, ""
    )
    with pytest.raises(InputError, match="does not have the same utterances"):
        trained(corpus, tmp_path / "run", [BABBLE], babble)
    narrow = [values[:, :2] for values in frames]
    write_features(babble[1][1], strangers.utterances, narrow, strangers.names[:2], None, {}, "")
    with pytest.raises(InputError, match="has 2 dimensions, but the clean features have 6"):
        trained(corpus, tmp_path / "run", [BABBLE], babble)


def test_noise_files_that_the_test_hears_are_refused(corpus, tmp_path):
    shared = draw(corpus, tmp_path, 1, settings={"corruption": {"is_apart": False}})
    features = (Recorded("babble_5dB", "audio", 1),)
    with pytest.raises(InputError, match="babble_5dB cannot be trained on: its folder has fewer"):
        trained(corpus, tmp_path / "run", [BABBLE], (features, [shared]))


# -- planning -------------------------------------------------------------------------------------

KINDS = ["babble_5dB", "reverb_600ms", "blur_3px", "wer_20%"]


def planned(corruptions=("babble_5dB",), tested_on=(), named=None, **corruption_changes):
    raw = default_config()
    raw["experiments"]["demo"] |= {
        "models": ["men_augmented"],
        "corruptions": list(corruptions),
        "tested_on": list(tested_on),
    }
    raw["corruption"] |= {"named": named or {}, **corruption_changes}
    return plan_of(raw)


def training_job(plan, trained_on):
    job = next(job for job in plan.grid.training_jobs if job.training.trained_on == trained_on)
    return train_model([job])(
        plan, Wildcards(corpus="demo", model="men_augmented", trained_on=trained_on)
    )


def test_training_reads_every_draw():
    job = training_job(planned(draws=3), "babble_5dB")
    folder = "results/demo/corrupted/babble_5dB"
    assert job.inputs["recorded"] == [
        f"{folder}/features/is13.h5",
        f"{folder}/draw2/features/is13.h5",
        f"{folder}/draw3/features/is13.h5",
    ]
    assert job.spec.recorded == (Recorded("babble_5dB", "audio", 3),)


def test_what_is_the_same_in_every_draw_is_extracted_once():
    plan = planned(["blur_3px", "occlude_30%", "lowlight_20%", "clip_20%"])
    draws = {one.corruption: one.draws for one in recorded_in_run(plan, "demo")}
    assert draws == {"blur_3px": 1, "occlude_30%": 1, "lowlight_20%": 2, "clip_20%": 1}
    raw = {"occlude": {"part": "any"}}
    default = default_config()["corruption"]["raw"]
    plan = planned(["occlude_30%"], raw=default | raw)
    assert recorded_in_run(plan, "demo") == (Recorded("occlude_30%", "video", 2),)


def test_the_first_draw_is_that_of_the_tests_and_others_have_other_numbers():
    plan = planned()
    seeds = [
        extract_corrupted(
            plan, Wildcards(corpus="demo", extractor="is13", raw=f"babble_5dB{folder}")
        ).spec.corruption.seed
        for folder in ("", "/draw2", "/draw3")
    ]
    assert seeds[0] == plan.config.corruption.seed
    assert len(set(seeds)) == 3


def test_experiments_without_them_read_no_recordings():
    job = training_job(planned(["gaussian_-10dB"], ["babble_5dB"]), "gaussian_-10dB")
    assert (job.spec.recorded, job.inputs["recorded"]) == ((), [])
    assert extraction_messages(planned(["gaussian_-10dB"], ["babble_5dB"])) == []


def test_leaving_one_kind_out():
    lists = {
        f"no_{kind.partition('_')[0]}": [other for other in KINDS if other != kind]
        for kind in KINDS
    }
    plan = planned(list(lists), ["clean", *KINDS], lists)
    (experiment,) = plan.grid.experiments.values()
    evaluations = {(one.trained_on, one.tested_on) for one in plan.grid.evaluations(experiment)}
    assert evaluations == {(name, kind) for name in lists for kind in ["clean", *KINDS]}
    read_by = {
        name: [one.corruption for one in training_job(plan, name).spec.recorded] for name in lists
    }
    assert read_by == lists
    made = Targets(plan).corrupted
    assert "results/demo/corrupted/wer_20%/draw2/features/minilm.h5" in made
    assert "results/demo/corrupted/blur_3px/draw2/features/mini_xception.h5" not in made


def test_a_mapping_and_its_parts_are_extracted_once():
    street = {"audio": "babble_5dB", "video": "blur_3px", "text": "gaussian_-10dB"}
    plan = planned(["street", "babble_5dB"], named={"street": street})
    job = training_job(plan, "street")
    assert [one.corruption for one in job.spec.recorded] == ["babble_5dB", "blur_3px"]
    assert job.inputs["schedules"] == ["results/demo/corrupted/street/schedule.csv"]
    assert [one.corruption for one in recorded_in_run(plan, "demo")] == ["babble_5dB", "blur_3px"]


def test_what_it_takes_is_counted_before_the_first_job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = planned(KINDS, draws=3)
    (message,) = extraction_messages(plan)
    assert "demo: training on corrupted recordings needs 10 extractions" in message
    assert "6 of audio, 1 of video, 3 of text" in message
    assert "of the whole corpus; 0 of them exist" in message
    index = tmp_path / "results/demo/utterances.csv"
    index.parent.mkdir(parents=True)
    index.write_text('utterance,text\na,"two\nlines"\nb,one\n', encoding="utf-8")
    feature = tmp_path / "results/demo/corrupted/babble_5dB/draw2/features/is13.h5"
    feature.parent.mkdir(parents=True)
    feature.touch()
    (message,) = extraction_messages(plan)
    assert "of 2 utterances each, 20 in all; 1 of them exist" in message


def test_a_model_is_not_trained_on_what_it_does_not_use():
    raw = default_config()
    raw["experiments"]["demo"] |= {
        "models": ["unimodal_text", "men_augmented"],
        "corruptions": ["babble_5dB"],
        "conditions": ["none"],
    }
    with pytest.raises(InputError, match="unimodal_text uses text, of which babble_5dB corrupts n"):
        plan_of(raw)
