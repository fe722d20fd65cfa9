"""The command ``robust-mer``."""

import argparse
import json
import logging
import os
import sys
from pathlib import Path

from robust_mer.errors import InputError


def main() -> None:
    """Parse the command line and run the command; an `InputError` is printed as one line."""
    parser = argparse.ArgumentParser(prog="robust-mer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_predict(commands)
    _add_verify(commands)
    _add_crate(commands)
    _add_scan(commands)
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
        sys.stdout.flush()
    except InputError as error:
        sys.exit(f"robust-mer: {error}")
    except BrokenPipeError:  # the reader of the output, e.g. `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _add_predict(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("predict", help="what a model says about a clip")
    parser.add_argument(
        "clip",
        nargs="+",
        help="a video, a recording of sound, a text (.txt); several files are one utterance",
    )
    parser.add_argument(
        "--model", required=True, help="folder of an exported model, results/CORPUS/exported/..."
    )
    parser.add_argument(
        "--trust",
        metavar="MODULE:CLASS",
        action="append",
        default=[],
        help="class of your own model, which the folder names; its module is imported",
    )
    parser.add_argument("--text", default="", help="what is said in a recording")
    parser.add_argument("--region", default="", help="where the speaker is: left, right or x,y,w,h")
    parser.add_argument("--start", type=float, help="second at which the utterance starts")
    parser.add_argument("--end", type=float, help="second at which it ends")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=_predict)


def _predict(arguments: argparse.Namespace) -> None:
    # imported here so that `robust-mer --help` does not wait for torch
    from robust_mer.export.clip import open_clip
    from robust_mer.export.predict import Predictor
    from robust_mer.export.show import as_table

    predictor = Predictor(arguments.model, arguments.trust)
    details = {key: getattr(arguments, key) for key in ("text", "region", "start", "end")}
    with open_clip(*arguments.clip, **details) as clip:
        prediction = predictor(clip)
    if arguments.json:
        print(json.dumps(prediction.as_json(), indent=2))
    else:
        print(as_table(predictor.description, prediction))


def _add_verify(commands: argparse._SubParsersAction) -> None:
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
    parser.set_defaults(run=_verify)


def _verify(arguments: argparse.Namespace) -> None:
    from robust_mer.provenance.show import as_text
    from robust_mer.provenance.verify import verify

    _show_progress()
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


def _add_crate(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "crate", help="describe results as an RO-Crate, to be copied or published with them"
    )
    parser.add_argument("results", nargs="?", default="results", help="the folder, results/")
    parser.set_defaults(run=_crate)


def _crate(arguments: argparse.Namespace) -> None:
    from robust_mer.provenance.crate import CONFIG, write_crate
    from robust_mer.provenance.show import as_text
    from robust_mer.provenance.verify import verify

    _show_progress()
    verdict = verify(arguments.results, with_crate=False)
    if verdict.problems:
        sys.exit(f"{as_text(verdict)}\n\nno crate is written of files that do not belong together")
    print(f"{write_crate(arguments.results)}: copy or pack the whole folder {arguments.results}")
    if not Path(arguments.results, CONFIG).is_file():
        print("The config is not in it: only runs of this workflow itself keep theirs.")


def _add_scan(commands: argparse._SubParsersAction) -> None:
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
    parser.set_defaults(run=_scan)


def _scan(arguments: argparse.Namespace) -> None:
    from robust_mer.corpora.recognition import fitting_readers
    from robust_mer.scan.corpus import scan
    from robust_mer.scan.names import Pattern
    from robust_mer.scan.show import as_text
    from robust_mer.scan.write import Outputs

    folder = Path(arguments.folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder")
    pattern = Pattern(arguments.pattern) if arguments.pattern else None
    outputs = None
    if pattern or set(fitting_readers(folder)) <= {"manifest"}:
        outputs = Outputs(folder, Path(arguments.out or folder), arguments.force)
    _show_progress()
    result = scan(folder, pattern)
    if outputs is not None and result.rows:
        outputs.write(result)
    else:
        outputs = None
    print(as_text(result, outputs))


def _show_progress() -> None:
    from robust_mer.jobs import log

    log.setLevel(logging.INFO)
    log.addHandler(logging.StreamHandler(sys.stderr))


if __name__ == "__main__":
    main()
