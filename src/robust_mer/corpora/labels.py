"""Labels of a corpus, and the map from them to ours."""

from collections.abc import Collection, Mapping
from typing import Annotated

from pydantic import AfterValidator

from robust_mer.names import name_key


def _check(labels: dict[str, str]) -> dict[str, str]:
    if empty := [label for label, ours in labels.items() if not name_key(ours)]:
        raise ValueError(f"the label of {empty[0]!r} is empty; remove a label to leave it out")
    if len({name_key(label) for label in labels}) < len(labels):
        raise ValueError("two of its labels differ in blanks or accents only; keep one of them")
    if labels and len({name_key(ours) for ours in labels.values()}) < 2:
        raise ValueError("it has one label, expected two or more: a model must tell them apart")
    return {name_key(label): name_key(ours) for label, ours in labels.items()}


LabelMap = Annotated[dict[str, str], AfterValidator(_check)]
"""Setting: our label for each of the corpus'."""


def known_labels(known: Collection[str]) -> AfterValidator:
    """For a `LabelMap` of a corpus whose labels are known: another label is an error."""

    def check(labels: dict[str, str]) -> dict[str, str]:
        if strange := [label for label in labels if label not in known]:
            raise ValueError(f"the corpus has no {strange[0]!r}, only {', '.join(known)}")
        return labels

    return AfterValidator(check)


def our_label(label: str, labels: Mapping[str, str]) -> str | None:
    """Our label for one of the corpus'; None where a map lacks it. Without a map, the label."""
    return labels.get(name_key(label)) if labels else label
