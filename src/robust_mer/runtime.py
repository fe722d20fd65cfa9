"""Parameters of a job that change no result, so that a change of them reruns nothing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Runtime:
    """Device and width of a job, and limits of failures.

    Snakemake records parameters of builtin types only. Jobs receive an object of this class, but
    it is not recorded, so a change of it reruns none of them (a test guards this).
    """

    threads: int = 1
    device: str = "auto"
    """``auto``, ``cpu`` or ``cuda``."""
    root: str = ""
    """Folder of the raw corpus."""
    results: str = "results"
    """Folder of the results."""
    max_replicas: int | None = None
    """Largest number of replicas that train as one; None: one on a CPU, all on a GPU."""
    max_left_out: float = 0.0
    """Largest fraction of utterances that an index may leave out."""
    columns: tuple[str, ...] = ()
    """Columns that an index must have, because results are split by them."""
    folds: tuple[int, ...] = ()
    """Numbers of the folds that experiments use."""
    refuse_not_finite: bool = False
    """Whether an import must have no NaN or infinity, because nothing replaces it later."""
    max_failed_fraction: float = 0.0
    """Largest fraction of utterances that an extraction may fail on."""
    max_seconds: float = float("inf")
    """Time limit for the extraction of one utterance."""
    origin: str | None = None
    """Origin of the result, for the foot of a table and the metadata of a figure."""
