"""The loop: mutate an input that was worth keeping, give it to its target, judge the outcome."""

import gc
import json
import random
import re
import shutil
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fuzz.guard import Forbidden, Guard, TooLongError
from fuzz.lines import Lines
from fuzz.mutate import Files, mutate
from robust_mer.errors import InputError, UtteranceError

_CANARY_EVERY = 100  # inputs
_WHOLE_EVERY = 200
_SLOW = 4.0  # seconds


@dataclass(frozen=True)
class Target:
    """One kind of file and what reads it.

    Args:
        seeds: Well-formed inputs: by name, the files of a folder.
        read: Reads the folder ``input``, may write to the folder ``results``; about a millisecond.
        whole: The same as a job of the pipeline does it; for one in `_WHOLE_EVERY` inputs, and for
            those that reached a new line.
        mutable: Names of the files that are mutated; empty: all of them.
        utterance_errors: UtteranceError is a refusal too; the pipeline adds the utterance's name.
        names: What a refusal may name beside a file.
    """

    name: str
    seeds: Callable[[], list[Files]]
    read: Callable[[Path, Path], object]
    whole: Callable[[Path, Path], object] | None = None
    mutable: tuple[str, ...] = ()
    utterance_errors: bool = False
    names: tuple[str, ...] = ()


@dataclass
class Result:
    """What came of a target's inputs."""

    name: str
    inputs: int = 0
    read: int = 0
    refused: int = 0
    crashed: int = 0  # and allowed to
    reasons: int = 0  # different messages, but for names and numbers
    lines: int = 0  # of the package
    new_lines: int = 0  # of these, that the seeds did not reach
    kept: int = 0
    slowest: float = 0.0  # seconds of processor time
    seconds: float = 0.0
    findings: dict[str, str] = field(default_factory=dict)  # path of the input, by kind


def fuzz(target: Target, inputs: int, seed: int, folder: Path, done: Result) -> None:
    """Give a target its inputs, after those already done, and record progress on disk."""
    seeds = target.seeds()
    random.Random(f"{seed} {target.name}").shuffle(seeds)
    (folder / "results").mkdir(exist_ok=True)
    tempfile.tempdir = str(folder / "results")
    readable = 0
    for files in seeds:  # performs the imports
        _write(folder / "input", files)
        for read in filter(None, (target.read, target.whole)):
            with suppress(InputError):
                read(folder / "input", folder / "results")
                readable += 1
    if not readable:
        raise RuntimeError(f"{target.name}: none of its seeds can be read, so no mutant gets far")
    gc.freeze()  # imported objects are never garbage
    guard, lines, shapes = Guard(folder), Lines(), Counter()
    kept, sound = list(seeds), list(seeds)  # sound ones can be read
    started, before = time.monotonic(), done.seconds
    for place in range(min(done.inputs, len(seeds)) and len(seeds), len(seeds)):
        _note(done, place, folder)
        _one(target, seeds[place], place, folder, guard, lines, shapes, done)
    of_seeds = lines.seen
    for number in range(max(done.inputs, len(seeds)), inputs):
        _note(done, number, folder)
        draw = random.Random(f"{seed} {target.name} {number}")
        some = draw.choice((sound, sound, sound[-20:], kept, kept[-20:]))
        files = mutate(draw.choice(some), draw, target.mutable)
        shown, read = len(shapes), done.read
        is_new = _one(target, files, number, folder, guard, lines, shapes, done)
        if is_new or len(shapes) > shown:
            kept.append(files)
            if done.read > read:
                sound.append(files)
        done.kept, done.reasons = len(kept) - len(seeds), len(shapes)
        done.lines, done.new_lines = lines.seen, lines.seen - of_seeds
        done.seconds = before + time.monotonic() - started
        if number % _CANARY_EVERY == 0:
            guard.keep_alive()
            if said := guard.check_canary():
                _found(done, f"wrote outside: {said}", files, folder)
            gc.collect()  # files that cycles hold open


def _note(done: Result, number: int, folder: Path) -> None:
    """Note that it is this input's turn: should the process die of it, the next one comes then."""
    done.inputs = number + 1
    (folder / "done.json").write_text(json.dumps(asdict(done)), encoding="utf-8")


def _one(
    target: Target,
    files: Files,
    number: int,
    folder: Path,
    guard: Guard,
    lines: Lines,
    shapes: Counter,
    done: Result,
) -> bool:
    """Read one input; whether it reached a new line."""
    _write(folder / "input", files, _LAST)
    seen, began = lines.seen, time.process_time()
    named = (*target.names, *(Path(name).name for name in files), str(folder / "input"))
    try:
        with guard.watch(), lines:
            target.read(folder / "input", folder / "results")
            if target.whole and (number % _WHOLE_EVERY == 0 or lines.seen > seen):
                target.whole(folder / "input", folder / "results")
        outcome, kind = "read", ""
    except InputError as error:
        outcome, kind = "refused", str(error)
        if not any(name in kind for name in named):
            outcome = f"refused without a name: {_shape(kind)}"
    except UtteranceError as error:
        outcome, kind = "refused", str(error)
        if not target.utterance_errors:
            outcome = f"UtteranceError: {_shape(kind)}"
    except (Exception, TooLongError, Forbidden) as error:
        outcome, kind = f"{type(error).__name__} at {_where(error)}", _shape(str(error))
    took = time.process_time() - began
    done.slowest = max(done.slowest, took)
    if outcome == "read":
        done.read += 1
    elif outcome == "refused":
        done.refused += 1
    else:
        _found(done, outcome, files, folder, kind)
    if took > _SLOW and outcome in ("read", "refused"):
        _found(done, f"slow: {took:.1f} s, {outcome}", files, folder)
    shapes[outcome + _shape(kind)] += 1
    return lines.seen > seen


def _found(done: Result, kind: str, files: Files, folder: Path, said: str = "") -> None:
    """Keep the first input of each kind of finding."""
    if kind in done.findings:
        return
    place = folder.parent / "findings" / f"{done.name}-{len(done.findings)}"
    _write(place, files)
    (place / "finding.txt").write_text(f"{kind}\n{said}\n", encoding="utf-8")
    done.findings[kind] = f"{place}: {said[:200]}"


_LAST: Files = {}  # content of the folder of inputs


def _write(folder: Path, files: Files, last: Files | None = None) -> None:
    """Make the folder hold these files and no others; every file that changes is a new one."""
    there = {} if last is None else last
    if not there:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for name in there.keys() - files.keys():
        (folder / name).unlink(missing_ok=True)
    for name, content in files.items():
        path = folder / name
        if there.get(name) != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_bytes(content)
    if last is not None:
        last.clear()
        last.update(files)


def _shape(text: str) -> str:
    """A message without the parts that differ between inputs."""
    text = re.sub(r"/\S+", "/", text)
    text = re.sub(r"'[^']*'|\"[^\"]*\"|[\[{(].*?[\]})]", "_", text, flags=re.DOTALL)
    return re.sub(r"[\d.]+|[^ -~]+", "#", text)[:60]


def _where(error: BaseException) -> str:
    """The package's innermost line in a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "robust_mer" in f.filename] or frames
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"
