"""What is known of an architecture; imports neither torch nor transformers."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Architecture:
    """How the features of one kind of network are made."""

    extractor: Literal["audio_encoder", "image_encoder", "video_encoder", "bert"]
    """The class of the config that serves it."""
    adapter: str
    """``"module:Class"``; see `robust_mer.features.encoders.adapter.Adapter`."""
    frame: str
    """What one row of the features is, for the documentation."""
    pool: Literal["", "first", "mean"] = ""
    """What ``pool: auto`` means, for networks of pictures."""
    registers: int = 0
    """How many tokens after the class token belong to no place, such as DeiT's second one."""
    offset: int = 0
    """By how many positions its table of positions is shorter than its configuration says."""
