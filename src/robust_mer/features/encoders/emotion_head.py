"""The head of audeering's wav2vec 2.0: arousal, dominance and valence of a recording."""

from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn

from robust_mer.errors import InputError
from robust_mer.features.pretrained import weight_files

_WEIGHTS = (
    "classifier.dense.weight",
    "classifier.dense.bias",
    "classifier.out_proj.weight",
    "classifier.out_proj.bias",
)


class EmotionHead(nn.Module):
    """The mean state of a recording, a layer with tanh, and a layer to the dimensions.

    Source: J. Wagner et al., "Dawn of the transformer era in speech emotion recognition", IEEE
    TPAMI 45(9), 2023.

    Args:
        folder: Of the model, whose weights hold those of the head.
        config: Of the model, which names the dimensions.
        key: Of the model in messages.

    Raises:
        InputError: it has no such head.
    """

    def __init__(self, folder: Path, config: Any, key: str) -> None:
        super().__init__()
        weights = _read(weight_files(folder, key))
        size = config.hidden_size
        lacking = [name for name in _WEIGHTS if name not in weights]
        if lacking or weights[_WEIGHTS[0]].shape != (size, size):
            raise InputError(
                f"config: output of audio_encoder is dimensions, but {folder} has no head for them "
                f"({', '.join(lacking) or 'its shape differs'}); use a network such as "
                "audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim, or output: states"
            )
        self.dense = nn.Linear(size, size)
        self.out = nn.Linear(size, len(weights[_WEIGHTS[3]]))
        values = [weights[name].float() for name in _WEIGHTS]
        parameters = (*self.dense.parameters(), *self.out.parameters())
        for parameter, value in zip(parameters, values, strict=True):
            parameter.data = value
        self.names = [config.id2label[number] for number in range(self.out.out_features)]

    def forward(self, states: Tensor) -> Tensor:
        """Dimensions [1, names] of a recording's last hidden states, float32 [T, D]."""
        return self.out(torch.tanh(self.dense(states.mean(dim=0, keepdim=True))))


def _read(files: list[Path]) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = {}
    for file in files:
        if file.suffix == ".safetensors":
            with safe_open(file, "pt") as opened:
                names = set(opened.keys()).intersection(_WEIGHTS)
                weights.update({name: opened.get_tensor(name) for name in names})
        else:  # a pickle, which could run code: tensors only
            everything = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
            weights.update({n: everything[n] for n in _WEIGHTS if n in everything})
    return weights
