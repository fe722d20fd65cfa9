"""Which lines of the package ran: an input that reaches a new one is worth mutating further."""

import sys
from pathlib import Path
from types import CodeType, FrameType

import robust_mer

_PACKAGE = str(Path(robust_mer.__file__).parent)


class Lines:
    """Lines of the package's files that ran inside ``with``.

    A function is watched as long as some of its lines have not run.
    """

    def __init__(self) -> None:
        self.seen = 0
        self._left: dict[int, set[int]] = {}  # by the id of a code object
        self._codes: list[CodeType] = []  # kept, so that no id is used twice

    def __enter__(self) -> None:
        sys.settrace(self._on_call)

    def __exit__(self, *_) -> None:
        sys.settrace(None)

    def _on_call(self, frame: FrameType, event: str, _):
        key = id(frame.f_code)
        left = self._left.get(key)
        if left is None:
            left = self._left[key] = _lines_of(frame.f_code)
            self._codes.append(frame.f_code)
        return self._on_line if left else None

    def _on_line(self, frame: FrameType, event: str, _):
        if event == "line":
            left = self._left[id(frame.f_code)]
            if frame.f_lineno in left:
                left.remove(frame.f_lineno)
                self.seen += 1
        return self._on_line


def _lines_of(code: CodeType) -> set[int]:
    if not code.co_filename.startswith(_PACKAGE):
        return set()
    return {line for _, _, line in code.co_lines() if line is not None} - {code.co_firstlineno}
