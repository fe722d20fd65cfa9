"""openSMILE's other sets against the package itself."""

from typing import get_args

import numpy as np
import opensmile
import pytest
import soundfile
from pydantic import ValidationError

from robust_mer.errors import UtteranceError
from robust_mer.features.is13 import IS13, IS13Settings
from robust_mer.features.opensmile import OpenSmile, OpenSmileSettings
from robust_mer.features.utterance import Utterance

RATE = 16_000


@pytest.fixture
def voice(tmp_path):
    t = np.arange(RATE) / RATE
    phase = 2 * np.pi * (120 * t + 15 * t**2)
    signal = 0.2 * sum(np.sin(k * phase) / k for k in range(1, 12)) * (t % 0.4 < 0.3)
    return write(tmp_path, signal)


def write(folder, signal) -> Utterance:
    soundfile.write(folder / "a.wav", signal, RATE)
    return Utterance("u", folder / "a.wav", None, "", None, None, "", True)


def test_descriptors_are_those_of_the_package(voice):
    extractor = OpenSmile(OpenSmileSettings(frame_rate=100.0))
    found = extractor.extract(voice)
    expected = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, "lld").process_file(voice.audio)
    assert extractor.names == list(expected.columns)
    np.testing.assert_array_equal(found.values, expected.to_numpy())
    assert (extractor.frame_rate, found.seconds, found.note) == (100.0, 1.0, "")
    slow = OpenSmile(OpenSmileSettings())
    assert slow.frame_rate == 10.0
    assert len(slow.extract(voice).values) == -(-len(expected) // 10)


def test_functionals_are_one_frame(voice):
    extractor = OpenSmile(OpenSmileSettings(level="functionals"))
    found = extractor.extract(voice)
    expected = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02).process_file(voice.audio)
    np.testing.assert_array_equal(found.values, expected.to_numpy())
    assert found.values.shape == (1, 88)
    assert extractor.frame_rate is None


def test_deltas_stand_beside_their_descriptors(voice):
    settings = OpenSmileSettings(feature_set="IS13", level="lld_deltas")
    one_pass, two = IS13(IS13Settings(frame_rate=10.0)), OpenSmile(settings)
    assert one_pass.names == two.names
    np.testing.assert_array_equal(one_pass.extract(voice).values, two.extract(voice).values)


@pytest.mark.parametrize("feature_set", ["eGeMAPSv02", "eGeMAPSv01b", "GeMAPSv01b"])
def test_deltas_that_would_end_the_process_are_refused(feature_set):
    with pytest.raises(ValidationError, match=f"{feature_set} has no deltas"):
        OpenSmileSettings(feature_set=feature_set, level="lld_deltas")


def test_every_set_and_level_that_is_offered_is_there():
    fields = OpenSmileSettings.model_fields
    for feature_set in get_args(fields["feature_set"].annotation):
        for level in get_args(fields["level"].annotation):
            if level == "lld_deltas" and "GeMAPS" in feature_set:
                continue
            settings = OpenSmileSettings(feature_set=feature_set, level=level)
            assert len(OpenSmile(settings).names) > 15


def test_too_short(tmp_path):
    with pytest.raises(UtteranceError, match="too short for one frame"):
        OpenSmile(OpenSmileSettings()).extract(write(tmp_path, np.linspace(-0.1, 0.1, 160)))
