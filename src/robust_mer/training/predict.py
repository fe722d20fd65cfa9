"""Running a trained model: every modality is encoded once clean and once corrupted."""

import torch
from torch import Tensor

from robust_mer.errors import InputError
from robust_mer.models.model import Model
from robust_mer.training.replica import Frames

_CHUNK = 256


def pick_device(name: str) -> torch.device:
    """The device for ``auto``, ``cpu`` or ``cuda``.

    Raises:
        InputError: a GPU was asked for and there is none.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("training.device is cuda, but no GPU can be used here; set auto or cpu")
    return torch.device(name)


def embed(model: Model, frames: dict[str, Frames]) -> dict[str, Tensor]:
    """Embeddings [N, 128] of all utterances, per modality; call it without gradients.

    Utterances are encoded in order of length, so that little padding is computed with.
    """
    model.eval()
    embeddings = {}
    for modality, some in frames.items():
        order = torch.argsort(some.length)
        encoded = torch.cat(
            [model.encode(modality, *some.gather(rows)) for rows in order.split(_CHUNK)]
        )
        embeddings[modality] = torch.empty_like(encoded)
        embeddings[modality][order] = encoded
    return embeddings


def combine(
    clean: dict[str, Tensor], noisy: dict[str, Tensor], is_clean: tuple[bool, ...]
) -> dict[str, Tensor]:
    """The embeddings of a condition: clean or noisy, per modality."""
    return {
        modality: clean[modality] if keep else noisy[modality]
        for modality, keep in zip(clean, is_clean, strict=True)
    }
