"""Files with the weights of networks."""

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from robust_mer.errors import InputError
from robust_mer.files import sha256


def load_weights(network: nn.Module, path: Path, key: str) -> str:
    """Fill a network from a .safetensors file, or a .pth file that contains only tensors.

    Args:
        network: The file must contain exactly its weights.
        path: The file.
        key: Config key for messages.

    Returns:
        The file's SHA-256.

    Raises:
        InputError: it cannot be read, or does not fit the network.
    """
    weights = _read(path, key)
    expected = network.state_dict()
    for name in expected:
        if name not in weights:
            raise InputError(f"config: {key}: {path} lacks {name}: it belongs to another network")
    for name, tensor in weights.items():
        if name not in expected:
            raise InputError(f"config: {key}: {path} has {name}: it belongs to another network")
        if tensor.shape != expected[name].shape:
            raise InputError(
                f"config: {key}: {path}: {name} is {list(tensor.shape)}, expected "
                f"{list(expected[name].shape)}"
            )
    network.load_state_dict(weights)
    return sha256(path)


def _read(path: Path, key: str) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # A .pth file is a pickle, which could run code.
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, SafetensorError, pickle.UnpicklingError, EOFError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"config: {key}: {path} cannot be read as weights: {reason}") from error
    tensors = isinstance(weights, dict) and all(isinstance(w, Tensor) for w in weights.values())
    if not tensors:
        raise InputError(f"config: {key}: {path} contains something other than weights")
    return weights
