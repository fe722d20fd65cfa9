"""SNR fusion: what it reads off the features, and that it learns and says it."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.models import build, clean_digests

from robust_mer.data import Normaliser
from robust_mer.engine.batches import Batches
from robust_mer.engine.corruption import NO_CORRUPTION
from robust_mer.engine.frames import Frames
from robust_mer.engine.nets import Nets
from robust_mer.engine.replica import ReplicaData, TrainingConditions
from robust_mer.models.model import Batch
from robust_mer.models.snr_fusion.discriminant import Discriminant, Known
from robust_mer.models.snr_fusion.signal import SIGNS, Signal
from robust_mer.models.snr_fusion.snr_fusion import CLEANEST
from robust_mer.models.snr_fusion.spread import SpreadDiscriminant, percentiles
from robust_mer.training.teaching import digest_clean_parts

WIDTH, FRAMES = 64, 40


def clean(utterances, seed, liveliness=1.0):
    """Utterances whose signal lies in four directions and changes slowly: [u, T, D].

    `liveliness`, or one for each utterance and direction, says how much it changes.
    """
    draws = torch.Generator().manual_seed(seed)
    directions = torch.randn(4, WIDTH, generator=torch.Generator().manual_seed(0))
    means = torch.randn(utterances, 1, 4, generator=draws)
    changes = 0.5 * liveliness * torch.randn(utterances, FRAMES, 4, generator=draws)
    signal = (means + changes) @ directions
    return signal / signal.square().mean().sqrt() + 0.03 * torch.randn(
        utterances, FRAMES, WIDTH, generator=draws
    )


def noisy(frames, snr, seed=1, kind="gaussian"):
    """The frames at an SNR in dB, at the scale that the workflow's schedule gives them."""
    draws = torch.Generator().manual_seed(seed)
    noise = torch.randn(frames.shape, generator=draws)
    if kind == "impulse":
        hit = torch.rand(frames.shape, generator=draws) < 0.3
        noise = hit * noise.sign() / 0.3**0.5
    ratio = 10 ** (snr / 10)
    return (ratio / (1 + ratio)) ** 0.5 * frames + (1 / (1 + ratio)) ** 0.5 * noise


@pytest.fixture(scope="module")
def signal():
    part = Signal(WIDTH)
    frames = clean(300, seed=2)
    part.measure(frames.flatten(0, 1), torch.full((300,), FRAMES))
    part.measure_typical(frames.flatten(0, 1), lengths(frames))
    return part


def lengths(frames):
    return torch.full((len(frames),), frames.shape[1])


@pytest.mark.parametrize("kind", ["gaussian", "impulse"])
@pytest.mark.parametrize("snr", [10, 5, 0, -5, -10])
def test_the_snr_is_read_off_the_features(signal, snr, kind):
    frames = clean(100, seed=3)
    louder = 10 * frames.square().mean(dim=(1, 2)).log10()  # than the average utterance
    received = noisy(frames, snr, kind=kind)
    for scale in (1.0, 0.01, 30.0):
        estimate = signal(scale * received, lengths(frames)).snr[:, 0]
        assert (estimate - snr - louder).square().mean().sqrt() < 4


def test_the_wiener_filter_beats_the_mean_and_ends_at_the_average_utterance(signal):
    frames = clean(100, seed=4)
    true = signal(frames, lengths(frames)).mean
    for snr in (-10, -20, -40):
        received = noisy(frames, snr)
        plain = received.mean(dim=1) * 10 ** (-snr / 20)  # brought to the clean scale
        unit = signal.between.mean().sqrt()
        error = (plain @ signal.axes - signal.centre) / unit - true
        filtered = signal(received, lengths(frames)).mean - true
        assert filtered.square().mean() < error.square().mean()
    assert filtered.square().mean() < 1.3 * true.square().mean()


def test_padding_and_lost_frames_do_not_count(signal):
    frames = clean(5, seed=5)
    alone = signal(frames[:, :20], torch.full((5,), 20))
    padded = torch.cat([frames[:, :20], 7 * torch.ones(5, 9, WIDTH)], dim=1)
    assert torch.allclose(signal(padded, torch.full((5,), 20)).mean, alone.mean, atol=1e-5)
    thinned = frames.clone()
    thinned[:, ::2] = 0
    kept = signal(frames[:, 1::2], torch.full((5,), 20))
    received = signal(thinned, lengths(thinned))
    assert torch.allclose(received.mean, kept.mean, atol=1e-4)
    assert torch.allclose(received.lost, torch.full((5, 1), 0.5))


