"""Kinds of raw corruption by name, and which of them leave nothing to chance."""

from collections.abc import Mapping
from typing import Any

RAW_KINDS = {
    "whitenoise": "robust_mer.corruption.raw.white_noise:WhiteNoise",
    "pinknoise": "robust_mer.corruption.raw.pink_noise:PinkNoise",
    "babble": "robust_mer.corruption.raw.babble:Babble",
    "folder": "robust_mer.corruption.raw.folder:FolderNoise",
    "reverb": "robust_mer.corruption.raw.reverb:Reverb",
    "clip": "robust_mer.corruption.raw.clip:Clip",
    "packetloss": "robust_mer.corruption.raw.packet_loss:PacketLoss",
    "blur": "robust_mer.corruption.raw.blur:Blur",
    "lowlight": "robust_mer.corruption.raw.low_light:LowLight",
    "lowres": "robust_mer.corruption.raw.low_resolution:LowResolution",
    "frameloss": "robust_mer.corruption.raw.frame_loss:FrameLoss",
    "occlude": "robust_mer.corruption.raw.occlude:Occlude",
    "mask": "robust_mer.corruption.raw.mask:MaskWords",
    "swap": "robust_mer.corruption.raw.swap:SwapWords",
    "reverse": "robust_mer.corruption.raw.reverse:ReverseWords",
    "wer": "robust_mer.corruption.raw.word_errors:WordErrors",
}

_NOT_RANDOM: dict[str, dict[str, tuple[str, ...]]] = {
    RAW_KINDS["blur"]: {},
    RAW_KINDS["clip"]: {},
    RAW_KINDS["lowres"]: {},
    RAW_KINDS["occlude"]: {"part": ("lower", "upper")},
    RAW_KINDS["reverse"]: {},
}
"""Kinds that do the same to a recording in every draw, if their settings have these values."""


def is_random(implementation: str, settings: Mapping[str, Any]) -> bool:
    """Whether a kind with these settings corrupts a recording differently in each draw."""
    needed = _NOT_RANDOM.get(implementation)
    return needed is None or any(settings[key] not in values for key, values in needed.items())
