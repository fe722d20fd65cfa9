"""The noise schedule against the paper's numbers, and the noise against its statistics."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy import signal, stats

from robust_mer.conditions import (
    CorruptionName,
    conditions,
    drawn_condition,
    parse_corruption,
    partial_conditions,
)
from robust_mer.corruption.draws import CounterDraws, FreshDraws
from robust_mer.corruption.noise import (
    add_noise,
    add_noise_by_steps,
    check_noise,
    evaluation_noise,
)
from robust_mer.corruption.registry import NOISES
from robust_mer.corruption.schedule import (
    alpha_bar,
    exact_step,
    linear,
    paper_step,
    scaled_linear,
    snr_db,
)
from robust_mer.errors import InputError
from robust_mer.settings import Plugin

EVERY = {name: Plugin(implementation, {}).build() for name, implementation in NOISES.items()}
ADDED = {name: noise for name, noise in EVERY.items() if not noise.is_mask}
POWER = {**dict.fromkeys(ADDED, 1.0), "impulse": 0.3}
GAUSSIAN, IMPULSE = ADDED["gaussian"], ADDED["impulse"]


def build(name, **settings):
    return Plugin(NOISES[name], settings).build()


def fresh(seed=3):
    return FreshDraws(torch.Generator().manual_seed(seed))


# -- schedule ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("snr", "steps"), [(-10, 46), (-20, 89), (-30, 133), (-40, 177)])
def test_steps_at_unit_variance(snr, steps):
    step = paper_step(snr, 1.0)
    assert step.steps == steps
    assert step.reached_snr_db <= snr < snr_db(alpha_bar(linear(steps - 1)), 1.0)


@pytest.mark.parametrize(("variance", "steps"), [(150, 140), (2.15, 60), (0.029, 5), (151, 141)])
def test_moseis_steps_at_minus_ten_db(variance, steps):
    """T = [140, 60, 5] for audio, video and text (NMER, section 2.2.3)."""
    assert paper_step(-10, variance).steps == steps


@pytest.mark.parametrize(("steps", "snr"), [(5, 5.23), (10, 1.62), (20, -2.67), (140, -31.78)])
def test_snr_of_whole_steps(steps, snr):
    assert snr_db(alpha_bar(linear(steps)), 1.0) == pytest.approx(snr, abs=0.005)


def test_the_released_codes_schedule():
    """The first T of 100 betas from 0.01 to 0.5 with evenly spaced roots."""
    betas = scaled_linear(100)
    assert betas[[0, -1]] == pytest.approx([0.01, 0.5])
    assert np.diff(np.sqrt(betas)) == pytest.approx((0.5**0.5 - 0.1) / 99)
    assert (scaled_linear(30) == betas[:30]).all()
    kept, steps = 1.0, 0
    while 10 * math.log10(kept / (1 - kept) if kept < 1 else math.inf) > -10:
        kept *= 1 - (0.1 + steps * (0.5**0.5 - 0.1) / 99) ** 2
        steps += 1
    step = paper_step(-10, 1.0, "scaled_linear")
    assert step.steps == steps
    assert step.alpha_bar == pytest.approx(kept)
    with pytest.raises(InputError, match="not reached within 100 steps"):
        paper_step(-99, 1e6, "scaled_linear")


@pytest.mark.parametrize("variance", [0.03, 1.0, 150.0])
@pytest.mark.parametrize("target", [0, -10, -40])
def test_exact_mode_meets_the_target(variance, target):
    step = exact_step(target, variance)
    assert step.steps is None
    assert 0 < step.alpha_bar < 1
    assert step.reached_snr_db == pytest.approx(target, abs=1e-9)


def test_a_target_that_whole_steps_miss_is_an_error_that_names_exact_mode():
    with pytest.raises(InputError, match="mode: exact"):
        paper_step(0, 0.03)  # T = 1 gives +14.8 dB, T = 2 gives -5.7 dB
    with pytest.raises(InputError, match="mode: exact"):
        paper_step(-2000, 1.0)


@pytest.mark.parametrize("variance", [0.0, math.nan, math.inf])
@pytest.mark.parametrize("step", [paper_step, exact_step])
def test_constant_features_have_no_snr(step, variance):
    with pytest.raises(InputError, match="variance"):
        step(-10, variance)


# -- Algorithm 1 against equation 3 --------------------------------------------------------------


@pytest.mark.parametrize("betas", [linear(1), linear(46), linear(177), scaled_linear(40)])
def test_closed_form_has_the_mean_and_variance_of_the_steps(betas):
    """By recursion over x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) n_t."""
    mean, variance = 1.0, 0.0
    for beta in betas:
        mean, variance = math.sqrt(1 - beta) * mean, (1 - beta) * variance + beta
    assert mean == pytest.approx(math.sqrt(alpha_bar(betas)), abs=1e-12)
    assert variance == pytest.approx(1 - alpha_bar(betas), abs=1e-12)


@pytest.mark.parametrize("noise", [GAUSSIAN, ADDED["pink"]])
def test_steps_and_closed_form_have_the_same_distribution_for_gaussian_noise(noise):
    frames, width = 400, 200
    lengths, betas = [40] * (frames // 40), linear(46)
    clean = torch.full((frames, width), 3.0)
    kept = alpha_bar(betas)
    at_once = add_noise(clean, noise(lengths, width, fresh(1)), kept)
    stepwise = add_noise_by_steps(clean, lengths, noise, betas, fresh(2))
    assert stepwise.dtype == torch.float32
    for found in (at_once, stepwise):
        assert float(found.mean()) == pytest.approx(3 * kept**0.5, abs=0.03)
        assert float((found - 3 * kept**0.5).var()) == pytest.approx(1 - kept, rel=0.05)
    if noise is GAUSSIAN:
        samples = [some.flatten().numpy() for some in (at_once, stepwise)]
        assert stats.ks_2samp(*samples).pvalue > 1e-3


def test_impulses_are_lost_in_steps():
    """Same mean and variance, another distribution: the sum of many draws tends to a Gaussian."""
    clean, betas = torch.zeros(400, 200), linear(177)
    kept = alpha_bar(betas)
    at_once = add_noise(clean, IMPULSE([400], 200, fresh(1)), kept)
    stepwise = add_noise_by_steps(clean, [400], IMPULSE, betas, fresh(2))
    for found in (at_once, stepwise):
        assert float(found.mean()) == pytest.approx(0, abs=0.01)
        assert float(found.var()) == pytest.approx(0.3 * (1 - kept), rel=0.02)
    assert float((at_once == 0).float().mean()) == pytest.approx(0.7, abs=0.01)
    assert float((stepwise == 0).float().mean()) < 0.01
    assert stats.kurtosis(at_once.flatten().numpy()) == pytest.approx(1 / 0.3 - 3, abs=0.05)
    assert stats.kurtosis(stepwise.flatten().numpy()) == pytest.approx(0, abs=0.1)


def test_frames_can_have_an_abar_each():
    clean, noise = torch.randn(5, 3), torch.randn(5, 3)
    each = np.array([0.5, 0.5, 1e-6, 1 - 1e-6, 0.2])
    found = add_noise(clean, noise, each)
    assert found.dtype == torch.float32
    for row, kept in enumerate(each):
        torch.testing.assert_close(found[row], add_noise(clean[row], noise[row], float(kept)))


# -- noise types ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(ADDED))
@pytest.mark.parametrize(
    "draws", [partial(CounterDraws, "a"), fresh], ids=["evaluation", "training"]
)
def test_power_of_noises_from_both_sources(name, draws):
    lengths = np.tile([0, 1, 2, 7, 90], 400)
    noise = ADDED[name](lengths, 20, draws())
    assert noise.shape == (40_000, 20)
    assert noise.dtype == torch.float32
    slow = {"pink": 0.04, "bursts": 0.05}.get(name, 0.02)  # fewer independent values
    assert float(noise.mean()) == pytest.approx(0, abs=slow)
    assert float((noise**2).mean()) == pytest.approx(POWER[name], rel=slow)


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("gaussian", stats.norm()),
        ("uniform", stats.uniform(-(3**0.5), 2 * 3**0.5)),
        ("laplace", stats.laplace(scale=0.5**0.5)),
        ("pink", stats.norm()),
    ],
)
def test_distribution_of_a_value(name, distribution):
    # one frame an utterance, so that all values are independent
    values = ADDED[name]([1] * 2000, 50, fresh()).flatten().numpy()
    assert stats.kstest(values, distribution.cdf).pvalue > 1e-3


def test_laplacian_noise_is_finite_whatever_is_drawn():
    class Ends:
        def uniform(self, shape):
            return torch.tensor([[0.0, 0.5, 1 - 2**-24, 0.5 - 2**-25]]).expand(shape)

    drawn = ADDED["laplace"]([2], 4, Ends())
    assert drawn.isfinite().all()
    assert drawn[0].abs().max() > 10


def test_impulse_noise_is_plus_or_minus_one_or_nothing():
    noise = IMPULSE([300], 300, CounterDraws("a"))
    assert set(noise.unique().tolist()) == {-1.0, 0.0, 1.0}
    assert float((noise > 0).float().mean()) == pytest.approx(0.15, abs=0.01)


def test_pink_noise_falls_as_one_over_frequency():
    values = ADDED["pink"]([512] * 64, 30, fresh()).numpy().reshape(64, 512, 30)
    frequency, power = signal.periodogram(values, axis=1, detrend=False)
    power = power.mean(axis=(0, 2))
    band = (frequency > 1 / 128) & (frequency < 0.4)
    slope, start = np.polyfit(np.log2(frequency[band]), np.log2(power[band]), 1)
    assert slope == pytest.approx(-1, abs=0.1)
    off = np.log2(power[band]) - (slope * np.log2(frequency[band]) + start)
    assert np.abs(off).max() < 0.6  # within 2 dB everywhere
    assert power[1:].max() < power[1] * 1.3  # flat below the last octave
    white = GAUSSIAN([512] * 64, 30, fresh()).numpy().reshape(64, 512, 30)
    flat = signal.periodogram(white, axis=1, detrend=False)[1].mean(axis=(0, 2))
    assert np.polyfit(np.log2(frequency[band]), np.log2(flat[band]), 1)[0] == pytest.approx(
        0, abs=0.1
    )


@pytest.mark.parametrize("name", ["pink", "bursts"])
def test_no_utterance_hangs_on_its_neighbours(name):
    values = ADDED[name]([30] * 4000, 1, fresh()).numpy().reshape(4000, 30)
    power = values**2 if name == "bursts" else values
    inside = [np.corrcoef(power[:, t], power[:, t + 1])[0, 1] for t in (0, 14, 28)]
    across = np.corrcoef(power[:-1, -1], power[1:, 0])[0, 1]
    assert min(inside) > 0.15
    assert inside == pytest.approx([np.mean(inside)] * 3, abs=0.1)  # stationary
    assert abs(across) < 0.05


def test_dimensions_of_pink_noise_are_independent():
    values = ADDED["pink"]([40] * 1000, 2, fresh()).numpy().reshape(1000, 40, 2).mean(axis=1)
    assert abs(np.corrcoef(values.T)[0, 1]) < 0.1


def test_bursts_hit_whole_frames_in_runs():
    noise = build("bursts", rate=0.25, mean_length=4.0)([200_000], 3, fresh())
    hit = (noise != 0).numpy()
    assert (hit.all(axis=1) == hit.any(axis=1)).all()
    hit = hit[:, 0]
    assert hit.mean() == pytest.approx(0.25, abs=0.01)
    runs = np.diff(np.flatnonzero(np.diff(hit, prepend=False, append=False)))[::2]
    assert runs.mean() == pytest.approx(4.0, rel=0.03)
    assert runs.std() == pytest.approx(math.sqrt(4 * 3), rel=0.05)  # geometric
    assert float((noise[hit] ** 2).mean()) == pytest.approx(4, rel=0.02)
    # of length 1 / (1 - rate): frames are hit independently
    alone = build("bursts", rate=0.5, mean_length=2.0)([100_000], 1, fresh())
    hit = (alone != 0).numpy()[:, 0]
    assert np.corrcoef(hit[:-1], hit[1:])[0, 1] == pytest.approx(0, abs=0.02)
    with pytest.raises(ValueError, match=r"mean_length of at least 2 frames, not 1\.5"):
        build("bursts", rate=0.5, mean_length=1.5)
    build("bursts", rate=0.9, mean_length=10.0)  # the least, but for rounding


def test_dropped_frames_stay_dropped_at_a_higher_rate():
    kept = {
        rate: build("dropped", rate=rate)([5000], 4, CounterDraws("u")) for rate in (0.1, 0.3, 1.0)
    }
    for rate, mask in kept.items():
        assert set(mask.unique().tolist()) <= {0.0, 1.0}
        assert (mask == mask[:, :1]).all()
        assert float(1 - mask.mean()) == pytest.approx(rate, abs=0.02)
    assert (kept[0.3] <= kept[0.1]).all()


@pytest.mark.parametrize("name", ["dropped", "blocks"])
def test_each_utterance_draws_its_rate_from_a_range(name):
    mask = build(name, rate=0.2, highest=0.8)([200] * 500, 2, fresh())
    lost = 1 - mask[:, 0].numpy().reshape(500, 200).mean(axis=1)
    assert stats.kstest(lost, stats.uniform(0.2, 0.6).cdf).pvalue > 1e-3
    alone = [build(name, rate=0.2, highest=0.8)([200], 2, CounterDraws(u)) for u in "ab"]
    assert float(alone[0].mean()) != float(alone[1].mean())


def test_a_block_is_one_run_of_the_wanted_length_anywhere():
    lengths = [40] * 4000
    mask = build("blocks", rate=0.3)(lengths, 3, fresh())
    assert (mask == mask[:, :1]).all()
    lost = (mask[:, 0] == 0).numpy().reshape(4000, 40)
    assert (lost.sum(axis=1) == 12).all()
    starts = lost.argmax(axis=1)
    assert (np.diff(lost.astype(int), axis=1) == 1).sum(axis=1).max() <= 1
    assert stats.chisquare(np.bincount(starts, minlength=29)).pvalue > 1e-3
    assert starts.max() == 28


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.7])
@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_short_utterances_lose_the_wanted_share_on_average(rate, length):
    count = 4000
    mask = build("blocks", rate=rate)([length] * count, 1, fresh())
    lost = (mask[:, 0] == 0).numpy().reshape(count, length).sum(axis=1)
    error = (rate * length % 1 * (1 - rate * length % 1) / count) ** 0.5
    assert lost.mean() == pytest.approx(rate * length, abs=4 * error + 1e-6)
    assert np.ptp(lost) <= 1


def test_at_a_higher_rate_a_block_is_never_shorter():
    lengths = [3] * 200
    rates = (0.1, 0.2, 0.5, 0.9)
    masks = [build("blocks", rate=rate)(lengths, 1, CounterDraws("u"))[:, 0] for rate in rates]
    lost = np.array([(mask == 0).numpy().reshape(200, 3).sum(axis=1) for mask in masks])
    assert (np.diff(lost, axis=0) >= 0).all()


@pytest.mark.parametrize(("rate", "length", "lost"), [(1.0, 7, 7), (0.0, 7, 0)])
def test_blocks_of_everything_and_of_nothing(rate, length, lost):
    mask = build("blocks", rate=rate)([length, 0, length], 2, fresh())
    assert int((mask[:, 0] == 0).sum()) == 2 * lost


def test_what_is_missing_is_zeros():
    draw = build("missing")
    for draws in (CounterDraws("key"), fresh()):
        assert not (torch.randn(5, 3) * draw([5], 3, draws)).any()


@pytest.mark.parametrize("target", [-10, -40])
def test_measured_snr_is_the_target_and_impulse_is_weaker_than_nominal(target):
    torch.manual_seed(0)
    clean = torch.randn(2000, 130) * 3
    step = exact_step(target, float(clean.var()))
    for name, gain in (("gaussian", 0.0), ("impulse", -10 * math.log10(0.3))):
        noise = ADDED[name]([2000], 130, CounterDraws("b"))
        noisy = add_noise(clean, noise, step.alpha_bar)
        signal = step.alpha_bar**0.5 * clean
        measured = 10 * torch.log10(signal.var() / ((noisy - signal) ** 2).mean())
        assert float(measured) == pytest.approx(target + gain, abs=0.1)


# -- evaluation ----------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [GAUSSIAN, ADDED["pink"], ADDED["bursts"]])
def test_evaluation_noise_is_a_function_of_its_key_alone(noise):
    def of(utterances, seed=1, part="test", modality="audio"):
        lengths = [30] * len(utterances)
        drawn = evaluation_noise(noise, "n", seed, part, modality, utterances, lengths, 2)
        return dict(zip(utterances, drawn.split(30), strict=True))

    there, back = of(["u1", "u2", "u3"]), of(["u3", "u1"])
    assert torch.equal(there["u1"], back["u1"])
    assert torch.equal(there["u3"], back["u3"])
    assert not torch.equal(there["u1"], there["u2"])
    for other in (of(["u1"], seed=2), of(["u1"], part="validation"), of(["u1"], modality="text")):
        assert not torch.equal(there["u1"], other["u1"])


def test_evaluation_noise_is_the_same_on_every_machine():
    drawn = CounterDraws(1, "test", "gaussian", "audio", "u1").normal((3,))
    assert drawn.tolist() == pytest.approx(DRAWN_ELSEWHERE, abs=1e-7)


# Written down once; Philox and numpy's normals give them wherever they run.
DRAWN_ELSEWHERE = [-0.5987687110900879, -1.425387978553772, -1.1894824504852295]


# -- names and conditions ------------------------------------------------------------------------


def test_conditions():
    assert list(conditions(["audio", "video", "text"])) == [
        "none",
        "a",
        "v",
        "l",
        "av",
        "al",
        "vl",
        "avl",
    ]
    assert list(partial_conditions(["audio", "video", "text"])) == ["a", "v", "l", "av", "al", "vl"]
    assert partial_conditions(["audio", "text"]) == {"a": (True, False), "l": (False, True)}
    assert len(conditions(["audio", "video", "text", "gaze", "heart"])) == 2**5
    with pytest.raises(InputError, match="letters"):
        conditions(["audio", "accelerometer"])


def test_what_a_corruption_does_not_touch_is_clean_in_all_conditions():
    three = ["audio", "video", "text"]
    assert conditions(three, ["audio"]) == {"vl": (False, True, True), "avl": (True, True, True)}
    assert list(conditions(three, ["text", "audio"])) == ["v", "av", "vl", "avl"]
    assert list(partial_conditions(three, ["text", "audio"])) == ["v", "av", "vl"]
    assert list(conditions(three, [])) == ["avl"]
    assert conditions(three, three) == conditions(three)


def test_the_one_condition_of_an_utterance_is_drawn_evenly_and_for_good():
    six = ["a", "al", "av", "l", "v", "vl"]
    drawn = [drawn_condition(six, 1, "test", f"u{number}") for number in range(6000)]
    counts = [drawn.count(name) for name in six]
    assert stats.chisquare(counts).pvalue > 1e-3
    assert drawn[:3] == [drawn_condition(six, 1, "test", f"u{number}") for number in range(3)]
    other = [drawn_condition(six, 2, "test", f"u{number}") for number in range(6000)]
    assert np.mean(np.array(drawn) == np.array(other)) == pytest.approx(1 / 6, abs=0.02)


def test_names():
    assert parse_corruption("clean") is None
    assert parse_corruption("missing") == CorruptionName("missing")
    assert parse_corruption("impulse_-40dB") == CorruptionName("impulse", -40, "dB")
    assert parse_corruption("gaussian_2.5dB") == CorruptionName("gaussian", 2.5, "dB")
    assert parse_corruption("dropped_30%") == CorruptionName("dropped", 30, "%")
    assert parse_corruption("dropped_0to90%") == CorruptionName("dropped", 0, "%", 90)
    assert parse_corruption("blur_3px") == CorruptionName("blur", 3, "px")
    wrong = (
        "gaussian",
        "gaussian_10",
        "gaussian_-10db",
        "../x_0dB",
        "a_b_1dB",
        "x_nandB",
        "x_1e9dB",
    )
    for name in wrong:
        with pytest.raises(InputError, match="not a corruption"):
            parse_corruption(name)


# -- a user's own function -----------------------------------------------------------------------

OWN = """\
import numpy as np

