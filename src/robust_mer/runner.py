"""Runs a job of the workflow: rebuilds its values and calls the room's function."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from robust_mer.garbage import collect_rarely
from robust_mer.jobs import job
from robust_mer.provenance.origin import origin
from robust_mer.provenance.record import JobRecord
from robust_mer.runtime import Runtime
from robust_mer.settings import load


def run(snakemake: Any) -> None:
    """Run the job of a script of Snakemake.

    The params contain ``function``, which is called as ``function(spec, files, runtime)``. From the
    types of its arguments, ``spec`` is rebuilt from a dictionary, and ``files`` from the inputs and
    outputs by name.

    Args:
        snakemake: The object that Snakemake passes to a script.
    """
    collect_rarely()
    params, wildcards = snakemake.params, dict(snakemake.wildcards.items())
    parts = [snakemake.rule, *(value for name, value in wildcards.items() if name != "corpus")]
    with job(snakemake, " ".join(parts)) as record:
        function = load(params.function)
        types = get_type_hints(function)
        function(
            TypeAdapter(types["spec"]).validate_python(params.spec),
            files_of(types["files"], [*snakemake.input.items(), *snakemake.output.items()]),
            runtime_of(
                params.runtime, snakemake.threads, record if "experiment" in wildcards else None
            ),
        )


def files_of(kind: type, files: Iterable[tuple[str, Any]]) -> Any:
    """The files of a job by name.

    Args:
        kind: A dataclass with a field of type ``Path``, ``Path | None`` or ``list[Path]`` for each
            name that the job reads or writes. Inputs with other names are dependencies only.
        files: Paths by name.
    """
    paths_by_name = dict(files)
    values: dict[str, Any] = {}
    for name, annotation in get_type_hints(kind).items():
        value = paths_by_name.get(name, [])
        paths = [Path(value)] if isinstance(value, str) else [Path(path) for path in value]
        if annotation == list[Path]:
            values[name] = paths
        elif annotation == Path | None and not paths:
            values[name] = None
        elif len(paths) == 1:
            values[name] = paths[0]
        else:
            raise TypeError(f"{kind.__name__}.{name}: expected one file, not {len(paths)}")
    return kind(**values)


def runtime_of(runtime: Runtime, threads: int, record: JobRecord | None) -> Runtime:
    """The runtime with the values that are known only when the job starts.

    Args:
        runtime: As planned.
        threads: Number that Snakemake granted.
        record: Of a job of an experiment, whose results contain their origin.
    """
    return replace(runtime, threads=threads, origin=None if record is None else origin(record))
