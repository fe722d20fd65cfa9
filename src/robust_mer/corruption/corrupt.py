"""The corruption stage: the point on the noise schedule for every fold and modality.

The true SNR is that of drawn noise on the data: the power of the remaining signal over that of the
error, where the signal's power is its variance, as in the paper. Added noise leaves sqrt(abar) x
with the error sqrt(1 - abar) n, so the SNR is abar var(x) / ((1 - abar) mean n²). The nominal SNR
assumes noise of power 1, but some noises, such as impulse noise, are weaker.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robust_mer.conditions import MISSING
from robust_mer.corruption.draws import ArrayDraws, CounterDraws
from robust_mer.corruption.noise import Noise, build_noise, check_noise
from robust_mer.corruption.schedule import Step, exact_step, paper_step
from robust_mer.corruption.specs import ScheduleFiles, ScheduleSpec
from robust_mer.corruption.stretch import untouched_share
from robust_mer.data import Corpus, fit_normaliser, read_corpus, training_frames, variance_of
from robust_mer.errors import InputError
from robust_mer.files import naming, whole
from robust_mer.jobs import log
from robust_mer.runtime import Runtime
from robust_mer.table import check_width, read_numbers, records

_VALUES_AT_A_TIME = 1_000_000
_PRECISION = 0.005  # relative standard error at which a measured power is accurate enough
_MIN_UTTERANCES = 20  # for a standard error
MAX_VALUES = 100_000_000


def write_schedule(spec: ScheduleSpec, files: ScheduleFiles, runtime: Runtime) -> None:
    """Write ``schedule.csv``: a row per fold and modality that the corruption touches.

    Only the training parts of the folds are used.

    Raises:
        InputError: a modality cannot be brought to the target SNR, or a noise is invalid.
    """
    corpus = read_corpus(files.utterances, files.folds, spec.modalities, files.features)
    table = pd.DataFrame(_rows(corpus, spec))
    with whole(files.schedule) as unfinished:
        table.to_csv(unfinished, index=False)
    for modality, part in table[table["true_snr_db"].notna()].groupby("modality", sort=False):
        log.info(
            "%s: variance %.4g, T %s, nominal SNR %.2f dB, true SNR %.2f dB (means over %d folds)",
            modality,
            part["variance"].mean(),
            "none" if part["steps"].isna().any() else round(float(part["steps"].mean()), 1),
            part["reached_snr_db"].mean(),
            part["true_snr_db"].mean(),
            len(part),
        )


def _rows(corpus: Corpus, spec: ScheduleSpec) -> Iterator[dict[str, Any]]:
    drawn, power = {}, {}
    for modality in spec.modalities:
        noise = spec.corruption.noises[modality.name]
        store = corpus.features[modality.name]
        drawn[modality.name] = build_noise(noise)
        if noise.stretch is not None:
            what = f"{spec.corruption.name}, {modality.name}"
            _check_stretch(what, noise.stretch, np.diff(store.offsets))
        if not drawn[modality.name].takes_arrays:
            check_noise(drawn[modality.name], len(store.names))
        if not noise.is_mask:  # independent of the data, so the same in all folds
            lengths = np.diff(store.offsets)
            power[modality.name] = _power(
                drawn[modality.name], noise.kind, lengths, len(store.names), None
            )
    for fold, parts in corpus.parts.items():
        for modality in spec.modalities:
            noise = spec.corruption.noises[modality.name]
            store = corpus.features[modality.name]
            frames = training_frames(store, parts["train"])
            normaliser = fit_normaliser(frames, modality.normalise)
            frames -= normaliser.mean  # in place, because copies would dominate memory
            frames /= normaliser.deviation
            variance = variance_of(frames)
            step = Step(None, np.nan, np.nan)
            try:
                if noise.target_snr_db is None:
                    lengths = np.diff(store.offsets)[parts["train"]]
                    true = _true_snr_db_masked(
                        frames, lengths, variance, noise.kind, drawn[modality.name]
                    )
                else:
                    step = _step(spec, noise.target_snr_db, variance)
                    true = step.reached_snr_db - 10 * np.log10(power[modality.name])
            except InputError as error:
                raise InputError(
                    f"{spec.corruption.name}, fold {fold}, {modality.name}: {error}"
                ) from None
            yield {
                "fold": fold,
                "modality": modality.name,
                "target_snr_db": noise.target_snr_db,
                "variance": variance,
                "steps": step.steps,
                "alpha_bar": step.alpha_bar,
                "reached_snr_db": step.reached_snr_db,
                "true_snr_db": true,
            }


def _check_stretch(what: str, stretch: tuple[float, float], lengths: np.ndarray) -> None:
    """Say how many utterances a stretch leaves as they are, because they have too few frames.

    Raises:
        InputError: it hits none.
    """
    share = untouched_share(stretch, lengths)
    if share == 1:
        raise InputError(
            f"{what}: no utterance has a frame whose middle is in the stretch from "
            f"{stretch[0]:g} to {stretch[1]:g}; make it longer"
        )
    if share:
        log.warning(
            "%s: %.1f %% of the utterances stay clean, because they have no frame in the stretch "
            "from %g to %g",
            what,
            100 * share,
            *stretch,
        )


def _step(spec: ScheduleSpec, target_snr_db: float, variance: float) -> Step:
    if spec.mode == "exact":
        return exact_step(target_snr_db, variance)
    return paper_step(target_snr_db, variance, spec.schedule)


def _true_snr_db_masked(
    frames: np.ndarray, lengths: np.ndarray, variance: float, kind: str, noise: Noise
) -> float:
    """SNR in dB of frames [T, D] under a mask: the error is x' - x.

    NaN for ``missing``, which leaves no signal.
    """
    if kind == MISSING:
        return np.nan
    error = _power(noise, kind, lengths, frames.shape[1], frames)
    return float(10 * np.log10(variance / error))


def _power(
    noise: Noise, kind: str, lengths: np.ndarray, width: int, masked: np.ndarray | None
) -> float:
    """Mean n² of noise on utterances of these lengths, or mean (x' - x)² of ``masked`` [T, D].

    Draws until the standard error over utterances is half a per cent (0.02 dB), with several passes
    over the same utterances if these are few: one pass over a small corpus has so few bursts that
    their power is off by half a decibel. With ``masked``, only whole passes are made.

    Raises:
        InputError: all values drawn are 0.
    """
    draws = (ArrayDraws if noise.takes_arrays else CounterDraws)("schedule", kind)
    lengths = lengths[lengths > 0]
    ends = lengths.cumsum()
    group = (ends * width - 1) // _VALUES_AT_A_TIME
    firsts = np.flatnonzero(np.diff(group, prepend=-1))
    energy, count = np.zeros(0), np.zeros(0)  # of every utterance that was drawn
    while True:
        for first, last in zip(firsts, [*firsts[1:], len(lengths)], strict=True):
            block = lengths[first:last]
            error = np.asarray(noise(block, width, draws))
            if masked is not None:
                error = (error - 1) * masked[ends[first] - lengths[first] : ends[last - 1]]
            of_frames = np.einsum("td,td->t", error, error).astype(np.float64)
            energy = np.append(energy, np.add.reduceat(of_frames, block.cumsum() - block))
            count = np.append(count, block * width)
            if masked is None and _is_enough(energy, count):
                break
        if _is_enough(energy, count):
            break
    if not energy.any():
        raise InputError("nothing is corrupted: all noise values are 0")
    return energy.sum() / count.sum()


def _is_enough(energy: np.ndarray, count: np.ndarray) -> bool:
    if count.sum() >= MAX_VALUES:
        return True
    deviation = energy - count * (energy.sum() / count.sum())
    is_precise = np.sqrt((deviation**2).sum()) < _PRECISION * energy.sum()
    return bool(is_precise) and len(energy) >= _MIN_UTTERANCES


def read_alpha_bars(path: str | Path) -> dict[tuple[int, str], float]:
    """Abar by (fold, modality) from a ``schedule.csv``; NaN if nothing is added."""
    with naming(path, "a noise schedule"):
        check_width(path)
        table = read_numbers(path, ["modality"])
        return {
            (int(row["fold"]), str(row["modality"])): float(row["alpha_bar"])
            for row in records(table)
        }
