"""MCTN's encoders: codes of a source, and the joint code as one vector."""

from typing import cast

import torch
from torch import Tensor, nn

from robust_mer.modality import FeatureShape
from robust_mer.models.mctn.sequences import masked_softmax, product, run
from robust_mer.models.segments import averages


class Encoder(nn.Module):
    """The encoders and readers of the chains that begin at one source.

    Args:
        source: The modality that they read.
        inputs: Width of every modality.
        hidden: Units of every LSTM.
        segments: Most elements of a code.
    """

    def __init__(
        self, source: str, inputs: dict[str, FeatureShape], hidden: int, segments: int
    ) -> None:
        super().__init__()
        self.segments = segments
        targets = [modality for modality in inputs if modality != source]
        # As wide as the wider of both, for the way there and the way back.
        self.first = nn.ModuleList(
            nn.LSTM(max(inputs[source].width, inputs[target].width), hidden, bidirectional=True)
            for target in targets
        )
        has_third = len(targets) > 1
        self.second = nn.ModuleList(
            nn.LSTM(hidden, hidden, bidirectional=True) for _ in targets if has_third
        )
        self.readers = nn.ModuleList(nn.LSTM(hidden, hidden) for _ in targets)
        self.attention = nn.ModuleList(nn.Linear(hidden, 1, bias=False) for _ in targets)

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """E and the joint codes of padded frames [B, T, D] of which ``lengths`` [B] are real.

        Returns:
            Both codes, [K, B, N, H] for the K chains, and how many of the N elements are real, [B].
        """
        chains = len(self.first)
        states = run(self.first, [frames] * chains, [lengths] * chains)
        first, count = averages(states, lengths, self.segments)
        joint = run(self.second, first, [count] * chains) if self.second else first
        return first, joint, count

    def read(self, joint: Tensor, count: Tensor) -> Tensor:
        """The joint codes [K, B, N, H] with ``count`` [B] real elements as one vector, [B, K H].

        With h the reading LSTM's states: sum of a_i h_i, a = softmax(tanh(w h)). The original adds
        a bias to w h, which all but cancels out.
        """
        states = run(self.readers, joint, [count] * len(self.readers))
        weights = torch.stack([cast(nn.Linear, layer).weight for layer in self.attention])
        scores = product(states, weights)[..., 0].tanh()
        read = (masked_softmax(scores, count)[..., None] * states).sum(dim=2)
        return read.transpose(0, 1).flatten(1)
