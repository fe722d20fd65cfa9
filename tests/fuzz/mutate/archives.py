"""Mutations of files with a table of contents: npy, npz, safetensors, parquet."""

import io
import json
import struct
import warnings
import zipfile
from random import Random

import numpy as np
import pandas as pd

from fuzz.mutate.plain import TEXTS, mutate_bytes, mutate_content
from fuzz.mutate.trees import mutate_tree

_NAMES = (
    "../x.npy",
    "/tmp/x.npy",
    "a/../../x.npy",
    "x" * 300 + ".npy",
    "audio.npy",
    "",
    ".npy",
    "label.npy",
    "audio",
    "\u202e.npy",
)


def arrays(draw: Random) -> np.ndarray:
    """An array of an unusual kind or shape."""
    shape = draw.choice(
        ((), (0,), (1,), (4,), (4, 0), (0, 3), (4, 3), (4, 2, 3), (4, 1, 1, 1), (3,))
    )
    kind = draw.choice(
        (
            "f8",
            "f4",
            "f2",
            ">f8",
            "i1",
            "u8",
            "?",
            "c16",
            "S3",
            "U3",
            "M8[s]",
            "m8[s]",
            "V4",
            "f4,i2",
            "O",
            "S0",
        )
    )
    if kind == "O":
        array = np.empty(shape, object)
        array.fill(draw.choice((None, "x", 3, [1], {})))
        return array
    array = np.zeros(shape, kind)
    if array.dtype.kind == "f" and array.size:
        array.flat[0] = draw.choice((np.nan, np.inf, -np.inf, 1.0, 60000.0))
    return array


def mutate_npy(data: bytes, draw: Random) -> bytes:
    """Another array, or another heading over the same data."""
    kind = draw.randrange(6)
    if kind > 3:
        return mutate_content(data, draw)
    if kind == 0:
        file = io.BytesIO()
        np.save(file, arrays(draw), allow_pickle=True)
        return file.getvalue()
    if kind == 1:
        return mutate_bytes(data, draw)
    end = data.find(b"\n") + 1
    head = draw.choice(
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (100000000,), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4, -3), }",
            "{'descr': '|O', 'fortran_order': False, 'shape': (4,), }",
            "{'descr': '<f4', 'fortran_order': 1, 'shape': 4, }",
            "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (True, 2, 3), }",
            "{'descr': '<f4', 'shape': (4,)}",
            "__import__('os').system('touch pwned')",
            "[" * 3000,
            "{'descr': '<U999999999', 'fortran_order': False, 'shape': (4,), }",
        )
    )
    head = head.encode() + b" " * 8 + b"\n"
    version = draw.choice((b"\x01\x00", b"\x01\x00", b"\x02\x00", b"\x09\x00"))
    size = struct.pack("<I" if version[0] == 2 else "<H", len(head) % 65536)
    return b"\x93NUMPY" + version + size + head + data[end:]


def mutate_zip(data: bytes, draw: Random) -> bytes:
    """Change an entry or its name, put in another, or leave one out."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            entries = [(entry.filename, file.read(entry)) for entry in file.infolist()]
    except Exception:
        return mutate_bytes(data, draw)
    if not entries:
        return mutate_bytes(data, draw)
    place = draw.randrange(len(entries))
    name, content = entries[place]
    kind = draw.randrange(7)
    if kind == 0:
        del entries[place]
    elif kind == 1:
        entries[place] = draw.choice(_NAMES), content
    elif kind == 2:
        entries.append((draw.choice((name, draw.choice(_NAMES))), mutate_npy(content, draw)))
    elif kind == 3:
        entries.append(("bomb.npy", bytes(1 << 22)))
    else:
        entries[place] = name, mutate_npy(content, draw)
    file = io.BytesIO()
    how = draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    try:
        with warnings.catch_warnings(), zipfile.ZipFile(file, "w", how) as archive:
            warnings.simplefilter("ignore")  # two entries of one name
            for name, content in entries:
                archive.writestr(zipfile.ZipInfo(name), content, how)
    except (ValueError, MemoryError, zipfile.LargeZipFile):  # impossible in an archive
        return mutate_bytes(data, draw)
    return file.getvalue()


def mutate_safetensors(data: bytes, draw: Random) -> bytes:
    """Change the heading, or the facts in it, which are JSON in JSON."""
    try:
        (size,) = struct.unpack_from("<Q", data)
        head = json.loads(data[8 : 8 + size])
    except (ValueError, struct.error, RecursionError, MemoryError):
        return mutate_bytes(data, draw)
    facts = head.get("__metadata__", {}) if isinstance(head, dict) else {}
    if isinstance(facts, dict) and isinstance(facts.get("facts"), str) and draw.random() < 0.7:
        try:
            facts["facts"] = json.dumps(mutate_tree(json.loads(facts["facts"]), draw), default=str)
        except (ValueError, RecursionError):
            facts["facts"] = draw.choice(TEXTS)
    else:
        head = mutate_tree(head, draw)
    text = json.dumps(head, default=str).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + size :]


def mutate_parquet(data: bytes, draw: Random) -> bytes:
    """Change columns of the table."""
    try:
        table = pd.read_parquet(io.BytesIO(data))
    except Exception:
        return mutate_bytes(data, draw)
    if not len(table.columns):
        return mutate_bytes(data, draw)
    column = draw.choice(list(table.columns))
    kind = draw.randrange(6)
    if kind == 0:
        table = table.drop(columns=column)
    elif kind == 1:
        table = table.rename(columns={column: draw.choice(TEXTS)})
    elif kind == 2:
        table[column] = draw.choice((1.5, "x", None, True, 3, b"x", pd.Timestamp(0)))
    elif kind == 3:
        table = table.iloc[: draw.randrange(len(table) + 1)]
    elif kind == 4:
        table = pd.concat([table, table.iloc[:2]])
    else:
        values = table[column].astype(object)
        if len(values):
            values.iloc[draw.randrange(len(values))] = draw.choice((None, "other"))
        table[column] = values.astype(str)
    file = io.BytesIO()
    try:
        table.to_parquet(file, index=False)
    except Exception:
        return mutate_bytes(data, draw)
    return file.getvalue()
