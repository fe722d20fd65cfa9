"""The one style of all figures for print."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure

from robust_mer.files import whole
from robust_mer.report.figures.palette import LIGHT
from robust_mer.report.names import wrapped

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.typing import RcKeyType

LineStyle = dict[str, Any]
"""What Matplotlib calls the properties of a line, by their names."""

COLOURS = list(LIGHT)

SIZE = 9
"""Of all letters, in points."""
LETTER = 0.078
"""Width of a letter of that size in inches: a wide one, so that estimates err to the safe side."""
LINE = 0.17
"""Height of a line of text in inches."""

STYLE: "dict[RcKeyType, Any]" = {
    **dict.fromkeys(
        (
            *("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize"),
            *("ytick.labelsize", "legend.fontsize", "figure.titlesize"),
        ),
        SIZE,
    ),
    "font.family": "DejaVu Sans",
    "svg.fonttype": "none",  # text stays text: to be searched, and read aloud
    "pdf.fonttype": 42,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "grid.color": "0.9",
    "lines.linewidth": 1.4,
    "lines.markersize": 5,
    "figure.autolayout": False,  # figures choose their layout themselves
    "figure.constrained_layout.use": False,
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
    # Lay out once. Otherwise each file lays out twice, which takes longer than drawing.
    figure.draw_without_rendering()
    figure.set_layout_engine(None)
    title = svg.stem
    for path, metadata in (
        (svg, {"Title": title, "Source": origin, "Date": None}),
        (pdf, {"Title": title, "Subject": origin, "CreationDate": None}),
    ):
        with whole(path) as unfinished:
            figure.savefig(unfinished, metadata=metadata)


def add_legend(figure: Figure, handles: "Sequence[Artist]", names: Sequence[str]) -> None:
    """Add a legend below the panels, in as many columns as fit, and make room for it."""
    width, height = figure.get_size_inches()
    names = [wrapped(name, max(12, int((width - 0.6) / LETTER))) for name in names]
    lines = [line for name in names for line in name.split("\n")]
    column = 0.6 + LETTER * max(map(len, lines))
    columns = max(1, min(len(names), int(width / column)))
    tallest = max(name.count("\n") + 1 for name in names)
    rows = math.ceil(len(names) / columns)
    figure.set_size_inches(width, height + 0.1 + rows * tallest * LINE * 1.1)
    figure.legend(handles, names, loc="outside lower center", ncols=columns, frameon=False)
