"""Settings of extractors with a network of transformers."""

from typing import Literal

from robust_mer.features.layers import LayerSettings

Precision = Literal["float32", "bfloat16", "float16"]


class NetworkSettings(LayerSettings):
    """Settings of an extractor with a network of transformers."""

    precision: Precision = "float32"
    """Type of the network's numbers. The other two take half the memory; features differ from those
    in float32 by their rounding. A CPU without instructions for them is slower."""
    spread: bool = False
    """Whether the network is spread over all GPUs of the job and, if they are full, the main
    memory."""
