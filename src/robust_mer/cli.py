"""The command ``robust-mer``."""

import argparse
import os
import sys

from robust_mer.commands import (
    completion,
    convert,
    crate,
    doctor,
    new,
    onnx,
    plan,
    predict,
    scan,
    verify,
)
from robust_mer.errors import InputError
from robust_mer.garbage import collect_rarely

_COMMANDS = (predict, scan, new, plan, verify, crate, onnx, convert, doctor, completion)
_INTERRUPTED = 130  # as a shell reports Ctrl-C


def main() -> None:
    """Parse the command line and run the command; an `InputError` is printed as one line."""
    collect_rarely()
    parser = make_parser()
    if "_ARGCOMPLETE" in os.environ:  # set by argcomplete's script while a shell completes
        _complete(parser)
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
        sys.stdout.flush()
    except InputError as error:
        sys.exit(f"robust-mer: {error}")
    except BrokenPipeError:  # the reader of the output, e.g. `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except OSError as error:
        sys.exit(_reason(error, arguments.command))


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command line, with all commands."""
    parser = argparse.ArgumentParser(
        prog="robust-mer",
        description=__doc__,
        epilog="Exit status: 0 success; 1 wrong input, a full disk or a failed check; 2 wrong "
        "arguments; 130 interrupted.",
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(dest="command", required=True)
    for command in _COMMANDS:
        command.add(commands)
    return parser


def _complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell by argcomplete, if that is installed."""
    try:
        from argcomplete import autocomplete
    except ModuleNotFoundError:
        return
    autocomplete(parser)


class _Version(argparse.Action):
    """Prints the installed version, which is looked up only when it is asked for."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help="print the version")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"robust-mer {version('robust-mer')}")
        parser.exit()


def _reason(error: OSError, command: str) -> str:
    """What a user can do about a fault of the machine.

    Raises:
        OSError: it is none that is known.
    """
    from robust_mer.faults import explain

    if (advice := explain(error, command, ".", resumes=False)) is None:
        raise error
    return f"robust-mer: {advice}"


if __name__ == "__main__":
    main()
