"""Which utterances have frames of which modalities, for protocols that depend on it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from robust_mer.evaluation.experiment import Experiment
from robust_mer.jobs import log
from robust_mer.store import open_features


def with_presence(experiment: Experiment, features: Sequence[Path]) -> Experiment:
    """The experiment, with what its corpus' feature files say.

    Args:
        experiment: The experiment.
        features: File of each of its modalities, in their order; none if it does not need them.

    Raises:
        InputError: a file is not a file of the feature store.
    """
    columns: list[dict[str, bool]] = []
    for path in features:
        with open_features(path) as store:
            has_frames = (np.diff(store.offsets) > 0).tolist()
            columns.append(dict(zip(store.utterances, has_frames, strict=True)))
            log.info("%s: %d of %d without frames", path, has_frames.count(False), len(has_frames))
    utterances = columns[0] if columns else {}
    return replace(
        experiment, presence={name: tuple(one[name] for one in columns) for name in utterances}
    )
