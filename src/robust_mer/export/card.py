"""The model card: what a model is, what it reaches, what it must not be used for."""

import json
from math import prod
from pathlib import Path
from typing import Any

from robust_mer.features.weights import is_path
from robust_mer.files import whole

_LIMITS = """\
The model learnt the labels of the corpus named above: what people saw or heard in a recording, or
what an actor was asked to show. Its prediction is a guess at such a label, not a measurement of
what a person feels, and must not be used to judge or sort people. The model was tested on the
speakers of one test part only; other languages, microphones, cameras and cultures are untested.
Some uses are forbidden, in the European Union those at work and in education. Read docs/limits.md
in the documentation of robust-mer before you apply the model to people.

The corpus' licence binds what is made from it, these weights too. openSMILE, which computes the
acoustic features `is13`, may be used for research only, and so may networks trained on FER2013
(`denseface`, `mini_xception`).
"""

_KEPT = {"best": "the best on the validation part", "last": "the last"}


def write_card(
    path: Path, description: Path, facts: dict[str, Any], results: list[dict[str, Any]]
) -> None:
    """Write ``card.md``.

    Args:
        path: The file.
        description: ``model.json`` of the same folder.
        facts: Those of the checkpoint.
        results: Rows with ``tested on``, ``condition``, ``utterances`` and the measures of the
            replica's own test part.
    """
    known = json.loads(Path(description).read_text(encoding="utf-8"))
    trained = known["trained_on"]
    lines = [
        f"# {known['model']}",
        "",
        f"- Class: `{known['implementation']}`, epoch {facts['selected_epoch']} "
        f"({_KEPT[facts['settings'].get('keep', 'best')]})"
        if "selected_epoch" in facts
        else f"- Class: `{known['implementation']}`",
        f"- Trained on: {trained['corpus']}, fold {trained['fold']}, corruption "
        f"`{trained['corruption']}`, seed {trained['seed']}",
        *([f"- About the corpus: {trained['note']}"] if trained["note"] else []),
        *(
            f"- {name.capitalize()}: {', '.join(map(str, values))}"
            for name, values in facts["task"]["description"].items()
        ),
        *_tuned(known["config"]["model"]),
        f"- SHA-256 of the weights: {known['weights_sha256']}",
        "",
        "| modality | extractor | features | normalised |",
        "|---|---|---:|---|",
        *(
            f"| {modality} | `{one['extractor']}`{_heard(one)} | {one['features']} | "
            f"{'yes' if one['normalise'] else 'no'} |"
            for modality, one in known["modalities"].items()
        ),
        "",
        "## Results",
        "",
        *_table(results),
        "",
        "## Limits",
        "",
        _LIMITS,
    ]
    with whole(path) as unfinished:
        unfinished.write_text("\n".join(lines), encoding="utf-8")


def _tuned(model: dict[str, Any]) -> list[str]:
    """Which candidate of a tuned model this is, and what that means for its prediction sets."""
    lines = []
    if tune := model.get("tune"):
        values = ", ".join(f"{key} {model['settings'][key]}" for key in tune)
        lines.append(
            f"- Tuned on the validation part, best of {prod(map(len, tune.values()))}: {values}. "
            "Prediction sets are calibrated on the same part, so they may cover less than they "
            "promise"
        )
    if candidates := model.get("candidates_of_teacher"):
        lines.append(f"- Its teacher was tuned on the validation part, best of {candidates}")
    return lines


def _heard(modality: dict[str, Any]) -> str:
    """Whose words a modality is, if a recogniser wrote them."""
    if not modality["recogniser"]:
        return ""
    missing = "missing " * (modality["transcript"] == "recognised_if_missing")
    model = modality["recogniser"]["model"]
    name = Path(model).name if is_path(model) else model  # a card names no folder of this machine
    return f", {missing}words recognised by `{name}`"


def _table(results: list[dict[str, Any]]) -> list[str]:
    if not results:
        return ["It was not tested: it is a teacher of other models."]
    labels = ("tested on", "condition")
    measures = [name for name in results[0] if name not in (*labels, "utterances")]
    return [
        "Of this replica, on the test part of its fold, whose speakers it has not seen where the "
        "folds part speakers. The letters of a condition are the clean modalities.",
        "",
        f"| {' | '.join([*labels, 'utterances', *measures])} |",
        f"|---|---|---:|{'---:|' * len(measures)}",
        *(
            f"| {row['tested on']} | {row['condition']} | {row['utterances']} | "
            f"{' | '.join(f'{row[measure]:.3f}' for measure in measures)} |"
            for row in results
        ),
    ]
