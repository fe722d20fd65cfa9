"""The record that a job writes beside its log: code, software, inputs and outputs."""

import json
import math
import os
import platform
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from robust_mer.files import whole
from robust_mer.identity import parse_identity
from robust_mer.provenance.checkout import checkout
from robust_mer.provenance.environment import host, packages
from robust_mer.provenance.hashes import Memory

FORMAT = 1
FOLDER = "provenance"
RESULTS = "results"
LOGS = "logs"
MEMORY = ".hashes"

_REPLICA = re.compile(r"fold\d+_seed(\d+)\.")
_CHECKPOINT = ".safetensors"


def split_log(
    log: str | Path, results: str = RESULTS, is_of_corpus: bool | None = None
) -> tuple[Path, Path]:
    """The folder of the results, and the path of a job's record, from that of its log.

    The log is results/logs/... or results/{corpus}/logs/..., and a corpus may be called logs. With
    a storage plugin of Snakemake, results/ lies in the plugin's folder.

    Args:
        log: Of the job.
        results: The folder of the results as the config names it.
        is_of_corpus: Whether the job is one of a corpus; None: its log tells, unless the corpus has
            the name of that folder.
    """
    name = Path(results).name
    parts = Path(log).parts
    found = [
        (place, place - depth)
        for place in range(len(parts))
        for depth in (1, 2)
        if parts[place] == LOGS and place >= depth and parts[place - depth] == name
    ]
    of_kind = [one for one in found if is_of_corpus == (one[0] - one[1] == 2)]
    place, top = max(of_kind or found)
    record = Path(*parts[:place], FOLDER, *parts[place + 1 :]).with_suffix(".json")
    return Path(*parts[: top + 1]), record


class JobRecord:
    """The record of one job; created when the job starts, written when it has succeeded.

    Inputs are hashed at the start, when the job reads them. An older record is deleted, because
    Snakemake has just deleted the outputs that it describes.

    Args:
        snakemake: The object that Snakemake passes to a script.

    Attributes:
        job: The same object.
        identity: Code identity.
        path: Of the record.
        inputs: Entries of the record for what the job reads.
    """

    def __init__(self, snakemake: Any) -> None:
        self._started, self._clock = datetime.now(UTC), time.monotonic()
        self.job = snakemake
        self.identity, self._implementations = parse_identity(snakemake.params.code)
        runtime = snakemake.params.runtime
        is_of_corpus = any(name == "corpus" for name, _ in snakemake.wildcards.items())
        self._results, self.path = split_log(snakemake.log[0], runtime.results, is_of_corpus)
        self.path.unlink(missing_ok=True)
        self._memory = Memory(self._results / FOLDER / MEMORY)
        self._roots = _root_outside(snakemake.wildcards, runtime.root, self._results.parent)
        self.inputs = [self._describe(path) for path in dict.fromkeys(snakemake.input)]

    def write(self) -> None:
        """Write it, whole or not at all."""
        job = self.job
        params = self._plain(job.params.spec)
        software = checkout()
        checkpoints = [path for path in job.output if path.endswith(_CHECKPOINT)]
        record = {
            "format": FORMAT,
            "rule": job.rule,
            "wildcards": {name: str(value) for name, value in job.wildcards.items()},
            "function": job.params.function,
            "params": params,
            "seeds": _seeds(params, [*job.input, *job.output]),
            "code": {"identity": self.identity, "of": self._implementations},
            "robust_mer": {key: software[key] for key in ("version", "commit", "dirty")},
            "snakemake": software["snakemake"],
            "python": platform.python_version(),
            "packages": packages(self._implementations),
            "host": host(checkpoints, given_a_gpu=getattr(job.resources, "gpu", 0) > 0),
            "threads": job.threads,
            "started": self._started.isoformat(timespec="milliseconds"),
            "seconds": round(time.monotonic() - self._clock, 3),
            "inputs": self.inputs,
            "outputs": [self._describe(path) for path in dict.fromkeys(job.output)],
        }
        with whole(self.path) as unfinished:
            text = json.dumps(record, indent=1, allow_nan=False) + "\n"
            unfinished.write_text(text, encoding="utf-8")

    def _describe(self, path: str) -> dict[str, Any]:
        content = self._memory.content(path)
        return {
            **self._location(path),
            "bytes": content.bytes,
            "mtime_ns": content.mtime_ns,
            **({} if content.files is None else {"files": content.files}),
            "sha256": content.sha256,
        }

    def _location(self, path: str) -> dict[str, Any]:
        """A path that holds on other machines and reveals nothing of this one.

        Relative to the folder of the run, where the results are always in results/, or to the root
        of a corpus that is named with it; of a file elsewhere, the name only.
        """
        if _is_below(path, self._results):
            return {"path": Path(RESULTS, os.path.relpath(path, self._results)).as_posix()}
        relative = os.path.relpath(path, self._results.parent)
        if not relative.startswith(os.pardir):
            return {"path": Path(relative).as_posix()}
        for corpus, root in self._roots.items():
            if _is_below(path, root):
                return {"path": Path(os.path.relpath(path, root)).as_posix(), "corpus": corpus}
        return {"path": Path(path).name, "corpus": ""}

    def _plain(self, value: Any) -> Any:
        """A param as JSON; an absolute path is reduced to a path in a corpus or to a file name."""
        if isinstance(value, dict):
            return {str(key): self._plain(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._plain(one) for one in value]
        if isinstance(value, (str, os.PathLike)):
            text = str(value)
            for corpus, root in self._roots.items():
                if _is_below(text, root):
                    return f"<{corpus}>/{Path(os.path.relpath(text, root)).as_posix()}"
            return Path(text).name if Path(text).is_absolute() else text
        is_number = isinstance(value, (bool, int)) or (
            isinstance(value, float) and math.isfinite(value)
        )
        return value if value is None or is_number else str(value)


def _root_outside(wildcards: Any, root: str, project: Path) -> dict[str, str]:
    """Name and root of the job's corpus if it lies outside the folder of the run."""
    corpus = dict(wildcards.items()).get("corpus")
    if corpus is None or not root:
        return {}
    is_outside = os.path.relpath(root, project).startswith(os.pardir)
    return {corpus: root} if is_outside else {}


def _is_below(path: str, root: str | Path) -> bool:
    return Path(os.path.normpath(path)).is_relative_to(os.path.normpath(root))


def _seeds(params: dict[str, Any], files: list[str]) -> dict[str, Any]:
    """Seeds in the params, by their dotted key, and those of replicas read or written."""
    seeds = dict(_seeds_in(params, ""))
    replicas = {int(match[1]) for path in files if (match := _REPLICA.match(Path(path).name))}
    return {**seeds, **({"replicas": sorted(replicas)} if replicas else {})}


def _seeds_in(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, one in value.items():
            if re.fullmatch(r"(.*_)?seeds?", key) and one is not None:
                yield f"{place}{key}", one
            else:
                yield from _seeds_in(one, f"{place}{key}.")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _seeds_in(one, f"{place}{number}.")
