"""Protocols: their distributions against theory, their draws, and what the config may say."""

from collections import Counter

import numpy as np
import pytest

from robust_mer.conditions import conditions
from robust_mer.errors import InputError
from robust_mer.protocols.protocol import condition_met, drawn_conditions
from robust_mer.protocols.registry import PROTOCOLS
from robust_mer.settings import Plugin, load

THREE = ["audio", "video", "text"]
DRAWS = 10_000


def protocol(kind, **settings):
    """A protocol of the registry."""
    return Plugin(PROTOCOLS[kind], settings).build()


def named(name):
    """A protocol from a name with its settings, e.g. ``random_30%``."""
    kind, _, variant = name.partition("_")
    return protocol(kind, **load(PROTOCOLS[kind]).settings_of(variant))


def missing_rates(probability, modalities=THREE):
    """The rate at which each modality is missing, of a distribution over conditions."""
    every = conditions(modalities)
    return [
        sum(share for name, share in probability.items() if not every[name][place])
        for place in range(len(modalities))
    ]


EVERY = {
    "partial": protocol("partial"),
    "every": protocol("every"),
    "none": protocol("none"),
    "fixed_vl": named("fixed_vl"),
    "fixed_avl": named("fixed_avl"),
    "random_0%": named("random_0%"),
    "random_30%": named("random_30%"),
    "random_70%": named("random_70%"),
    "random_0to70%": named("random_0to70%"),
    "shares": protocol("shares", one=0.3, two=0.2),
    "rates": protocol("rates", audio=0.1, video=0.5, text=0.0),
    "high rates": protocol("rates", audio=0.7, video=0.6, text=0.5),
}


@pytest.mark.parametrize("name", EVERY)
def test_probabilities_sum_up_to_one_and_only_none_loses_everything(name):
    probability = EVERY[name].distribution(THREE, THREE)
    assert sum(probability.values()) == pytest.approx(1, abs=1e-12)
    assert all(share > 0 for share in probability.values())
    assert ("none" in probability) == (name in {"none", "every"})


@pytest.mark.parametrize("name", EVERY)
def test_joint_counts_and_rates_of_draws_are_those_of_theory(name):
    chosen = EVERY[name]
    probability = chosen.distribution(THREE, THREE)
    drawn = drawn_conditions(chosen, THREE, 1, [f"u{number}" for number in range(DRAWS)])
    counts = Counter(drawn)
    assert set(counts) <= set(probability)
    for condition, share in probability.items():
        error = (share * (1 - share) * DRAWS) ** 0.5
        assert abs(counts[condition] - share * DRAWS) <= 3 * error
    every = conditions(THREE)
    lost = 1 - np.array([every[condition] for condition in drawn]).mean(axis=0)
    for rate, expected in zip(lost, missing_rates(probability), strict=True):
        assert abs(rate - expected) <= 3 * (expected * (1 - expected) / DRAWS) ** 0.5


@pytest.mark.parametrize(
    ("eta", "rate"), [(0, 0), (10, 0.1), (30, 0.3), (50, 0.5), (60, 0.6), (70, 2 / 3), (100, 2 / 3)]
)
def test_a_random_rate_is_met_up_to_two_thirds(eta, rate):
    probability = named(f"random_{eta}%").distribution(THREE, THREE)
    assert missing_rates(probability) == pytest.approx([rate] * 3)
    if rate == 2 / 3:  # exactly one is left
        assert probability == pytest.approx({"a": 1 / 3, "v": 1 / 3, "l": 1 / 3})


def test_a_random_rate_by_hand():
    # one is kept, the others are missing with p = 0.3 * 3 / 2 = 0.45
    one, two, three = 0.45**2 / 3, 2 / 3 * 0.45 * 0.55, 0.55**2
    assert named("random_30%").distribution(THREE, THREE) == pytest.approx(
        {"a": one, "v": one, "l": one, "av": two, "al": two, "vl": two, "avl": three}
    )
    two_modalities = named("random_30%").distribution(["audio", "text"], ["audio", "text"])
    assert two_modalities == pytest.approx({"a": 0.3, "l": 0.3, "al": 0.4})


def test_a_range_of_rates_is_the_mean_over_it():
    low, high = named("random_0%"), named("random_70%")
    between = named("random_0to70%")
    assert between.rate is None
    assert (low.rate, high.rate) == (0, 0.7)
    etas = np.linspace(0, 70, 701)
    expected = np.mean(
        [protocol("random", eta=eta / 100).distribution(THREE, THREE).get("avl", 0) for eta in etas]
    )
    assert between.distribution(THREE, THREE)["avl"] == pytest.approx(expected, abs=2e-3)


