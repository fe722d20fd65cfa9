"""Assign GPUs to jobs that share the GPUs of a machine."""

import os
import socket
import time
from functools import cache
from typing import TYPE_CHECKING

from robust_mer.jobs import JOBS_PER_GPU, log

if TYPE_CHECKING:
    import torch

_held: list[socket.socket] = []  # kept until this process ends
_REPORT_EVERY = 300.0  # seconds
_CONTEXT = 600 * 2**20  # bytes that CUDA and its libraries need in addition to torch's tensors


@cache
def take_gpu() -> "torch.device":
    """Take a GPU with a free slot and keep it until this process ends. Waits for a free slot.

    Every GPU has ``gpu.jobs_per_gpu`` slots (config). A job may use only its slot's share of the
    memory, so that jobs on one GPU never exceed its memory.
    """
    import torch

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
    """Take a slot of one of the named GPUs and return the GPU's index in the list.

    A slot is an abstract socket (a name without a file): the kernel gives it to one process of the
    machine and frees it when that process ends, even if it is killed.
    """
    last_report = -_REPORT_EVERY
    while True:
        for slot in range(slots):
            for place, gpu in enumerate(gpus):
                if _holds(f"\0robust-mer/gpu/{gpu}/{slot}"):
                    return place
        if time.monotonic() - last_report > _REPORT_EVERY:
            last_report = time.monotonic()
            log.info(
                "waiting for a GPU: all slots are taken (jobs: %d, GPUs: %d). To start no more "
                "jobs than there are slots, use --resources gpu=%d",
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
