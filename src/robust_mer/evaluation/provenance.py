"""What a run was made with and what it cost: versions, machine, time of every stage."""

import json
import os
import platform
from collections import defaultdict
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pandas as pd
from safetensors import safe_open

_PACKAGES = (
    "robust-mer",
    "snakemake",
    "torch",
    "numpy",
    "pandas",
    "scikit-learn",
    "matplotlib",
    "opensmile",
    "transformers",
    "opencv-python-headless",
)
_HOUR = 3600.0


def versions() -> dict[str, str]:
    """Versions of Python, of the packages that a result hangs on, and the machine of this job."""
    found = {"Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed here"
    return {
        **found,
        "platform": platform.platform(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
    }


def _processor() -> str:
    """The processor's name where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


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
    replicas, hours = defaultdict(int), defaultdict(float)
    for path in checkpoints:
        with safe_open(path, "np") as file:
            device = json.loads(file.metadata()["facts"]).get("device", "not recorded")
        history = pd.read_csv(path.with_suffix(".history.csv"))
        replicas[device] += 1
        hours[device] += history["seconds"].sum() / _HOUR if "seconds" in history else 0.0
    return [[device, str(replicas[device]), f"{hours[device]:.2f}"] for device in sorted(replicas)]
