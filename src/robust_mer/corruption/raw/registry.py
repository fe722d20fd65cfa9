"""Kinds of raw corruption by name."""

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
