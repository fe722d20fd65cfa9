"""A trained model as a file of ONNX, which needs neither torch nor this package."""

import io
import json
import logging
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from robust_mer.errors import InputError
from robust_mer.export.folder import DESCRIPTION, ExportedModel
from robust_mer.export.graph import FRAMES, IS_CLEAN, Graph, example
from robust_mer.export.onnx_check import TOLERANCE, Agreement, compare
from robust_mer.files import whole
from robust_mer.models.recurrent import lstms_as_onnx

OPSET = 18

_PACKAGES = ("onnx", "onnxruntime", "onnxscript")


@dataclass(frozen=True)
class OnnxFile:
    """What was written."""

    inputs: dict[str, tuple[str | int, ...]]
    """Shapes by name."""
    output: str
    names: list[str]
    """Of the columns of the output."""
    agreement: Agreement


def check_packages() -> None:
    """Say which packages are missing, before any work is done.

    Raises:
        InputError: one is.
    """
    if missing := [name for name in _PACKAGES if find_spec(name) is None]:
        raise InputError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed; to "
            f"write ONNX: pip install {' '.join(_PACKAGES)}"
        )


def find_model(path: str | Path) -> Path:
    """The exported model that a folder is, or the only one in the results of a run.

    Raises:
        InputError: there are several.
    """
    path = Path(path)
    if (path / DESCRIPTION).is_file():
        return path
    replica = f"exported/*/*/*/{DESCRIPTION}"
    models = sorted({*path.glob(replica), *path.glob(f"*/{replica}")})
    if len(models) > 1:
        raise InputError(
            f"{path} holds {len(models)} exported models; name one of them, e.g. {models[0].parent}"
        )
    return models[0].parent if models else path


def features_of_run(folder: Path, exported: ExportedModel) -> dict[str, Path]:
    """Files of a run with the features that its model reads; empty unless all of them exist."""
    parents = folder.resolve().parents
    if len(parents) < 4 or parents[2].name != "exported":
        return {}
    features = parents[3] / "features"
    paths = {m: features / f"{one.read_as}.h5" for m, one in exported.inputs.items()}
    return paths if all(path.is_file() for path in paths.values()) else {}


def write_onnx(
    exported: ExportedModel, path: Path, features: dict[str, Path] | None = None
) -> OnnxFile:
    """Write a model and compare its answers with torch's.

    Args:
        exported: The model.
        path: To write, only if the answers agree.
        features: Feature files by modality, whose utterances are compared too.

    Raises:
        InputError: the model has operations that ONNX lacks, or the answers differ by more than
            `TOLERANCE`.
    """
    from onnxscript.optimizer import fold_constants, remove_unused_nodes

    graph = Graph(exported).eval()
    arguments = example(exported, graph)
    inputs = _inputs(exported, graph)
    with _explaining(exported), _silence(), lstms_as_onnx(), torch.no_grad():
        program = torch.onnx.export(
            graph,
            arguments,
            input_names=list(inputs),
            output_names=[graph.output],
            dynamic_shapes=_dynamic(arguments),
            opset_version=OPSET,
            verbose=False,
            optimize=False,  # it would take x + 1e-9 for x
        )
        assert program is not None
        fold_constants(program.model)
        remove_unused_nodes(program.model)
    facts = {**exported.description, "outputs": graph.names}
    program.model.metadata_props.update({key: json.dumps(one) for key, one in facts.items()})
    with whole(path) as unfinished:
        program.save(unfinished, external_data=False)
        with _explaining(exported):
            agreement = compare(exported, graph.names, unfinished, features or {})
        if not agreement.largest <= TOLERANCE:
            raise InputError(
                f"{_name(exported)} cannot be written as ONNX: its answers would differ from "
                f"torch's by {agreement.largest:.1g}, expected {TOLERANCE:g} at most. "
                "Use robust-mer predict instead"
            )
    return OnnxFile(inputs, graph.output, graph.names, agreement)


def _inputs(exported: ExportedModel, graph: Graph) -> dict[str, tuple[str | int, ...]]:
    """Names and shapes of a graph's inputs, in the order of its arguments."""
    inputs = exported.inputs.items()
    return {
        **{modality: ("batch", f"{modality}_time", one.features) for modality, one in inputs},
        **{f"{modality}{FRAMES}": ("batch",) for modality, _ in inputs},
        **({IS_CLEAN: ("batch", len(inputs))} if graph.is_mask_aware else {}),
    }


def _dynamic(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Which dimensions of a graph's arguments may have any size."""
    frames, lengths, is_clean = arguments
    return (
        {modality: {0: "batch", 1: f"{modality}_time"} for modality in frames},
        {modality: {0: "batch"} for modality in lengths},
        None if is_clean is None else {0: "batch"},
    )


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what the exporter says to its developers from the terminal."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        with (
            warnings.catch_warnings(),
            redirect_stdout(io.StringIO()),
            redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextmanager
def _explaining(exported: ExportedModel) -> Iterator[None]:
    """Turn a failure of the libraries into an error that names the model and the operation.

    Raises:
        InputError: they failed.
    """
    try:
        yield
    except (InputError, OSError):
        raise
    except Exception as error:
        raise InputError(
            f"{_name(exported)} cannot be written as ONNX: {_reason(error)}. Use robust-mer "
            "predict instead, or let the model compute by operations on tensors only: x.shape[0] "
            "for len(x), torch.where for a branch on values, and the layers of "
            "robust_mer.models.blocks and recurrent"
        ) from error


def _name(exported: ExportedModel) -> str:
    return f"{exported.description['model']} ({exported.facts['implementation']})"


def _reason(error: BaseException) -> str:
    """The first cause in a line, with the last line of code outside torch that led to it."""
    chain = [error]
    while (cause := chain[-1].__cause__) is not None:
        chain.append(cause)
    text = str(chain[-1]).strip().splitlines() or [""]
    reason = f"{type(chain[-1]).__name__}: {text[0]}".rstrip(": ")
    packages = Path(torch.__file__).parents[1]
    for one in reversed(chain):
        lines = traceback.extract_tb(one.__traceback__)
        own = [x for x in lines if not Path(x.filename).is_relative_to(packages)]
        own = [x for x in own if Path(x.filename).is_file() and x.filename != __file__]
        if own:
            place = f"{own[-1].filename}, line {own[-1].lineno}: `{own[-1].line}`"
            return f"{reason} ({place})"
    return reason
