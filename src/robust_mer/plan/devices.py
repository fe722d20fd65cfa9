"""Whether this machine has a GPU, without torch."""

import os
from functools import cache
from pathlib import Path

_HIDDEN = ("", "-1")  # values of CUDA_VISIBLE_DEVICES


@cache
def has_gpu(devices: Path = Path("/dev")) -> bool:
    """Whether the system shows a GPU of NVIDIA's, or AMD's, that is not hidden from CUDA.

    Args:
        devices: Folder of the device files. WSL shows any GPU as ``dxg``.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all") in _HIDDEN:
        return False
    names = (devices / "dxg", devices / "kfd", *devices.glob("nvidia[0-9]*"))
    return any(name.exists() for name in names)
