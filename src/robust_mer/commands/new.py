"""``robust-mer new``: a first config from flags, or from a few questions on a terminal."""

import argparse
import sys
from pathlib import Path

from robust_mer.errors import InputError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("new", help="write a first config; asks for what no flag gives")
    parser.add_argument("config", help="file to write, e.g. mine.yaml")
    parser.add_argument("--root", help="folder of the corpus")
    parser.add_argument("--reader", help="how to read it, e.g. manifest, iemocap, ravdess")
    parser.add_argument("--modalities", help="which to use, separated by commas: audio,video,text")
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from robust_mer.corpora.recognition import fitting_readers
    from robust_mer.corpora.registry import READERS
    from robust_mer.scaffold.config import write_config

    path = Path(arguments.config)
    if path.exists() and not arguments.force:
        raise InputError(f"{path} exists. --force replaces it")
    root = Path(arguments.root or _ask("Folder of the corpus", "--root"))
    if not root.is_dir():
        raise InputError(f"--root: {root} is not a folder")
    fitting = fitting_readers(root)
    reader = arguments.reader or (
        fitting[0]
        if len(fitting) == 1
        else _ask(f"Reader ({', '.join(fitting or READERS)})", "--reader")
    )
    chosen = arguments.modalities or _ask("Modalities", "--modalities", default="audio,video,text")
    modalities = [one.strip() for one in chosen.split(",") if one.strip()]
    write_config(path, root, reader, modalities)
    print(f"{path} is written. Look at what it would run, then run it:")
    print(f"  snakemake -n --configfile {path}")
    print(f"  snakemake --cores 8 --configfile {path}")


def _ask(question: str, flag: str, default: str = "") -> str:
    """An answer from the terminal.

    Raises:
        InputError: a question has no answer, because there is no terminal.
    """
    if not sys.stdin.isatty():
        if default:
            return default
        raise InputError(f"{flag} is missing, and there is no terminal to ask: {question}?")
    hint = f" [{default}]" if default else ""
    print(f"{question}{hint}: ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip() or default
    if not answer:
        raise InputError(f"{flag} is missing")
    return answer
