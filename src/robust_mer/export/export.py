"""Export of one trained replica."""

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from robust_mer.engine.checkpoint import load_checkpoint
from robust_mer.export.card import write_card
from robust_mer.export.folder import (
    CARD,
    DESCRIPTION,
    WEIGHTS,
    ModalityInput,
    copy_weights,
    write_description,
)
from robust_mer.jobs import log
from robust_mer.metrics import ua, wa
from robust_mer.store import read_weights_sha256


def export_model(
    folder: str | Path,
    checkpoint: str | Path,
    features: dict[str, str | Path],
    extractors: dict[str, dict],
    normalise: dict[str, bool],
    not_finite: dict[str, float | None],
    predictions: dict[str, str | Path],
    name: str,
    corpus: str,
    note: str | None,
    config: dict,
    code: str,
    software: dict,
    training: dict | None,
    trusted: Collection[str] = (),
) -> None:
    """Write a replica's folder: weights, description and card.

    Args:
        folder: Where they go.
        checkpoint: The replica's.
        features: Per modality the feature file that it was trained on.
        extractors: Per modality the extractor's ``name``, ``implementation`` and ``settings``, and
            ``read_as``, the name of the feature file; imported features have the names only.
        normalise: Per modality whether its features are normalised.
        not_finite: Per modality what takes the place of values that are not finite, or None.
        predictions: By what the model was tested on, the file with its predictions, from which
            the card's figures of this replica's test part come.
        name: The model's name in the config.
        corpus: The corpus' name.
        note: What the corpus' config says about it.
        config: The sections of the config that made the model.
        code: Identity of the code that trained it.
        software: See `robust_mer.provenance.checkout.checkout`.
        training: See `robust_mer.provenance.origin.training_of`.
        trusted: Code of the model outside this package; see `load_checkpoint`.
    """
    folder = Path(folder)
    _, _, facts = load_checkpoint(checkpoint, trusted)
    inputs = {}
    for modality, shape in facts["inputs"].items():
        inputs[modality] = ModalityInput(
            extractor=extractors[modality]["name"],
            read_as=extractors[modality]["read_as"],
            implementation=extractors[modality].get("implementation", ""),
            settings=extractors[modality].get("settings", {}),
            weights_sha256=read_weights_sha256(features[modality]),
            features=shape["width"],
            normalise=normalise[modality],
            not_finite=not_finite[modality],
        )
    copy_weights(checkpoint, folder / WEIGHTS)
    write_description(
        folder / DESCRIPTION,
        checkpoint,
        facts,
        name,
        corpus,
        note,
        inputs,
        config,
        code,
        software,
        training,
    )
    results = [
        row
        for tested_on, path in predictions.items()
        for row in _results(tested_on, path, facts["fold"], facts["seed"])
    ]
    write_card(folder / CARD, folder / DESCRIPTION, facts, results)
    log.info("%s: %d modalities, %d results", folder, len(inputs), len(results))


def _results(tested_on: str, path: str | Path, fold: int, seed: int) -> list[dict]:
    """WA and UA of a replica on its test part, per condition."""
    table = pd.read_parquet(
        path, filters=[("fold", "==", fold), ("seed", "==", seed), ("part", "==", "test")]
    )
    return [
        {
            "tested on": tested_on,
            "condition": condition,
            "utterances": len(rows),
            "WA": wa(rows["label"], rows["predicted"]),
            "UA": ua(rows["label"], rows["predicted"]),
        }
        for condition, rows in table.groupby("condition", sort=False)
    ]
