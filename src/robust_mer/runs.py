"""Start and end of a run: a note of its machine, and a report of killed jobs."""

import json
import os
import re
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from robust_mer.errors import InputError
from robust_mer.faults import explain, for_lack_of_memory
from robust_mer.files import whole, write_text
from robust_mer.provenance.crate import CONFIG

_STATE = Path(".snakemake")
NOTE = _STATE / "run.json"

# Snakemake's message on a killed job or a killed shell around it.
_KILLED = re.compile(
    r"(?:died with <Signals\.SIGKILL: 9>|returned non-zero exit status 137)"
    r".*?Error in (?:group )?(?:job|rule) (\S+):",
    re.DOTALL,
)


def begin_run(results: str | Path, config: Mapping[str, Any]) -> None:
    """Record which machine uses this folder, for runs on other machines, and the config.

    Raises:
        InputError: nothing can be written to ``results``.
    """
    folder = Path(results)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        advice = explain(OSError(error.errno, error.strerror, str(folder)), "run", folder)
        raise InputError(advice or f"{folder} cannot be written to: {error}") from None
    plain = json.loads(json.dumps(config))  # Snakemake's config is a subclass of dict
    write_text(folder / CONFIG, yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))
    note = {"host": socket.gethostname(), "boot": _boot(), "process": os.getpid()}
    with whole(NOTE) as unfinished:
        unfinished.write_text(json.dumps(note), encoding="utf-8")


def run_elsewhere(folder: Path) -> str | None:
    """The other machine whose run holds Snakemake's lock on a folder, or was killed; None: no such.

    A lock of the system may not hold between machines that share a disk, and the processes of
    another machine are invisible. A host that has been restarted since has no run left.
    """
    locks, note = folder / _STATE / "locks", folder / NOTE
    if not (locks.is_dir() and any(locks.iterdir()) and note.is_file()):
        return None
    try:
        run = json.loads(note.read_text(encoding="utf-8"))
        run["boot"], run["host"]
    except (ValueError, KeyError, TypeError):  # damaged
        return None
    is_here = run["boot"] == _boot() or run["host"] == socket.gethostname()
    return None if is_here else run["host"]


def report_killed(logs: list[str]) -> None:
    """Explain which jobs were killed, according to Snakemake's logs, and what to do."""
    text = "\n".join(Path(path).read_text(encoding="utf-8", errors="replace") for path in logs)
    for rule in sorted(set(_KILLED.findall(text))):
        print(
            f"A job of {rule} was killed from outside, {for_lack_of_memory(rule)}.", file=sys.stderr
        )


def _boot() -> str:
    """Identifies the running kernel."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
