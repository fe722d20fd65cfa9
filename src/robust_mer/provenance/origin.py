"""The origin of a result in a few words, for a table, a figure or a model."""

import glob
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from robust_mer.errors import InputError
from robust_mer.provenance.checkout import checkout, name_of
from robust_mer.provenance.ledger import Ledger, Record, read_record
from robust_mer.provenance.record import FOLDER, RESULTS, JobRecord

_PREDICTIONS = "/predictions/"
_TABLES = "/tables/"
_SHOWN = 12  # digits of a hash


def origin(record: JobRecord) -> str:
    """Experiment, version, code identity and a hash of the predictions behind a job's inputs.

    Args:
        record: Of a job of an experiment. Other records are read only if the job reads tables:
            their jobs have ended, so the answer does not depend on what else has run.
    """
    experiment = record.job.wildcards.experiment
    parts = [f"experiment {experiment}", f"robust-mer {name_of(checkout())}"]
    parts.append(f"code {record.identity}")
    if predictions := dict(_predictions(record, experiment)):
        digest = hashlib.sha256(json.dumps(sorted(predictions.items())).encode()).hexdigest()
        parts.append(f"predictions {digest[:_SHOWN]}")
    return "; ".join(parts)


def _predictions(record: JobRecord, experiment: str) -> Iterator[tuple[str, str]]:
    """Yield the predictions that a job read, and those behind the tables that it read."""
    hashes = {one["path"]: one["sha256"] for one in record.inputs}
    yield from ((path, digest) for path, digest in hashes.items() if _PREDICTIONS in path)
    tables = [path for path in hashes if _TABLES in path]
    if not tables:
        return
    folder = record.path.parents[1]
    for one in _records(sorted(folder.glob(f"*/{glob.escape(experiment)}*.json"))).behind(tables):
        for file in one.inputs:
            if _PREDICTIONS in file.path:
                yield file.path, file.sha256


def training_of(checkpoint: str | Path) -> dict[str, Any] | None:
    """The job that trained a replica: code, versions and machine; None without a record.

    Args:
        checkpoint: results/{corpus}/models/{model}/{trained on}/{replica}.safetensors.
    """
    path = Path(checkpoint)
    record, choice = _producer(path, "train_model"), _producer(path, "choose_model")
    if choice is not None and (record is None or choice.finished > record.finished):
        digests = {one.path: one.sha256 for one in choice.outputs}
        chosen = next(one for one in choice.inputs if one.sha256 == digests[_recorded(path)])
        record = _producer(Path(*path.parts[:-5], *Path(chosen.path).parts[1:]), "train_model")
    if record is None:
        return None
    return {
        "rule": record.rule,
        "code": record.identity,
        "robust_mer": {key: record.software[key] for key in ("version", "commit", "dirty")},
        "packages": record.packages,
        "host": record.host,
    }


def _producer(checkpoint: Path, rule: str) -> Record | None:
    """The last job of a rule that wrote a checkpoint; None without a record."""
    folder = Path(*checkpoint.parts[:-4], FOLDER, rule, *checkpoint.parts[-3:-1])
    return _records(sorted(folder.glob("*.json"))).producers.get(_recorded(checkpoint))


def _recorded(checkpoint: Path) -> str:
    """A checkpoint's path in records."""
    return Path(RESULTS, *checkpoint.parts[-5:]).as_posix()


def _records(paths: list[Path]) -> Ledger:
    records: list[Record] = []
    for path in paths:
        try:
            records.append(read_record(path))
        except InputError:  # `robust-mer verify` names it
            continue
    return Ledger(Path(), sorted(records, key=lambda record: (record.finished, record.file)))
