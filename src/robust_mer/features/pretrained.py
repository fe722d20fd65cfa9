"""Locates, checks and loads pretrained networks in the format of transformers."""

import hashlib
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from torch import nn
from transformers import AutoConfig, AutoModel
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from robust_mer.errors import InputError
from robust_mer.features.device import best_device
from robust_mer.features.encoders.settings import NetworkSettings
from robust_mer.features.weights import is_path, locate
from robust_mer.files import sha256

# Weights that hidden states do not depend on, so that a checkpoint may lack them: BERT's pooler and
# the replacement of masked frames in the training of wav2vec 2.0.
_NOT_USED = ("pooler.", "masked_spec_embed")


class Pretrained:
    """A network's folder, its weights' SHA-256 and itself, on a GPU if there is one."""

    def __init__(
        self,
        model: str,
        key: str,
        loader: Any = AutoModel,
        cost: NetworkSettings | None = None,
        **options: Any,
    ) -> None:
        """Find and load a model.

        Args:
            model: An id on the Hugging Face hub, a folder, or "package:" and a folder inside an
                installed package.
            key: Name of the setting in messages, such as "model of bert".
            loader: The class of transformers that loads it; by default without a head.
            cost: Precision and devices; by default float32 on one device.
            options: More of its ``from_pretrained``.

        Raises:
            InputError: it is missing, cannot be loaded, or lacks required weights.
        """
        disable_progress_bar()
        set_verbosity_error()
        self.folder = model_folder(model, key)
        weights = weight_files(self.folder, key)
        cost = cost or NetworkSettings()
        if cost.spread:
            options["device_map"] = "auto"
        try:
            network, report = loader.from_pretrained(
                self.folder,
                local_files_only=True,
                use_safetensors=weights[0].suffix == ".safetensors",
                weights_only=True,  # a .bin file is a pickle, which could run code
                dtype=getattr(torch, cost.precision),
                ignore_mismatched_sizes=True,  # refused below, by name
                output_loading_info=True,
                **options,
            )
        except Exception as error:  # transformers raises errors of many classes
            raise InputError(f"config: {key}: {self.folder} cannot be loaded: {error}") from error
        _check(report, network.base_model_prefix, f"config: {key}: {self.folder}")
        self.dtype: torch.dtype = getattr(torch, cost.precision)
        self.device = network.device if cost.spread else best_device()
        self.network: nn.Module = network.eval() if cost.spread else network.eval().to(self.device)
        self.sha256 = _sha256(weights)
        # A second process would need a second copy of the network on the same GPU.
        self.max_processes = 1 if self.device.type == "cuda" else None


def read_config(folder: Path, key: str) -> Any:
    """The architecture of a model, before its weights are loaded.

    Raises:
        InputError: there is none, or it needs code from the hub, which is never run.
    """
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # transformers raises errors of many classes
        advice = ""
        if "trust_remote_code" in str(error):
            advice = (
                ". It needs code that comes with the weights, which is never run here; use an "
                "architecture of docs/features/encoders.md"
            )
        reason = str(error).strip().partition("\n")[0]
        raise InputError(
            f"config: {key}: {folder} has no config.json that can be read: {reason}{advice}"
        ) from error


def _check(report: dict[str, Any], prefix: str, location: str) -> None:
    """Refuse missing and mismatched weights, for which transformers uses random values."""
    missing = sorted(
        key
        for key in report["missing_keys"]
        if not key.removeprefix(f"{prefix}.").startswith(_NOT_USED)
    )
    if missing:
        raise InputError(
            f"{location} lacks {len(missing)} of the network's weights, the first: {missing[0]}. "
            "Its config.json belongs to another network, or the file is damaged"
        )
    for name, actual, expected in sorted(report["mismatched_keys"]):
        raise InputError(
            f"{location}: the weights {name} have the shape {tuple(actual)}, but config.json "
            f"expects {tuple(expected)}"
        )


def model_folder(model: str, key: str) -> Path:
    """The folder of a model, downloaded if ``model`` is an id; arguments as of `Pretrained`.

    Raises:
        InputError: it is missing.
    """
    if is_path(model):
        return locate(model, key)
    patterns = ["*.json", "*.txt", "*.model", "*.tiktoken"]
    try:
        folder = Path(snapshot_download(model, allow_patterns=["*.safetensors", *patterns]))
        if not list(folder.glob("*.safetensors")):
            snapshot_download(model, allow_patterns=["pytorch_model*.bin", *patterns])
    except (OSError, ValueError) as error:  # the hub's errors are both
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"config: {key} is {model!r}: there is no such folder, and the Hugging Face hub does "
            f"not provide it ({reason}). Name the folder of a downloaded model, correct the id, or "
            "download it once with network access (`hf download` fills the cache)"
        ) from error
    return folder


def weight_files(folder: Path, key: str) -> list[Path]:
    """The files with the model's weights, preferably safetensors."""
    for pattern in ("*.safetensors", "pytorch_model*.bin"):
        if files := sorted(folder.glob(pattern)):
            return files
    raise InputError(f"config: {key}: {folder} has neither *.safetensors nor pytorch_model*.bin")


def _sha256(files: list[Path]) -> str:
    """SHA-256 of a file; of several, that of their concatenated digests."""
    digests = [sha256(file) for file in files]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest()
