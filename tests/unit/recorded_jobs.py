"""Jobs that only write files, with the records that they leave."""

from pathlib import Path
from types import SimpleNamespace

from robust_mer.identity import described_identity
from robust_mer.provenance.record import JobRecord
from robust_mer.runtime import Runtime

CODE = "robust_mer.replicas"


class Named(list):
    """Files or params with names, as Snakemake gives them to a script."""

    def __init__(self, files=(), **named):
        super().__init__([*files, *named.values()])
        self._named = named
        vars(self).update(named)

    def items(self):
        return self._named.items()


def fake_job(rule, log, inputs=(), outputs=(), params=None, root="", wildcards=None, code=CODE):
    """What Snakemake gives to a script."""
    return SimpleNamespace(
        rule=rule,
        log=[log],
        input=Named(inputs),
        output=Named(outputs),
        params=Named(
            function="a:b",
            spec=params or {},
            code=described_identity(code),
            runtime=Runtime(root=root),
        ),
        wildcards=Named(**(wildcards or {})),
        resources=SimpleNamespace(),
        threads=1,
    )


def run(rule, log, outputs, inputs=(), **more):
    """A job that writes ``outputs``: contents by path. The path of its record."""
    record = JobRecord(fake_job(rule, log, inputs, list(outputs), **more))
    for path, content in outputs.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content if isinstance(content, bytes) else content.encode())
    record.write()
    return record.path
