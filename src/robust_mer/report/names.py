"""Models and corruptions as readers should see them."""

import re
from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import SAME, Experiment
from robust_mer.report.cells import amount
from robust_mer.report.words import text as words

if TYPE_CHECKING:
    pass


def corruption_title(experiment: Experiment, name: str) -> str:
    """A corruption, e.g. ``gaussian −10 dB``; one without an amount by its name."""
    facts = experiment.facts(name)
    return name if facts.amount is None else f"{facts.kind} {amount(facts.amount)} {facts.unit}"


def marked(experiment: Experiment, model: str) -> str:
    """A model, marked if it knows which modalities are corrupted."""
    return words.marked(model, model in experiment.is_mask_aware)


def line_name(experiment: Experiment, model: str, training: str) -> str:
    """A model in a legend or a sentence, with its training unless it met the same in the test."""
    name = marked(experiment, model)
    return name if training == SAME else words.trained_elsewhere(name, training)


def wrapped(text: str, width: int) -> str:
    """A name in lines of at most so many letters, broken behind a space or ``_``, else anywhere."""
    lines = []
    for paragraph in text.split("\n"):
        parts = re.split(r"(?<=[ _])", paragraph)
        lines.append("")
        for piece in (part[at : at + width] for part in parts for at in range(0, len(part), width)):
            if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > width:
                lines.append("")
            lines[-1] += piece
    return "\n".join(line.strip() for line in lines)


def title_of(title: str, experiment: Experiment) -> str:
    """The title of a table or figure for what an experiment measures."""
    measures = words.listed([metric.title for metric in experiment.measures])
    return title.format(measures=measures, main=experiment.main.title)