@pytest.mark.parametrize("frames", [torch.zeros(3, 8, WIDTH), torch.ones(3, 8, WIDTH)])
@pytest.mark.parametrize("length", [0, 1, 8])
def test_silence_a_single_frame_and_nothing_give_finite_numbers(signal, frames, length):
    received = signal(frames, torch.full((3,), length))
    for name in ("mean", "deviation", "snr", "atypicality", "signs"):
        assert getattr(received, name).isfinite().all()
    assert received.signs.shape == (3, SIGNS)


@pytest.mark.parametrize("scale", [16**-3, 1e-3, 40, 16**2])
def test_the_scale_of_features_changes_nothing(scale):
    """Features that are not normalised may have any; powers of 16 do not even round."""
    digests = []
    for factor in (1, scale):
        expert = build("snr_fusion", {"audio": WIDTH}).encoders["audio"]
        frames = factor * clean(90, seed=12)
        expert.measure(frames.flatten(0, 1), lengths(frames), torch.arange(90) % 3)
        heard = factor * noisy(clean(20, seed=13), -5)
        known = expert.known(expert.digest_clean(frames, lengths(frames)), torch.arange(90) % 3)
        digests.append(
            torch.cat(
                [
                    expert.digest(heard, lengths(heard)),
                    expert.digest(frames, lengths(frames), known),
                ]
            )
        )
    same, scaled = digests
    if math.log(scale, 16).is_integer():
        assert torch.equal(same, scaled)
    snr, atypicality = -3, -2  # before lost frames, after what depends on the unit
    torch.testing.assert_close(scaled[:, snr], same[:, snr], rtol=0, atol=0.5)
    torch.testing.assert_close(scaled[:, atypicality], same[:, atypicality], rtol=0, atol=0.15)
    likelihoods = slice(2 * WIDTH, 2 * WIDTH + 8)
    torch.testing.assert_close(scaled[:, likelihoods], same[:, likelihoods], rtol=0.05, atol=1)


def test_a_shift_of_all_frames_is_atypical_and_noise_is_not(signal):
    def atypicality(received):
        return signal(received, lengths(received)).atypicality

    others = clean(100, seed=6)
    for received in (others, *(noisy(others, snr) for snr in (10, 0, -10, -40))):
        assert atypicality(received).median() < 1.1
    assert atypicality(noisy(others, -10, kind="impulse")).median() < 1.1
    direction = torch.randn(WIDTH, generator=torch.Generator().manual_seed(7))
    shifted = [atypicality(others + size * direction).min() for size in (0.5, 1, 2)]
    assert 3 < shifted[0] < shifted[1] < shifted[2]


def test_few_clean_utterances_are_atypical_also_with_few_to_learn_from():
    """Axes fit the utterances that they were taken from, and with few of them no others."""
    draws = torch.Generator().manual_seed(3)
    means, changes = (0.05 + torch.rand(128, generator=draws) for _ in range(2))
    frames = torch.randn(360, 1, 128, generator=draws) * means
    frames = frames + torch.randn(360, 10, 128, generator=draws) * changes
    training, others = frames[:160], frames[160:]
    expert = build("snr_fusion", {"audio": 128}).encoders["audio"]
    sizes = lengths(training)
    sizes[5::10] = 0  # these do not count
    kept = torch.cat([one[:size] for one, size in zip(training, sizes, strict=True)])
    expert.measure(kept, sizes, torch.arange(160) % 3)
    share = (expert.signal(others, lengths(others)).atypicality > 1).float().mean()
    assert 0.005 < share < 0.05
    of_nothing = expert.signal(others[:2], torch.zeros(2, dtype=torch.long)).atypicality
    assert of_nothing.tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize("with_frames", [0, 1, 2])
def test_hardly_any_utterance_to_learn_from_gives_finite_numbers(with_frames):
    sizes = torch.tensor([4] * with_frames + [0] * (10 - with_frames))
    part, frames = Signal(6), torch.randn(4 * with_frames, 6)
    part.measure_typical(frames, sizes)
    assert part.typical >= 1
    assert part.typical.isfinite()


def test_the_mean_of_few_frames_may_be_farther_from_the_average():
    part, training = Signal(WIDTH), clean(300, seed=2, liveliness=3.0)
    part.measure(training.flatten(0, 1), lengths(training))
    frames = clean(100, seed=6, liveliness=3.0)
    whole = part(frames, lengths(frames)).atypicality.mean()
    frames[:, torch.arange(FRAMES) % 20 > 0] = 0
    assert whole < part(frames, lengths(frames)).atypicality.mean() < 2.2 * whole