def test_shares_are_split_evenly():
    probability = protocol("shares", one=0.3, two=0.6).distribution(THREE, THREE)
    assert probability == pytest.approx(
        {"a": 0.2, "v": 0.2, "l": 0.2, "av": 0.1, "al": 0.1, "vl": 0.1, "avl": 0.1}
    )
    with pytest.raises(InputError, match="none is left if 2 are missing"):
        protocol("shares", two=0.1).distribution(["audio", "text"], ["audio", "text"])


@pytest.mark.parametrize(
    "rates",
    [
        {"audio": 0.1, "video": 0.5},
        {"audio": 0.7, "video": 0.6, "text": 0.5},
        {"audio": 0.99, "video": 0.5, "text": 0.5},
        {"audio": 1.0, "video": 0.3, "text": 0.4},
    ],
)
def test_unequal_rates_are_met_exactly(rates):
    probability = protocol("rates", **rates).distribution(THREE, THREE)
    expected = [rates.get(modality, 0) for modality in THREE]
    assert missing_rates(probability) == pytest.approx(expected, abs=1e-9)


def test_rates_that_cannot_be_met_are_refused():
    with pytest.raises(InputError, match="sum up to 2 would leave nothing"):
        protocol("rates", audio=0.7, video=0.7, text=0.6).distribution(THREE, THREE)
    with pytest.raises(InputError, match="speech is not one of audio, video, text"):
        protocol("rates", speech=0.7).distribution(THREE, THREE)


def test_what_a_corruption_does_not_touch_is_clean_come_what_may():
    touched = ["audio"]
    assert named("fixed_v").distribution(THREE, touched) == {"vl": 1}
    assert named("random_30%").distribution(THREE, touched) == pytest.approx(
        {"vl": 0.3, "avl": 0.7}
    )
    assert protocol("rates", audio=0.2, text=0.9).distribution(THREE, touched) == pytest.approx(
        {"vl": 0.2, "avl": 0.8}
    )
    assert protocol("none").distribution(THREE, touched) == {}


def test_a_fixed_condition_must_exist():
    with pytest.raises(InputError, match="audio, text have no condition vl, only none, a, l, al"):
        named("fixed_vl").distribution(["audio", "text"], ["audio", "text"])


@pytest.mark.parametrize(
    "variant", ["", "30", "-1%", "030%", "30.0%", "101%", "70to0%", "30to30%", "0to101%", "1e1%"]
)
def test_other_spellings_of_a_rate_are_refused(variant):
    with pytest.raises(InputError, match="expected"):
        load(PROTOCOLS["random"]).settings_of(variant)


def test_a_draw_is_a_function_of_seed_protocol_and_utterance():
    names = [f"u{number}" for number in range(200)]
    chosen = named("random_50%")
    drawn = drawn_conditions(chosen, THREE, 1, names)
    assert drawn_conditions(chosen, THREE, 1, names[::-1]) == drawn[::-1]
    assert drawn_conditions(chosen, THREE, 1, names[50:60]) == drawn[50:60]
    assert drawn_conditions(chosen, THREE, 2, names) != drawn


def test_at_a_higher_rate_no_utterance_keeps_more():
    names = [f"u{number}" for number in range(500)]
    kept = [
        [len(c) for c in drawn_conditions(named(f"random_{eta}%"), THREE, 1, names)]
        for eta in (0, 10, 30, 50, 70)
    ]
    assert all((np.diff(kept, axis=0) <= 0).all(axis=1))
    assert set(kept[0]) == {3}
    assert set(kept[-1]) == {1}


@pytest.mark.parametrize(
    ("drawn", "available", "met"),
    [
        ("av", ["none", "a", "v", "l", "av", "al", "vl", "avl"], "av"),
        ("none", ["none", "a", "v", "l", "av", "al", "vl", "avl"], "none"),
        ("av", ["none", "a", "l", "al"], "a"),  # a model of audio and text
        ("v", ["none", "a", "l", "al"], "none"),
        ("a", ["vl", "avl"], "avl"),  # the corruption touches audio alone
        ("v", ["vl", "avl"], "vl"),
        ("none", ["avl"], "avl"),
    ],
)
def test_the_condition_in_which_a_model_meets_a_draw(drawn, available, met):
    assert condition_met(drawn, available) == met
