"""Run Snakemake as ``make`` does: one run at a time, resuming where a killed one stopped.

A Snakemake that is killed leaves its lock on the folder. The lock is cleared here, but only while
holding another lock, which the system releases with the process, and only when no other
Snakemake uses this folder, on this or another machine.
"""

import argparse
import fcntl
import os
import shutil
import sys
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from robust_mer.runs import NOTE, run_elsewhere


def other_runs(folder: Path | None) -> list[int]:
    """Process ids of Snakemakes that run in ``folder``; None: in a folder that cannot be read."""
    pids = []
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        command = process.info["cmdline"] or []
        is_snakemake = any(Path(word).name == "snakemake" for word in command[:3])
        if is_snakemake and process.info["cwd"] == (None if folder is None else str(folder)):
            pids.append(process.info["pid"])
    return pids


def folder_of(arguments: list[str]) -> Path:
    """The folder in which Snakemake would run: that of ``--directory``, or else this one."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--directory", "-d", default=".")
    return Path(parser.parse_known_args(arguments)[0].directory).resolve()


def main() -> None:
    """Take the lock, clear the lock of a killed run, become Snakemake."""
    folder = folder_of(sys.argv[1:])
    state = folder / ".snakemake"
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = os.open(state / "run.lock", os.O_RDWR | os.O_CREAT)
    except OSError as error:
        sys.exit(
            f"{state} cannot be written to ({error.strerror}): make it writable, or free space"
        )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        running = other_runs(folder)
    except BlockingIOError:
        running = other_runs(folder) or ["unknown"]
    except OSError as error:
        sys.exit(
            f"The file system of {folder} has no locks ({error.strerror}). Call snakemake itself, "
            "one run at a time, and snakemake --unlock after one that was killed."
        )
    if running:
        sys.exit(
            f"Another run is under way in this folder (process {', '.join(map(str, running))}). "
            "Wait for it, or end it, and try again."
        )
    if (host := run_elsewhere(folder)) is not None:
        sys.exit(
            f"A run on {host} is under way in this folder, or was killed there. Try again on "
            f"{host}; or, when nothing of that run is left, remove {NOTE} and try again here."
        )
    snakemake = str(Path(sys.executable).with_name("snakemake"))
    locks = state / "locks"
    if locks.is_dir() and any(locks.iterdir()):
        if others := other_runs(None):
            sys.exit(
                f"{folder} is locked: by a run that was killed, or by another user's (process "
                f"{', '.join(map(str, others))}). After a run that was killed: snakemake --unlock"
            )
        print("The previous run was killed; resuming where it stopped.", file=sys.stderr)
        shutil.rmtree(locks)  # snakemake --unlock does the same, but takes seconds
    os.set_inheritable(lock, True)  # Snakemake holds it until it ends; its jobs do not inherit it
    os.execv(snakemake, [snakemake, *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    main()
