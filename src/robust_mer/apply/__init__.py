"""A trained model on many clips; `predict` does it from Python."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from robust_mer.coverage import COVERAGE

if TYPE_CHECKING:
    import pandas as pd


def predict(
    clips: str | Path | Sequence[str | Path],
    model: str | Path,
    *,
    out: str | Path | None = None,
    every: float | None = None,
    max_seconds: float = 1800.0,
    trusted: Collection[str] = (),
    coverage: float = COVERAGE,
) -> "pd.DataFrame":
    """What a trained model says about clips, a row for each.

    A clip that cannot be used has its reason in the column ``reason``, and no prediction.

    Args:
        clips: A folder, a csv, or files. Files whose names differ in the suffix only are one clip.
        model: Folder of an exported model.
        out: Table to write (``.csv``, ``.json`` or ``.parquet``). An interrupted call with the same
            arguments resumes.
        every: Seconds; each recording is cut into parts of this length, with a row for each.
        max_seconds: A clip that takes longer has no prediction.
        trusted: Classes of your own model, ``module:Class``.
        coverage: Promised for the column ``set``: classes, separated by ``|``, of which one is
            true.

    Raises:
        InputError: there are no clips, or the folder holds no model of this version.
    """
    from robust_mer.apply.answers import read_answers
    from robust_mer.apply.clips import find_clips
    from robust_mer.apply.isolated import IsolatedPredictor
    from robust_mer.apply.run import apply_model

    rows = find_clips([clips] if isinstance(clips, str | Path) else clips)
    with (
        IsolatedPredictor(model, trusted, max_seconds, coverage) as predictor,
        apply_model(predictor, rows, out, every) as answers,
    ):
        return read_answers(answers)
