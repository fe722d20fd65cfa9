"""``robust-mer predict``: what a model says about clips."""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robust_mer.commands.options import add_json, add_trust, print_json
from robust_mer.commands.progress import show_progress
from robust_mer.coverage import COVERAGE
from robust_mer.errors import InputError

if TYPE_CHECKING:
    from robust_mer.apply.clips import ClipRow
    from robust_mer.export.predict import Predictor


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "predict",
        help="what a model says about clips",
        epilog="A prediction is a guess at the label that people would give to a clip, not a "
        "measurement of what somebody feels. Some uses are forbidden. Read docs/limits.md before "
        "you use this on people.",
    )
    parser.add_argument(
        "clip",
        nargs="+",
        help="a folder, a csv, or files: videos, recordings of sound, texts (.txt); files of the "
        "same name are one clip",
    )
    parser.add_argument(
        "--model", required=True, help="folder of an exported model, results/CORPUS/exported/..."
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="table to write: .csv, .json or .parquet; the same command resumes if interrupted",
    )
    parser.add_argument(
        "--every",
        metavar="SECONDS",
        type=float,
        help="answers along the recordings, one for each part of this length; beside --out also a "
        "picture (.png)",
    )
    parser.add_argument(
        "--max-seconds",
        metavar="SECONDS",
        type=float,
        default=1800.0,
        help="a clip of many that takes longer has no prediction (1800)",
    )
    parser.add_argument(
        "--coverage",
        metavar="FRACTION",
        type=float,
        default=COVERAGE,
        help="promised probability that the set of answers contains the true one: 0.5, 0.6, 0.7, "
        "0.8, 0.85, 0.9 (default), 0.95 or 0.99",
    )
    add_trust(parser)
    parser.add_argument("--text", default="", help="what is said in the recording")
    parser.add_argument("--region", default="", help="where the speaker is: left, right or x,y,w,h")
    parser.add_argument("--start", type=float, help="second at which the utterance starts")
    parser.add_argument("--end", type=float, help="second at which it ends")
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    # imported here so that `robust-mer --help` does not wait for torch
    from robust_mer.apply.clips import find_clips

    rows = _with_details(find_clips(arguments.clip), arguments)
    first = Path(arguments.clip[0])
    is_list = any(Path(one).is_dir() for one in arguments.clip) or first.suffix.lower() == ".csv"
    if len(rows) == 1 and not (is_list or arguments.out or arguments.every):
        from robust_mer.export.predict import Predictor

        _print_one(
            Predictor(arguments.model, arguments.trust, arguments.coverage), rows[0], arguments.json
        )
    else:
        _apply(rows, arguments)


def _with_details(rows: "list[ClipRow]", arguments: argparse.Namespace) -> "list[ClipRow]":
    """The clips with what the options say of a clip.

    Raises:
        InputError: there are several clips, and an option describes one.
    """
    from dataclasses import replace

    details = {key: getattr(arguments, key) for key in ("text", "region", "start", "end")}
    given = {key: value for key, value in details.items() if value not in ("", None)}
    if given and len(rows) > 1:
        raise InputError(
            f"--{next(iter(given))} describes one clip, and there are {len(rows)} (files of "
            "different names are different clips); use a csv with columns such as "
            "video, audio, text, region, start, end"
        )
    return [replace(row, **given) for row in rows]


def _print_one(predictor: "Predictor", row: "ClipRow", as_json: bool) -> None:
    """Print the answer for a single clip, for people or as json."""
    from robust_mer.apply.clips import too_long
    from robust_mer.export.clip import open_clip
    from robust_mer.export.show import as_table

    if reason := too_long(row):
        raise InputError(f"{row.name}: {reason}")
    with open_clip(*row.files, **row.details) as clip:
        prediction = predictor(clip)
    if as_json:
        print_json(prediction.as_json())
    else:
        print(as_table(predictor.description, prediction))


def _apply(rows: "list[ClipRow]", arguments: argparse.Namespace) -> None:
    """Write or print the table of many clips, and what it lacks."""
    from robust_mer.apply.answers import check_suffix, write_csv, write_json
    from robust_mer.apply.isolated import IsolatedPredictor
    from robust_mer.apply.run import apply_model
    from robust_mer.export.show import MEANING
    from robust_mer.jobs import log

    show_progress()
    if arguments.out:
        check_suffix(Path(arguments.out))
    with (
        IsolatedPredictor(
            arguments.model, arguments.trust, arguments.max_seconds, arguments.coverage
        ) as predictor,
        apply_model(predictor, rows, arguments.out, arguments.every) as answers,
    ):
        if not arguments.out:
            (write_json if arguments.json else write_csv)(sys.stdout, answers)
        elif arguments.every:
            _draw(Path(arguments.out).with_suffix(".png"), answers)
        report = _Report.of(answers)
    report.give()  # an error within would look like a run to be resumed
    log.info(MEANING)


def _draw(path: Path, answers: Callable[[], Iterator[dict[str, Any]]]) -> None:
    from robust_mer.apply.timeline import MOST, draw_timelines
    from robust_mer.jobs import log

    if left_out := draw_timelines(path, answers):
        log.info("%s shows the first %d recordings, %d more are left out", path, MOST, left_out)


@dataclass(frozen=True)
class _Report:
    """How many clips have no prediction."""

    clips: int
    failed: int
    first_reason: str

    @classmethod
    def of(cls, answers: Callable[[], Iterator[dict[str, Any]]]) -> "_Report":
        """Count the answers."""
        clips, failed, first = 0, 0, ""
        for answer in answers():
            clips += 1
            if reason := answer.get("reason", ""):
                failed += 1
                first = first or f"{answer['clip']}: {reason}"
        return cls(clips, failed, first)

    def give(self) -> None:
        """Say it.

        Raises:
            InputError: no clip has a prediction.
        """
        from robust_mer.jobs import log

        if self.failed == self.clips:
            raise InputError(
                f"none of {self.clips} clips has a prediction; the first reason: "
                f"{self.first_reason}"
            )
        if self.failed:
            log.warning(
                "%d of %d clips have no prediction; the column `reason` says why",
                self.failed,
                self.clips,
            )
