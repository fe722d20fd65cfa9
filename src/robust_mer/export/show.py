"""A prediction for people to read."""

from typing import Any

from robust_mer.export.predict import ModalitySeen, Prediction
from robust_mer.export.quality import HIGHEST
from robust_mer.export.sets import AnswerSet
from robust_mer.report.cells import minus

MEANING = "A guess at the label that people would give, not what somebody feels: docs/limits.md"
_BAR = 30  # characters of a probability of 1
_UNLIKE = 1.5  # atypicality that is said; some clean utterances are a little above 1


def as_table(description: dict[str, Any], prediction: Prediction) -> str:
    """The model, its probabilities or values, what it saw of each modality, and what that means."""
    trained = description["trained_on"]
    answers = {
        name: f"{value:6.1%}  {'█' * round(_BAR * value)}"
        for name, value in prediction.probabilities.items()
    } or {name: _number(name, prediction) for name in prediction.value}
    width = max(map(len, [*answers, *prediction.modalities]))
    lines = [
        f"{description['model']}, trained on {trained['corpus']} ({trained['corruption']}, fold "
        f"{trained['fold']}, seed {trained['seed']})",
        *([trained["note"]] if trained["note"] else []),
        "",
        *(f"{name:{width}}  {text}" for name, text in answers.items()),
        "",
        *([_set(prediction.set), ""] if prediction.set else []),
        *(
            f"{name:{width}}  {_seen(name, one, prediction.figures)}"
            for name, one in prediction.modalities.items()
        ),
        "",
        MEANING,
    ]
    return "\n".join(lines)


def _number(name: str, prediction: Prediction) -> str:
    """A predicted number and its scale, e.g. ``0.75 (−3 to 3)``; other values as they are."""
    value = prediction.value[name]
    if name not in prediction.ranges:
        return str(value)
    low, high = prediction.ranges[name]
    return minus(f"{value:.2f} ({low:g} to {high:g})")


def _set(one: AnswerSet) -> str:
    """The set and its promise, e.g. ``happy or neutral (90 % coverage)``."""
    if not one.classes:
        return f"no set of answers: {one.note}"
    names = "cannot tell" if one.is_everything else " or ".join(one.classes)
    return "; ".join(filter(None, [f"{names} ({one.coverage:.0%} coverage)", one.note]))


def _said(modality: str, figures: dict[str, float]) -> list[str]:
    """What the model says of a modality: weight, SNR of its features, unlikeness to training."""
    said = []
    if (weight := figures.get(f"weight_{modality}")) is not None:
        said.append(f"weight {weight:.0%}")
    if (snr := figures.get(f"snr_{modality}")) is not None:
        said.append(minus(f"SNR of the features {snr:.0f} dB"))
    if (atypicality := figures.get(f"atypicality_{modality}", 0)) >= _UNLIKE:
        said.append(f"unlike the training data (atypicality {atypicality:.1f})")
    return said


def _seen(modality: str, one: ModalitySeen, figures: dict[str, float]) -> str:
    if not one.frames:
        return f"not used: {one.note}"
    said = [f"{one.frames} {'tokens' if modality == 'text' else 'frames'}"]
    if modality == "video":
        said = [f"a face in {one.frames} of {one.looked_at} frames"]
    if one.snr_db is not None:
        bound = " or more" if one.snr_db >= HIGHEST else ""
        said.append(f"estimated SNR {one.snr_db:.0f} dB{bound}")
    return ", ".join([*said, *_said(modality, figures), *([one.note] if one.note else [])])
