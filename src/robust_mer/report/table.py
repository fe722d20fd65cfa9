"""A table to print, and its forms: Markdown, LaTeX and HTML."""

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from robust_mer.report.words import tables as words
from robust_mer.report.words.text import escape_latex, escape_markdown

if TYPE_CHECKING:
    import pandas as pd


_FEW = 2
"""Notes that a reader sees without asking for them."""


@dataclass(frozen=True)
class Line:
    """One line: the cells below the labels, then those below the heads."""

    cells: list[str]
    published: bool = False
    """Whether it holds the paper's numbers, not ours."""


@dataclass(frozen=True)
class Table:
    """A table to print.

    A column is a label (text, at the left) or has a head of one or several levels.
    """

    caption: str
    labels: list[str]
    heads: list[tuple[str, ...]]
    """Of the columns after the labels, each from the top down, all with as many levels."""
    blocks: list[list[Line]]
    """Groups of lines, with a gap between in LaTeX."""
    notes: list[str]
    groups_abreast: int | None = None
    """How many groups of columns, by the top of their heads, LaTeX puts side by side; further ones
    stand in a part of their own below. None: all of them."""

    @property
    def lines(self) -> list[Line]:
        """The lines of all blocks."""
        return [line for block in self.blocks for line in block]

    @property
    def levels(self) -> int:
        """Number of lines of the head."""
        least = 1 if self.groups_abreast is None else 2
        return max((len(head) for head in self.heads), default=least)

    def level(self, number: int, columns: slice = slice(None)) -> "list[Span]":
        """One line of some heads; what neighbours share from the top down to it is one span."""
        return [
            Span(shared[number], len(list(group)))
            for shared, group in groupby(self.heads[columns], key=lambda head: head[: number + 1])
        ]


class Span(NamedTuple):
    """A head, and how many columns it stands above."""

    text: str
    width: int


def of_frame(caption: str, frame: "pd.DataFrame", notes: list[str]) -> Table:
    """A data frame as a table of texts."""
    lines = [Line(cells) for cells in frame.astype(str).to_numpy().tolist()]
    return Table(caption, list(frame.columns), [], [lines], notes)


def to_markdown(table: Table) -> str:
    """A table in GitHub's Markdown, its caption above, its notes below; a head is one line."""
    lines = [
        [escape_markdown(head) for head in [*table.labels, *map(" ".join, table.heads)]],
        ["---"] * len(table.labels) + ["---:"] * len(table.heads),
        *[[escape_markdown(cell) for cell in line.cells] for line in table.lines],
    ]
    body = [f"| {' | '.join(line)} |" for line in lines]
    notes = [f"- {escape_markdown(note)}" for note in table.notes]
    return "\n".join([f"**{escape_markdown(table.caption)}**", "", *body, "", *notes, ""])


def to_latex(table: Table) -> str:
    """A table in LaTeX with booktabs, as wide as the text, its caption above and notes below."""
    parts = [_latex_part(table, columns) for columns in _abreast(table)]
    return "\n".join(
        [
            r"% needs \usepackage{booktabs,graphicx}",
            r"\begin{table*}",
            r"\centering",
            rf"\caption{{{escape_latex(table.caption)}}}",
            "\n\\par\\smallskip\n".join(parts),
            *[rf"\par\smallskip\footnotesize {escape_latex(note)}" for note in table.notes],
            r"\end{table*}",
            "",
        ]
    )


def _abreast(table: Table) -> list[slice]:
    """Columns with heads that stand side by side in LaTeX."""
    if table.groups_abreast is None or not table.heads:
        return [slice(0, len(table.heads))]
    ends = [0]
    for span in table.level(0):
        ends.append(ends[-1] + span.width)
    starts = ends[: -1 : table.groups_abreast]
    return [slice(*pair) for pair in zip(starts, [*starts[1:], ends[-1]], strict=True)]


