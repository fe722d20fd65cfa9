"""An exported model as one function of tensors, from extracted features to its answer."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from robust_mer.errors import InputError
from robust_mer.export.folder import ExportedModel

FRAMES = "_frames"
"""Suffix of a modality's name: the input with the number of its real frames."""
IS_CLEAN = "is_clean"
"""The input of mask-aware models that says which modalities are clean."""

# A convolution pads shorter texts, which would be a branch on the number of tokens.
_FURTHER_FRAMES = 5

_NAMES = {"class": "classes", "label": "labels", "number": "targets"}


class Graph(nn.Module):
    """A model with its normalisation and the replacement of values that are not finite.

    Args:
        exported: The model.

    Raises:
        InputError: the task is not one of this package, and does not name its outputs.
    """

    def __init__(self, exported: ExportedModel) -> None:
        super().__init__()
        self.model = exported.model
        self._encoding = self.model.task.encoding
        self._replacements = {
            m: one.not_finite for m, one in exported.inputs.items() if one.not_finite is not None
        }
        self._statistics = {
            modality: (torch.from_numpy(one.mean), torch.from_numpy(one.deviation))
            for modality, one in exported.normalisers.items()
        }
        description = self.model.task.describe()
        if _NAMES.get(self._encoding) not in description:
            raise InputError(
                f"the task {type(self.model.task).__name__} does not describe its "
                f"{_NAMES.get(self._encoding, 'outputs')}, whose names an ONNX file must hold"
            )
        self.names: list[str] = list(description[_NAMES[self._encoding]])
        """Of the outputs: classes, labels or numbers."""

    @property
    def output(self) -> str:
        """Name of the result."""
        return "values" if self._encoding == "number" else "probabilities"

    @property
    def is_mask_aware(self) -> bool:
        """Whether it takes an input that says which modalities are clean."""
        return bool(self.model.settings.is_mask_aware)

    def forward(
        self, frames: dict[str, Tensor], lengths: dict[str, Tensor], is_clean: Tensor | None = None
    ) -> Tensor:
        """Probabilities, or numbers in units of the targets, [B, outputs].

        Args:
            frames: As extracted, per modality [B, T, D].
            lengths: How many of them are real [B]; the others may be anything.
            is_clean: bool [B, modalities]; None: what has frames.
        """
        received = {m: self._receive(m, values, lengths[m]) for m, values in frames.items()}
        if is_clean is None:
            is_clean = torch.stack([length > 0 for length in lengths.values()], dim=1)
        embeddings = self.model.encode_all(self.model.sum_layers(received), lengths)
        output = self.model.predict(embeddings, is_clean)
        if self._encoding == "number":
            return self.model.task.decide(output)
        return output.softmax(dim=1) if self._encoding == "class" else output.sigmoid()

    def _receive(self, modality: str, values: Tensor, length: Tensor) -> Tensor:
        """Frames as the model takes them: finite, normalised, and zeros behind the last one."""
        if modality in self._replacements:
            is_finite = ~(values.isnan() | values.isinf())
            values = torch.where(is_finite, values, self._replacements[modality])
        mean, deviation = self._statistics[modality]
        is_real = torch.arange(values.shape[1]) < length[:, None]
        normalised = torch.where(is_real[..., None], (values - mean) / deviation, 0.0)
        return functional.pad(normalised, (0, 0, 0, _FURTHER_FRAMES))


def example(exported: ExportedModel, graph: Graph) -> tuple[Any, ...]:
    """Arguments of a graph to trace it with: two utterances of some frames."""
    frames = {
        modality: torch.zeros(2, 7 + place, one.features)
        for place, (modality, one) in enumerate(exported.inputs.items())
    }
    lengths = {modality: torch.tensor([values.shape[1], 3]) for modality, values in frames.items()}
    is_clean = torch.ones(2, len(frames), dtype=torch.bool)
    return frames, lengths, is_clean if graph.is_mask_aware else None
