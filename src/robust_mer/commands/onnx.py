"""``robust-mer onnx``: a trained model as a file of ONNX."""

import argparse
from pathlib import Path

from robust_mer.commands.options import add_trust
from robust_mer.errors import InputError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "onnx", help="write a trained model as ONNX, for programs without torch"
    )
    parser.add_argument(
        "model",
        help="folder of an exported model, or results/ if they hold only one",
    )
    parser.add_argument("out", metavar="FILE.onnx", help="the file to write")
    add_trust(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    out = Path(arguments.out)
    if out.suffix != ".onnx" or out.is_dir():
        raise InputError(f"the output is {out}, expected a file that ends in .onnx")

    from robust_mer.export.onnx_file import (
        check_packages,
        features_of_run,
        find_model,
        write_onnx,
    )

    check_packages()

    from robust_mer.export.folder import load_model
    from robust_mer.export.onnx_check import TOLERANCE

    folder = find_model(arguments.model)
    exported = load_model(folder, arguments.trust)
    features = features_of_run(folder, exported)
    written = write_onnx(exported, out, features)
    shapes = [f"  {name} {list(shape)}" for name, shape in written.inputs.items()]
    agreement = written.agreement
    real = f", {agreement.real} of them on features of the run" if agreement.real else ""
    print(
        f"{out}: {exported.description['model']}, {out.stat().st_size / 1e6:.1f} MB",
        "inputs",
        *(line.replace("'", "") for line in shapes),
        "output",
        f"  {written.output} [batch, {len(written.names)}]: {', '.join(written.names)}",
        f"largest difference from torch in {agreement.answers} answers{real}: "
        f"{agreement.largest:.1e} (allowed: {TOLERANCE:g})",
        sep="\n",
    )