def test_an_atypical_modality_weighs_less_by_its_atypicality():
    model = build("snr_fusion", {"audio": WIDTH, "text": WIDTH}).eval()
    frames = {"audio": clean(60, seed=2), "text": clean(60, seed=3)}
    sizes = {name: lengths(one) for name, one in frames.items()}
    model.measure({m: f.flatten(0, 1) for m, f in frames.items()}, sizes, torch.arange(60) % 3)
    expert = model.encoders["audio"]
    torch.nn.init.zeros_(expert.weight.weight)  # the same for any damage
    as_is = model.describe(model.encode_all(frames, sizes))
    shift = 2 * torch.randn(WIDTH, generator=torch.Generator().manual_seed(7))
    said = model.describe(model.encode_all(frames | {"audio": frames["audio"] + shift}, sizes))
    factor = said["atypicality_audio"].clamp(min=1) / as_is["atypicality_audio"].clamp(min=1)
    assert factor.min() > 3

    def odds(figures):
        return figures["weight_audio"] / figures["weight_text"]

    torch.testing.assert_close(odds(as_is) / odds(said), factor, rtol=1e-4, atol=0)
    torch.testing.assert_close(said["atypicality_text"], as_is["atypicality_text"])


def test_a_missing_modality_has_no_weight_and_no_snr():
    model = build("snr_fusion", {"audio": 6, "text": 5}).eval()
    frames = {"audio": torch.randn(4, 7, 6), "text": torch.zeros(4, 3, 5)}
    embeddings = model.encode_all(frames, {m: lengths(f) for m, f in frames.items()})
    said = {name: values.tolist() for name, values in model.describe(embeddings).items()}
    assert said["weight_text"] == [0.0] * 4
    assert said["weight_audio"] == pytest.approx([1.0] * 4)
    assert said["lost_text"] == [1.0] * 4
    assert said["snr_text"] == [-45.0] * 4
    assert all(-45 <= snr <= 20 for snr in said["snr_audio"])


def test_clean_features_do_not_pull_on_the_estimates_of_noisy_ones():
    """Their likelihood reaches beyond the target of clean features, which no head should undo."""
    model = build("snr_fusion", {"audio": WIDTH}).eval()
    expert = model.encoders["audio"]
    torch.nn.init.zeros_(expert.snr.weight)
    torch.nn.init.zeros_(expert.snr.bias)
    frames = clean(64, seed=2)
    model.measure(
        {"audio": frames.flatten(0, 1)}, {"audio": lengths(frames)}, torch.zeros(64).long()
    )
    embeddings = {"audio": model.encode("audio", frames, lengths(frames))}
    assert (model.describe(embeddings)["snr_audio"] <= CLEANEST).all()
    assert embeddings["audio"][:, -3].max().item() * 10 == pytest.approx(CLEANEST)


def test_each_sample_comes_with_what_was_computed_of_its_own_clean_frames():
    """Of two replicas with different training parts, in batches in random order."""
    models = [build("snr_fusion", {"audio": 6}, seed) for seed in (0, 1)]
    length = np.random.default_rng(1).integers(1, 9, 40)
    values = torch.randn(length.sum(), 6, generator=torch.Generator().manual_seed(1))
    frames = {"audio": Frames(values, length.cumsum() - length, length)}
    as_is = {"audio": Normaliser(np.zeros(6, np.float32), np.ones(6, np.float32))}
    clean = [TrainingConditions(np.ones((1, 1), bool))]
    replicas = [
        ReplicaData(fold, 1, {"train": np.arange(fold, 40, 2)[::-1]}, as_is, [NO_CORRUPTION], clean)
        for fold in (0, 1)
    ]
    with torch.no_grad():
        for model, seed in zip(models, (2, 3), strict=True):
            axes = torch.randn(6, 6, generator=torch.Generator().manual_seed(seed))
            model.encoders["audio"].signal.axes.copy_(axes)
    corpus = SimpleNamespace(utterances=[str(row) for row in range(40)])
    digests = digest_clean_parts(Nets(models, torch.device("cpu")), replicas, corpus, frames)
    batches = Batches(
        replicas, frames, torch.zeros(40), {}, needs_clean=True, clean_digests=digests
    )
    for step in batches.epoch(batches.draw(1, 8, 0), [0, 1], 8):
        for place, model in enumerate(models):
            own = {"audio": step.batch.clean["audio"][place]}
            expected = clean_digests(model, own, {"audio": step.batch.lengths["audio"][place]})
            digest = step.batch.clean_digests["audio"][place]
            torch.testing.assert_close(digest, expected["audio"], rtol=1e-4, atol=1e-5)


