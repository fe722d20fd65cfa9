"""Pickles of arrays and plain containers, read without running them.

A pickle is a program, and Python's unpickler calls whatever it names. The interpreter here builds
numbers, texts, lists, tuples, sets, dicts and numpy arrays, and can call nothing else. It maps the
file into memory and leaves the data of large arrays there, so reading the labels of a 4 GB file
does not take 4 GB.

Sources: the standard library's ``pickletools`` for the format, ``numpy.ndarray.__reduce__`` and
``__setstate__`` for arrays.
"""

import mmap
import pickletools
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Literal, cast

import numpy as np

from robust_mer.errors import InputError
from robust_mer.files import naming

_LARGE = 65_536  # bytes from which data stay in the file
_OPCODES = {opcode.code: opcode for opcode in pickletools.opcodes}
_DTYPE = re.compile(r"[|<>=]?(?:b1|[iu][1248]|f[248]|c(?:8|16)|O8?|[SU]\d{1,6})")

# Opcodes followed by bytes, with the width of their count.
_BYTES = {"BINBYTES": 4, "BINBYTES8": 8, "BYTEARRAY8": 8, "BINSTRING": 4}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_SCALARS = {
    "INT",
    "BININT",
    "BININT1",
    "BININT2",
    "LONG",
    "LONG1",
    "LONG4",
    "FLOAT",
    "BINFLOAT",
    "STRING",
    "SHORT_BINSTRING",
    "SHORT_BINBYTES",
    "UNICODE",
    "BINUNICODE",
    "SHORT_BINUNICODE",
    "BINUNICODE8",
}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}
_FROM_MARK: dict[str, Callable[[Any], Any]] = {"LIST": list, "TUPLE": tuple, "FROZENSET": frozenset}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def read_pickle(path: str | Path) -> Any:
    """The content of a pickle. Its arrays are read-only.

    Args:
        path: A file written by any version of Python and numpy, in any protocol.

    Raises:
        InputError: it names anything but arrays and plain containers (the message gives the name),
            or it is damaged.
    """
    path = Path(path)
    with naming(path, "a pickle that can be read"), path.open("rb") as file:
        return _interpret(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), path)


def read_pickled(content: bytes, path: str | Path) -> Any:
    """The content of a pickle inside another file, e.g. an array of objects in an ``.npz``.

    Args:
        content: The pickle.
        path: The file that holds it, for messages.

    Raises:
        InputError: as `read_pickle`.
    """
    with naming(path, "a file whose pickles can be read"):
        data = mmap.mmap(-1, len(content))
        data.write(content)
        data.seek(0)
        return _interpret(data, path)


def _interpret(data: mmap.mmap, path: str | Path) -> Any:
    try:
        return _Interpreter(data).run()
    except _RefusedError as refused:
        raise InputError(
            f"{path} contains {refused}. A pickle may contain numpy arrays and plain containers "
            "only, because anything else could run code"
        ) from None


class _RefusedError(Exception):
    """The pickle names something that is not allowed."""


class _Name:
    """A name in the pickle, which stands for one of our own functions."""

    def __init__(self, module: str, name: str) -> None:
        if (module, name) not in _MEANINGS:
            raise _RefusedError(f"{module}.{name}")
        self.build = _MEANINGS[module, name]


class _Unfinished:
    """An array or a dtype without its state yet, and its places in the memo."""

    def __init__(self, finish: Callable[[tuple[Any, ...]], Any]) -> None:
        self.finish = finish
        self.places: list[int] = []


