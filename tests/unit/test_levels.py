"""Noise at an SNR from a range, drawn per utterance and modality, and what is lost with it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.noises import corruption

from robust_mer.corruption.draws import FreshDraws
from robust_mer.corruption.gaussian import Gaussian
from robust_mer.corruption.levels import DRAWS, evaluation_levels, is_lost, offsets
from robust_mer.corruption.schedule import exact_step
from robust_mer.data import Normaliser
from robust_mer.engine.batches import Batches
from robust_mer.engine.corruption import (
    CorruptionOfFold,
    CorruptionOfModality,
    corrupt_afresh,
    corruption_of_fold,
    evaluation_frames,
)
from robust_mer.engine.frames import Frames
from robust_mer.engine.replica import EpochDraws, ReplicaData, TrainingConditions
from robust_mer.settings import Settings

LOW, HIGH = -40, 10
COUNT = 10_000
NAMES = [f"u{number}" for number in range(COUNT)]
THREE = ["audio", "video", "text"]


def ranged(variance=1.0, lost=None):
    """Gaussian noise at -40 to 10 dB on features of this variance."""
    middle = exact_step((LOW + HIGH) / 2, variance)
    noise = Gaussian(Settings())
    return CorruptionOfModality(
        "gaussian", noise, middle.alpha_bar, None, (LOW + HIGH) / 2, HIGH - LOW, lost
    )


@pytest.fixture(scope="module")
def levels():
    """Draws of a test part [modalities, utterances, DRAWS]."""
    return np.stack([evaluation_levels("gaussian", 1, "test", m, NAMES) for m in THREE])


def test_the_snr_is_uniform_in_its_range_and_independent_between_modalities(levels):
    snr = (LOW + HIGH) / 2 + offsets(levels, HIGH - LOW)
    assert LOW <= snr.min() < LOW + 0.1 < HIGH - 0.1 < snr.max() <= HIGH
    in_tenths = np.stack([np.histogram(one, np.linspace(LOW, HIGH, 11))[0] for one in snr])
    assert (abs(in_tenths - COUNT / 10) < 3.5 * (0.09 * COUNT) ** 0.5).all()
    assert abs(np.corrcoef(snr) - np.eye(3)).max() < 3.5 / COUNT**0.5


def test_levels_are_a_function_of_seed_part_and_utterance():
    first = evaluation_levels("gaussian", 1, "test", "audio", NAMES[:50])
    backwards = evaluation_levels("gaussian", 1, "test", "audio", NAMES[:50][::-1])
    assert (backwards[::-1] == first).all()
    for key in (
        ("impulse", 1, "test", "audio"),
        ("gaussian", 2, "test", "audio"),
        ("gaussian", 1, "validation", "audio"),
        ("gaussian", 1, "test", "video"),
    ):
        assert not np.isin(evaluation_levels(*key, NAMES[:50]), first).any()


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.8])
def test_what_is_lost_has_the_stated_rates_and_joint_counts(levels, rate):
    lost = is_lost(levels, rate)
    error = (rate * (1 - rate) / COUNT) ** 0.5
    assert (abs(lost.mean(axis=1) - rate) < 3 * error).all()
    number_lost = np.bincount(lost.sum(axis=0), minlength=4) / COUNT
    for number, ways in enumerate((1, 3, 3, 1)):
        share = ways * rate**number * (1 - rate) ** (3 - number)
        assert abs(number_lost[number] - share) < 3 * (share * (1 - share) / COUNT) ** 0.5
    # the probability falls with the SNR, as ((high - SNR) / (high - low))^((1 - r) / r)
    tenth = np.minimum(levels[..., 0] * 10, 9).astype(int)
    k = (1 - rate) / rate
    for place in range(10):
        low, high = place / 10, (place + 1) / 10
        share = 10 * ((1 - low) ** (k + 1) - (1 - high) ** (k + 1)) / (k + 1)
        drawn = lost[tenth == place]
        assert abs(drawn.mean() - share) < 3.5 * (share * (1 - share) / drawn.size) ** 0.5 + 1e-3


def test_evaluation_noise_has_the_drawn_snr_of_each_utterance():
    """Whatever the variance: 10 log10(abar var / (1 - abar)) is the SNR."""
    variance, frames, width = 4.0, 200, 50
    rows = np.arange(40)
    generator = torch.Generator().manual_seed(1)
    values = variance**0.5 * torch.randn((40 * frames, width), generator=generator)
    stored = {"audio": Frames(values, rows * frames, np.full(40, frames))}
    as_is = {"audio": Normaliser(np.zeros(width, np.float32), np.ones(width, np.float32))}
    how = CorruptionOfFold({"audio": ranged(variance)}, 7)
    received = evaluation_frames(stored, as_is, NAMES[:40], rows, "test", how)["audio"].values
    level = evaluation_levels("gaussian", 7, "test", "audio", NAMES[:40])
    expected = (LOW + HIGH) / 2 + offsets(level, HIGH - LOW)
    clean, noisy = values.reshape(40, -1), received.reshape(40, -1)
    share = (clean * noisy).mean(dim=1) / (clean**2).mean(dim=1)  # sqrt(abar)
    error = (noisy - share[:, None] * clean).var(dim=1)
    measured = 10 * torch.log10(share**2 * variance / error)
    loud = expected > -20  # below, chance correlations hide what is left of the signal
    assert loud.sum() > 10
    assert measured.numpy()[loud] == pytest.approx(expected[loud], abs=1.5)
    assert error.numpy() == pytest.approx(
        [1 - exact_step(snr, variance).alpha_bar for snr in expected], rel=0.1
    )


def replica(how, count):
    """Data of a replica that trains with all modalities noisy."""
    conditions = [TrainingConditions(np.zeros((1, len(THREE)), bool))]
    as_is = Normaliser(np.zeros(4, np.float32), np.ones(4, np.float32))
    parts = {"train": np.arange(count)}
    corruption = CorruptionOfFold(dict.fromkeys(THREE, how), 1)
    return ReplicaData(1, 1, parts, dict.fromkeys(THREE, as_is), [corruption], conditions)


def batches(how, count):
    """Batches of utterances of five frames of ones."""
    first, length = np.arange(count) * 5, np.full(count, 5)
    frames = {m: Frames(torch.ones(count * 5, 4), first, length) for m in THREE}
    return Batches([replica(how, count)], frames, torch.zeros(count), {}, needs_clean=False)


def test_batches_carry_the_snr_that_each_sample_has():
    source = batches(ranged(), 600)
    draws = source.draw(1, 200, 0)
    for step in source.epoch(draws, [0], 200):
        for modality in THREE:
            snr, received = step.batch.snr[modality][0], step.batch.received[modality][0]
            assert snr.shape == (200,)
            assert LOW <= snr.min() < snr.max() <= HIGH
            quiet, loud = snr < -20, snr > 5
            assert float(received[loud].mean()) > 0.8
            assert abs(float(received[quiet].mean())) < 0.2
            kept = np.array([exact_step(one, 1.0).alpha_bar for one in snr[loud].tolist()])
            means = received[loud].mean(dim=(1, 2)).numpy()
            assert np.std(means - kept**0.5) < 0.15
    assert not torch.equal(step.batch.snr["audio"], step.batch.snr["video"])


@pytest.mark.parametrize(("stretch", "snr"), [(None, -10.0), ((0.2, 0.7), np.nan)])
def test_noise_on_a_part_of_each_utterance_has_no_snr(stretch, snr):
    one = corruption("gaussian_-10dB", ["audio"])
    noises = {"audio": replace(one.noises["audio"], stretch=stretch)}
    of_fold = corruption_of_fold(replace(one, noises=noises), {(2, "audio"): 0.1}, fold=2)
    source = batches(of_fold.modalities["audio"], 50)
    (step,) = source.epoch(source.draw(1, 50, 0), [0], 50)
    np.testing.assert_array_equal(step.batch.snr["audio"], np.full((1, 50), snr))


def test_samples_that_lost_a_modality_have_no_snr_and_no_signal():
    source = batches(ranged(lost=0.3), 2000)
    (step,) = source.epoch(source.draw(1, 2000, 0), [0], 2000)
    for modality in THREE:
        snr, received = step.batch.snr[modality][0], step.batch.received[modality][0]
        assert torch.equal(snr.isnan(), (received == 0).all(dim=(1, 2)))
        assert float(snr.isnan().float().mean()) == pytest.approx(0.3, abs=3 * 0.0103)
        assert float(snr[~snr.isnan()].mean()) > (LOW + HIGH) / 2 + 3  # the noisy ones are lost


def test_levels_of_training_change_with_the_epoch_and_with_nothing_else():
    data = replica(ranged(), 100)
    first, again, other = (
        EpochDraws.of(data, epoch, size, 2, torch.device("cpu")).level
        for epoch, size in ((1, 16), (1, 32), (2, 16))
    )
    assert first.shape == (100, len(THREE), DRAWS)
    assert (first == again).all()
    assert not np.isin(first, other).any()


def test_a_range_leaves_the_noise_of_other_corruptions_as_it_is():
    single = CorruptionOfModality("gaussian", Gaussian(Settings()), 0.5, None, 0.0)
    lengths, clean = np.full(6, 3), torch.ones(18, 2)
    draws = [FreshDraws(torch.Generator().manual_seed(1)) for _ in range(2)]
    alone = corrupt_afresh(clean[:9].clone(), lengths[:3], np.zeros(3, int), [single], draws[0])
    corruption = np.array([0, 0, 0, 1, 1, 1])
    level = np.zeros((6, DRAWS))
    both = corrupt_afresh(clean.clone(), lengths, corruption, [single, ranged()], draws[1], level)
    torch.testing.assert_close(both[:9], alone[:9])
