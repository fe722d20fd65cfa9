"""Slots of GPUs, held by processes; no GPU is needed for that."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from helpers.project import warm_python

from robust_mer import gpu
from robust_mer.jobs import JOBS_PER_GPU

linux = pytest.mark.skipif(sys.platform != "linux", reason="sockets without a file: Linux only")

TAKE = """
import sys
from robust_mer.gpu import take_slot
print(take_slot(sys.argv[1].split(","), int(sys.argv[2])), flush=True)
sys.stdin.read()
"""


class Taker:
    """A process that takes a slot and holds it until it is ended."""

    def __init__(self, gpus, slots):
        command = [warm_python(), "-c", TAKE, gpus, str(slots)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def place(self):
        return int(self.process.stdout.readline())

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def take(tmp_path):
    takers = []

    def start(count, slots):
        takers.append(Taker(",".join(f"{tmp_path}/{n}" for n in range(count)), slots))
        return takers[-1]

    yield start
    for taker in takers:
        taker.kill()


@linux
def test_jobs_spread_over_gpus_before_they_share_one(take):
    places = [take(2, 2).place() for _ in range(4)]
    assert places == [0, 1, 0, 1]


@linux
def test_a_job_too_many_waits_until_another_is_killed(take):
    first = take(1, 1)
    assert first.place() == 0
    second = take(1, 1)
    with pytest.raises(subprocess.TimeoutExpired):
        second.process.wait(5)
    first.kill()
    assert second.place() == 0


@linux
@pytest.mark.parametrize(("slots", "share"), [(1, None), (4, (10 * 1024 - 600) / (40 * 1024))])
def test_a_job_may_use_its_share_of_the_memory(monkeypatch, tmp_path, slots, share):
    shares = []
    monkeypatch.setenv(JOBS_PER_GPU, str(slots))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    properties = {
        n: SimpleNamespace(uuid=f"{tmp_path}/{n}", total_memory=40 * 2**30) for n in (0, 1)
    }
    monkeypatch.setattr(torch.cuda, "get_device_properties", properties.get)
    monkeypatch.setattr(torch.cuda, "set_device", lambda _: None)
    monkeypatch.setattr(
        torch.cuda, "set_per_process_memory_fraction", lambda *told: shares.append(told)
    )
    gpu.take_gpu.cache_clear()
    assert gpu.take_gpu() == gpu.take_gpu() == torch.device("cuda", 0)
    assert shares == ([] if share is None else [(share, 0)])
    gpu.take_gpu.cache_clear()
