"""What a run says after its last job."""

import csv
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from robust_mer.plan.plan import Plan
from robust_mer.report.terminal import scores_table
from robust_mer.report.words import terminal as words


def ending(plan: Plan) -> list[str]:
    """Lines for the terminal: scores, what to open and, of an exported model, what to try."""
    lines = [""]
    for name in plan.grid.experiments:
        summary = Path(plan.layout.table(name, "all"))
        if summary.is_file():
            lines += [*scores_table(plan.report.experiment(name), summary), ""]
    lines.append(words.report(plan.layout.report))
    lines += [words.prediction(shlex.join(command)) for command in [_prediction(plan)] if command]
    return lines


def _prediction(plan: Plan) -> list[str]:
    """A command that applies the first exported model to a recording of its test part, if any."""
    for training, replicas in plan.grid.final_trainings.items():
        for replica in replicas:
            model = Path(plan.layout.exported(*training, replica.name))
            clip = None
            if model.is_file():
                clip = next(_clips(plan, training.corpus, replica.fold), None)
            if clip:
                return [_program(), "predict", *clip, "--model", str(model.parent)]
    return []


def _clips(plan: Plan, corpus: str, fold: int) -> Iterator[list[str]]:
    """Arguments for each recording of sound in a fold's test part."""
    tested = {
        row["utterance"]
        for row in _rows(plan.layout.folds(corpus))
        if row["fold"] == str(fold) and row["part"] == "test"
    }
    for row in _rows(plan.layout.utterances(corpus)):
        if row["utterance"] not in tested or not row.get("audio"):
            continue
        path = plan.recording(corpus, row["audio"])
        if not (path.is_file() and path.stat().st_size):
            continue
        times = [] if row["audio_is_cut"] == "1" else ["--start", row["start"], "--end", row["end"]]
        yield [str(path), *([f"--text={row['text']}"] if row["text"] else []), *times]


def _rows(path: str) -> Iterator[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _program() -> str:
    """The command beside this Python, as one types it in the folder of the run."""
    program = Path(sys.executable).with_name("robust-mer")
    if program.is_relative_to(Path.cwd()):
        return str(program.relative_to(Path.cwd()))
    return str(program) if program.is_file() else program.name
