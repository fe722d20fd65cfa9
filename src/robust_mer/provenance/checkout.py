"""Which version of this package is at work."""

import json
import os
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

_KNOWN = "ROBUST_MER_CHECKOUT"


def remember_checkout() -> None:
    """Find out once, for all jobs that this process will start."""
    os.environ.setdefault(_KNOWN, json.dumps(_find_out()))


def checkout() -> dict[str, Any]:
    """``version`` of the package, ``commit`` and ``dirty``, and ``snakemake``'s version.

    ``commit`` is None outside a git checkout or without git; ``dirty`` says whether a tracked file
    has changed since.
    """
    remember_checkout()
    return json.loads(os.environ[_KNOWN])


def name_of(software: dict[str, Any]) -> str:
    """`checkout` in a few words: ``0.1.0, commit 1a2b3c4d5e6f, changed since``."""
    parts = [software["version"] or "of no known version"]
    if software["commit"]:
        parts.append(f"commit {software['commit'][:12]}")
        parts += ["changed since"] if software["dirty"] else []
    return ", ".join(parts)


def version_of(package: str) -> str | None:
    """Version of an installed package; None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _find_out() -> dict[str, Any]:
    source = Path(__file__).parents[1]
    commit, dirty = None, None
    # an environment that the package is installed into may lie inside another checkout
    if _git(source, "ls-files", "__init__.py"):
        commit = _git(source, "rev-parse", "HEAD")
        changes = _git(source, "status", "--porcelain", "--untracked-files=no")
        dirty = None if changes is None else bool(changes)
    return {
        "version": version_of("robust-mer"),
        "commit": commit,
        "dirty": dirty,
        "snakemake": version_of("snakemake"),
    }


def _git(folder: Path, *arguments: str) -> str | None:
    """Output of a git command; None if git fails or is missing."""
    git = shutil.which("git")
    if git is None:
        return None
    try:
        process = subprocess.run(  # noqa: S603
            [git, "-C", str(folder), "--no-optional-locks", *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return process.stdout.strip()
