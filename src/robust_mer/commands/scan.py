"""``robust-mer scan``: a first manifest and config of a folder of clips."""

import argparse
from pathlib import Path

from robust_mer.commands.progress import show_progress
from robust_mer.errors import InputError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "scan", help="look at a folder of clips; write a first manifest.csv and a config"
    )
    parser.add_argument("folder", help="of the clips, on all levels")
    parser.add_argument(
        "--pattern",
        help="what the files' names say, e.g. '{speaker}_{sentence}_{label}_*', or with folders "
        "'{speaker}/{label}_*'",
    )
    parser.add_argument("--out", help="folder for both files; by default that of the clips")
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from robust_mer.corpora.recognition import fitting_readers
    from robust_mer.scan.corpus import scan
    from robust_mer.scan.names import Pattern
    from robust_mer.scan.show import as_text
    from robust_mer.scan.write import Outputs

    folder = Path(arguments.folder)
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {problem}")
    pattern = Pattern(arguments.pattern) if arguments.pattern else None
    outputs, readers = None, fitting_readers(folder)
    has_own_table = readers == ["manifest"] and (arguments.out or arguments.force)
    if pattern or not readers or has_own_table:
        outputs = Outputs(folder, Path(arguments.out or folder), arguments.force)
    show_progress()
    result = scan(folder, pattern, makes_manifest=outputs is not None)
    if outputs is not None and result.rows:
        outputs.write(result)
    else:
        outputs = None
    print(as_text(result, outputs))
