"""Encoders of pictures: which of their states stand for a picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from robust_mer.errors import InputError
from robust_mer.features.encoders.kinds import network_class, not_of, refuse_unserved
from robust_mer.features.encoders.settings import NetworkSettings
from robust_mer.features.encoders.states import States, states_of
from robust_mer.features.pretrained import Pretrained, model_folder, read_config

_EXPECTED = "an encoder of pictures such as CLIP, ViT, DINOv2 or VideoMAE"


@dataclass(frozen=True)
class PictureKind:
    """What an architecture's states are."""

    pool: str = "first"
    """What ``auto`` means: ``first`` or ``mean``."""
    has_first: bool = True
    """Whether the first state is that of a class token."""
    extra: str = ""
    """Name of the number, in config.json, of register tokens behind the class token. They describe
    nothing and are left out of a mean."""


_CLASS_TOKEN, _NO_TOKEN = PictureKind(), PictureKind("mean", has_first=False)
_REGISTERS = PictureKind(extra="num_register_tokens")

PICTURES: dict[str, PictureKind] = {
    **dict.fromkeys(("vit", "deit", "clip", "clip_vision_model", "dinov2"), _CLASS_TOKEN),
    **dict.fromkeys(("vit_mae",), _CLASS_TOKEN),
    **dict.fromkeys(("dinov2_with_registers", "dinov3_vit"), _REGISTERS),
    # The class token of these is hardly trained: their own heads read the mean.
    **dict.fromkeys(("beit", "data2vec-vision"), PictureKind("mean")),
    **dict.fromkeys(("siglip", "siglip_vision_model", "swin", "swinv2"), _NO_TOKEN),
    **dict.fromkeys(("convnext", "convnextv2", "resnet", "regnet"), _NO_TOKEN),
    "videomae": _NO_TOKEN,
}
"""By model type. Other encoders need an explicit ``pool``."""


class PictureNetwork:
    """An encoder of single pictures.

    Args:
        model: The network.
        preparation: The image processor of transformers that belongs to it.
        pool: ``first`` or ``mean``.
        kind: Its architecture.
    """

    at_once: int | None = None  # pictures that go through the network together; None: any number
    per_row = 1  # pictures that a frame stands for

    def __init__(self, model: Pretrained, preparation: Any, pool: str, kind: PictureKind) -> None:
        self.network: Any = getattr(model.network, "vision_model", model.network)
        self.preparation, self._pool = preparation, pool
        self._device, self._dtype = model.device, model.dtype
        self._extra = getattr(self.network.config, kind.extra) if kind.extra else 0

    def states(self, pictures: np.ndarray) -> States:
        """States of RGB pictures, uint8 [N, height, width, 3]: [N, D] each."""
        return self.ask(self.prepare(pictures)).map(self._pooled)

    def prepare(self, pictures: np.ndarray) -> Tensor:
        """What the network sees of pictures."""
        prepared = self.preparation(images=list(pictures), return_tensors="pt")
        return prepared["pixel_values"].to(self._device, self._dtype)

    def ask(self, pixels: Tensor) -> States:
        """All states of prepared pictures."""
        return states_of(self.network(pixel_values=pixels, output_hidden_states=True))

    def _pooled(self, states: Tensor) -> Tensor:
        if states.ndim == 4:  # maps [N, D, height, width] of a convolutional network
            return states.mean(dim=(2, 3))
        if self._pool == "first":
            return states[:, 0]
        if self._extra:
            states = torch.cat([states[:, :1], states[:, 1 + self._extra :]], dim=1)
        return states.mean(dim=1)


class _Unmasked(PictureNetwork):
    """ViT-MAE without its masking, which would hide 75 % of every picture, drawn at random."""

    def __init__(self, model: Pretrained, preparation: Any, pool: str, kind: PictureKind) -> None:
        super().__init__(model, preparation, pool, kind)
        self.network.config.mask_ratio = 0.0
        self.network.embeddings.config.mask_ratio = 0.0

    def ask(self, pixels: Tensor) -> States:
        # Patches are sorted by this, also where none is hidden.
        count = self.network.embeddings.patch_embeddings.num_patches
        order = torch.arange(count, device=pixels.device).expand(len(pixels), -1)
        output = self.network(pixel_values=pixels, noise=order, output_hidden_states=True)
        return states_of(output)


class _Video(PictureNetwork):
    """VideoMAE: a frame is the mean over the picture of a tubelet, i.e. of two pictures.

    Pictures go through the network in windows. The last one is filled with its last picture; the
    frames that stand for such repetitions alone are left out.
    """

    def __init__(self, model: Pretrained, preparation: Any, pool: str, kind: PictureKind) -> None:
        super().__init__(model, preparation, pool, kind)
        self.frames: int = self.network.config.num_frames
        self.at_once = self.frames
        self.per_row = self.network.config.tubelet_size

    def states(self, pictures: np.ndarray) -> States:
        missing = self.frames - len(pictures)
        window = np.concatenate([pictures, np.repeat(pictures[-1:], missing, axis=0)])
        times, rows = self.frames // self.per_row, -(-len(pictures) // self.per_row)
        prepared = self.preparation(list(window), return_tensors="pt")["pixel_values"]
        states = self.ask(prepared.to(self._device, self._dtype))
        return states.map(lambda layer: layer.unflatten(1, (times, -1)).mean(dim=2)[0, :rows])


def load_pictures(
    settings: NetworkSettings, model: str, pool: str, key: str
) -> tuple[PictureNetwork, Pretrained]:
    """The adapter of an encoder of pictures, and the loaded model.

    Raises:
        InputError: it is missing, damaged, or no encoder of pictures that is served.
    """
    folder = model_folder(model, key)
    location = f"config: {key}: {folder}"
    config = read_config(folder, key)
    refuse_unserved(config, location)
    kind = PICTURES.get(config.model_type)
    if kind is None:
        _check_pictures(config, location)
    if kind is None and pool == "auto":
        raise InputError(
            f"{location} is a {config.model_type}, of which no class token is known; set pool: mean"
        )
    kind = kind or PictureKind()
    if pool == "first" and not kind.has_first:
        raise InputError(
            f"config: pool of image_encoder is first, but {folder} is a {config.model_type}, which "
            "has no class token; set pool: mean"
        )
    adapter = {"vit_mae": _Unmasked, "videomae": _Video}.get(config.model_type, PictureNetwork)
    pretrained = Pretrained(str(folder), key, cost=settings)
    pool = kind.pool if pool == "auto" else pool
    return adapter(pretrained, _preparation(folder, key), pool, kind), pretrained


def _check_pictures(config: Any, location: str) -> None:
    """Refuse what does not read pictures alone, before its weights are loaded."""
    if getattr(network_class(config), "main_input_name", "") != "pixel_values":
        raise not_of(config, _EXPECTED, location)


def _preparation(folder: Path, key: str) -> Any:
    from transformers import AutoImageProcessor

    try:
        return AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # transformers raises errors of many classes
        raise InputError(
            f"config: {key}: {folder} does not describe how to prepare pictures "
            f"(preprocessor_config.json): {error}"
        ) from error
