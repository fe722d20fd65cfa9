"""Answers on disk while a model is applied, so that an interrupted run resumes."""

import fcntl
import json
import tempfile
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import IO, Any, Self

from robust_mer.errors import InputError

_FORMAT = 2


class Journal:
    """A file of one line for each clip beside the output; a context manager that locks it.

    Args:
        out: The output; None keeps the answers in a temporary file.
        identity: All that the answers depend on beside the clips.
    """

    def __init__(self, out: Path | None, identity: list[Any]) -> None:
        self._out = out
        self._head = json.dumps([_FORMAT, *identity])
        self._file: IO[bytes]
        self._places: dict[str, int] = {}  # of the lines, by key

    def __enter__(self) -> Self:
        """Open the file and read what an interrupted run left.

        Raises:
            InputError: another run writes it, or it is one of another model.
        """
        if self._out is None:
            self._file = tempfile.TemporaryFile()
        else:
            self._out.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path(self._out).open("a+b")
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._file.close()
                raise InputError(
                    f"another run is writing {self._out}; wait for it, or choose another --out"
                ) from None
        try:
            self._resume()
        except BaseException:
            with suppress(OSError):
                self._file.close()
            raise
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if self._out is not None and error is None:
            self._path(self._out).unlink(missing_ok=True)
        with suppress(OSError) if error else nullcontext():  # closing a full disk's file fails too
            self._file.close()

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def add(self, key: str, answer: dict[str, Any], is_final: bool) -> None:
        """Write an answer to the disk; a run that resumes asks again for one that is not final."""
        place = self._file.seek(0, 2)
        self._write(json.dumps([key, answer, is_final]))
        self._places[key] = place

    def read(self, key: str) -> dict[str, Any]:
        """The answer of a key."""
        self._file.seek(self._places[key])
        answer: dict[str, Any] = json.loads(self._file.readline())[1]
        return answer

    def _write(self, line: str) -> None:
        try:
            self._file.write(line.encode() + b"\n")
            self._file.flush()
        except OSError as error:  # a write does not name its file
            target = tempfile.gettempdir() if self._out is None else str(self._out)
            raise OSError(error.errno, error.strerror, target) from error

    def _resume(self) -> None:
        self._file.seek(0)
        head = self._file.readline()
        if not head.endswith(b"\n"):
            self._file.truncate(0)
            self._write(self._head)
            return
        if head.decode().rstrip("\n") != self._head:
            assert self._out is not None
            raise InputError(
                f"{self._path(self._out)} holds answers of an interrupted run with another model "
                "or other options; run that to its end, remove the file, or choose another --out"
            )
        while True:
            place = self._file.tell()
            line = self._file.readline()
            if not line.endswith(b"\n"):  # a run that was killed, or a full disk, cut it off
                self._file.truncate(place)
                return
            key, _, is_final = json.loads(line)
            if is_final:
                self._places[key] = place

    @staticmethod
    def _path(out: Path) -> Path:
        return out.with_name(f".{out.name}.unfinished.jsonl")
