"""The noise schedule against the paper's numbers, and the noise against its statistics."""

import math

import numpy as np
import pytest
import torch

from robust_mer.corruption.draws import CounterDraws, FreshDraws
from robust_mer.corruption.names import (
    conditions,
    parse_corruption,
    parse_trained_on,
    partial_conditions,
)
from robust_mer.corruption.noise import add_noise, evaluation_noise, make_noise
from robust_mer.corruption.schedule import REPLACED, alpha_bar, exact_step, paper_step, snr_db
from robust_mer.errors import InputError

GAUSSIAN = make_noise("robust_mer.corruption.gaussian:draw", {})
IMPULSE = make_noise("robust_mer.corruption.impulse:draw", {"frequency": 0.3})
NOISES = {"gaussian": GAUSSIAN, "impulse": IMPULSE}


@pytest.mark.parametrize(("snr", "steps"), [(-10, 46), (-20, 89), (-30, 133), (-40, 177)])
def test_steps_at_unit_variance(snr, steps):
    step = paper_step(snr, 1.0)
    assert step.steps == steps
    assert step.reached_snr_db <= snr < snr_db(alpha_bar(steps - 1), 1.0)


@pytest.mark.parametrize(("variance", "steps"), [(150, 140), (2.15, 60), (0.029, 5), (151, 141)])
def test_moseis_steps_at_minus_ten_db(variance, steps):
    """T = [140, 60, 5] for audio, video and text (NMER, section 2.2.3)."""
    assert paper_step(-10, variance).steps == steps


@pytest.mark.parametrize(("steps", "snr"), [(5, 5.23), (10, 1.62), (20, -2.67), (140, -31.78)])
def test_snr_of_whole_steps(steps, snr):
    assert snr_db(alpha_bar(steps), 1.0) == pytest.approx(snr, abs=0.005)


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
def test_constant_features_have_no_snr(variance):
    with pytest.raises(InputError, match="variance"):
        paper_step(-10, variance)


def test_closed_form_has_the_mean_and_variance_of_the_steps():
    """Equation 3 against Algorithm 1: x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) n_t."""
    mean, variance = 1.0, 0.0
    for beta in np.linspace(0.001, 0.1, 46):
        mean, variance = math.sqrt(1 - beta) * mean, (1 - beta) * variance + beta
    assert mean == pytest.approx(math.sqrt(alpha_bar(46)))
    assert variance == pytest.approx(1 - alpha_bar(46))


@pytest.mark.parametrize(("name", "power"), [("gaussian", 1.0), ("impulse", 0.3)])
def test_power_of_noises_from_both_sources(name, power):
    generator = torch.Generator().manual_seed(3)
    for draws in (CounterDraws("a"), FreshDraws(generator)):
        noise = NOISES[name]((400, 500), draws)
        assert noise.dtype == torch.float32
        assert float(noise.mean()) == pytest.approx(0, abs=0.01)
        assert float((noise**2).mean()) == pytest.approx(power, rel=0.02)


def test_impulse_noise_is_plus_or_minus_one_or_nothing():
    noise = IMPULSE((300, 300), CounterDraws("a"))
    assert set(noise.unique().tolist()) == {-1.0, 0.0, 1.0}
    assert float((noise > 0).float().mean()) == pytest.approx(0.15, abs=0.01)


@pytest.mark.parametrize("target", [-10, -40])
def test_measured_snr_is_the_target_and_impulse_is_weaker_than_nominal(target):
    torch.manual_seed(0)
    clean = torch.randn(2000, 130) * 3
    step = exact_step(target, float(clean.var()))
    for name, gain in (("gaussian", 0.0), ("impulse", -10 * math.log10(0.3))):
        noise = NOISES[name](tuple(clean.shape), CounterDraws("b"))
        noisy = add_noise(clean, noise, step.alpha_bar)
        signal = step.alpha_bar**0.5 * clean
        measured = 10 * torch.log10(signal.var() / ((noisy - signal) ** 2).mean())
        assert float(measured) == pytest.approx(target + gain, abs=0.1)


def test_evaluation_noise_is_a_function_of_its_key_alone():
    def of(utterances, seed=1, part="test", modality="audio"):
        lengths = [3] * len(utterances)
        noise = evaluation_noise(GAUSSIAN, "gaussian", seed, part, modality, utterances, lengths, 2)
        return dict(zip(utterances, noise.split(3), strict=True))

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


def test_conditions():
    assert list(conditions(["audio", "video", "text"])) == [
        "none", "a", "v", "l", "av", "al", "vl", "avl",
    ]  # fmt: skip
    assert list(partial_conditions(["audio", "video", "text"])) == ["a", "v", "l", "av", "al", "vl"]
    assert partial_conditions(["audio", "text"]) == {"a": (True, False), "l": (False, True)}
    with pytest.raises(InputError, match="letters"):
        conditions(["audio", "accelerometer"])


def test_names():
    assert parse_corruption("clean") is None
    assert parse_corruption("impulse_-40dB").target_snr_db == -40
    assert parse_corruption("gaussian_2.5dB").noise == "gaussian"
    assert parse_trained_on("gaussian_-10dB_none") == ("gaussian_-10dB", "none")
    assert parse_trained_on("clean") == ("clean", "partial")
    for wrong in ("gaussian", "gaussian_10", "gaussian_-10db", "../x_0dB", "a_b_1dB"):
        with pytest.raises(InputError, match="not a corruption"):
            parse_corruption(wrong)


def test_what_is_missing_is_zeros_and_has_no_snr():
    missing = parse_corruption("missing")
    assert (missing.noise, missing.target_snr_db) == ("missing", None)
    assert parse_trained_on("missing_none") == ("missing", "none")
    draw = make_noise("robust_mer.corruption.missing:draw", {})
    clean = torch.randn(5, 3)
    for draws in (CounterDraws("key"), FreshDraws(torch.Generator().manual_seed(0))):
        assert not add_noise(clean, draw((5, 3), draws), REPLACED.alpha_bar).any()
