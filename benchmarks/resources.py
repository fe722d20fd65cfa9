"""What the jobs of finished runs asked a cluster for, and what they used.

python benchmarks/resources.py RESULTS...

Reads the records (``provenance/``) and Snakemake's benchmarks of each folder, and prints a table in
Markdown: a line per rule, with the range over its jobs. Time is processor time, because other
programs may have shared the machine.
"""

import csv
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from robust_mer.plan.resources import Scale, epochs_of, need_of, utterances_in
from robust_mer.provenance.record import FOLDER

SHORTEST = 1.0  # second; Snakemake does not measure the memory of shorter jobs


@dataclass(frozen=True)
class Job:
    rule: str
    asked: tuple[float, float, float]  # MB, minutes, MB of disk
    used: tuple[float, float, float]


def main() -> None:
    jobs = [job for results in sys.argv[1:] for job in measured(Path(results))]
    by_rule: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        by_rule[job.rule].append(job)
    print(
        "| rule | jobs | memory, MB | asked | asked / used | CPU minutes | limit | disk, MB "
        "| asked |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for rule, group in sorted(by_rule.items()):
        used = [span([job.used[at] for job in group]) for at in range(3)]
        asked = [span([job.asked[at] for job in group]) for at in range(3)]
        ratio = span([job.asked[0] / job.used[0] for job in group], digits=1)
        print(
            f"| {rule} | {len(group)} | {used[0]} | {asked[0]} | {ratio} | "
            f"{span([job.used[1] for job in group], 1)} | {asked[1]} | {used[2]} | {asked[2]} |"
        )
    print()
    for what, wrong in (
        ("asked less than was used", [j for j in jobs if any(a < u for a, u in pairs(j))]),
        ("asked more than four times the memory", [j for j in jobs if j.asked[0] > 4 * j.used[0]]),
    ):
        print(f"{what}: {len(wrong)} of {len(jobs)} jobs")
        for rule in sorted({job.rule for job in wrong}):
            print(f"  {rule}: {sum(job.rule == rule for job in wrong)}")


def pairs(job: Job) -> Iterator[tuple[float, float]]:
    return zip(job.asked, job.used, strict=True)


def span(values: list[float], digits: int = 0) -> str:
    low, high = (f"{edge:.{digits}f}" for edge in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def measured(results: Path) -> Iterator[Job]:
    for folder in [results / FOLDER, *results.glob(f"*/{FOLDER}")]:
        for path in sorted(folder.rglob("*.json")):
            measurement = (
                folder.parent / "benchmarks" / path.relative_to(folder).with_suffix(".tsv")
            )
            if path.name.startswith(".") or ".hashes" in path.parts or not measurement.exists():
                continue
            record = json.loads(path.read_text(encoding="utf-8"))
            if (used := usage(measurement)) is not None:
                disk = sum(one["bytes"] for one in record["outputs"]) / 1e6
                yield Job(name_of(record), asked_by(record, results), (*used, disk))


def usage(path: Path) -> tuple[float, float] | None:
    """Memory in MB and processor minutes; None of a job too short to be measured."""
    with path.open(encoding="utf-8") as file:
        row = next(csv.DictReader(file, delimiter="\t"))
    if float(row["s"]) < SHORTEST:
        return None
    return float(row["max_rss"]) * 2**20 / 1e6, float(row["cpu_time"]) / 60


def name_of(record: dict[str, Any]) -> str:
    rule = re.sub(r"^train_(model|teacher)_.*", "train_model", record["rule"])
    rule = re.sub(r"^make_.*_(csv|md|tex)$", "make_table", rule)
    threads = f", {record['threads']} threads" if record["threads"] > 1 else ""
    return rule + (
        f" ({record['wildcards']['extractor']}{threads})" if "extract" in rule else threads
    )


def asked_by(record: dict[str, Any], results: Path) -> tuple[float, float, float]:
    spec, inputs = record["params"], record["inputs"]
    index = [one["path"] for one in inputs if one["path"].endswith("/utterances.csv")]
    replicas = spec.get("replicas") if isinstance(spec.get("replicas"), list) else []
    trained = len(replicas) or len(record["seeds"].get("replicas", []))
    scale = Scale(
        input_mb=sum(one["bytes"] for one in inputs) / 2**20,
        threads=record["threads"],
        utterances=utterances_in(results.parent / index[0]) if index else 0,
        replicas=trained,
        rounds=trained,  # on a CPU
        epochs=epochs_of(spec),
    )
    need = need_of(record["function"], spec)
    return need.mem_mb(scale), need.minutes(scale), need.disk_mb(scale)


if __name__ == "__main__":
    main()
