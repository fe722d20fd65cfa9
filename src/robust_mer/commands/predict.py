"""``robust-mer predict``: what a model says about a clip."""

import argparse
import json


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
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
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
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
