"""The one style of all figures."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure

from robust_mer.evaluation.experiment import Experiment
from robust_mer.files import whole
from robust_mer.report.words.text import folds_and_seeds

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

LineStyle = dict[str, Any]
"""What Matplotlib calls the properties of a line, by their names."""

COLOURS = [
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#F0E442",
]
"""The palette of Okabe and Ito, told apart by colour-blind readers; yellow last, it is pale."""

STYLE: "dict[RcKeyType, Any]" = {
    "font.size": 11,
    "font.family": "DejaVu Sans",
    "svg.fonttype": "none",  # text stays text: to be searched, and read aloud
    "pdf.fonttype": 42,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a name may hold dollar signs
}
"""Matplotlib's settings for all figures."""

CHANCE: LineStyle = {"color": "0.4", "linestyle": "--", "linewidth": 1}
"""The line of always answering with the most frequent class."""


@contextmanager
def in_style(salt: str) -> Iterator[None]:
    """Draw what the block draws in the one style.

    Args:
        salt: Differs between figures; from it Matplotlib makes names inside the SVG.
    """
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": salt}):
        yield


def save(figure: Figure, svg: Path, pdf: Path, origin: str | None = None) -> None:
    """Write a figure for the screen and for print, byte for byte the same for the same numbers.

    Args:
        figure: The figure.
        svg: Where to write it for the screen.
        pdf: Where to write it for print.
        origin: What it was made from, for the files' metadata.
    """
    title = svg.stem
    for path, metadata in (
        (svg, {"Title": title, "Source": origin, "Date": None}),
        (pdf, {"Title": title, "Subject": origin, "CreationDate": None}),
    ):
        with whole(path) as unfinished:
            figure.savefig(unfinished, metadata=metadata)


def headline(experiment: Experiment, text: str, width: int = 95) -> str:
    """What stands above a figure: a text and the corpus' note, in lines of so many letters."""
    lines = [*textwrap.wrap(text, width), *textwrap.wrap(experiment.note or "", width)]
    return "\n".join(lines)


def runs(experiment: Experiment) -> str:
    """How many folds and seeds are behind a figure."""
    return folds_and_seeds(len(experiment.folds), len(experiment.seeds))
