"""The device of extractors' networks."""

import torch

from robust_mer.gpu import take_gpu


def best_device() -> torch.device:
    """A slot of a GPU if there is one, otherwise the CPU."""
    return take_gpu() if torch.cuda.is_available() else torch.device("cpu")
