"""What every figure is: a class that says what it reads, and one job for all of them."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from robust_mer.report.spec import Experiment, Facts, FigureFiles, FigureSpec, Results
from robust_mer.runtime import Runtime
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class ResultFigure(ABC):
    """One figure of an experiment's results.

    A figure of your own is a subclass that the config names as ``module:Class``. Planning a run
    imports its module, which therefore imports no slow package before it is asked to draw.
    """

    settings_class: ClassVar[type[Settings]] = Settings
    title: ClassVar[str]
    """For people; see `robust_mer.report.names.title_of`."""
    section: ClassVar[str] = "figures"
    """Where the page shows it: ``figures, raw, embeddings`` or ``reconstructions``."""
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

    @abstractmethod
    def draw(self, spec: FigureSpec, files: Results) -> "Figure":
        """The figure."""


def make_figure(spec: FigureSpec, files: FigureFiles, runtime: Runtime) -> None:
    """Draw a figure for the screen and for print."""
    from robust_mer.report.figures.style import in_style, save

    figure: ResultFigure = spec.figure.build()
    salt = spec.experiment.name if spec.name == "snr" else f"{spec.experiment.name} {spec.name}"
    with in_style(salt):
        save(figure.draw(spec, files), files.svg, files.pdf, runtime.origin)
