"""Defaults are read from an implementation's source, without importing it."""

import pytest

from robust_mer.errors import InputError
from robust_mer.settings import complete, defaults

BASE = """
SETTINGS = {"rate": 0.5, "layers": 2}
LIMITS = {"layers": (1, 4)}
raise RuntimeError("imported")
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, text: str) -> None:
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")

    return write


def test_a_literal_takes_over_another_module_and_changes_some_of_it(package):
    package("of_base", BASE)
    package(
        "of_other",
        "from of_base import LIMITS as THEIRS, SETTINGS as OF_BASE\n"
        'SETTINGS = {**OF_BASE, "layers": 3, "own": 1}\nLIMITS = {**THEIRS}\n'
        'raise RuntimeError("imported")\n',
    )
    assert defaults("of_other:Model") == {"rate": 0.5, "layers": 3, "own": 1}
    with pytest.raises(InputError, match="layers is 9, expected 1 to 4"):
        complete("of_other:Model", {"layers": 9}, "models.x")


def test_a_literal_takes_over_others_of_its_module(package):
    package("of_parts", 'PART = {"a": 1}\nMORE = {**PART, "b": 2}\nSETTINGS = {**MORE, "a": 3}\n')
    assert defaults("of_parts:Model") == {"a": 3, "b": 2}


@pytest.mark.parametrize(
    "text",
    [
        "import of_base2\nSETTINGS = {**of_base2.SETTINGS}",
        "SETTINGS = {**NOWHERE}",
        "SETTINGS = dict(a=1)",
        "A = 1\nSETTINGS = {'a': A}",
    ],
)
def test_what_is_no_literal_is_refused_with_its_file(package, tmp_path, text):
    name = tmp_path.name  # another one in every case: what was read is remembered
    package(name, text)
    with pytest.raises(InputError, match=rf"{name}\.py: SETTINGS is no literal"):
        defaults(f"{name}:Model")