class _Interpreter:
    """Interprets one pickle with the ``stack``, ``marks`` and ``memo`` of ``pickletools``."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Interpret the pickle up to its STOP."""
        while True:
            opcode = _OPCODES.get(self.data.read(1).decode("latin-1"))
            if opcode is None:
                raise ValueError("it ends early or is not a pickle")
            if opcode.name in _BYTES:
                argument = self._bytes(opcode.name)
            else:
                argument = opcode.arg.reader(cast(IO[bytes], self.data)) if opcode.arg else None
            if opcode.name == "STOP":
                return _settled(self.stack.pop())
            self._step(opcode.name, argument)

    def _step(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _SCALARS or name in _BYTES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            count = _TUPLES[name]
            items = tuple(stack[len(stack) - count :])
            del stack[len(stack) - count :]
            stack.append(items)
        elif name in _FROM_MARK:
            stack.append(_FROM_MARK[name](self._from_mark()))
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        else:
            raise _RefusedError(f"the opcode {name}")

    def _bytes(self, name: str) -> Any:
        """Bytes of an array, or a text of Python 2."""
        count = int.from_bytes(self.data.read(_BYTES[name]), "little")
        start = self.data.tell()
        if start + count > len(self.data):
            raise ValueError("it ends early")
        self.data.seek(count, 1)
        content = memoryview(self.data)[start : start + count]
        if count > _LARGE:
            return content
        return str(content, "latin-1") if name == "BINSTRING" else bytes(content)

    def _from_mark(self) -> list[Any]:
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def mark(self, _: None) -> None:
        self.marks.append(len(self.stack))

    def pop(self, _: None) -> None:
        self.stack.pop()

    def pop_mark(self, _: None) -> None:
        self._from_mark()

    def duplicate(self, _: None) -> None:
        self.stack.append(self.stack[-1])

    def nothing(self, _: int) -> None:
        """Skip the protocol's number or a frame's size."""

    def append(self, _: None) -> None:
        item = self.stack.pop()
        _plain(self.stack[-1], list).append(item)

    def appends(self, _: None) -> None:
        items = self._from_mark()
        _plain(self.stack[-1], list).extend(items)

    def add_items(self, _: None) -> None:
        items = self._from_mark()
        _plain(self.stack[-1], set).update(items)

    def set_item(self, _: None) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _plain(self.stack[-1], dict)[key] = value

    def set_items(self, _: None) -> None:
        items = self._from_mark()
        _plain(self.stack[-1], dict).update(_pairs(items))

    def make_dict(self, _: None) -> None:
        self.stack.append(_pairs(self._from_mark()))

    def memoize(self, place: int | None) -> None:
        place = len(self.memo) if place is None else place
        self.memo[place] = self.stack[-1]
        if isinstance(self.stack[-1], _Unfinished):
            self.stack[-1].places.append(place)

    def recall(self, place: int) -> None:
        self.stack.append(self.memo[place])

    def name(self, argument: str) -> None:
        self.stack.append(_Name(*argument.split(" ", 1)))

    def stack_name(self, _: None) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(_Name(str(module), str(name)))

    def reduce(self, _: None) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        self.stack.append(_plain(name, _Name).build(*_plain(arguments, tuple)))

    def build(self, _: None) -> None:
        state, unfinished = self.stack.pop(), self.stack.pop()
        finished = _plain(unfinished, _Unfinished).finish(_plain(state, tuple))
        for place in unfinished.places:
            self.memo[place] = finished
        self.stack.append(finished)


_ACTIONS: dict[str, Callable[[_Interpreter, Any], None]] = {
    "MARK": _Interpreter.mark,
    "POP": _Interpreter.pop,
    "POP_MARK": _Interpreter.pop_mark,
    "DUP": _Interpreter.duplicate,
    "PROTO": _Interpreter.nothing,
    "FRAME": _Interpreter.nothing,
    "APPEND": _Interpreter.append,
    "APPENDS": _Interpreter.appends,
    "ADDITEMS": _Interpreter.add_items,
    "SETITEM": _Interpreter.set_item,
    "SETITEMS": _Interpreter.set_items,
    "DICT": _Interpreter.make_dict,
    "PUT": _Interpreter.memoize,
    "BINPUT": _Interpreter.memoize,
    "LONG_BINPUT": _Interpreter.memoize,
    "MEMOIZE": _Interpreter.memoize,
    "GET": _Interpreter.recall,
    "BINGET": _Interpreter.recall,
    "LONG_BINGET": _Interpreter.recall,
    "GLOBAL": _Interpreter.name,
    "STACK_GLOBAL": _Interpreter.stack_name,
    "REDUCE": _Interpreter.reduce,
    "BUILD": _Interpreter.build,
}


def _plain(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"it has a {type(value).__name__}, expected {kind.__name__}")
    return value


def _settled(value: Any) -> Any:
    if isinstance(value, (_Name, _Unfinished)):
        raise ValueError("it contains no data")
    return value


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(items[::2], items[1::2], strict=True))


def _raw(data: Any) -> bytes | memoryview:
    """Bytes of an array; Python 2 wrote them as a text."""
    return data.encode("latin-1") if isinstance(data, str) else data


def _dtype(name: Any, *_: Any) -> _Unfinished:
    """``numpy.dtype(name, align, copy)``; its state holds the byte order."""
    name = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    if not _DTYPE.fullmatch(name):
        raise _RefusedError(f"arrays of the type {name!r}")

    def finish(state: tuple[Any, ...]) -> np.dtype:
        order, *fields = [part.decode() if isinstance(part, bytes) else part for part in state[1:4]]
        if any(field is not None for field in fields) or (len(state) > 4 and state[4] is not None):
            raise _RefusedError("arrays of records")
        return np.dtype(name).newbyteorder(order)

    return _Unfinished(finish)


def _array(shape: Any, dtype: Any, by_columns: Any, data: Any) -> np.ndarray:
    """An array from its parts; ``data`` is bytes, or a list for an array of objects."""
    dtype, shape = _plain(dtype, np.dtype), tuple(_plain(size, int) for size in shape)
    order: Literal["F", "C"] = "F" if by_columns else "C"
    if dtype.hasobject:
        flat = np.empty(len(_plain(data, list)), object)
        flat[:] = data
    else:
        data = _raw(data)
        flat = np.frombuffer(data, dtype) if len(data) else np.empty(0, dtype)
    return flat.reshape(shape, order=order)


def _reconstruct(*_: Any) -> _Unfinished:
    """``_reconstruct(ndarray, (0,), b'b')``: an array; its state holds everything else."""
    return _Unfinished(lambda state: _array(*state[-4:]))


def _frombuffer(data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    return _array(shape, dtype, order == "F", data)


def _scalar(dtype: Any, data: Any) -> Any:
    return _array((), dtype, False, _raw(data)).item()


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    """Bytes, as pickles for Python 2 write them."""
    if encoding not in ("latin1", "latin-1"):
        raise _RefusedError(f"the encoding {encoding!r}")
    return _plain(text, str).encode("latin-1")


def _never(*_: Any) -> None:
    raise ValueError("it has a type in place of data")


_MEANINGS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _never,  # only an argument of _reconstruct
    ("numpy", "dtype"): _dtype,
    ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): lambda pairs=(): dict(pairs),
    # __builtin__ in Python 2
    **{(m, "set"): lambda items=(): set(items) for m in ("builtins", "__builtin__")},
    **{(m, "frozenset"): lambda items=(): frozenset(items) for m in ("builtins", "__builtin__")},
    **{(m, "bytes"): lambda: b"" for m in ("builtins", "__builtin__")},
    # numpy.core became numpy._core in numpy 2
    **{(f"numpy.{c}.multiarray", "_reconstruct"): _reconstruct for c in ("core", "_core")},
    **{(f"numpy.{c}.multiarray", "scalar"): _scalar for c in ("core", "_core")},
    **{(f"numpy.{c}.numeric", "_frombuffer"): _frombuffer for c in ("core", "_core")},
}
