"""Blocks: zeros in place of one run of frames, as if a connection broke off; no noise is added.

As in OpenVNA's structural drop (Z. Yuan et al., NAACL 2024, demonstrations).
"""

from typing import TYPE_CHECKING

import numpy as np

from robust_mer.corruption.draws import Draws, send
from robust_mer.corruption.dropped import RateSettings
from robust_mer.corruption.noise import Noise

if TYPE_CHECKING:
    from torch import Tensor

_ROUNDING = 1e-4  # frames


class Blocks(Noise):
    """A mask of one run of frames in each utterance; where it starts is drawn evenly.

    The rate is the length of the run as a fraction of the utterance, on average: what is left of a
    frame is lost by chance. Otherwise half of a single frame would always be all or none of it.
    """

    settings_class = RateSettings
    settings: RateSettings
    unit = "%"
    is_mask = True

    def draw(self, shape: tuple[int, int], draws: Draws, lengths: np.ndarray) -> "Tensor":
        """Factors of frames [frames, D]: 0 inside the run, 1 outside."""
        import torch

        position = draws.uniform((len(lengths),))
        device = position.device
        count = send(lengths.astype(np.float32), device)
        exact = count * self.settings.of_utterances(len(lengths), draws)
        lost = (exact + _ROUNDING).floor()
        lost = lost + (draws.uniform((len(lengths),)) < exact - lost)
        start = (position * (count - lost + 1)).floor()
        utterance = send(np.repeat(np.arange(len(lengths)), lengths), device)
        place = send(
            np.arange(shape[0], dtype=np.float32)
            - np.repeat(lengths.cumsum() - lengths, lengths).astype(np.float32),
            device,
        )
        is_lost = (start[utterance] <= place) & (place < (start + lost)[utterance])
        return torch.where(is_lost, 0.0, 1.0)[:, None].expand(shape)
