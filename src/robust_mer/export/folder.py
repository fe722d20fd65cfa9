"""A trained model in a folder of its own, which needs neither the corpus nor the workflow."""

import json
import platform
import shutil
from collections.abc import Collection
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robust_mer.data import Normaliser
from robust_mer.errors import InputError
from robust_mer.export.spec import ExportModelSpec
from robust_mer.files import naming, sha256, whole
from robust_mer.modality import FeatureShape

if TYPE_CHECKING:
    from robust_mer.models.model import Model

WEIGHTS, DESCRIPTION, CARD = "model.safetensors", "model.json", "card.md"

_FORMAT = 1
_PACKAGES = ("torch", "numpy")


@dataclass(frozen=True)
class ModalityInput:
    """Where a modality of a model comes from."""

    extractor: str  # its name in the config
    read_as: str  # the same, or is13@words, is13@10Hz: averaged over words, at another frame rate
    implementation: str  # "module:Class"; "" of imported features
    settings: dict[str, Any]
    weights_sha256: str  # of the extractor's own network; "" where there is none
    features: int  # of a frame; all layers side by side if the model learns their sum
    normalise: bool  # with the statistics that lie beside the model's weights
    not_finite: float | None  # what takes the place of NaN and infinity; None refuses them
    recogniser: dict[str, Any] | None = None  # its settings, where words were recognised
    transcript: str = "index"  # of text: as `transcript` of the extractor in the config


@dataclass(frozen=True)
class ExportedModel:
    """A model that is ready to predict, with all that it says of itself."""

    model: "Model"
    normalisers: dict[str, Normaliser]
    facts: dict[str, Any]  # of the checkpoint: class, settings, task, fold, seed, epoch
    description: dict[str, Any]  # model.json
    inputs: dict[str, ModalityInput]  # by modality, in the model's order


def write_description(
    path: Path,
    checkpoint: Path,
    facts: dict[str, Any],
    spec: ExportModelSpec,
    inputs: dict[str, ModalityInput],
    software: dict[str, Any],
    training: dict[str, Any] | None,
    sets: dict[str, Any] | None,
) -> None:
    """Write ``model.json``: all that must be known of a model beside its weights.

    Args:
        path: The file.
        checkpoint: The model's weights, whose SHA-256 goes in.
        facts: Those of the checkpoint.
        spec: Name, corpus and config of the model.
        inputs: Per modality, in the model's order, where it comes from.
        software: Version and commit of this package, which export it.
        training: Code, versions and machine of the job that trained it, where they are known.
        sets: Thresholds of its prediction sets (`robust_mer.export.sets.calibrate`), if it has any.
    """
    description = {
        "format": _FORMAT,
        "model": spec.name,
        "implementation": facts["implementation"],
        "trained_on": {
            "corpus": spec.corpus,
            "note": spec.note,
            "corruption": facts["trained_on"],
            "fold": facts["fold"],
            "seed": facts["seed"],
        },
        **facts["task"]["description"],
        "modalities": {modality: asdict(one) for modality, one in inputs.items()},
        "config": {**spec.config, "model": {**spec.config["model"], "settings": facts["settings"]}},
        "weights_sha256": sha256(checkpoint),
        "code": spec.code,
        "versions": {
            "Python": platform.python_version(),
            **{package: version(package) for package in _PACKAGES},
        },
        "robust_mer": {key: software[key] for key in ("version", "commit", "dirty")},
        "training": training,
        "sets": sets,
    }
    with whole(path) as unfinished:
        unfinished.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def copy_weights(checkpoint: str | Path, path: str | Path) -> None:
    """Put a checkpoint (weights, normalisation and facts) into the folder."""
    with whole(path) as unfinished:
        shutil.copyfile(checkpoint, unfinished)


def load_model(folder: str | Path, trusted: Collection[str] = ()) -> ExportedModel:
    """Read an exported model, on the CPU.

    Args:
        folder: Where it lies.
        trusted: Code of the model outside this package; see `load_checkpoint`.

    Raises:
        InputError: the folder holds none, of another format, or its files do not belong together.
    """
    from robust_mer.engine.checkpoint import load_checkpoint  # an export needs no torch

    folder = Path(folder)
    lacking = [name for name in (WEIGHTS, DESCRIPTION) if not (folder / name).is_file()]
    if lacking:
        raise InputError(
            f"{folder} is not an exported model: it has no {' and no '.join(lacking)}. "
            "`snakemake exported` writes such folders to results/CORPUS/exported/"
        )
    with naming(folder / DESCRIPTION, "as this version writes it"):
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        found = description["format"]
        if found != _FORMAT:
            raise InputError(f"{folder} has format {found}, this version reads {_FORMAT}")
        inputs = {
            modality: ModalityInput(**one) for modality, one in description["modalities"].items()
        }
        expected = description["weights_sha256"]
        strange = [
            one.implementation
            for one in inputs.values()
            if one.implementation and not one.implementation.startswith("robust_mer.features.")
        ]
    if sha256(folder / WEIGHTS) != expected:
        raise InputError(
            f"{folder / WEIGHTS} is not the file that {DESCRIPTION} describes: its SHA-256 differs"
        )
    model, normalisers, facts = load_checkpoint(folder / WEIGHTS, trusted)
    widths = {modality: one.features for modality, one in inputs.items()}
    shapes = {modality: FeatureShape(**shape) for modality, shape in facts["inputs"].items()}
    if widths != {modality: shape.stored_width for modality, shape in shapes.items()}:
        raise InputError(f"{folder}: {DESCRIPTION} and {WEIGHTS} name other modalities or widths")
    if strange:
        raise InputError(
            f"{folder / DESCRIPTION} names code outside the extractors: {strange[0]!r}"
        )
    return ExportedModel(model, normalisers, facts, description, inputs)
