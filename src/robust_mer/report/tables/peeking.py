"""What a selection on test data would print."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from robust_mer.evaluation.experiment import MIN_SPEAKERS, REPLICATES, SAME, SAME_NONE
from robust_mer.protocol import CLEAN
from robust_mer.report.cells import minus
from robust_mer.report.names import corruption_title, marked
from robust_mer.report.spec import Experiment, Facts, Results, TableSpec
from robust_mer.report.table import Line, Table
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import peeking as words
from robust_mer.report.words.tables import (
    MODEL,
    NOTE_MASK_AWARE,
    NOTE_SAME,
    NOTE_SAME_NONE,
    TESTED_ON,
    TRAINED_ON,
    UNDEFINED,
    caption,
)
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd

_POINTS = 100


class PeekingTable(ResultTable):
    """A line per model and corruption, and one per change in the order of the models."""

    title = words.TITLE
    reads = ("peeking",)
    writes = ("md", "tex")

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether the experiment audits it."""
        return bool(facts.peeked)

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """The prices, those of one corruption together, in the order of the models."""
        from robust_mer.evaluation.peeking import read_prices

        table = read_prices(files.path("peeking"))
        order = {name: place for place, name in enumerate(table["tested_on"].unique())}
        place = table["tested_on"].map(order)
        return table.loc[place.sort_values(kind="stable").index].reset_index(drop=True)

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """The prices, and the order of the models where there are several."""
        from robust_mer.evaluation.peeking import CHOICES, order_changes

        experiment, main = spec.experiment, spec.experiment.main
        seeds = len(experiment.seeds)
        heads: list[tuple[str, ...]] = [(words.REPORTED, main.title)]
        for choice in CHOICES:
            title = words.choice(choice, seeds)
            heads += [(title, main.title), (title, words.OPTIMISM)]
        prices = Table(
            caption(experiment.name, experiment.corpus, words.ABOUT),
            [MODEL, TRAINED_ON, TESTED_ON],
            heads,
            [[_line(experiment, row, CHOICES) for row in records(data)]],
            _notes(experiment, data),
        )
        changes = [
            Line(
                [
                    experiment.training_of(change.trained_on, change.tested_on),
                    corruption_title(experiment, change.tested_on),
                    words.choice(change.choice, seeds),
                    words.share(len(change.changed), change.pairs),
                    words.changes(change.changed),
                ]
            )
            for change in order_changes(data, main)
        ]
        if not changes:
            return [prices]
        about = caption(experiment.name, experiment.corpus, words.ABOUT_ORDER)
        labels = [TRAINED_ON, TESTED_ON, words.CHOSEN, words.CHANGED, words.PAIRS]
        return [prices, Table(about, labels, [], [changes], [words.NOTE_ORDER])]


def _line(experiment: Experiment, row: Mapping[str, Any], choices: tuple[str, ...]) -> Line:
    cells = [_score(row["reported"])]
    for choice in choices:
        if (choice in ("epoch", "both") and row["epochs"] == 1) or (
            choice in ("seed", "both") and row["seeds"] == 1
        ):
            cells += [words.NO_CHOICE, words.NO_CHOICE]
        else:
            cells += [_score(row[choice]), _optimism(experiment, row, choice)]
    return Line(
        [
            words.without_epochs(marked(experiment, row["model"]), row["epochs"] == 1),
            experiment.training_of(row["trained_on"], row["tested_on"]),
            corruption_title(experiment, row["tested_on"]),
            *cells,
        ]
    )


def _score(value: float) -> str:
    return UNDEFINED if math.isnan(value) else minus(f"{value:.4f}")


def _optimism(experiment: Experiment, row: Mapping[str, Any], choice: str) -> str:
    """In points for shares, otherwise in the unit of the measure; with its interval, if any."""
    factor, form = (_POINTS, "{:+.2f}") if experiment.main.is_fraction else (1, "{:+.4f}")
    numbers = [factor * row[f"{choice}_{end}"] for end in ("optimism", "low", "high")]
    if math.isnan(numbers[0]):
        return UNDEFINED
    value, low, high = (form.format(number + 0.0) for number in numbers)  # no -0
    return minus(value if math.isnan(numbers[1]) else f"{value} ({low} to {high})")


def _notes(experiment: Experiment, data: "pd.DataFrame") -> list[str]:
    main, seeds = experiment.main, len(experiment.seeds)
    speakers = int(data["speakers"].iloc[0])
    notes = [
        words.note_numbers(main.title, experiment.corpus, len(experiment.folds), seeds),
        words.note_optimism(main.is_fraction, main.title, REPLICATES if speakers > 1 else 0),
    ]
    if 1 < speakers < MIN_SPEAKERS:
        notes.append(words.note_few_speakers(speakers, MIN_SPEAKERS))
    if seeds == 1:
        notes.append(words.NOTE_ONE_SEED)
    if (data["epochs"] == 1).any():
        notes.append(words.NOTE_WITHOUT_EPOCHS)
    if seeds > 1 and data["same_for_all_seeds"].any():
        same = data[data["same_for_all_seeds"]]
        notes.append(words.note_deterministic(list(dict.fromkeys(same["model"]))))
    only_clean = set(data["model"]) - set(data.loc[data["trained_on"] != CLEAN, "model"])
    if only_clean and experiment.has_corruptions:
        notes.append(words.note_clean([m for m in experiment.models if m in only_clean]))
    trainings = {
        experiment.training_of(*pair)
        for pair in zip(data["trained_on"], data["tested_on"], strict=True)
    }
    notes += [
        note for name, note in ((SAME, NOTE_SAME), (SAME_NONE, NOTE_SAME_NONE)) if name in trainings
    ]
    if set(data["model"]) & set(experiment.is_mask_aware):
        notes.append(NOTE_MASK_AWARE)
    return [*notes, *filter(None, [experiment.note])]
