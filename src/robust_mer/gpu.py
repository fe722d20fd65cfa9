"""Which GPU a job takes, where several jobs share what a machine has."""

import os
import socket
import time
from functools import cache

import torch

from robust_mer.jobs import JOBS_PER_GPU, log

_held: list[socket.socket] = []  # until this process ends, however it ends
_SAY_AGAIN = 300.0  # seconds
_CONTEXT = 600 * 2**20  # bytes that CUDA and its libraries take beside what torch allocates


@cache
def take_gpu() -> torch.device:
    """A GPU with a free slot, kept by this process; waits for one if need be.

    Every GPU has as many slots as the config's ``gpu.jobs_per_gpu`` says, and a job may use one
    slot's share of its memory, so that jobs side by side never take more than there is.
    """
    slots = int(os.environ.get(JOBS_PER_GPU, "1"))
    devices = range(torch.cuda.device_count())
    names = [str(torch.cuda.get_device_properties(device).uuid) for device in devices]
    device = take_slot(names, slots)
    torch.cuda.set_device(device)
    if slots > 1:
        total = torch.cuda.get_device_properties(device).total_memory
        share = max(total / slots - _CONTEXT, 0) / total
        torch.cuda.set_per_process_memory_fraction(share, device)
    return torch.device("cuda", device)


def take_slot(gpus: list[str], slots: int, every_seconds: float = 1.0) -> int:
    """Hold a slot of one of the GPUs with these names, whose place in the list is returned.

    A slot is a socket with a name and no file: the kernel gives it to one process of the machine,
    and takes it back when that process ends, killed or not.
    """
    said = -_SAY_AGAIN
    while True:
        for slot in range(slots):
            for place, gpu in enumerate(gpus):
                if _holds(f"\0robust-mer/gpu/{gpu}/{slot}"):
                    return place
        if time.monotonic() - said > _SAY_AGAIN:
            said = time.monotonic()
            log.info(
                "waiting for a GPU: the %d jobs that may share the %d of this machine are at work. "
                "--resources gpu=%d would start no more than that",
                slots * len(gpus),
                len(gpus),
                slots * len(gpus),
            )
        time.sleep(every_seconds)


def _holds(name: str) -> bool:
    taken = socket.socket(socket.AF_UNIX)
    try:
        taken.bind(name)
    except OSError:
        taken.close()
        return False
    _held.append(taken)
    return True
