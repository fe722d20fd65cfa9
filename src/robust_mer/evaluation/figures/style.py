"""The one style of all figures."""

import textwrap
from pathlib import Path

from matplotlib.figure import Figure

from robust_mer.files import whole

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

STYLE = {
    "font.size": 11,
    "font.family": "DejaVu Sans",
    "svg.fonttype": "none",  # text stays text: to be searched, and read aloud
    "pdf.fonttype": 42,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a name may hold dollar signs
}
"""Matplotlib's settings for all figures."""

CHANCE = {"color": "0.4", "linestyle": "--", "linewidth": 1}
"""The line of always answering with the most frequent class."""


def save(figure: Figure, experiment: dict, svg: str | Path, pdf: str | Path) -> None:
    """Write a figure for the screen and for print, byte for byte the same for the same numbers.

    Args:
        figure: The figure.
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`; the files name it, and
            what it was made from, where there is an ``origin``.
        svg: Where to write it for the screen.
        pdf: Where to write it for print.
    """
    title = Path(svg).stem
    origin = experiment.get("origin")
    for path, metadata in (
        (svg, {"Title": title, "Source": origin, "Date": None}),
        (pdf, {"Title": title, "Subject": origin, "CreationDate": None}),
    ):
        with whole(path) as unfinished:
            figure.savefig(unfinished, metadata=metadata)


def headline(experiment: dict, text: str, width: int = 95) -> str:
    """What stands above a figure: a text and the corpus' note, in lines of so many letters."""
    lines = [*textwrap.wrap(text, width), *textwrap.wrap(experiment.get("note") or "", width)]
    return "\n".join(lines)
