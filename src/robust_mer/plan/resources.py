"""Memory, time and disk that a job asks a cluster for, from what it does.

The figures were fitted to the benchmarks of finished runs: benchmarks/resources.py compares. They
belong to no code identity, so a changed resource reruns nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any

from robust_mer.settings import load

_WHILE_LOADING = 1.3  # memory over the size of a network's weights, with its hidden states


@dataclass(frozen=True)
class Scale:
    """What the need of a job grows with."""

    input_mb: float
    """Size of its inputs; features are frames x width x 4 bytes in it."""
    threads: int = 1
    utterances: int = 0
    """Of the corpus, if the job reads its index."""
    replicas: int = 0
    """That it trains or evaluates."""
    rounds: int = 0
    """In which it trains them: one for each on a CPU, one for all together on a GPU."""
    epochs: int = 0
    """For each of them."""
    weights_mb: float = 0.0
    """Of a pretrained network, as far as it is on this machine."""
    processes: int = 1
    """That load it: one on a GPU, one per thread on a CPU."""


@dataclass(frozen=True)
class Need:
    """What kind of work it is. Memory and disk are in MB, time is in seconds."""

    memory: float = 380
    memory_per_mb: float = 1
    """Of the inputs."""
    memory_per_thread: float = 0
    memory_per_replica: float = 0
    seconds: float = 600
    seconds_per_mb: float = 0.2
    seconds_per_utterance: float = 0
    """Of one thread."""
    seconds_per_epoch_mb: float = 0
    """Of one round, for each MB of the inputs, on a processor core. No GPU was measured: it is
    taken to train a stack of replicas as fast as a core trains one of them."""
    disk: float = 500
    disk_per_utterance: float = 0
    disk_per_replica: float = 0

    def mem_mb(self, scale: Scale) -> int:
        """Memory, as Snakemake measures it: pages that processes share count in each of them."""
        return ceil(
            self.memory
            + self.memory_per_mb * scale.input_mb
            + self.memory_per_thread * scale.threads
            + _WHILE_LOADING * scale.weights_mb * scale.processes
            + self.memory_per_replica * scale.replicas
        )

    def minutes(self, scale: Scale) -> int:
        """Time after which the scheduler may end the job."""
        training = self.seconds_per_epoch_mb * scale.epochs * scale.rounds
        return ceil(
            (
                self.seconds
                + (self.seconds_per_mb + training) * scale.input_mb
                + self.seconds_per_utterance * scale.utterances / scale.threads
            )
            / 60
        )

    def disk_mb(self, scale: Scale) -> int:
        """Disk for the outputs, and for copies of the inputs where a pod makes some."""
        return ceil(
            self.disk
            + scale.input_mb
            + self.disk_per_utterance * scale.utterances
            + self.disk_per_replica * scale.replicas
        )


_LIGHT = Need()
_ARRAYS = Need(memory_per_mb=3)
"""Work with numpy on features."""
_TORCH = Need(memory=1500, memory_per_mb=3)
_SIGNAL = Need(memory=150, memory_per_thread=300, seconds_per_utterance=2, disk_per_utterance=0.25)
"""Extraction without a network."""
_NETWORK = Need(
    memory=150, memory_per_thread=1200, seconds_per_utterance=4, disk_per_utterance=0.25
)
"""Extraction with a network or word vectors."""
_PICTURES = replace(_NETWORK, memory_per_thread=2200)
"""Extraction with a network for pictures, in batches of 32."""

_NEEDS = {
    "index_corpus": Need(memory_per_mb=0.1),
    "make_corpus": Need(memory=100, memory_per_thread=150, disk=1000),
    "find_faces": Need(
        memory=150, memory_per_thread=1700, seconds_per_utterance=6, disk_per_utterance=0.5
    ),
    "recognise_words": _NETWORK,
    "import_features": Need(memory_per_mb=0.8, seconds_per_mb=1),
    "resample_features": _ARRAYS,
    "align_features": _ARRAYS,
    "join_features": _ARRAYS,
    "write_measured": _ARRAYS,
    "export_features": _ARRAYS,
    "train_denseface": Need(memory=6000, memory_per_thread=300, seconds=8 * 3600, disk=2000),
    "train_replicas": Need(
        memory=1900,
        memory_per_mb=3,
        memory_per_replica=30,
        seconds_per_epoch_mb=0.15,
        disk_per_replica=300,
    ),
    "evaluate_replicas": Need(memory=1500, memory_per_mb=3, disk_per_replica=5),
    "measure_noise": _TORCH,
    "write_report": Need(memory=600),
    "draw_embeddings": _TORCH,
    "draw_reconstructions": _TORCH,
}
"""By the name of the function. Other jobs read tables."""


def need_of(function: str, spec: Mapping[str, Any]) -> Need:
    """The need of a job.

    Args:
        function: ``"module:function"`` that it calls.
        spec: Of the job, as Snakemake records it.
    """
    name = function.partition(":")[2]
    if name == "extract_features":
        kind = load(spec["extractor"]["implementation"])
        need = _PICTURES if kind.modality == "video" else _NETWORK
        if not kind.uses_gpu and kind.modality != "text":
            need = _SIGNAL
        return replace(need, memory_per_thread=need.memory_per_thread + kind.working_memory)
    if name == "write_schedule":
        noises = [load(noise["implementation"]) for noise in spec["corruption"]["noises"].values()]
        return _ARRAYS if all(noise.takes_arrays for noise in noises) else _TORCH
    return _NEEDS.get(name, _LIGHT)


def epochs_of(spec: Mapping[str, Any]) -> int:
    """How many epochs a training lasts at most."""
    model = spec.get("model")
    settings = model.get("settings", {}) if isinstance(model, Mapping) else {}
    return sum(int(settings.get(name, 0)) for name in ("epochs_constant", "epochs_falling"))


def utterances_in(index: str | Path) -> int:
    """Number of rows of an index; 0 if it is not on this machine (yet)."""
    path = Path(index)
    try:
        return _lines(path, path.stat().st_mtime_ns) - 1
    except OSError:
        return 0


@lru_cache
def _lines(path: Path, _mtime_ns: int) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
