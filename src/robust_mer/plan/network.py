"""The size of a pretrained network, before a job loads it."""

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

from robust_mer.errors import InputError
from robust_mer.features.weights import is_path, locate

_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class Network:
    """A network that every process of a job loads."""

    model: str
    """A model's id on the Hugging Face hub, or its folder."""
    precision: str = "float32"
    """Type of its numbers in memory."""

    @property
    def megabytes(self) -> float:
        """Size of its weights in memory; 0 if they are not on this machine yet."""
        files = _weight_files(self.model)
        return sum(_parameters(file) for file in files) * _BYTES[self.precision] / 1e6


def _weight_files(model: str) -> list[Path]:
    try:
        folders = [locate(model, "model")] if is_path(model) else _cached(model)
    except InputError:  # the job says so, with the right key
        return []
    for folder in folders:
        for pattern in ("*.safetensors", "pytorch_model*.bin"):
            if files := sorted(folder.glob(pattern)):
                return files
    return []


def _cached(model: str) -> list[Path]:
    """Folders of a model in the hub's cache, the newest first."""
    caches = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = Path(os.environ.get("HF_HOME", f"{caches}/huggingface")).expanduser()
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    snapshots = cache / f"models--{model.replace('/', '--')}" / "snapshots"
    return sorted(snapshots.glob("*"), key=lambda path: path.stat().st_mtime, reverse=True)


def _parameters(file: Path) -> float:
    """How many numbers a file of weights holds; of a pickle, as if they were float32."""
    if file.suffix != ".safetensors":
        return file.stat().st_size / 4
    try:
        with file.open("rb") as opened:
            size = int.from_bytes(opened.read(8), "little")
            tensors = json.loads(opened.read(size) if size < 100_000_000 else b"{}")
    except ValueError:  # damaged, which the job says
        return file.stat().st_size / 4
    return float(sum(math.prod(one["shape"]) for one in tensors.values() if "shape" in one))
