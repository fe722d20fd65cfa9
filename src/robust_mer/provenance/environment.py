"""What a job ran with: packages, machine, device."""

import json
import os
import platform
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from robust_mer.identity import closure, imported_names
from robust_mer.provenance.checkout import version_of

# Packages whose name in pip differs from the name that is imported. Asking importlib for all of
# them takes as long as some jobs.
_DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "vl_convert": "vl-convert-python",
    "yaml": "PyYAML",
}
_GPUS = Path("/proc/driver/nvidia/gpus")


def packages(implementations: Iterable[str]) -> dict[str, str]:
    """Versions of the installed packages that some code of this package imports.

    Args:
        implementations: ``"module"`` or ``"module:name"``, of which the import closure counts.

    Returns:
        Version by the package's name as pip knows it.
    """
    names = set().union(*map(imported_names, closure(*implementations)))
    versions: dict[str, str | None] = {}
    for name in names - sys.stdlib_module_names - {"robust_mer"}:
        for distribution in _distributions(name):
            versions[distribution] = version_of(distribution)
    return {name: version for name, version in sorted(versions.items()) if version}


def _distributions(name: str) -> list[str]:
    likely = _DISTRIBUTIONS.get(name, name.replace("_", "-"))
    return [likely] if version_of(likely) else packages_distributions().get(name, [])


def host(checkpoints: Iterable[str | Path], given_a_gpu: bool) -> dict[str, Any]:
    """The machine of this job, without its name: ``platform, processor, cores, device``.

    Args:
        checkpoints: Those that the job wrote. They name the device that trained them, even if the
            job took them over from an earlier one.
        given_a_gpu: Whether the scheduler gave the job a GPU.
    """
    trained = sorted(set(filter(None, map(_trained_on, checkpoints))))
    return {
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "device": ", ".join(trained) or _device(given_a_gpu),
    }


def _trained_on(checkpoint: str | Path) -> str | None:
    """The device that a checkpoint names, from the head of its file."""
    with Path(checkpoint).open("rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return json.loads(head.get("__metadata__", {}).get("facts", "{}")).get("device")


def _device(given_a_gpu: bool) -> str:
    """Where a job's networks ran; only its worker processes may have used a GPU."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return torch.cuda.get_device_name()
    if not given_a_gpu or os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return "cpu"
    return next(filter(None, map(_model, sorted(_GPUS.glob("*/information")))), "cpu")


def _model(information: Path) -> str:
    return _value(information, "Model")


def _processor() -> str:
    """The processor's name on Linux, its architecture elsewhere."""
    return _value(Path("/proc/cpuinfo"), "model name") or platform.machine()


def _value(file: Path, key: str) -> str:
    """The first value of ``key: value`` in a file of Linux; empty if there is none."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    values = (line.partition(":")[2].strip() for line in lines if line.startswith(key))
    return next(values, "")
