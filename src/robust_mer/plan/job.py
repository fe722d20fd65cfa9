"""A job of the workflow as a value, and its form for Snakemake."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from robust_mer.errors import InputError
from robust_mer.identity import described_identity
from robust_mer.plan.network import Network
from robust_mer.plan.resources import Need, Scale, epochs_of, need_of, utterances_in
from robust_mer.runtime import Runtime

Paths = str | list[str]

_WILDCARD = re.compile(r"\{[^{}]*\}")  # what Snakemake takes for one, in a file's name too


@dataclass(frozen=True)
class Job:
    """One call of ``function(spec, files, runtime)``.

    The spec determines the result, the files are given by name, the runtime changes no result.
    """

    function: str
    """``"module:function"``."""
    spec: Any
    """A dataclass."""
    inputs: Mapping[str, Paths] = field(default_factory=dict)
    """Input files by name."""
    corpus_files: Mapping[str, list[str]] = field(default_factory=dict)
    """Input files in the corpus' folder, which is never in the storage of the results."""
    chosen: Mapping[str, Paths] = field(default_factory=dict)
    """A choice of inputs that the spec does not show. Another choice reruns the job, even if no
    file is new."""
    uses: tuple[str, ...] = ()
    """Every ``"module:Class"`` that the spec names, as part of the code identity."""
    runtime: Runtime = field(default_factory=Runtime)
    gpu: int = 0
    """How many GPUs it takes, if there are any."""
    replicas: int = 0
    """How many replicas it trains or evaluates."""
    network: Network | None = None
    """The pretrained network that each of its processes loads."""

    @property
    def code(self) -> str:
        """Code identity of the result, and the implementations that it covers."""
        return described_identity(self.function, *self.uses)


class Rule:
    """The directives of a rule as functions of its wildcards.

    Args:
        make: Makes the job for some wildcards.
        local: Marks a file that lies outside the storage of the results.
        results: The folder of the results, for the records of the jobs.
    """

    def __init__(
        self,
        make: Callable[[Any], Job],
        local: Callable[[str], str] = str,
        results: str = "results",
    ) -> None:
        self._make, self._local, self._results = make, local, results
        self._jobs: dict[tuple[tuple[str, str], ...], Job] = {}

    def job(self, wildcards: Any) -> Job:
        """The job; made once for each set of wildcards."""
        key = tuple(sorted(wildcards.items()))
        if key not in self._jobs:
            job = self._make(wildcards)
            self._jobs[key] = replace(job, runtime=replace(job.runtime, results=self._results))
        return self._jobs[key]

    def inputs(self, wildcards: Any) -> dict[str, Paths]:
        """Input files by name, for ``unpack``."""
        job = self.job(wildcards)
        local_files = {
            name: [self._local(p) for p in paths if not _WILDCARD.search(p)]
            for name, paths in job.corpus_files.items()
        }
        for path in _flat(job.inputs.values()):
            if _WILDCARD.search(path):
                raise InputError(
                    f"config: Snakemake takes the braces in {path} for a wildcard; use another path"
                )
        return {**job.inputs, **local_files}

    def _chosen(self, wildcards: Any) -> Any:
        """The choice of files, with the state of those that Snakemake cannot watch itself."""
        job = self.job(wildcards)
        unwatched = {
            path: _state(Path(path))
            for path in _flat(job.corpus_files.values())
            if _WILDCARD.search(path)
        }
        return {**job.chosen, **({"unwatched": unwatched} if unwatched else {})}

    def gpu(self, wildcards: Any) -> int:
        """How many GPUs the job takes."""
        return self.job(wildcards).gpu

    @property
    def resources(self) -> dict[str, Callable[..., int]]:
        """What the job asks a cluster for; more after a failure. Changes rerun nothing."""

        def amount(of: Callable[[Need, Scale], int]) -> Callable[..., int]:
            def ask(wildcards: Any, input: Any, threads: int, attempt: int) -> int:
                job = self.job(wildcards)
                spec = _as_builtins(job.spec)
                scale = Scale(
                    input_mb=input.size_mb,
                    threads=threads,
                    utterances=utterances_in(str(job.inputs.get("utterances", ""))),
                    replicas=job.replicas,
                    rounds=1 if job.gpu else job.replicas,
                    epochs=epochs_of(spec),
                    weights_mb=job.network.megabytes if job.network else 0.0,
                    processes=1 if job.gpu else threads,
                )
                return attempt * of(need_of(job.function, spec), scale)

            return ask

        return {
            "mem_mb": amount(Need.mem_mb),
            "runtime": amount(Need.minutes),
            "disk_mb": amount(Need.disk_mb),
        }

    @property
    def params(self) -> dict[str, Callable[[Any], Any]]:
        """Params of the rule.

        Snakemake records values of builtin types and reruns a job when they change. The spec is
        therefore a dictionary, the runtime an object.
        """
        return {
            "function": lambda wildcards: self.job(wildcards).function,
            "spec": lambda wildcards: _as_builtins(self.job(wildcards).spec),
            "chosen": lambda wildcards: _as_builtins(self._chosen(wildcards)),
            "code": lambda wildcards: self.job(wildcards).code,
            "runtime": lambda wildcards: self.job(wildcards).runtime,
        }


def _flat(given: Iterable[Paths]) -> list[str]:
    return [path for paths in given for path in ([paths] if isinstance(paths, str) else paths)]


def _state(path: Path) -> list[int]:
    """Size and time of change of a file."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _as_builtins(value: Any) -> Any:
    """A spec as dictionaries, lists and plain values, which Snakemake records."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _as_builtins(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _as_builtins(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_builtins(one) for one in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{value!r} in a spec is not a plain value; Snakemake would not record it")
