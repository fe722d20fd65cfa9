"""A panel of curves, and of points beside them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from robust_mer.report.figures import charts
from robust_mer.report.figures.lines import Look
from robust_mer.report.figures.panels import RULES, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MANY = 16
"""Points from which on a curve has no symbols."""
_FEW = 8
"""Curves up to which each has a band."""


@dataclass(frozen=True)
class Curves(Panel):
    """One panel of curves.

    Attributes:
        points: With ``x``; a row that ``is_alone`` is a point beside the curve, with a ``label``
            or without.
        x: Name of the horizontal axis.
        y: Name of the vertical axis.
        ticks: Names of places on the horizontal axis; none: their numbers.
        log_x: Whether the horizontal axis is logarithmic.
        log_y: Whether the vertical axis is.
        rules: Horizontal lines by their names, see `robust_mer.report.figures.panels.RULES`.
        span: Least and greatest value of the vertical axis; None: those of the points.
        is_marked: Whether the points of a curve have symbols, if they are few enough.
    """

    x: str = ""
    y: str = ""
    ticks: dict[float, str] = field(default_factory=dict)
    log_x: bool = False
    log_y: bool = False
    rules: dict[str, float] = field(default_factory=dict)
    span: tuple[float, float] | None = None
    is_marked: bool = True
    has_lines: ClassVar[bool] = True

    @property
    def marks_curves(self) -> bool:
        """Whether the points of a curve have symbols."""
        return self.is_marked and self.points["x"].nunique() < _MANY

    @property
    def has_marks(self) -> bool:
        """Whether there are symbols."""
        return self.marks_curves or bool(self.points["is_alone"].any())

    @property
    def has_bands(self) -> bool:
        """Whether the spread is drawn; the bands of many curves would hide the curves."""
        return self.points["line"].nunique() <= _FEW

    @property
    def is_whole(self) -> bool:
        """Whether the horizontal axis counts, e.g. epochs: between two ticks lies nothing."""
        return not self.log_x and bool((self.points["x"] % 1 == 0).all())

    def height(self) -> float:
        """In inches."""
        return 2.5 if "label" not in self.points else 3.6

    def draw(self, axes: "Axes", has_labels: bool) -> None:
        """Every curve with its band of ± one standard deviation."""
        for _, points in self.points.groupby(["place", "dash"]):
            look = Look(points["place"].iloc[0], points["dash"].iloc[0])
            is_alone = points["is_alone"]
            curve, alone = points[~is_alone].sort_values("x"), points[is_alone]
            axes.plot(curve["x"], curve["y"], **look.style(self.marks_curves))
            if self.has_bands and curve["sd"].notna().any():
                low, high = curve["y"] - curve["sd"], curve["y"] + curve["sd"]
                axes.fill_between(curve["x"], low, high, color=look.colour, alpha=0.12, linewidth=0)
            style = {**look.style(), "linestyle": "", "elinewidth": 0.8}
            if len(alone):
                axes.errorbar(alone["x"], alone["y"], alone["sd"], **style)
        for name, value in self.rules.items():
            axes.axhline(value, **RULES[name])
        self._scale(axes)
        axes.set_xlabel(self.x)
        axes.set_ylabel(self.y)
        axes.grid(axis="y")

    def labels(self) -> list[tuple[float, float, str]]:
        """Points that bear a name."""
        if "label" not in self.points:
            return []
        named = self.points[self.points["label"].fillna("") != ""].dropna(subset=["x", "y"])
        return list(named[["x", "y", "label"]].itertuples(index=False, name=None))

    def _scale(self, axes: "Axes") -> None:
        from matplotlib.ticker import MaxNLocator, NullFormatter

        if self.log_x:
            axes.set_xscale("log")
        if self.log_y:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.yaxis.set_minor_formatter(NullFormatter())
        if self.span is not None:
            axes.set_ylim(*self.span)
        if self.ticks:
            axes.set_xticks(list(self.ticks), list(self.ticks.values()))
        elif self.is_whole:
            axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))

    def part(self, number: int, series: dict[str, int], names: dict[str, str]) -> charts.Part:
        """The same in Vega-Lite."""
        y_scale = charts.scale(self.log_y, self.span)
        y = {"field": "y", "type": "quantitative", "title": self.y, "scale": y_scale}
        ends = {"y": {**y, "field": "low"}, "y2": {"field": "high"}, **charts.colour(series)}
        axes = {"x": self.x, "y": self.y}
        on_hover = {name: axes.get(name, title) for name, title in names.items()}
        curve = "!datum.is_alone"
        points = charts.points(series)
        points["encoding"] |= {"y": y, "tooltip": charts.tooltip(on_hover, self.points)}
        if not self.is_marked:
            points["transform"] = [{"filter": "datum.is_alone"}]
        elif not self.marks_curves:
            points["mark"]["size"] = 14
        marks: list[charts.Part] = [
            {
                "transform": [{"filter": f"{curve} && isValid(datum.sd)"}],
                "mark": {"type": "area", "opacity": 0.12},
                "encoding": {**ends, "detail": {"field": "line"}},
            },
            {
                "transform": [{"filter": curve}],
                "mark": {"type": "line", "strokeWidth": 1.8},
                "encoding": {
                    "y": y,
                    **charts.colour(series),
                    **charts.dash(),
                    "detail": {"field": "line"},
                },
            },
            {
                "transform": [{"filter": "datum.is_alone && isValid(datum.sd)"}],
                "mark": {"type": "rule"},
                "encoding": ends,
            },
            points,
        ]
        if not self.has_bands:
            del marks[0]
        step = {"tickMinStep": 1} if self.is_whole else {}
        axis = charts.tick_axis(self.ticks, self.x) if self.ticks else {"title": self.x, **step}
        x_scale = charts.scale(self.log_x, None) | ({"padding": 12} if self.ticks else {})
        x = {"field": "x", "type": "quantitative", "axis": axis, "scale": x_scale}
        for mark in marks:
            mark["encoding"]["x"] = x
        marks += [charts.rule("y", value, name) for name, value in self.rules.items()]
        return charts.panel(number, self.title, 300, marks, height=220)
