"""Kill the demo repeatedly, and compare its results with those of an undisturbed run.

    python tests/kills/harness.py --kills 50 --seed 1

Copies the repository into a temporary folder and runs the demo once, undisturbed (all of its
stages, with fewer epochs). Then it deletes the results and runs ``workflow/run.py`` over and over,
ending Snakemake, a job or a process of a job by SIGKILL at random moments, until there were as many
kills as asked for, and every rule was hit (unless there are more rules than kills). After each one
no process may be left and no file half-written, and the same command must go on. At the end the
results must be those of the undisturbed run, bit by bit, but for what `comparable` leaves out.
"""

import argparse
import io
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import h5py
import pandas as pd
import psutil
import pyarrow.parquet
from PIL import Image
from safetensors import safe_open

sys.path.insert(0, str(Path(__file__).parents[1]))
from helpers.project import Project, jobs_at_work, save_at_every_epoch

EPOCHS = {"epochs_constant": 2, "epochs_falling": 2}
_MODELS = tuple(
    f"{name}_demo" for name in ("men", "teacher", "nmer", "snr_fusion", "audio", "video", "text")
)
SMALLER = {"models": dict.fromkeys(_MODELS, EPOCHS)}
STARTING = "(before the first job)"
# A job binds itself to Snakemake when Python has started, and ends then if that one is gone.
SECONDS_TO_DIE = 10.0


