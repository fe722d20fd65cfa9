"""A results folder as an RO-Crate 1.1: what its files are, and which job made them from what."""

import hashlib
import json
import mimetypes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from robust_mer.errors import InputError
from robust_mer.files import inside, sha256, write_text
from robust_mer.provenance.checkout import name_of
from robust_mer.provenance.hashes import Content, survey
from robust_mer.provenance.ledger import Ledger, Record, RecordedFile, read_ledger
from robust_mer.provenance.record import FOLDER, RESULTS

CRATE = "ro-crate-metadata.json"
CONFIG = f"{FOLDER}/config.yaml"

_STANDARD = "https://w3id.org/ro/crate/1.1"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_CONTEXT = [f"{_STANDARD}/context", {"sha256": "https://schema.org/sha256"}]
_OUTSIDE = "#input/"
_MOST_BYTES = 2**30
_DESCRIPTION = (
    "Features, models, scores, tables and figures of a run of robust-mer. Each action is a job: "
    "what it read, what it wrote, with which code. `robust-mer verify` compares the files with "
    "this description."
)
_LICENSE = "#license"
_MEDIA_TYPES = mimetypes.MimeTypes()  # Python's own, not those of the machine
_MEDIA_TYPES.add_type("application/vnd.apache.parquet", ".parquet")
_MEDIA_TYPES.add_type("text/plain", ".log")
_UNKNOWN_TYPE = "application/octet-stream"

Entity = dict[str, Any]


def write_crate(results: str | Path) -> Path:
    """Describe a results folder in `CRATE`, and return the path of that file.

    The hashes are those of the records, so the folder should be verified first.

    Args:
        results: The folder, with its records.

    Raises:
        InputError: it has no records.
    """
    ledger = read_ledger(Path(results).absolute())
    if not ledger.current:
        raise InputError(f"{results}/ has no records of jobs; expected the results/ of a run")
    entities: dict[str, Entity] = {}
    for entity in [*_data(ledger), *_inputs(ledger), *_software(ledger), *_actions(ledger)]:
        entities[entity["@id"]] = entity
    path = ledger.results / CRATE
    graph = [_descriptor(), _root(ledger, entities.values()), *_terms(), *entities.values()]
    write_text(path, json.dumps({"@context": _CONTEXT, "@graph": graph}, indent=1) + "\n")
    return path


def _descriptor() -> Entity:
    return {
        "@id": CRATE,
        "@type": "CreativeWork",
        "conformsTo": {"@id": _STANDARD},
        "about": {"@id": "./"},
    }


def _root(ledger: Ledger, entities: Any) -> Entity:
    ended = max(record.finished for record in ledger.current)
    kinds = {one["@id"]: one["@type"] for one in entities}
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": "Results of robust-mer",
        "description": _DESCRIPTION,
        "conformsTo": {"@id": _PROFILE},
        "datePublished": _date(ended),
        "license": {"@id": _LICENSE},
        "hasPart": _references([one for one in kinds if kinds[one] in ("File", "Dataset")]),
        "mentions": _references([one for one in kinds if kinds[one] == "CreateAction"]),
    }


def _terms() -> list[Entity]:
    """The profile and the licence that the root refers to."""
    return [
        {
            "@id": _PROFILE,
            "@type": "CreativeWork",
            "name": "Process Run Crate",
            "version": _PROFILE.rpartition("/")[2],
        },
        {
            "@id": _LICENSE,
            "@type": "CreativeWork",
            "name": "No licence stated",
            "description": "What is derived from a corpus is subject to the licence of the corpus.",
        },
    ]


def _data(ledger: Ledger) -> Iterator[Entity]:
    """Results, records of jobs, and the config."""
    for record in ledger.current:
        for one in ledger.outputs(record):
            place = ledger.place(one.path)
            if one.files is None:
                yield _file(_name(ledger, one), one.bytes, one.sha256)
            else:
                members = survey(place).members or []
                parts = [_part(ledger.results, place / member) for member in members]
                yield from parts
                yield {
                    "@id": _name(ledger, one),
                    "@type": "Dataset",
                    "name": one.path.removeprefix(f"{RESULTS}/"),
                    "hasPart": _references([part["@id"] for part in parts]),
                }
        yield _part(ledger.results, record.file)
    if (config := ledger.results / CONFIG).is_file():
        yield {**_part(ledger.results, config), "description": "The config of the last run"}


def _part(results: Path, path: Path) -> Entity:
    name = quote(path.relative_to(results).as_posix())
    return _file(name, path.stat().st_size, sha256(path))


