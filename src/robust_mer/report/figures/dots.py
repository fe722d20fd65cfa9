"""A panel of dots: the values of all lines under each of several names."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from robust_mer.report.figures import charts
from robust_mer.report.figures.lines import Look
from robust_mer.report.figures.panels import RULES, Panel
from robust_mer.report.names import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DOT = 0.12  # from a dot to the next, in inches
_POINTS = 9  # the same on the page, in pixels


@dataclass(frozen=True)
class Dots(Panel):
    """One panel of dots: a group of lines per name at the left, a dot per line.

    Attributes:
        points: With ``group``.
        y: Name of the axis below.
        rules: Vertical lines by their names, see `robust_mer.report.figures.panels.RULES`.
        span: Least and greatest value.
    """

    y: str = ""
    rules: dict[str, float] = field(default_factory=dict)
    span: tuple[float, float] | None = None

    @cached_property
    def groups(self) -> list[str]:
        """Names at the left."""
        return list(self.points["group"].unique())

    @cached_property
    def lines(self) -> list[str]:
        """From the top down in every group."""
        order = self.points.sort_values(["place", "dash"], kind="stable")
        return list(order["line"].unique())

    def same_labels(self, other: Panel) -> bool:
        """Whether a panel has the same names at its left."""
        return isinstance(other, Dots) and other.groups == self.groups

    @property
    def label_width(self) -> float:
        """Of the names at the left, in inches."""
        from robust_mer.report.figures.style import LETTER

        return LETTER * min(charts.LABEL, max(map(len, self.groups)))

    def height(self) -> float:
        """In inches."""
        from robust_mer.report.figures.style import LINE

        lines = max(wrapped(name, charts.LABEL).count("\n") + 1 for name in self.groups)
        return len(self.groups) * max(_DOT * len(self.lines) + 0.15, lines * LINE + 0.1) + 0.2

    def draw(self, axes: "Axes", has_labels: bool) -> None:
        """Every dot with a bar of ± one standard deviation."""
        for (_, line), points in self.points.groupby(["place", "line"], sort=False):
            look = Look(points["place"].iloc[0], points["dash"].iloc[0])
            aside = 0.8 * ((self.lines.index(str(line)) + 0.5) / len(self.lines) - 0.5)
            at = points["group"].map(self.groups.index) + aside
            style = {**look.style(), "linestyle": "", "elinewidth": 0.8}
            axes.errorbar(points["y"], at, xerr=points["sd"], **style)
        for name, value in self.rules.items():
            axes.axvline(value, **RULES[name])
        names = [wrapped(name, charts.LABEL) for name in self.groups]
        axes.set_yticks(range(len(names)), names if has_labels else [""] * len(names))
        axes.set_ylim(len(names) - 0.5, -0.5)
        for between in range(1, len(names)):
            axes.axhline(between - 0.5, color="0.9", linewidth=0.8, zorder=0)
        axes.tick_params(axis="y", length=0)
        if self.span is not None:
            axes.set_xlim(*self.span)
        axes.set_xlabel(self.y)
        axes.grid(axis="x")

    def part(self, number: int, series: dict[str, int], names: dict[str, str]) -> charts.Part:
        """The same in Vega-Lite."""
        x = {"field": "y", "type": "quantitative", "scale": charts.scale(False, self.span)}
        marks: list[charts.Part] = [
            {
                "transform": [{"filter": "isValid(datum.sd)"}],
                "mark": {"type": "rule"},
                "encoding": {
                    "x": {**x, "field": "low"},
                    "x2": {"field": "high"},
                    **charts.colour(series),
                },
            },
            charts.points(series),
        ]
        marks[-1]["encoding"] |= {
            "x": {**x, "title": self.y},
            "tooltip": charts.tooltip(names | {"y": self.y}, self.points),
        }
        marks += [charts.rule("x", value, name) for name, value in self.rules.items()]
        step = max(
            _POINTS * len(self.lines) + 14, *(charts.height_of(name) + 6 for name in self.groups)
        )
        encoding = {
            "y": {
                "field": "group",
                "type": "nominal",
                "sort": self.groups,
                "scale": {"domain": self.groups, "paddingInner": 0.15},
                "axis": charts.label_axis(self.groups, grid=False, domain=True),
            },
            "yOffset": {"field": "line", "type": "nominal", "sort": self.lines},
        }
        height = {"step": step, "for": "position"}
        for mark in marks[:2]:
            mark["encoding"] |= encoding
        return charts.panel(number, self.title, 300, marks, height=height)
