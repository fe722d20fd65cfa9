"""Loss of packets in a transmission of speech."""

import numpy as np

from robust_mer.corruption.raw.draws import Draws, some_of

SETTINGS = {
    # Length of a packet in milliseconds.
    "packet_ms": 20,
    # What is heard in place of a lost packet: zero (nothing) or repeat (the last one that arrived).
    "concealment": "zero",
}

LIMITS = {"packet_ms": (1, 1000), "concealment": ["zero", "repeat"]}


def corrupt(
    samples: np.ndarray,
    rate: int,
    amount: float,
    draws: Draws,
    packet_ms: int,
    concealment: str,
) -> np.ndarray:
    """Speech of which ``amount`` percent of the packets are lost, at random: float32 [samples]."""
    size = max(1, round(packet_ms / 1000 * rate))
    packets = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size).copy()
    lost = np.zeros(len(packets), bool)
    lost[some_of(len(packets), amount, draws.of())] = True
    if concealment == "repeat":
        arrived = np.where(lost, -1, np.arange(len(packets)))
        heard = np.maximum.accumulate(arrived)
        packets = packets[heard]
        lost = heard < 0
    packets[lost] = 0.0
    return packets.ravel()[: len(samples)]