def _file(name: str, size: int, digest: str) -> Entity:
    kind, compression = _MEDIA_TYPES.guess_type(name)
    return {
        "@id": name,
        "@type": "File",
        "name": unquote(name),
        "contentSize": str(size),
        "sha256": digest,
        "encodingFormat": kind if kind and not compression else _UNKNOWN_TYPE,
    }


def _inputs(ledger: Ledger) -> Iterator[Entity]:
    """What jobs read that is not in the folder, or no longer."""
    for record in ledger.current:
        for one in ledger.inputs(record):
            if not _is_inside(ledger, one):
                yield {
                    "@id": _name(ledger, one),
                    "@type": "CreativeWork",
                    "name": f"{one.path} of {one.corpus}" if one.corpus else one.path,
                    "contentSize": str(one.bytes),
                    "sha256": one.sha256,
                }


def _software(ledger: Ledger) -> Iterator[Entity]:
    """The versions of this package that were at work."""
    for record in ledger.current:
        yield {
            "@id": _version(record),
            "@type": "SoftwareApplication",
            "name": "robust-mer",
            "softwareVersion": name_of(record.software),
            "softwareRequirements": [
                f"snakemake {record.software['snakemake']}",
                *(f"{name} {version}" for name, version in sorted(record.packages.items())),
            ],
        }


def _actions(ledger: Ledger) -> Iterator[Entity]:
    """The jobs."""
    for record in ledger.current:
        name = record.file.relative_to(ledger.results).with_suffix("").as_posix()
        yield {
            "@id": f"#job/{quote(name)}",
            "@type": "CreateAction",
            "name": record.name,
            "description": f"code {record.identity} of {', '.join(record.implementations)}",
            "startTime": _date(record.started),
            "endTime": _date(record.finished),
            "instrument": {"@id": _version(record)},
            "object": _references(_name(ledger, one) for one in ledger.inputs(record)),
            "result": _references(_name(ledger, one) for one in ledger.outputs(record)),
            "subjectOf": {"@id": quote(record.file.relative_to(ledger.results).as_posix())},
        }


def _version(record: Record) -> str:
    """Name of a software with its packages."""
    versions = json.dumps([record.software, record.packages], sort_keys=True)
    return f"#robust-mer/{hashlib.sha256(versions.encode()).hexdigest()[:16]}"


def _is_inside(ledger: Ledger, one: RecordedFile) -> bool:
    is_result = one.corpus is None and one.path.startswith(f"{RESULTS}/")
    return is_result and one.path not in ledger.discarded


def _name(ledger: Ledger, one: RecordedFile) -> str:
    if _is_inside(ledger, one):
        return quote(one.path.removeprefix(f"{RESULTS}/")) + ("/" if one.files is not None else "")
    return f"{_OUTSIDE}{one.sha256[:16]}/{quote(one.path)}"


def _references(names: Iterable[str]) -> Entity | list[Entity]:
    """References to entities, without a list around a single one."""
    references = [{"@id": name} for name in dict.fromkeys(names)]
    return references[0] if len(references) == 1 else references


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Crate:
    """The files that a crate describes."""

    parts: Mapping[str, tuple[int, str]]
    """Size and hash by path in the folder."""
    outside: frozenset[str]
    """Hashes of the inputs that do not travel with the folder."""

    def differences(
        self, results: Path, today: Mapping[Path, Any], quick: bool
    ) -> Iterator[tuple[str, str]]:
        """Yield path and state of every part that is not as described.

        Args:
            results: The folder.
            today: What is already known of its files, by path.
            quick: Compare sizes only.
        """
        for name, (size, digest) in self.parts.items():
            path = results / name
            try:
                if path.stat().st_size != size:
                    yield name, f"has {path.stat().st_size} bytes, not {size}"
                elif not quick:
                    content = today.get(path)
                    known = content.sha256 if isinstance(content, Content) else sha256(path)
                    if known != digest:
                        yield name, "has another content"
            except OSError:
                yield name, "is missing or cannot be read"


def read_crate(results: str | Path) -> Crate | None:
    """The crate of a results folder; None if it has none.

    Raises:
        InputError: it is not one that `write_crate` wrote.
    """
    path = Path(results, CRATE)
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES} bytes")
        graph = json.loads(path.read_text(encoding="utf-8"))["@graph"]
        hashed = [entity for entity in graph if "sha256" in entity]
        parts = {
            unquote(entity["@id"]): (int(entity["contentSize"]), str(entity["sha256"]))
            for entity in hashed
            if entity["@type"] == "File"
        }
        for name in parts:
            inside(results, name)
        outside = {str(one["sha256"]) for one in hashed if one["@id"].startswith(_OUTSIDE)}
        return Crate(parts, frozenset(outside))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"not a crate that robust-mer wrote: {error!r:.200}") from None
