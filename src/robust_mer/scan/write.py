"""The first manifest of a scanned folder, and a config that runs on it."""

import csv
import os
import re
from pathlib import Path
from typing import Any

import yaml

from robust_mer.errors import InputError
from robust_mer.files import whole, write_text
from robust_mer.scan.corpus import Scan

MANIFEST = "manifest.csv"

_LINK = "clips"
_TAKEN = "demo"
_GROUPS = (3, 5)  # least and most
_EXTRACTORS = {
    "audio": {"extractor": "is13", "normalise": True},
    "video": {"extractor": "denseface", "normalise": True},
    "text": {"extractor": "minilm", "normalise": False},
}
_HEAD = """\
# Written by robust-mer scan. It overrides config.yaml, which explains every key.
"""


class Outputs:
    """Where a scan writes.

    Args:
        folder: That is scanned.
        out: For the files. If it is another folder, it gets a link to the scanned one, because a
            manifest's paths stay inside its folder.
        force: Whether existing files are replaced.

    Raises:
        InputError: a file exists.
    """

    def __init__(self, folder: Path, out: Path, force: bool) -> None:
        self.folder, self.out = folder, out
        self.name = corpus_name(folder)
        self.manifest, self.config = out / MANIFEST, out / f"{self.name}.yaml"
        self.link = None if out.resolve() == folder.resolve() else out / _LINK
        existing = [path for path in (self.manifest, self.config) if path.exists()]
        if existing and not force:
            raise InputError(
                f"{existing[0]} exists. --force replaces it, --out FOLDER writes to another folder"
            )
        is_taken = self.link is not None and os.path.lexists(self.link)
        if self.link is not None and is_taken and self.link.resolve() != folder.resolve():
            raise InputError(
                f"{self.link} exists, but is no link to {folder}; choose another --out"
            )

    def write(self, result: Scan) -> None:
        """Write both files, and the link.

        Raises:
            InputError: the folder cannot be written to.
        """
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            if self.link is not None and not os.path.lexists(self.link):
                self.link.symlink_to(self.folder.resolve(), target_is_directory=True)
            self._write_manifest(result)
            write_text(self.config, _HEAD + self._config(result))
        except OSError as error:
            raise InputError(
                f"{self.out} cannot be written to ({error.strerror}); --out FOLDER writes to "
                "another folder"
            ) from None

    def _write_manifest(self, result: Scan) -> None:
        prefix = "" if self.link is None else f"{_LINK}/"
        columns = list(result.rows[0])
        with (
            whole(self.manifest) as unfinished,
            unfinished.open("w", encoding="utf-8", newline="") as file,
        ):
            table = csv.DictWriter(file, columns, lineterminator="\n")
            table.writeheader()
            for row in result.rows:
                paths = {kind: row[kind] and prefix + row[kind] for kind in ("audio", "video")}
                table.writerow({**row, **paths})

    def _config(self, result: Scan) -> str:
        folds = _folds(result)
        count = 1 if folds["scheme"] == "part" else min(folds["groups"], 3)
        config: dict[str, Any] = {
            "run": [self.name],
            "experiments": {
                self.name: {
                    "corpus": self.name,
                    "models": ["majority", "logistic_regression", "men"],
                    "corruptions": ["clean", "gaussian_-10dB"],
                    "conditions": ["partial"],
                    "folds": list(range(1, count + 1)),
                    "seeds": [1],
                }
            },
            "corpora": {
                self.name: {
                    "reader": "manifest",
                    "root": str(self.out.resolve()),
                    "folds": folds,
                    "modalities": {kind: _EXTRACTORS[kind] for kind in result.modalities},
                }
            },
        }
        return yaml.safe_dump(config, sort_keys=False, allow_unicode=True, default_flow_style=None)


def corpus_name(folder: Path) -> str:
    """A folder's name as a corpus may be called; that of the default config's corpus is taken."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", folder.resolve().name).strip("_.-")[:60]
    if name == _TAKEN:
        return f"{name}_clips"
    return name if name[:1].isalpha() else f"corpus_{name}".rstrip("_")


def _folds(result: Scan) -> dict[str, Any]:
    """By part, by session where each speaker is in one of three or more, or by speaker."""
    if "part" in result.fields:
        return {"scheme": "part"}
    least, most = _GROUPS
    speakers, sessions = result.values("speaker"), result.values("session")
    pairs = {(row["session"], row["speaker"]) for row in result.rows if row["speaker"]}
    if len(pairs) == len(speakers) and least <= len(sessions) < len(speakers):
        return {"scheme": "session_groups", "groups": min(len(sessions), most)}
    return {"scheme": "speaker_groups", "groups": max(least, min(len(speakers), most))}
