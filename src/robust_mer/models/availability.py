"""Which modalities a mask-aware model uses."""

from torch import Tensor


def available_modalities(is_clean: Tensor) -> Tensor:
    """What a sample is predicted from, bool [B, modalities]: what is clean, or all if nothing is.

    Args:
        is_clean: bool [B, modalities].
    """
    return is_clean | ~is_clean.any(dim=1, keepdim=True)
