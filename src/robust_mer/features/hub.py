"""Models of transformers: on the Hugging Face hub, in a folder, or inside a package."""

import hashlib
from pathlib import Path

from huggingface_hub import snapshot_download

from robust_mer.errors import InputError
from robust_mer.features.weights import is_path, locate
from robust_mer.files import sha256


def model_folder(model: str, key: str) -> Path:
    """The folder of a model, which is downloaded where its id on the hub is given.

    Args:
        model: Id, folder, or ``package:`` and a folder inside an installed package.
        key: Config key for messages.

    Raises:
        InputError: it is not there.
    """
    if is_path(model):
        return locate(model, key)
    patterns = ["*.json", "*.txt", "*.model"]
    try:
        folder = Path(snapshot_download(model, allow_patterns=["*.safetensors", *patterns]))
        if not list(folder.glob("*.safetensors")):
            snapshot_download(model, allow_patterns=["pytorch_model*.bin", *patterns])
    except (OSError, ValueError) as error:  # the hub's errors are both
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"config: {key} is {model!r}: there is no such folder, and the Hugging Face hub does "
            f"not give it ({reason}). Name the folder of a downloaded model, correct the id, or "
            "download it once with network access (`hf download` fills the cache)."
        ) from error
    return folder


def weight_files(folder: Path, key: str) -> list[Path]:
    """The files with a model's weights: safetensors where there are any."""
    for pattern in ("*.safetensors", "pytorch_model*.bin"):
        if files := sorted(folder.glob(pattern)):
            return files
    raise InputError(f"config: {key}: {folder} holds no *.safetensors and no pytorch_model*.bin")


def sha256_of_all(files: list[Path]) -> str:
    """SHA-256 of a file; of several, that of their digests one after the other."""
    digests = [sha256(file) for file in files]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest()
