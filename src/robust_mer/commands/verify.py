"""``robust-mer verify``: whether results and their records fit together."""

import argparse
import sys
from pathlib import Path

from robust_mer.commands.options import add_json, add_results, print_json
from robust_mer.commands.progress import show_progress
from robust_mer.errors import InputError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "verify", help="whether results, what they were made from and their records fit together"
    )
    add_results(parser)
    parser.add_argument("--quick", action="store_true", help="trust size and time, hash nothing")
    parser.add_argument(
        "--media",
        metavar="[CORPUS=]ROOT",
        action="append",
        default=[],
        help="compare a corpus' recordings, below its root, with what the index saw of them",
    )
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from robust_mer.provenance.show import as_text
    from robust_mer.provenance.verify import verify

    show_progress()
    media = dict(_corpus_and_root(option, arguments.results) for option in arguments.media)
    verdict = verify(arguments.results, arguments.quick, media)
    if arguments.json:
        print_json(verdict.as_json())
    else:
        print(as_text(verdict))
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
