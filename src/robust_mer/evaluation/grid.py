"""A table with heads of several levels, as csv, Markdown and LaTeX."""

from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from robust_mer.evaluation.tables import escape_latex, escape_markdown


@dataclass(frozen=True)
class Grid:
    """A table to print.

    ``labels`` are the heads of the columns of labels, ``heads`` those of the others, each from the
    top down. A line is its labels and cells; ``blocks`` are groups of lines with a rule between.
    """

    caption: str
    labels: list[str]
    heads: list[tuple[str, ...]]
    blocks: list[list[list[str]]]
    notes: list[str]


def grid_markdown(grid: Grid) -> str:
    """The table in GitHub's Markdown, in which a head is one line."""
    heads = [*grid.labels, *(" ".join(head) for head in grid.heads)]
    rule = ["---"] * len(grid.labels) + ["---:"] * len(grid.heads)
    lines = [
        [escape_markdown(head) for head in heads],
        rule,
        *([escape_markdown(cell) for cell in line] for block in grid.blocks for line in block),
    ]
    body = [f"| {' | '.join(line)} |" for line in lines]
    notes = [f"- {escape_markdown(note)}" for note in grid.notes]
    return "\n".join([f"**{escape_markdown(grid.caption)}**", "", *body, "", *notes, ""])


def grid_latex(grid: Grid) -> str:
    """The table in LaTeX with booktabs, as wide as the text, its caption above and notes below."""
    labels = len(grid.labels)
    levels = max((len(head) for head in grid.heads), default=1)
    lines = [line for level in range(levels) for line in _head(grid, level, level == levels - 1)]
    blocks = [
        [rf"{' & '.join(map(escape_latex, line))} \\" for line in block] for block in grid.blocks
    ]
    body = blocks[0] if blocks else []
    for block in blocks[1:]:
        body = [*body, r"\addlinespace", *block]
    return "\n".join(
        [
            r"% needs \usepackage{booktabs,graphicx}",
            r"\begin{table*}",
            r"\centering",
            rf"\caption{{{escape_latex(grid.caption)}}}",
            r"\resizebox{\textwidth}{!}{%",
            rf"\begin{{tabular}}{{{'l' * labels}{'r' * len(grid.heads)}}}",
            r"\toprule",
            *lines,
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            *[rf"\par\smallskip\footnotesize {escape_latex(note)}" for note in grid.notes],
            r"\end{table*}",
            "",
        ]
    )


def _head(grid: Grid, level: int, is_last: bool) -> list[str]:
    """One level of the heads; what neighbours share down to it stands once above a rule."""
    cells, rules, column = [], [], len(grid.labels) + 1
    for shared, group in groupby(grid.heads, key=lambda head: head[: level + 1]):
        width = len(list(group))
        text = escape_latex(shared[level])
        cells.append(text if width == 1 and is_last else rf"\multicolumn{{{width}}}{{c}}{{{text}}}")
        rules.append(rf"\cmidrule(lr){{{column}-{column + width - 1}}}")
        column += width
    labels = [escape_latex(label) for label in grid.labels] if is_last else [""] * len(grid.labels)
    line = rf"{' & '.join([*labels, *cells])} \\"
    return [line] if is_last else [line, "".join(rules)]


def frame_markdown(caption: str, table: pd.DataFrame, notes: list[str]) -> str:
    """A table of texts in Markdown."""
    lines = table.astype(str).to_numpy().tolist()
    heads = [(name,) for name in table.columns]
    return grid_markdown(Grid(caption, [], heads, [lines], notes)).replace("---:", "---")
