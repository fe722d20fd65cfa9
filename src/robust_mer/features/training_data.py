"""What published networks were trained or tuned on, by their ids on the Hugging Face hub."""

_WAVLM = ("Libri-Light", "GigaSpeech", "VoxPopuli")

TRAINED_ON: dict[str, tuple[str, ...]] = {
    "microsoft/wavlm-base-plus": _WAVLM,
    "facebook/hubert-base-ls960": ("LibriSpeech",),
    "audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim": (
        "Libri-Light",
        "Common Voice",
        "Switchboard",
        "Fisher",
        "MSP-Podcast",
    ),
    "superb/hubert-base-superb-er": ("LibriSpeech", "IEMOCAP"),
    "superb/hubert-large-superb-er": ("Libri-Light", "IEMOCAP"),
}
"""From their model cards and those of the networks that they build on; only networks whose cards
name all collections."""
