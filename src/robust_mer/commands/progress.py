"""Progress of a command, on stderr: stdout is for results."""

import logging
import sys


def show_progress() -> None:
    """Print what the package logs."""
    from robust_mer.jobs import log

    log.setLevel(logging.INFO)
    log.addHandler(logging.StreamHandler(sys.stderr))
