"""``robust-mer convert``: a published checkpoint as a folder that an extractor reads."""

import argparse
from pathlib import Path


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "convert", help="convert a checkpoint of emotion2vec to a folder for audio_encoder"
    )
    parser.add_argument("checkpoint", type=Path, help="the file, e.g. emotion2vec_base.pt")
    parser.add_argument("folder", type=Path, help="the new folder")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from robust_mer.features.encoders.emotion2vec_file import convert

    config = convert(arguments.checkpoint, arguments.folder)
    print(
        f"{arguments.folder}: emotion2vec with {config.prenet_layers + config.main_layers} blocks "
        f"of {config.hidden_size}. Use it with class: audio_encoder, model: {arguments.folder}"
    )
