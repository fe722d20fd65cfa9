"""What every table is: a class that says what it reads and writes, and one job for all of them."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from robust_mer.files import write_text
from robust_mer.report.spec import Experiment, Facts, Results, TableFiles, TableSpec
from robust_mer.report.table import Table, to_latex, to_markdown
from robust_mer.report.words.tables import foot_latex, foot_markdown
from robust_mer.runtime import Runtime
from robust_mer.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


class ResultTable(ABC):
    """One table of an experiment's results.

    A table of your own is a subclass that the config names as ``module:Class``. Planning a run
    imports its module, which therefore imports no slow package before it is asked for a table.
    """

    settings_class: ClassVar[type[Settings]] = Settings
    title: ClassVar[str]
    """For people; see `robust_mer.report.names.title_of`."""
    section: ClassVar[str] = "statistics"
    """Where the page shows it, one of ``sections``."""
    sections: ClassVar[tuple[str, ...]] = (
        "average",
        "conditions",
        "papers",
        "statistics",
        "raw",
        "audit",
    )
    """In the order of the page."""
    reads: ClassVar[tuple[str, ...]]
    """Fields of `Results`."""
    writes: ClassVar[tuple[str, ...]] = ("csv", "md", "tex")
    """Suffixes of its files. One that ``reads`` the csv of its own name writes none."""
    uses: ClassVar[tuple[str, ...]] = ()
    """Fields of `Facts`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether the table makes sense of an experiment."""
        return True

    @abstractmethod
    def read(self, spec: TableSpec, files: Results) -> Any:
        """What the table shows, for the other methods."""

    def rows(self, spec: TableSpec, data: Any) -> "pd.DataFrame":
        """The rows of the csv, at full precision."""
        return data

    @abstractmethod
    def tables(self, spec: TableSpec, data: Any) -> list[Table]:
        """The table to print; several, one below the other, where one cannot hold it."""

    def latex_tables(self, spec: TableSpec, data: Any) -> list[Table]:
        """The tables to print in LaTeX, where they differ."""
        return self.tables(spec, data)


def make_table(spec: TableSpec, files: TableFiles, runtime: Runtime) -> None:
    """Write a table in all of its forms.

    Markdown and LaTeX end with ``runtime.origin``, where there is one; csv is for programs.
    """
    table: ResultTable = spec.table.build()
    data = table.read(spec, files)
    texts = {
        "csv": lambda: table.rows(spec, data).to_csv(index=False),
        "md": lambda: "\n".join(map(to_markdown, table.tables(spec, data))),
        "tex": lambda: "\n".join(map(to_latex, table.latex_tables(spec, data))),
    }
    feet = {"md": foot_markdown, "tex": foot_latex}
    for suffix in table.writes:
        text = texts[suffix]()
        if suffix in feet and runtime.origin is not None:
            text += feet[suffix](runtime.origin)
        write_text(getattr(files, suffix), text)
