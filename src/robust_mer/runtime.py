"""What a job must know that changes no result, so that a change of it reruns nothing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Runtime:
    """Where and how wide a job runs, and how much may fail.

    Snakemake records parameters of builtin types only. An object of this class is not recorded:
    jobs receive it, but a change of it reruns none of them (a test guards this).
    """

    threads: int = 1
    device: str = "auto"
    """``auto``, ``cpu`` or ``cuda``."""
    root: str = ""
    """Folder of the raw corpus."""
    max_replicas: int | None = None
    """How many replicas are trained as one at most; None: one on a CPU, all on a GPU."""
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
    """How long the extraction of one utterance may take."""
    origin: str | None = None
    """What the result was made from, for the foot of a table and the metadata of a figure."""
