"""The size of a pretrained network, and the memory that a job asks for because of it."""

import pytest
import torch
from safetensors.torch import save_file

from robust_mer.plan.network import Network
from robust_mer.plan.resources import Need, Scale


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


def test_every_process_holds_the_network():
    one = Scale(input_mb=0, threads=8, weights_mb=28_000, processes=1)
    eight = Scale(input_mb=0, threads=8, weights_mb=28_000, processes=8)
    none = Need().mem_mb(Scale(input_mb=0, threads=8))
    assert Need().mem_mb(one) - none == 36_400
    assert Need().mem_mb(eight) - none == 291_200
