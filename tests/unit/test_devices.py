"""Which jobs ask for a GPU, on a machine with one and on one without."""

import pytest
from helpers.plans import ROOT, default_config

from robust_mer.plan.devices import has_gpu
from robust_mer.plan.plan import Plan


@pytest.mark.parametrize("name", ["nvidia0", "nvidia12", "kfd", "dxg"])
def test_a_gpu_is_known_by_its_device_file(tmp_path, monkeypatch, name):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / name).touch()
    assert has_gpu(tmp_path)


def test_other_devices_are_no_gpu(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name in ("null", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    assert not has_gpu(tmp_path)


@pytest.mark.parametrize("value", ["", "-1"])
def test_a_gpu_that_is_hidden_is_none(tmp_path, monkeypatch, value):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    (tmp_path / "nvidia0").touch()
    assert not has_gpu(tmp_path)


@pytest.mark.parametrize(
    ("device", "has_one", "takes_one"),
    [("auto", True, True), ("auto", False, False), ("cpu", True, False), ("cuda", False, True)],
)
def test_auto_asks_for_a_gpu_where_there_is_one(device, has_one, takes_one):
    raw = default_config()
    raw["training"]["device"] = device
    raw["features"]["device"] = "cpu" if device == "cpu" else "auto"
    plan = Plan(raw, published=str(ROOT / "resources/published"), has_gpu=lambda: has_one)
    assert plan.trains_on_gpu is takes_one
    assert plan.extracts_on_gpu is (device != "cpu" and has_one)
