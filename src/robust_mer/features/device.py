"""Where networks run."""

import torch

from robust_mer.gpu import take_gpu


def best_device() -> torch.device:
    """A GPU where there is one, with a slot of its own among the jobs that share it."""
    return take_gpu() if torch.cuda.is_available() else torch.device("cpu")
