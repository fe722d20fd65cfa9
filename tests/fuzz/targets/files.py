"""Small well-formed files to begin from, most of them of tests/generators."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from fuzz.mutate import Files


def made(make: Callable[[Path], object]) -> Files:
    """The files that a function writes into a folder."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        make(root)
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }


def tables(rows: list[dict[str, str]]) -> str:
    """A csv of rows with the same keys."""
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    return "\n".join(lines) + "\n"


def utterances(names: list[str]) -> str:
    """An index of utterances in three sessions of a speaker each."""
    return tables(
        [
            {
                "utterance": name,
                "session": f"s{n % 3}",
                "speaker": f"p{n % 3}",
                "label": ("angry", "sad")[n % 2],
                "audio": f"{name}.wav",
                "video": "",
                "region": "left",
                "start": str(n),
                "end": str(n + 2),
                "text": "some words",
                "audio_is_cut": "1",
                "dialogue": f"d{n % 3}",
                "alignment": "",
            }
            for n, name in enumerate(names)
        ]
    )


FOLDS = tables(
    [
        {"fold": "1", "part": part, "utterance": f"u{n}"}
        for n, part in enumerate(["train"] * 3 + ["validation"] * 2 + ["test"] * 2)
    ]
)
NAMES = [f"u{n}" for n in range(7)]
