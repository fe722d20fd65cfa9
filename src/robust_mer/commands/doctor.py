"""``robust-mer doctor``: what this machine has, what is missing and what that costs."""

import argparse
import os
import sys
from dataclasses import asdict

from robust_mer.commands.options import add_json, print_json


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "doctor", help="what this machine has, what is missing and what that costs"
    )
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from robust_mer.health.checks import examine

    findings = examine()
    if arguments.json:
        print_json([asdict(one) for one in findings])
    else:
        width = max(len(one.name) for one in findings)
        for one in findings:
            cost = f"\n{'':{width + 10}}{one.cost}" if one.cost else ""
            print(f"{_coloured(one.state)}{'':{10 - len(one.state)}}", end="")
            print(f"{one.name:{width}}  {one.what}{cost}".rstrip())
    if any(one.state == "missing" for one in findings):
        sys.exit(1)


def _coloured(state: str) -> str:
    """The state, in colour on a terminal; see https://no-color.org."""
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return state
    colour = {"ok": 32, "optional": 33, "missing": 31}[state]
    return f"\033[{colour}m{state}\033[0m"
