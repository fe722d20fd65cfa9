"""The device of the nets."""

import torch

from robust_mer.errors import InputError
from robust_mer.gpu import take_gpu


def pick_device(name: str) -> torch.device:
    """The device for ``auto``, ``cpu`` or ``cuda``.

    Raises:
        InputError: ``cuda`` without a usable GPU.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("training.device is cuda, but no GPU can be used here; set auto or cpu")
    if name == "cuda":
        torch.backends.cudnn.deterministic = True
        # At -40 dB the signal is a hundredth of the noise, but TF32 keeps only three digits.
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False
        return take_gpu()
    return torch.device(name)
