"""Every architecture of docs/features/encoders.md is repeatable; takes half a minute."""

import pytest
from helpers.networks import AUDIO, PICTURES, TEXTS, save
from helpers.repeatable import assert_repeatable


@pytest.mark.parametrize("names", [AUDIO, PICTURES, TEXTS], ids=["audio", "pictures", "texts"])
def test_every_extractor_is_repeatable(names, tmp_path):
    folders = {name: save(name, tmp_path / name) for name in names}
    assert_repeatable(folders, tmp_path)