from robust_mer.corruption.noise import Noise
from robust_mer.settings import Settings


class ScaledSettings(Settings):
    scale: float = 1.0


class Scaled(Noise):
    settings_class = ScaledSettings

    def draw(self, shape, draws, lengths):
        assert sum(lengths) == shape[0]
        return self.settings.scale * draws.uniform(shape)


class Good(Noise):
    def draw(self, shape, draws, lengths):
        return draws.normal(shape)


class Short(Noise):
    def draw(self, shape, draws, lengths):
        return draws.normal((shape[0], 1))


class Double(Noise):
    def draw(self, shape, draws, lengths):
        return draws.normal(shape).double()


class Array(Noise):
    def draw(self, shape, draws, lengths):
        return np.zeros(shape, dtype="f4")


class NotANumber(Noise):
    def draw(self, shape, draws, lengths):
        return draws.normal(shape) / 0 * 0


class Failing(Noise):
    def draw(self, shape, draws, lengths):
        return draws.normal(shape) + undefined
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own_noises.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("own")
def test_a_users_noise_is_checked_by_name():
    check_noise(Plugin("own_noises:Good", {}).build(), 4)
    check_noise(Plugin("own_noises:Scaled", {"scale": 2.0}).build(), 4)
    for name, message in {
        "Short": r"own_noises:Short.* values of shape \(7, 4\), returned shape \(7, 1\)",
        "Double": "own_noises:Double.*float64, expected float32",
        "Array": "own_noises:Array.*ndarray.*expected a Tensor",
        "NotANumber": "own_noises:NotANumber.* not finite",
        "Failing": "own_noises:Failing.* NameError: name 'undefined'",
    }.items():
        with pytest.raises(InputError, match=message):
            check_noise(Plugin(f"own_noises:{name}", {}).build(), 4)


@pytest.mark.parametrize("name", list(NOISES))
def test_every_noise_passes_the_check(name):
    check_noise(EVERY[name], 5)
