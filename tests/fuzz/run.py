"""Run the fuzzers: each target in a separate process, then a table of the results."""

import argparse
import json
import math
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from tempfile import mkdtemp

from fuzz.engine import Result, fuzz
from fuzz.targets import MAY_CRASH, TARGETS, find

_ENDS_BEFORE_GIVING_UP = 50
_FOLDER = Path("/dev/shm") if Path("/dev/shm").is_dir() else None


def main() -> None:
    """Parse the command line, run the targets, print the table; 1 if there is a finding."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.run", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="of all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[], help="names of targets")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # a target, in this process
    parser.add_argument("--folder", type=Path, help="where findings are kept")
    arguments = parser.parse_args()
    if arguments.one:
        _run_one(arguments)
        return
    chosen = arguments.only or list(TARGETS)
    total = sum(TARGETS[name][1] for name in chosen)
    folder = Path(mkdtemp(prefix="fuzz-", dir=_FOLDER))
    results = []
    try:
        print(_line(_HEADS), flush=True)
        for name in chosen:
            inputs = math.ceil(arguments.inputs * TARGETS[name][1] / total)
            result = _in_processes(name, inputs, arguments.seed, folder)
            results.append(result)
            print(_line(_cells(result)), flush=True)
        findings = {kind: text for result in results for kind, text in result.findings.items()}
        together = sum(result.inputs for result in results)
        seconds = sum(result.seconds for result in results)
        print(f"{together} inputs in {seconds:.0f} s, {len(findings)} kinds of findings")
        for result in results:
            for kind, text in result.findings.items():
                print(f"{result.name}: {kind}\n    {text}")
        if findings:
            place = arguments.folder or Path("fuzz-findings")
            if (folder / "findings").is_dir():  # a target that does not start has no input
                shutil.copytree(folder / "findings", place, dirs_exist_ok=True)
            sys.exit(f"The inputs lie in {place}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_processes(target: str, inputs: int, seed: int, folder: Path) -> Result:
    """Run a target in a separate process; if it dies, record that and resume after the input."""
    own = folder / target
    (own / "canary").mkdir(parents=True)
    (own / "canary" / "secret.h5").write_bytes(_secret())
    state = own / "done.json"
    for _ in range(_ENDS_BEFORE_GIVING_UP):
        command = [
            sys.executable,
            "-m",
            "fuzz.run",
            "--one",
            target,
            "--inputs",
            str(inputs),
            "--seed",
            str(seed),
            "--folder",
            str(own),
        ]
        with (own / "stderr.txt").open("w", encoding="utf-8") as errors:
            status = subprocess.run(command, stderr=errors, check=False).returncode
        said = (own / "stderr.txt").read_text(encoding="utf-8", errors="replace")[-2000:]
        if not state.is_file():
            return Result(target, findings={"does not start": said[-500:]})
        result = Result(**json.loads(state.read_text(encoding="utf-8")))
        if status == 0:
            return result
        if status < 0 and target in MAY_CRASH:
            result.crashed += 1
        else:
            kind = f"process ended with {status}: {said.strip().splitlines()[-1:]}"
            place = folder / "findings" / f"{target}-ended-{result.inputs}"
            shutil.copytree(own / "input", place, dirs_exist_ok=True)
            (place / "finding.txt").write_text(said, encoding="utf-8")
            result.findings[kind[:120]] = str(place)
        if result.inputs >= inputs:
            return result
        state.write_text(json.dumps(vars(result)), encoding="utf-8")
    return result


def _run_one(arguments: argparse.Namespace) -> None:
    state = arguments.folder / "done.json"
    done = Result(arguments.one)
    if state.is_file():
        done = Result(**json.loads(state.read_text(encoding="utf-8")))
    fuzz(find(arguments.one), arguments.inputs, arguments.seed, arguments.folder, done)
    state.write_text(json.dumps(vars(done)), encoding="utf-8")


def _secret() -> bytes:
    """A file beside the input's folder, which links in the input may name."""
    import h5py

    with h5py.File.in_memory() as file:
        file["values"] = [[424242.0] * 3] * 4
        file.flush()
        return file.id.get_file_image()


_HEADS = (
    "target",
    "inputs",
    "read",
    "refused",
    "crashed",
    "reasons",
    "lines",
    "new",
    "kept",
    "slowest",
    "seconds",
    "findings",
)


def _cells(result: Result) -> tuple:
    values = {one.name: getattr(result, one.name) for one in fields(result)}
    return (
        result.name,
        *(values[key] for key in ("inputs", "read", "refused", "crashed", "reasons")),
        result.lines,
        result.new_lines,
        result.kept,
        f"{1000 * result.slowest:.0f} ms",
        f"{result.seconds:.0f}",
        len(result.findings),
    )


def _line(cells: tuple) -> str:
    return f"{cells[0]:<12}" + "".join(f"{cell:>10}" for cell in cells[1:])


if __name__ == "__main__":
    main()
