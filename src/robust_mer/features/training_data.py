"""What published networks were trained or tuned on, by their ids on the Hugging Face hub."""

import json

from robust_mer.errors import InputError
from robust_mer.features.weights import is_path, locate

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
    "trpakov/vit-face-expression": ("ImageNet", "FER2013"),
    **dict.fromkeys(
        (
            "motheecreator/vit-Facial-Expression-Recognition",
            "mo-thecreator/vit-Facial-Expression-Recognition",
        ),
        ("ImageNet", "FER2013", "MMI", "AffectNet"),
    ),
}
"""From their model cards and those of the networks that they build on; only networks whose cards
name all collections."""

_TRAINED_ON_BY_TYPE: dict[str, tuple[str, ...]] = {
    "emotion2vec": ("LibriSpeech", "IEMOCAP", "MELD", "CMU-MOSEI", "MEAD", "MSP-Podcast"),
}
"""By ``model_type``, of networks that have one origin. Z. Ma et al., "emotion2vec", Findings of ACL
2024, trained without labels on these recordings."""


def known_training_data(model: str) -> tuple[str, ...] | None:
    """Collections that a network was trained on, by its id or its folder; None: unknown."""
    if model in TRAINED_ON or not is_path(model):
        return TRAINED_ON.get(model)
    try:
        config = json.loads((locate(model, "model") / "config.json").read_text(encoding="utf-8"))
        return _TRAINED_ON_BY_TYPE.get(config["model_type"])
    except (InputError, OSError, ValueError, TypeError, KeyError):  # the extraction says so
        return None
