"""What a run cost: time and memory of every stage, and the devices that trained."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from safetensors import safe_open

_HOUR = 3600.0


def stage_costs(folders: Iterable[Path]) -> list[list[str]]:
    """A line per rule: jobs, hours by the clock and of processors, and the greatest memory in GB.

    As Snakemake's benchmark files say, of the last time that each job ran; jobs that went on where
    another had been broken off count from there.

    Args:
        folders: ``benchmarks/`` folders, with a file or a folder of files per rule.
    """
    files = defaultdict(list)
    for folder in folders:
        for path in sorted(folder.rglob("*.tsv")):
            rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
            files[rule].append(path)
    rows = []
    for rule, paths in sorted(files.items()):
        jobs = pd.concat([pd.read_csv(path, sep="\t", na_values="-") for path in paths])
        memory = jobs["max_rss"].max() / 1024
        rows.append(
            [
                rule,
                str(len(paths)),
                f"{jobs['s'].sum() / _HOUR:.2f}",
                f"{jobs['cpu_time'].sum() / _HOUR:.2f}",
                "" if pd.isna(memory) else f"{memory:.1f}",  # too short a job has none
            ]
        )
    return rows


def training_devices(checkpoints: Iterable[Path]) -> list[list[str]]:
    """A line per device: replicas that were trained on it, and the hours that they took.

    Replicas that train as one share their time evenly.

    Args:
        checkpoints: Of the replicas; each has its history beside it.
    """
    replicas: dict[str, int] = defaultdict(int)
    hours: dict[str, float] = defaultdict(float)
    for path in checkpoints:
        if not path.exists():  # a storage plugin has it
            replicas["not known here"] += 1
            continue
        with safe_open(path, "np") as file:
            device = json.loads(file.metadata()["facts"]).get("device", "not recorded")
        history = pd.read_csv(path.with_suffix(".history.csv"))
        replicas[device] += 1
        hours[device] += history["seconds"].sum() / _HOUR if "seconds" in history else 0.0
    return [[device, str(replicas[device]), f"{hours[device]:.2f}"] for device in sorted(replicas)]
