"""``robust-mer crate``: results as an RO-Crate."""

import argparse
import sys
from pathlib import Path

from robust_mer.commands.options import add_results
from robust_mer.commands.progress import show_progress


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "crate", help="describe results as an RO-Crate, to be copied or published with them"
    )
    add_results(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from robust_mer.provenance.crate import CONFIG, write_crate
    from robust_mer.provenance.show import as_text
    from robust_mer.provenance.verify import verify

    show_progress()
    verdict = verify(arguments.results, with_crate=False)
    if verdict.problems:
        sys.exit(f"{as_text(verdict)}\n\nno crate is written of files that do not belong together")
    print(f"{write_crate(arguments.results)}: copy or pack the whole folder {arguments.results}")
    if not Path(arguments.results, CONFIG).is_file():
        print("The config is not in it: only runs of this workflow itself keep theirs.")
