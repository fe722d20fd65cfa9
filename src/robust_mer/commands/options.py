"""Options and output that several commands share."""

import argparse
import json
from typing import Any


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add the folder of a run."""
    parser.add_argument("results", nargs="?", default="results", help="the folder, results/")


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add the permission to import code that an exported model names."""
    parser.add_argument(
        "--trust",
        metavar="MODULE:CLASS",
        action="append",
        default=[],
        help="class of your own model, which the folder names; its module is imported",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the choice of `print_json`."""
    parser.add_argument("--json", action="store_true", help="for programs")


def print_json(value: Any) -> None:
    """Print a result for programs."""
    print(json.dumps(value, indent=2))
