"""The fuzzers' targets read their own well-formed inputs: `make test-fuzz` can start."""

from contextlib import suppress

import pytest
from fuzz.targets import TARGETS, find

from robust_mer.errors import InputError


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_reads_what_it_mutates(name, tmp_path):
    target, (results, readable) = find(name), (tmp_path / "results", 0)
    results.mkdir()
    for number, files in enumerate(target.seeds()):
        for path, content in files.items():
            file = tmp_path / str(number) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        with suppress(InputError):
            target.read(tmp_path / str(number), results)
            readable += 1
    assert readable
