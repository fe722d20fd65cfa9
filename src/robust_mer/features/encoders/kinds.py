"""Which extractor reads an architecture, and what replaces those that none reads."""

from typing import Any

from robust_mer.errors import InputError

_CLASSES = {
    "input_ids": "bert",
    "pixel_values": "image_encoder",
    "pixel_values_videos": "image_encoder",
    "input_values": "audio_encoder",
    "input_features": "audio_encoder",
}
_NOT_SERVED = {
    "clap": "it gives one vector for sound and text; use AST or WavLM",
    "encodec": "a codec; use WavLM, HuBERT or Whisper",
    "mimi": "a codec; use WavLM, HuBERT or Whisper",
    "dac": "a codec; use WavLM, HuBERT or Whisper",
    "sew": "its layers run at half the rate of its frames; use WavLM or HuBERT",
    "sew-d": "its layers run at half the rate of its frames; use WavLM or HuBERT",
    "siglip2": "its pictures have several shapes; use SigLIP (model type siglip)",
    "timesformer": "use VideoMAE (model type videomae)",
    "vivit": "use VideoMAE (model type videomae)",
    "reformer": "use BERT, RoBERTa or DeBERTa",
    "perceiver": "use BERT, RoBERTa or DeBERTa",
    "canine": "it reads characters; use BERT, RoBERTa or DeBERTa",
    "blip": "use CLIP or SigLIP",
    "blip-2": "use CLIP or SigLIP",
    "layoutlmv2": "it reads documents; use BERT",
    "layoutlmv3": "it reads documents; use BERT",
}


def refuse_unserved(config: Any, location: str) -> None:
    """Refuse an architecture that no extractor serves; raises InputError."""
    if advice := _NOT_SERVED.get(config.model_type):
        raise InputError(f"{location} is of the type {config.model_type}, not served: {advice}")


def network_class(config: Any) -> Any:
    """The class of transformers, without a head, of an architecture; None if there is none."""
    from transformers import MODEL_MAPPING

    kind = MODEL_MAPPING.get(type(config), None)
    return kind[0] if isinstance(kind, tuple | list) else kind


def not_of(config: Any, expected: str, location: str) -> InputError:
    """The error for an architecture of another modality."""
    other = _CLASSES.get(getattr(network_class(config), "main_input_name", ""), "")
    advice = f"; use class: {other}" if other else ""
    return InputError(f"{location} is a {config.model_type}: expected {expected}{advice}")