def test_gradients_do_not_touch_the_moments_and_unknown_snrs_do_not_count():
    model = build("snr_fusion", {"audio": 6})
    frames = torch.randn(8, 7, 6)
    target = torch.tensor([0, 1] * 4)
    unknown = torch.full((8,), torch.nan)
    for snr, zero in ((unknown, True), (unknown.nan_to_num(torch.inf), False)):
        batch = Batch(
            {"audio": frames},
            {"audio": lengths(frames)},
            target,
            {},
            torch.ones(8, 1, dtype=torch.bool),
            {},
            snr={"audio": snr},
            clean_digests=clean_digests(model, {"audio": frames}, {"audio": lengths(frames)}),
        )
        loss = model.loss(batch)
        assert (loss["snr"].item() == 0) == zero
        torch.stack(list(loss.values())).sum().backward()
    expert = model.encoders["audio"]
    moments = [
        *expert.signal.parameters(),
        *expert.discriminant.parameters(),
        *expert.spread.parameters(),
    ]
    assert len(moments) == 13
    assert all(moment.grad is None for moment in moments)


def test_training_changes_nothing_that_a_digest_rests_on():
    model = build("snr_fusion", {"audio": 6})
    frames = torch.randn(8, 7, 6)
    digest = model.digest("audio", frames, lengths(frames))
    assert not digest.requires_grad
    model.eval()
    embedding = model.encode("audio", frames, lengths(frames))
    assert torch.equal(model.encode_digest("audio", digest), embedding)


@pytest.fixture(scope="module")
def classes(signal):
    """Utterances, their classes, and a discriminant that was measured on them."""
    frames, group = clean(90, seed=6), torch.arange(90) % 3
    average = signal(frames, lengths(frames)).average
    part = Discriminant(WIDTH, 3)
    part.measure(average - signal.centre, group)
    return frames, group, average, part


@pytest.mark.parametrize("snr", [torch.inf, 0, -20])
def test_the_discriminant_is_the_likelihood_at_the_snr(signal, classes, snr):
    frames, _, _, part = classes
    received = signal(noisy(frames, snr) if snr < torch.inf else frames, lengths(frames))
    expected = [
        torch.distributions.Normal(
            received.share.sqrt() * (signal.centre + mean),
            (received.share * part.variance + received.noise).sqrt(),
        )
        .log_prob(received.average)
        .sum(dim=1)
        for mean in part.means
    ]
    answer = part(received, signal.centre, None)
    shared = torch.stack(expected, dim=1) - answer
    torch.testing.assert_close(shared, shared[:, :1].expand_as(shared), rtol=1e-4, atol=2e-2)


def test_an_utterance_in_training_is_not_in_the_mean_of_its_class(signal, classes):
    frames, group, average, part = classes
    received = signal(noisy(frames, 0), lengths(frames))
    answer = part(received, signal.centre, Known(group, average, average))
    others = Discriminant(WIDTH, 3)
    others.measure((average - signal.centre)[1:], group[1:])
    with torch.no_grad():
        others.variance.copy_(part.variance)
    torch.testing.assert_close(
        answer[0], others(received, signal.centre, None)[0], rtol=1e-3, atol=1e-3
    )


def test_the_discriminant_ignores_utterances_without_a_class_or_frames(signal, classes):
    frames, group, average, part = classes
    with_more = Discriminant(WIDTH, 3)
    strange = torch.cat([average - signal.centre, torch.full((2, WIDTH), 9.0)])
    with_more.measure(strange, torch.cat([group, torch.tensor([-1, -2])]))
    torch.testing.assert_close(with_more.means, part.means)
    received = signal(torch.zeros_like(frames), lengths(frames))
    unknown = Known(torch.full_like(group, -1), average, average)
    assert not part(received, signal.centre, unknown).any()


def test_the_only_utterance_of_a_class_is_compared_with_all(signal, classes):
    frames, _, average, _ = classes
    part = Discriminant(WIDTH, 4)
    group = torch.zeros(len(frames), dtype=torch.long)
    group[0] = 1  # and none has class 2 or 3
    part.measure(average - signal.centre, group)
    answer = part(signal(frames, lengths(frames)), signal.centre, Known(group, average, average))
    assert answer.isfinite().all()
    assert answer[0, 1] == 0  # the likelihood of the mean of all


def spread_of(signal, frames):
    received = signal(frames, lengths(frames))
    return percentiles(frames, lengths(frames), received), received


