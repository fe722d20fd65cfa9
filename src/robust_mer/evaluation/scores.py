"""The scores of an experiment, behind all tables and figures, as tidy csv files."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from robust_mer.errors import InputError
from robust_mer.evaluation.answers import read_answers, read_held_out
from robust_mer.evaluation.bootstrap import resample
from robust_mer.evaluation.comparisons import compare_models
from robust_mer.evaluation.experiment import REPLICATES
from robust_mer.evaluation.order import in_order
from robust_mer.evaluation.presence import with_presence
from robust_mer.evaluation.published import compare, read_published
from robust_mer.evaluation.rankings import compare_rankings
from robust_mer.evaluation.reliability import reliability
from robust_mer.evaluation.spec import ScoresSpec, SummarySpec
from robust_mer.evaluation.summary import SETTING, prediction_files, read_snr, summarise
from robust_mer.files import write_text
from robust_mer.runtime import Runtime


@dataclass(frozen=True)
class SummaryFiles:
    """What `write_summary` reads and writes."""

    predictions: list[Path]
    """One per evaluation of the experiment, in their order."""
    schedules: list[Path]
    """One per corruption of the spec, in their order."""
    published: list[Path]
    """The papers' numbers, all in one folder."""
    summary: Path
    """``{experiment}_all.csv``, to be written."""
    presence: list[Path] = field(default_factory=list)
    """Feature files of the corpus' modalities if a protocol needs them."""


@dataclass(frozen=True)
class ScoresFiles:
    """What `compute_statistics` reads and writes."""

    predictions: list[Path]
    """One per evaluation of the experiment, in their order."""
    utterances: Path
    folds: Path
    intervals: Path
    comparisons: Path
    reliability: Path
    curves: Path
    rankings: Path
    presence: list[Path] = field(default_factory=list)
    """Feature files of the corpus' modalities if a protocol needs them."""


def write_summary(spec: SummarySpec, files: SummaryFiles, runtime: Runtime) -> None:
    """Write every measure per model, corruption and condition; see `summarise`.

    The rows contain the papers' numbers beside ours (`robust_mer.evaluation.published`) and the
    SNRs of the corruptions (`read_snr`).

    Raises:
        InputError: there are no predictions, or a file lacks one of the folds and seeds.
    """
    experiment = with_presence(spec.experiment, files.presence)
    if not files.predictions:
        raise InputError(f"experiment {experiment.name} has no predictions to summarise")
    published = None
    if experiment.published:
        published = read_published(files.published[0].parent, experiment.published)
    summary = summarise(experiment, prediction_files(experiment.evaluations, files.predictions))
    schedules = dict(zip(spec.scheduled, files.schedules, strict=True))
    summary = summary.join(read_snr(schedules, experiment.folds), on="tested_on")
    summary = in_order(experiment, compare(experiment, summary, published))
    write_text(files.summary, summary.to_csv(index=False))


def compute_statistics(spec: ScoresSpec, files: ScoresFiles, runtime: Runtime) -> None:
    """Write the statistics of an experiment's scores.

    These are ``intervals`` (`robust_mer.evaluation.bootstrap`), ``comparisons``
    (`robust_mer.evaluation.comparisons`), ``rankings`` (`robust_mer.evaluation.rankings`),
    ``reliability`` and ``curves`` (`robust_mer.evaluation.reliability`), the last two without rows
    if the task has no confidence.

    Raises:
        InputError: predictions and folds do not fit each other.
    """
    experiment = with_presence(spec.experiment, files.presence)
    measures = experiment.measures
    tested = read_held_out(files.utterances, files.folds, experiment.folds, experiment.predicts)
    drawn = experiment.drawn_conditions(list(tested.names))
    answers = [
        read_answers(file, tested, experiment.seeds, experiment.one_condition_seed, drawn)
        for file in prediction_files(experiment.evaluations, files.predictions)
    ]
    replicates = resample(answers, tested, measures)
    intervals = replicates.intervals().assign(
        speakers=tested.speakers, utterances=len(tested.names), replicates=REPLICATES
    )
    comparisons = compare_models(experiment, replicates, tested.test_to_train)
    figures, curves = [pd.DataFrame(columns=SETTING)], [pd.DataFrame(columns=SETTING)]
    if tested.task.has_confidence:
        pairs = [reliability(one, tested.target) for one in answers]
        figures, curves = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    for path, scores in (
        (files.intervals, intervals),
        (files.comparisons, comparisons),
        (files.rankings, compare_rankings(experiment, replicates)),
        (files.reliability, pd.concat(figures, ignore_index=True)),
        (files.curves, pd.concat(curves)),
    ):
        write_text(path, scores.to_csv(index=False))
