"""Memory that jobs with a network ask for, from the size of their weights."""

import pytest
import torch
from safetensors.torch import save_file

from robust_mer.plan.memory import Network, memory


def write(folder, dtype):
    folder.mkdir(parents=True)
    save_file({"a": torch.zeros(500, 1000, dtype=dtype)}, folder / "model-1.safetensors")
    save_file({"b": torch.zeros(500, 1000, dtype=dtype)}, folder / "model-2.safetensors")
    return folder


@pytest.mark.parametrize("stored", [torch.float32, torch.float16])
def test_the_precision_in_memory_counts_not_that_in_the_file(tmp_path, stored):
    folder = str(write(tmp_path / "model", stored))
    assert Network(folder).megabytes == 4.0
    assert Network(folder, "bfloat16").megabytes == 2.0


def test_an_id_is_looked_up_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    write(tmp_path / "models--some--model" / "snapshots" / "abc", torch.float32)
    assert Network("some/model").megabytes == 4.0
    assert Network("some/other").megabytes == 0.0  # not downloaded yet
    assert Network("./nowhere").megabytes == 0.0  # the job says that it is missing


def test_a_large_network_asks_for_its_weights_in_every_process(monkeypatch):
    monkeypatch.setattr(Network, "megabytes", 28_000.0)
    large = Network("7b")
    assert memory(large, threads=8, processes=1) == 37_400
    assert memory(large, threads=8, processes=8) == 299_200
    assert memory(None, threads=1, processes=1) == 4000
    assert memory(None, threads=8, processes=8) == 12_000
