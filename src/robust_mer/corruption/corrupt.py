"""The corruption stage: where on the noise schedule every fold and modality is corrupted."""

from pathlib import Path

import numpy as np
import pandas as pd

from robust_mer.corruption.draws import CounterDraws
from robust_mer.corruption.names import parse_corruption
from robust_mer.corruption.noise import Noise, make_noise
from robust_mer.corruption.schedule import REPLACED, Step, exact_step, paper_step
from robust_mer.data import Corpus, fit_normaliser, read_corpus, training_frames
from robust_mer.errors import InputError
from robust_mer.files import whole
from robust_mer.jobs import log

_STEP = {"paper": paper_step, "exact": exact_step}
_MEASURED_VALUES = 2_000_000


def write_schedule(
    path: str | Path,
    corruption: str,
    utterances_csv: str | Path,
    folds_csv: str | Path,
    features: dict[str, str | Path],
    normalise: dict[str, bool],
    not_finite: dict[str, float | None],
    mode: str,
    noise: dict,
) -> None:
    """Write ``schedule.csv``: a row per fold and modality.

    Args:
        path: The table to write.
        corruption: Its name, e.g. ``gaussian_-10dB``.
        utterances_csv: The index.
        folds_csv: The folds; only their training parts are looked at.
        features: Feature file per modality.
        normalise: Per modality, whether noise goes onto normalised features.
        not_finite: Per modality, what takes the place of values that are not finite; None: they
            are an error.
        mode: ``paper`` takes a whole number of steps, ``exact`` solves for abar.
        noise: ``implementation`` and ``settings`` of the noise type.

    Raises:
        InputError: a modality cannot be brought to the target SNR.
    """
    corpus = read_corpus(utterances_csv, folds_csv, features, not_finite)
    draw = make_noise(noise["implementation"], noise["settings"])
    table = pd.DataFrame(_rows(corpus, corruption, normalise, mode, draw))
    with whole(path) as unfinished:
        table.to_csv(unfinished, index=False)
    if parse_corruption(corruption).target_snr_db is None:
        return
    for modality, part in table.groupby("modality", sort=False):
        log.info(
            "%s: variance %.4g, T %s, nominal SNR %.2f dB, true SNR %.2f dB (means over %d folds)",
            modality,
            part["variance"].mean(),
            part["steps"].mean().round(1) if mode == "paper" else "solved",
            part["reached_snr_db"].mean(),
            part["true_snr_db"].mean(),
            len(part),
        )


def _rows(corpus: Corpus, corruption: str, normalise: dict[str, bool], mode: str, noise: Noise):
    target = parse_corruption(corruption).target_snr_db
    for fold, parts in corpus.parts.items():
        for modality, store in corpus.features.items():
            frames = training_frames(store, parts["train"])
            frames = fit_normaliser(frames, normalise[modality])(frames)
            variance = float(frames.var(dtype=np.float64))
            if target is None:
                step, true = REPLACED, np.nan
            else:
                try:
                    step = _STEP[mode](target, variance)
                except InputError as error:
                    raise InputError(f"{corruption}, fold {fold}, {modality}: {error}") from None
                true = _true_snr_db(frames, step, noise, (corruption, fold, modality))
            yield {
                "fold": fold,
                "modality": modality,
                "target_snr_db": target,
                "variance": variance,
                "steps": step.steps,
                "alpha_bar": step.alpha_bar,
                "reached_snr_db": step.reached_snr_db,
                "true_snr_db": true,
            }


def _true_snr_db(frames: np.ndarray, step: Step, noise: Noise, key: tuple) -> float:
    """SNR in dB of drawn noise on the data, on at most two million of the part's values.

    The formula takes every noise for one of power 1; impulse noise, for one, is weaker.
    """
    some = frames[: max(1, _MEASURED_VALUES // frames.shape[1])]
    drawn = noise(some.shape, CounterDraws("schedule", *key)).numpy()
    signal = step.alpha_bar * frames.var(dtype=np.float64)
    return float(10 * np.log10(signal / ((1 - step.alpha_bar) * np.mean(drawn**2.0))))


def read_alpha_bars(path: str | Path) -> dict[tuple[int, str], float]:
    """abar by (fold, modality) from a ``schedule.csv``."""
    table = pd.read_csv(path)
    return {(int(row.fold), str(row.modality)): float(row.alpha_bar) for row in table.itertuples()}