def test_percentiles_are_those_of_the_intact_frames_at_the_clean_width(signal):
    frames = noisy(clean(4, seed=8), 0)
    received = signal(frames, lengths(frames))
    deviation = frames.std(dim=1, correction=0)
    expected = torch.cat(
        [frames.quantile(p, dim=1) - frames.mean(dim=1) for p in (0.1, 0.9)], dim=1
    )
    as_they_are = replace(received, deviation=deviation)
    found = percentiles(frames, lengths(frames), as_they_are)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    half = replace(received, deviation=deviation / 2)
    padded = torch.cat([frames, torch.zeros(4, 3, WIDTH), 5 * torch.ones(4, 2, WIDTH)], dim=1)
    found = percentiles(padded, lengths(frames) + 3, half)
    torch.testing.assert_close(found, expected / 2, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("length", [0, 1, 8])
def test_percentiles_are_zero_without_spread_or_frames(signal, length):
    frames = torch.ones(3, 8, WIDTH)
    received = signal(frames, torch.full((3,), length))
    assert percentiles(frames, torch.full((3,), length), received).abs().max() < 1e-5


@pytest.fixture(scope="module")
def spreads(signal):
    """Utterances, their classes, percentiles and discriminant.

    In each class, the signal changes along another direction.
    """
    group = torch.arange(90) % 3
    frames = clean(90, seed=9, liveliness=0.4 + 2 * torch.eye(3, 4)[group][:, None])
    part = SpreadDiscriminant(WIDTH, 3)
    spread, _ = spread_of(signal, frames)
    part.measure(spread, group)
    return frames, group, spread, part


def test_the_spread_says_the_class_unless_noise_hides_it(signal, spreads):
    frames, group, spread, part = spreads
    answer = part(*spread_of(signal, frames), Known(group, spread, spread))
    assert (answer.argmax(dim=1) == group).double().mean() > 0.9
    answer = part(*spread_of(signal, noisy(frames, -30)), Known(group, spread, spread))
    assert answer.abs().mean() < 0.2
    assert not part(*spread_of(signal, torch.zeros_like(frames)), None).any()


@pytest.mark.parametrize("left_out", [0, 31])
def test_an_utterance_in_training_is_in_neither_mean_nor_covariance(signal, spreads, left_out):
    """Against the formulas with the utterance left out; axes and centre stay."""
    frames, group, spread, part = spreads
    heard, received = spread_of(signal, noisy(frames, 5))
    answer = part(heard, received, Known(group, spread, spread))[left_out].double()
    clean, said = (((one - part.centre) @ part.axes).double().detach() for one in (spread, heard))
    means = torch.stack([clean[group == each].mean(dim=0) for each in range(3)])
    average = ((clean - means[group]).square().sum(dim=0) / (90 - 3)).mean()
    stays = torch.arange(90) != left_out
    others, of_others = clean[stays], group[stays]
    means = torch.stack([others[of_others == each].mean(dim=0) for each in range(3)])
    scatter = others - means[of_others]
    covariance = 0.8 * scatter.T @ scatter / (90 - 3) + 0.2 * average * torch.eye(len(scatter.T))
    expected = torch.distributions.MultivariateNormal(means, covariance).log_prob(said[left_out])
    ratio = (10 ** (received.snr[left_out] / 10)).double()
    expected = ratio / (1 + ratio) * (expected - expected[0])
    torch.testing.assert_close(answer - answer[0], expected, rtol=1e-3, atol=1e-3)


def test_the_discriminant_of_spread_ignores_utterances_without_a_class(signal, spreads):
    frames, group, spread, part = spreads
    more = SpreadDiscriminant(WIDTH, 3)
    strange = torch.cat([spread, torch.full((2, spread.shape[1]), 9.0)])
    more.measure(strange, torch.cat([group, torch.tensor([-1, -2])]))
    torch.testing.assert_close(more.means, part.means)
    torch.testing.assert_close(more.precision, part.precision)
    heard, received = spread_of(signal, frames)
    unknown = Known(torch.full_like(group, -1), spread, spread)
    torch.testing.assert_close(
        part(heard, received, unknown), part(heard, received, None), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("group", [[0, 0, 0, 1], [0, 0, 0, 0], [-1] * 4])
def test_few_utterances_of_a_class_give_finite_likelihoods(signal, group):
    frames, group = clean(4, seed=10), torch.tensor(group)
    spread, received = spread_of(signal, frames)
    part = SpreadDiscriminant(WIDTH, 3)
    part.measure(spread, group)
    assert part(spread, received, Known(group, spread, spread)).isfinite().all()
    assert part(spread, received, None).isfinite().all()