def _latex_part(table: Table, columns: slice) -> str:
    """The labels and some columns of a table, without a float around them."""
    labels = len(table.labels)
    cells = slice(labels + columns.start, labels + columns.stop)
    head = [line for level in range(table.levels) for line in _latex_head(table, level, columns)]
    body: list[str] = []
    for place, block in enumerate(table.blocks):
        lines = [line.cells[:labels] + line.cells[cells] for line in block]
        body += [
            *([r"\addlinespace"] if place else []),
            *[rf"{' & '.join(map(escape_latex, line))} \\" for line in lines],
        ]
    return "\n".join(
        [
            r"\resizebox{\textwidth}{!}{%",
            rf"\begin{{tabular}}{{{'l' * labels}{'r' * (columns.stop - columns.start)}}}",
            r"\toprule",
            *head,
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
        ]
    )


def _latex_head(table: Table, level: int, columns: slice) -> list[str]:
    """One level of the heads; what neighbours share stands once, above a rule."""
    is_last = level == table.levels - 1
    cells, rules, column = [], [], len(table.labels) + 1
    for text, width in table.level(level, columns):
        text = escape_latex(text)
        cells.append(text if width == 1 and is_last else rf"\multicolumn{{{width}}}{{c}}{{{text}}}")
        rules.append(rf"\cmidrule(lr){{{column}-{column + width - 1}}}")
        column += width
    labels = [escape_latex(label) if is_last else "" for label in table.labels]
    line = rf"{' & '.join([*labels, *cells])} \\"
    if is_last:
        return [line]
    return [line, *(rules if table.groups_abreast else ["".join(rules)])]


def to_html(table: Table) -> Markup:
    """A table in HTML, whose columns readers can sort; its notes below."""
    has_heads = bool(table.heads)
    rows = []
    for level in range(table.levels):
        is_last = level == table.levels - 1
        labels = [
            Markup('<th scope="col">{}</th>').format(label) if is_last else Markup("<td></td>")
            for label in table.labels
        ]
        heads = [
            Markup('<th scope="col">{}</th>').format(text)
            if is_last and width == 1
            else Markup('<th colspan="{}" scope="colgroup">{}</th>').format(width, text)
            for text, width in (table.level(level) if has_heads else [])
        ]
        rows.append(Markup("<tr>{}</tr>").format(Markup("").join([*labels, *heads])))
    body = []
    for line in table.lines:
        texts, values = line.cells[: len(table.labels)], line.cells[len(table.labels) :]
        cells = [Markup("<td>{}</td>").format(cell) for cell in texts]
        if has_heads and cells:
            cells[0] = Markup('<th scope="row">{}</th>').format(_breakable(texts[0]))
        cells += [Markup('<td class="number">{}</td>').format(_spread(cell)) for cell in values]
        mark = Markup(' class="published"') if line.published else ""
        body.append(Markup("<tr{}>{}</tr>").format(mark, Markup("").join(cells)))
    newline = Markup("\n")
    return Markup(
        '<div class="wide"><table class="{}">\n<caption>{}</caption>\n<thead>\n{}\n</thead>\n'
        "<tbody>\n{}\n</tbody></table></div>\n{}"
    ).format(
        "sortable scores" if has_heads else "sortable",
        escape(table.caption),
        newline.join(rows),
        newline.join(body),
        _notes(table.notes),
    )


def _notes(notes: list[str]) -> Markup:
    """Notes below a table; many are folded, so that they do not hide what follows."""
    if not notes:
        return Markup("")
    items = Markup("").join(Markup("<li>{}</li>").format(note) for note in notes)
    listed = Markup('<ul class="notes">{}</ul>\n').format(items)
    if len(notes) <= _FEW:
        return listed
    summary = words.notes(len(notes))
    return Markup("<details><summary>{}</summary>{}</details>\n").format(summary, listed)


def _breakable(name: str) -> Markup:
    """A name that a narrow column breaks after an underscore rather than inside a word."""
    return Markup("_<wbr>").join(name.split("_"))


def _spread(cell: str) -> Markup:
    """A number whose standard deviation, if it has one, may stand below it."""
    mean, sign, sd = cell.partition(" ±")
    return Markup('{} <span class="sd">±{}</span>').format(mean, sd) if sign else escape(cell)
