"""The published checkpoints of emotion2vec, converted to a folder that `audio_encoder` reads."""

import pickle
import re
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from robust_mer.errors import InputError
from robust_mer.features.audio import SAMPLE_RATE
from robust_mer.features.encoders.emotion2vec import Emotion2VecConfig, Emotion2VecModel
from robust_mer.files import whole

_SCALAR = np.float64(0).__reduce__()[0]
# Plain values that checkpoints of a training hold beside tensors; torch alone would refuse them.
_PLAIN: list[Any] = [
    Namespace,
    _SCALAR,
    (_SCALAR, "numpy.core.multiarray.scalar"),  # its name before numpy 2
    np.dtype,
    *(type(np.dtype(kind)) for kind in ("f4", "f8", "i8", "b1")),
]
_SOUND = "modality_encoders.AUDIO."
_NESTED = ("state_dict", "model_state_dict", "model")  # where a checkpoint keeps its weights
# Parts that predict targets in training: features do not depend on them.
_NOT_USED = (f"{_SOUND}decoder.", "proj.", "_ema")


def convert(checkpoint: Path, folder: Path) -> Emotion2VecConfig:
    """Write config.json, preprocessor_config.json and model.safetensors of a checkpoint.

    Args:
        checkpoint: A ``.pt`` file, of which only tensors and plain values are read, or a
            ``.safetensors`` file with the same names.
        folder: Is made; must not exist, or be empty.

    Returns:
        The sizes of the network.

    Raises:
        InputError: the file holds more than tensors and plain values, or belongs to another
            network; or the folder has files.
    """
    from transformers import Wav2Vec2FeatureExtractor

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is not an empty folder; name a new one")
    weights = _used(_read(checkpoint), checkpoint)
    config = _sizes(weights, checkpoint)
    with torch.device("meta"):
        expected = Emotion2VecModel(config).state_dict()
    for name in sorted(expected.keys() | weights.keys()):
        if name not in weights:
            raise _other(checkpoint, f"lacks {name}")
        if name not in expected:
            raise _other(checkpoint, f"has {name}, which emotion2vec has not")
        if weights[name].shape != expected[name].shape:
            shapes = [list(one[name].shape) for one in (weights, expected)]
            raise _other(checkpoint, f"has {name} in the shape {shapes[0]}, not {shapes[1]}")
    config.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=True, sampling_rate=SAMPLE_RATE).save_pretrained(folder)
    with whole(folder / "model.safetensors") as unfinished:
        save_file(weights, unfinished, metadata={"format": "pt"})
    return config


def _read(checkpoint: Path) -> dict[Any, Any]:
    try:
        if checkpoint.suffix == ".safetensors":
            return load_file(checkpoint)
        # A pickle could run code: weights_only reads tensors and plain values, nothing else.
        with torch.serialization.safe_globals(_PLAIN):
            content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        call = re.search(r"GLOBAL ([\w.]+)", str(error))
        reason = f" (it names {call[1]})" if call else ""
        raise InputError(
            f"{checkpoint} holds more than tensors and plain values{reason}, or is damaged. "
            "Nothing of it was run. Name the checkpoint emotion2vec_base.pt as its authors publish "
            "it, or a .safetensors file with the same names"
        ) from error
    except (OSError, RuntimeError, SafetensorError, EOFError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"{checkpoint} cannot be read as a checkpoint: {reason}") from error
    for key in _NESTED:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict):
        raise _other(checkpoint, f"holds a {type(content).__name__}, not weights by their names")
    return content


def _used(content: dict[Any, Any], checkpoint: Path) -> dict[str, Tensor]:
    """The weights that features depend on, float32."""
    weights = {
        name: value.float().contiguous()
        for name, value in content.items()
        if isinstance(value, Tensor) and not str(name).startswith(_NOT_USED)
    }
    if f"{_SOUND}alibi_scale" not in weights:
        raise _other(checkpoint, f"lacks {_SOUND}alibi_scale")
    scale = weights[f"{_SOUND}alibi_scale"]
    if scale.ndim == 4:  # of older files: without the axis of blocks
        weights[f"{_SOUND}alibi_scale"] = scale[None]
    return weights


def _sizes(weights: dict[str, Tensor], checkpoint: Path) -> Emotion2VecConfig:
    """The sizes of a network, by its weights; strides are those of the architecture."""

    def shape(name: str) -> list[int]:
        if name not in weights:
            raise _other(checkpoint, f"lacks {name}")
        return list(weights[name].shape)

    def count(start: str) -> int:
        names = (name.removeprefix(start) for name in weights if name.startswith(start))
        return len({name.partition(".")[0] for name in names})

    front = f"{_SOUND}local_encoder.conv_layers."
    convolutions = [shape(f"{front}{number}.0.weight") for number in range(count(front))]
    positions = f"{_SOUND}relative_positional_encoder."
    size, group, kernel = shape(f"{positions}1.0.weight")
    rows, _, heads, *_ = shape(f"{_SOUND}alibi_scale")
    if heads < 2 or size % heads:
        raise _other(checkpoint, f"has {heads} attention heads for states of {size} numbers")
    defaults = Emotion2VecConfig()
    if len(convolutions) != len(defaults.conv_stride):
        raise _other(checkpoint, f"has {len(convolutions)} convolutions, not 7")
    return Emotion2VecConfig(
        hidden_size=size,
        intermediate_size=shape("blocks.0.mlp.fc1.weight")[0],
        num_attention_heads=heads,
        prenet_layers=count(f"{_SOUND}context_encoder.blocks."),
        main_layers=count("blocks."),
        conv_dim=[convolution[0] for convolution in convolutions],
        conv_kernel=[convolution[2] for convolution in convolutions],
        position_layers=count(positions),
        position_kernel=kernel,
        position_groups=size // group,
        extra_tokens=shape(f"{_SOUND}extra_tokens")[1],
        alibi_rows=rows,
    )


def _other(checkpoint: Path, reason: str) -> InputError:
    return InputError(
        f"{checkpoint} {reason}: it is no checkpoint of emotion2vec, such as emotion2vec_base.pt"
    )
