"""``robust-mer verify``: whether results and their records fit together."""

import argparse
import json
import sys
from pathlib import Path

from robust_mer.commands.progress import show_progress
from robust_mer.errors import InputError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "verify", help="whether results, what they were made from and their records fit together"
    )
    parser.add_argument("results", nargs="?", default="results", help="the folder, results/")
    parser.add_argument("--quick", action="store_true", help="trust size and time, hash nothing")
    parser.add_argument(
        "--media",
        metavar="[CORPUS=]ROOT",
        action="append",
        default=[],
        help="compare a corpus' recordings, below its root, with what the index saw of them",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from robust_mer.provenance.show import as_text
    from robust_mer.provenance.verify import verify

    show_progress()
    media = dict(_corpus_and_root(option, arguments.results) for option in arguments.media)
    verdict = verify(arguments.results, arguments.quick, media)
    print(json.dumps(verdict.as_json(), indent=2) if arguments.json else as_text(verdict))
    if verdict.problems:
        sys.exit(1)


def _corpus_and_root(option: str, results: str) -> tuple[str, str]:
    """The corpus and the root that ``--media`` gives; the only corpus needs no name."""
    corpora = sorted(path.parent.name for path in Path(results).glob("*/media.csv"))
    corpus, equals, root = option.partition("=")
    if equals and corpus in corpora:
        return corpus, root
    if len(corpora) != 1:
        raise InputError(
            f"--media {option} does not name a corpus of {results}; expected --media "
            f"CORPUS=ROOT with one of its corpora with recordings: {', '.join(corpora) or 'none'}"
        )
    return corpora[0], option
