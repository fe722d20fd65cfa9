"""The command ``robust-mer``."""

import argparse
import json
import sys
from dataclasses import asdict

from robust_mer.errors import InputError


def main() -> None:
    """Parse the command line and do what it asks; an error of the user's is one line."""
    parser = argparse.ArgumentParser(prog="robust-mer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_predict(commands)
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except InputError as error:
        sys.exit(f"robust-mer: {error}")


def _add_predict(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("predict", help="emotion probabilities of a clip")
    parser.add_argument(
        "clip",
        nargs="+",
        help="a video, a recording of sound, a text (.txt); several files are one utterance",
    )
    parser.add_argument(
        "--model", required=True, help="folder of an exported model, results/CORPUS/exported/..."
    )
    parser.add_argument("--text", default="", help="what is said in a recording")
    parser.add_argument("--region", default="", help="where the speaker is: left, right or x,y,w,h")
    parser.add_argument("--start", type=float, help="second at which the utterance starts")
    parser.add_argument("--end", type=float, help="second at which it ends")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=_predict)


def _predict(arguments: argparse.Namespace) -> None:
    # here: `robust-mer --help` need not wait for torch
    from robust_mer.export.clip import open_clip
    from robust_mer.export.predict import Predictor
    from robust_mer.export.show import as_table

    predictor = Predictor(arguments.model)
    given = {key: getattr(arguments, key) for key in ("text", "region", "start", "end")}
    with open_clip(*arguments.clip, **given) as clip:
        prediction = predictor(clip)
    if arguments.json:
        print(json.dumps({"emotion": prediction.emotion, **asdict(prediction)}, indent=2))
    else:
        print(as_table(predictor.description, prediction))


if __name__ == "__main__":
    main()