def main() -> None:
    """Run both, print the table, end with status 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep everything here; must not exist")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="kills_")) / "project"
    demo = Demo(folder.resolve())
    say(f"undisturbed run in {demo.folder}")
    started = time.monotonic()
    demo.run_undisturbed()
    say(f"undisturbed run: {time.monotonic() - started:.0f} s, {len(demo.expected)} files")
    started = time.monotonic()
    harness = Harness(demo, given.kills, random.Random(given.seed))
    harness.run()
    print(harness.table())
    print(f"killed and gone on for {time.monotonic() - started:.0f} s")
    print(f"longest-lived process after a kill: {harness.slowest_death:.2f} s")
    print("\n".join(harness.faults) or "no orphan, no half-written file, no run that did not go on")
    print(f"files compared: {harness.compared}; files that differ: {len(harness.different)}")
    print("\n".join(harness.different))
    if harness.faults or harness.different:
        sys.exit(1)
    if given.folder is None:
        shutil.rmtree(folder.parent)


def say(text: str) -> None:
    """Print with the time, at once."""
    print(time.strftime("%H:%M:%S"), text, flush=True)


class Demo:
    """The demo in a copy of the repository."""

    def __init__(self, folder: Path) -> None:
        self._project = Project.make(folder)
        self._project.configure(SMALLER)
        self.folder, self.results = folder, folder / "results"
        self.expected: dict[str, str] = {}  # hash by path
        self.seconds: dict[str, float] = {}  # that a rule's jobs take, on average
        # Progress at every epoch, so that trainings are taken up in their midst too.
        save_at_every_epoch(self._project)

    def start(self, log: Path) -> subprocess.Popen:
        """The command that a user types again and again."""
        command = [sys.executable, "workflow/run.py", "--cores", "2", "--configfile", "small.yaml"]
        environment = {**self._project.environment, "OMP_NUM_THREADS": "1"}
        with log.open("a") as file:
            return subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=file, stderr=file
            )

    def run_undisturbed(self) -> None:
        log = self.folder / "undisturbed.log"
        if self.start(log).wait() != 0:
            sys.exit(f"the undisturbed run failed:\n{log.read_text()[-5000:]}")
        self.expected = self.hashes()
        took: dict[str, list[float]] = {}
        for path in sorted(self.results.rglob("benchmarks/**/*.tsv")):
            rule = re.search(r"benchmarks/([^/.]+)", path.as_posix())[1]
            took.setdefault(rule, []).append(pd.read_csv(path, sep="\t")["s"].iloc[0])
        self.seconds = {rule: sum(times) / len(times) for rule, times in took.items()}
        faults = broken_files(self.results, {})
        assert not faults, faults  # or the check itself is wrong
        self.results.rename(self.folder / "undisturbed")  # to inspect differences

    def hashes(self) -> dict[str, str]:
        """SHA-256 of the comparable part of every result, by path."""
        return {
            path.relative_to(self.results).as_posix(): sha256(comparable(path)).hexdigest()
            for path in sorted(self.results.rglob("*"))
            if path.is_file() and is_result(path.relative_to(self.results))
        }

    def processes(self) -> list[psutil.Process]:
        """Those that work in the folder."""
        found = []
        for process in psutil.process_iter(["cwd", "cmdline", "status", "ppid"]):
            is_zombie = process.info["status"] == psutil.STATUS_ZOMBIE
            if process.info["cwd"] == str(self.folder) and not is_zombie:
                found.append(process)
        return found

    def jobs(self) -> dict[int, str]:
        """Rule by process id of the jobs that run."""
        return {process.pid: rule for process, rule in jobs_at_work(self.folder).items()}


def is_result(path: Path) -> bool:
    """Whether a file counts: no log, no benchmark, no memory of hashes, nothing unfinished.

    What lies unfinished beside a result belongs to a process that was killed; the next one that
    writes there removes it, and nothing reads it.
    """
    if {"logs", "benchmarks", ".hashes"} & set(path.parts):
        return False
    return "unfinished" not in path.as_posix()


def comparable(path: Path) -> bytes:
    """A file's content without times, which no two runs share.

    The seconds that a computation took stand in a column of the training histories, in the report's
    tables of what the run cost, and in the jobs' records, with hashes of these files; the times at
    which the corpus was made in a column of the table of recordings.
    """
    content = path.read_bytes()
    for name, column in ((".history.csv", "seconds"), ("media.csv", "mtime")):
        if path.name.endswith(name):
            table = pd.read_csv(io.BytesIO(content), dtype=str)
            return table.drop(columns=column).to_csv(index=False).encode()
    if "provenance" in path.parts and path.suffix == ".json":
        record = json.loads(content)
        kept = {key: record[key] for key in ("rule", "wildcards", "params", "seeds", "code")}
        return json.dumps(kept, sort_keys=True).encode()
    if path.name == "report.html":
        text = content.decode()
        for title in ("Time and memory of every rule", "Replicas by the device"):
            text, count = re.subn(rf"{title}.*?</table>", "", text, flags=re.DOTALL)
            assert count == 1, f"{path} has {count} tables of {title!r}"
        return text.encode()
    return content


def broken_files(results: Path, seen: dict[Path, tuple[int, int]]) -> list[str]:
    """Files under final names that cannot be read to their end; those ``seen`` before count not."""
    faults = []
    for path in sorted(results.rglob("*")):
        if not path.is_file() or not is_result(path.relative_to(results)):
            continue
        status = path.stat()
        version = status.st_mtime_ns, status.st_size
        if seen.get(path) == version:
            continue
        seen[path] = version
        if (fault := fault_of(path)) is not None:
            faults.append(f"half-written: {path.relative_to(results)}: {fault}")
    return faults


def fault_of(path: Path) -> str | None:
    """Why a file cannot be read to its end, if so."""
    try:
        _read(path)
    except Exception as error:  # whatever a reader may say of a part of a file
        return f"{type(error).__name__}: {error}"
    return None


def _read(path: Path) -> None:
    if "raw" in path.parts:  # the corpus has files that are broken on purpose; it is compared
        return
    match path.suffix:
        case ".h5":
            with h5py.File(path) as file:
                file.visititems(_read_dataset)
        case ".csv":
            text = path.read_text(encoding="utf-8")
            assert text.endswith("\n"), "the last line is not complete"
            pd.read_csv(io.StringIO(text))
        case ".parquet":
            pyarrow.parquet.read_table(path)
        case ".safetensors":
            with safe_open(path, "np") as file:
                for name in file.keys():  # noqa: SIM118
                    file.get_tensor(name)
                json.loads(file.metadata()["facts"])
        case ".json":
            json.loads(path.read_text(encoding="utf-8"))
        case ".svg":
            ElementTree.fromstring(path.read_text(encoding="utf-8"))
        case ".pdf":
            assert path.read_bytes().rstrip().endswith(b"%%EOF"), "it has no end"
        case ".html":
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>"), "it has no end"
        case ".jpg" | ".png":
            with Image.open(path) as image:
                image.load()
        case ".md" | ".tex":
            assert path.read_text(encoding="utf-8").endswith("\n"), "the last line is not complete"


def _read_dataset(_: str, item: h5py.Dataset | h5py.Group) -> None:
    if isinstance(item, h5py.Dataset):
        item[()]


@dataclass
class Harness:
    """Runs, kills and observations."""

    demo: Demo
    wanted: int
    random: random.Random
    hits: Counter = field(default_factory=Counter)  # by (rule, victim)
    faults: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    compared: int = 0
    slowest_death: float = 0.0
    runs: int = 0
    completions: int = 0

    def run(self) -> None:
        """Kill until it is enough; then compare."""
        rules = sorted(self.demo.seconds)
        self._quota = math.ceil(self.wanted / (len(rules) + 1))
        self._left = {rule: self._quota for rule in [STARTING, *rules]}
        self._log = self.demo.folder / "killed.log"
        while not self._is_enough:
            shutil.rmtree(self.demo.results, ignore_errors=True)
            # What a round hit too little, the next one aims at.
            self._left = {rule: max(1, self._quota - self._of(rule)) for rule in self._left}
            self._seen: dict[Path, tuple[int, int]] = {}
            self._until_complete()
            self._compare()
            self.completions += 1
            if self.faults or self.different:
                return

    @property
    def _is_enough(self) -> bool:
        """Whether there were kills enough, of every rule if as many are asked for."""
        all_hit = len(self._left) > self.wanted or all(self._of(rule) for rule in self._left)
        return all_hit and self.hits.total() >= self.wanted

    def _of(self, rule: str) -> int:
        return sum(count for (hit, _), count in self.hits.items() if hit == rule)

    def _until_complete(self) -> None:
        failed_by_itself = 0
        while True:
            self.runs += 1
            before = self.hits.total()
            process = self.demo.start(self._log)
            status = self._disturb(process)
            self._check_after_end()
            if status == 0:
                return
            failed_by_itself = failed_by_itself + 1 if self.hits.total() == before else 0
            if failed_by_itself:
                self.faults.append(
                    f"a run failed that nobody disturbed:\n{self._log.read_text()[-3000:]}"
                )
                return

    def _disturb(self, process: subprocess.Popen) -> int:
        """Kill running processes at random until the run has ended; its exit status."""
        if self._left[STARTING] > 0 and self.random.random() < 0.3:
            self._pause(process, self.random.uniform(0, 6))
            if process.poll() is None and not self.demo.jobs():
                self._kill(process.pid, STARTING, "snakemake")
                return process.wait()
        spared: set[int] = set()  # jobs that were decided on
        while process.poll() is None and not self._is_enough:
            waiting = {
                pid: rule
                for pid, rule in self.demo.jobs().items()
                if pid not in spared and self._left.get(rule, 0) > 0
            }
            if not waiting:
                time.sleep(0.2)
                continue
            pid = self.random.choice(sorted(waiting))
            spared.add(pid)
            rule = waiting[pid]
            self._pause(process, self.random.uniform(0, self.demo.seconds[rule]), pid)
            if process.poll() is None and psutil.pid_exists(pid):
                victim = self._kill_some(process, pid, rule)
                if victim == "snakemake":
                    return process.wait()
            else:
                self.demo.seconds[rule] *= 0.7  # it was over sooner than the undisturbed one
        return process.wait()

    def _pause(self, process: subprocess.Popen, seconds: float, pid: int | None = None) -> None:
        """Wait, but no longer than the run and the job live."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and process.poll() is None:
            if pid is not None and not psutil.pid_exists(pid):
                return
            time.sleep(0.02)

    def _kill_some(self, process: subprocess.Popen, pid: int, rule: str) -> str:
        victim = self.random.choice(["snakemake", "snakemake", "job", "worker"])
        workers = [
            child.pid
            for child in self.demo.processes()
            if child.info["ppid"] == pid and "spawn_main" in " ".join(child.info["cmdline"] or [])
        ]
        if victim == "worker" and not workers:
            victim = "job"
        target = {"snakemake": process.pid, "job": pid}.get(victim) or self.random.choice(workers)
        self._kill(target, rule, victim, pid)
        return victim

    def _kill(self, target: int, rule: str, victim: str, job: int | None = None) -> None:
        below = [] if victim == "worker" else self._descendants(target)
        try:
            os.kill(target, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.hits[rule, victim] += 1
        self._left[rule] -= 1
        say(f"kill {self.hits.total()}: {victim} during {rule}")
        started = time.monotonic()
        while any(map(is_alive, below)) and time.monotonic() < started + 2 * SECONDS_TO_DIE:
            time.sleep(0.01)
        took = time.monotonic() - started
        self.slowest_death = max(self.slowest_death, took)
        if took > SECONDS_TO_DIE:
            left = [process.pid for process in below if is_alive(process)]
            self.faults.append(f"processes lived {took:.1f} s after {victim} of {rule}: {left}")

    def _descendants(self, pid: int) -> list[psutil.Process]:
        try:
            return psutil.Process(pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def _check_after_end(self) -> None:
        for process in self.demo.processes():
            self.faults.append(f"left over: {process.pid} {process.info['cmdline']}")
        self.faults += broken_files(self.demo.results, self._seen)

    def _compare(self) -> None:
        found, expected = self.demo.hashes(), self.demo.expected
        self.compared = len(found)
        self.different += [f"missing: {path}" for path in sorted(expected.keys() - found.keys())]
        self.different += [f"new: {path}" for path in sorted(found.keys() - expected.keys())]
        common = sorted(found.keys() & expected.keys())
        self.different += [f"other: {path}" for path in common if found[path] != expected[path]]

    def table(self) -> str:
        """Kills by rule and by kind of process."""
        victims = ["snakemake", "job", "worker"]
        rows = sorted({rule for rule, _ in self.hits})
        table = pd.DataFrame(
            [[self.hits[rule, victim] for victim in victims] for rule in rows], rows, victims
        )
        table["all"] = table.sum(axis=1)
        table.loc["all"] = table.sum()
        resumed = len(re.findall("resumes after epoch", self._log.read_text()))
        again = len(re.findall("(?:is|are) reused", self._log.read_text()))
        return (
            f"{table.to_string()}\n"
            f"{self.runs} runs, of which {self.completions} came to their end; {resumed} trainings "
            f"went on in their midst; {again} times finished work was taken over"
        )


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs and is no zombie."""
    try:
        return process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    main()
