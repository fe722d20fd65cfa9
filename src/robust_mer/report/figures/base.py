"""What every figure is: a class that says what it reads, and one job for all of them."""

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from robust_mer.files import write_text
from robust_mer.report.names import title_of
from robust_mer.report.spec import DrawnFiles, Experiment, Facts, FigureFiles, FigureSpec, Results
from robust_mer.report.words import figures as words
from robust_mer.runtime import Runtime
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Chart = dict[str, Any]
"""A specification in Vega-Lite; see `robust_mer.report.figures.charts`."""


class ResultFigure(ABC):
    """One figure of an experiment's results.

    A figure of your own is a subclass that the config names as ``module:Class``. Planning a run
    imports its module, which therefore imports no slow package before it is asked to draw.
    """

    settings_class: ClassVar[type[Settings]] = Settings
    title: ClassVar[str]
    """For people; see `robust_mer.report.names.title_of`."""
    section: ClassVar[str] = "figures"
    """Where the page shows it, one of ``sections``."""
    sections: ClassVar[tuple[str, ...]] = ("figures", "raw", "embeddings", "reconstructions")
    """In the order of the page."""
    job: ClassVar[str] = "make_figure"
    """The job that draws it; figures that need features or models have jobs of their own."""
    reads: ClassVar[tuple[str, ...]]
    """Fields of `Results`."""
    uses: ClassVar[tuple[str, ...]] = ()
    """Fields of `Facts`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether the figure makes sense of an experiment."""
        return True

    def read(self, spec: FigureSpec, files: Results) -> Any:
        """The numbers of the figure, for the other methods; without a ``read``, the files."""
        return files

    @abstractmethod
    def draw(self, spec: FigureSpec, data: Any) -> "Figure":
        """The figure for print, without prose."""

    def chart(self, spec: FigureSpec, data: Any) -> Chart | None:
        """The same for the page, in Vega-Lite; None: the page shows what ``draw`` drew."""
        return None

    def about(self, spec: FigureSpec, data: Any) -> str:
        """What the figure shows, in a sentence, for its caption."""
        return f"{title_of(self.title, spec.experiment)}."


class Picture(ABC):
    """Numbers that can draw themselves, for print and for the page."""

    @property
    def is_empty(self) -> bool:
        """Whether it has no number to show; it is then not asked to draw itself."""
        return False

    @abstractmethod
    def draw(self) -> "Figure":
        """With Matplotlib."""

    @abstractmethod
    def chart(self) -> Chart:
        """In Vega-Lite."""


class PictureFigure(ResultFigure):
    """A figure whose ``read`` returns a `Picture`."""

    @abstractmethod
    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """The picture."""

    def draw(self, spec: FigureSpec, data: Picture) -> "Figure":
        """As the picture draws itself."""
        return _drawn(data)

    def chart(self, spec: FigureSpec, data: Picture) -> Chart | None:
        """As the picture describes itself."""
        return None if data.is_empty else data.chart()


def _drawn(picture: Picture) -> "Figure":
    if not picture.is_empty:
        return picture.draw()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.0, 1.0))
    figure.text(0.5, 0.5, words.NOTHING, ha="center", va="center")
    return figure


def make_figure(spec: FigureSpec, files: FigureFiles, runtime: Runtime) -> None:
    """Draw a figure for the screen and for print, and write its caption."""
    from robust_mer.report.figures.style import in_style, save

    figure: ResultFigure = spec.figure.build()
    data = figure.read(spec, files)
    salt = f"{spec.experiment.name} {spec.name}"
    with in_style(salt):
        save(figure.draw(spec, data), files.svg, files.pdf, runtime.origin)
    write_caption_and_chart(
        spec.experiment, files, figure.about(spec, data), figure.chart(spec, data)
    )


def write_picture(
    experiment: Experiment, picture: Picture, about: str, files: DrawnFiles, runtime: Runtime
) -> None:
    """Write a picture in all forms, for figures that have jobs of their own."""
    from robust_mer.report.figures.style import in_style, save

    with in_style(f"{experiment.name} {type(picture).__name__}"):
        save(_drawn(picture), files.svg, files.pdf, runtime.origin)
    chart = None if picture.is_empty else picture.chart()
    write_caption_and_chart(experiment, files, about, chart)


def write_caption_and_chart(
    experiment: Experiment, files: DrawnFiles, about: str, chart: Chart | None
) -> None:
    """Write what stands below a figure, and its interactive form (``null`` if it has none)."""
    caption = words.caption(about, experiment.corpus, runs(experiment), experiment.note)
    write_text(files.caption, f"{caption}\n")
    write_text(files.chart, json.dumps(chart, ensure_ascii=False, allow_nan=False) + "\n")


def runs(experiment: Experiment) -> str:
    """How many folds and seeds are behind a figure; without seeds, the first fold."""
    if not experiment.seeds:
        return words.of_fold(experiment.folds[0])
    return words.folds_and_seeds(len(experiment.folds), len(experiment.seeds))
