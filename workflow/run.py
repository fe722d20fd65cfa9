"""Run Snakemake as ``make`` does: one run at a time, and going on where a killed one stopped.

A Snakemake that is killed leaves its lock on the folder. The lock is cleared here, but only while
holding a lock of our own, which the system releases with the process, and only when no other
Snakemake works in this folder.
"""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import psutil


def other_runs(folder: Path) -> list[int]:
    """Process ids of Snakemakes that work in ``folder``."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        command = process.info["cmdline"] or []
        is_snakemake = any(Path(word).name == "snakemake" for word in command[:3])
        if is_snakemake and process.info["cwd"] == str(folder):
            found.append(process.info["pid"])
    return found


def main() -> None:
    """Take the lock, clear what a killed run left, become Snakemake."""
    folder = Path.cwd().resolve()
    state = folder / ".snakemake"
    state.mkdir(exist_ok=True)
    lock = os.open(state / "run.lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        running = other_runs(folder)
    except BlockingIOError:
        running = other_runs(folder) or ["unknown"]
    if running:
        sys.exit(
            f"Another run is under way in this folder (process {', '.join(map(str, running))}). "
            "Wait for it, or end it, and try again."
        )
    snakemake = str(Path(sys.executable).with_name("snakemake"))
    locks = state / "locks"
    if locks.is_dir() and any(locks.iterdir()):
        print("A run before this one was killed; going on where it stopped.", file=sys.stderr)
        subprocess.run([snakemake, "--unlock", "--quiet"], check=True)  # noqa: S603
    os.set_inheritable(lock, True)  # held until Snakemake ends; its jobs do not inherit it
    os.execv(snakemake, [snakemake, *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    main()
