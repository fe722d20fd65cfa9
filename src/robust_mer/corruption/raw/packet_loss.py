"""Loss of packets in a transmission of speech."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from robust_mer.corruption.raw.draws import Draws, some_of
from robust_mer.corruption.raw.kind import AudioKind
from robust_mer.settings import Settings


class PacketLossSettings(Settings):
    """Settings of `PacketLoss`."""

    packet_ms: Annotated[int, Field(ge=1, le=1000)] = 20
    """Length of a packet in milliseconds."""
    concealment: Literal["zero", "repeat"] = "zero"
    """What replaces a lost packet: silence (``zero``) or the last one that arrived (``repeat``)."""


class PacketLoss(AudioKind):
    """Loses a random ``amount`` percent of the packets."""

    settings_class = PacketLossSettings
    settings: PacketLossSettings
    unit = "%"
    lowest, highest = 0, 100

    def corrupt(self, samples: np.ndarray, rate: int, amount: float, draws: Draws) -> np.ndarray:
        """The received speech: float32 [samples]."""
        size = max(1, round(self.settings.packet_ms / 1000 * rate))
        packets = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size).copy()
        lost = np.zeros(len(packets), bool)
        lost[some_of(len(packets), amount, draws.of())] = True
        if self.settings.concealment == "repeat":
            last_arrival = np.where(lost, -1, np.arange(len(packets)))
            source = np.maximum.accumulate(last_arrival)
            packets = packets[source]
            lost = source < 0
        packets[lost] = 0.0
        return packets.ravel()[: len(samples)]
