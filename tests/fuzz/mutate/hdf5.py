"""Mutations of HDF5 files: datasets, links, attributes."""

import json
from random import Random

import h5py
import numpy as np

from fuzz.mutate.archives import arrays
from fuzz.mutate.plain import NUMBERS, TEXTS, mutate_bytes
from fuzz.mutate.trees import mutate_tree

_ELSEWHERE = "../canary/secret.h5"  # has a dataset of every name that targets look for


def mutate_hdf5(data: bytes, draw: Random) -> bytes:
    """Change one object of the file."""
    try:
        with h5py.File.in_memory(data) as file:
            names: list[str] = []
            file.visit(names.append)
            _change(file, names, draw)
            file.flush()
            return file.id.get_file_image()
    except Exception:  # of a file that was broken before
        return mutate_bytes(data, draw)


def _change(file: h5py.File, names: list[str], draw: Random) -> None:
    if not names or draw.random() < 0.15:
        _change_attribute(file, draw)
        return
    name = draw.choice(names)
    there = file[name]
    kind = draw.randrange(14)
    if kind == 0:
        del file[name]
    elif kind == 1:
        file.move(name, draw.choice(TEXTS).replace("\x00", "") or "x")
    elif kind == 2:
        _put(file, name, lambda: _create(file, name, arrays(draw)))
    elif kind == 3:
        # declared, never written: a bomb
        shape = draw.choice(((10**12,), (10**8, 30), (3, 10**9), (2**40, 2**20), (10**9,)))
        _put(
            file,
            name,
            lambda: file.create_dataset(
                name,
                shape,
                draw.choice(("f4", "f8", "i8")),
                chunks=tuple(min(n, 64) for n in shape),
            ),
        )
    elif kind == 4:
        _put(
            file,
            name,
            lambda: file.__setitem__(
                name,
                h5py.ExternalLink(
                    draw.choice((_ELSEWHERE, "/etc/passwd", "nothing.h5")), "/values"
                ),
            ),
        )
    elif kind == 5:
        target = draw.choice(("/", "/nothing", f"/{name}", "/" + draw.choice(names)))
        _put(file, name, lambda: file.__setitem__(name, h5py.SoftLink(target)))
    elif kind == 6:
        external = [(_ELSEWHERE, 0, 4096)]
        _put(file, name, lambda: file.create_dataset(name, (16,), "f4", external=external))
    elif kind == 7:
        layout = h5py.VirtualLayout((4, 3), "f4")
        layout[...] = h5py.VirtualSource(_ELSEWHERE, "values", (4, 3))
        _put(file, name, lambda: file.create_virtual_dataset(name, layout))
    elif kind == 8:
        _put(file, name, lambda: file.create_group(name))
    elif kind == 9:
        types = (
            h5py.string_dtype(),
            h5py.ref_dtype,
            h5py.vlen_dtype("i4"),
            h5py.string_dtype("ascii", 3),
            h5py.enum_dtype({"a": 1, "b": 2}),
            np.dtype([("a", "f4"), ("b", "i2")]),
        )
        shape = draw.choice(((), (0,), (1,), (4,), (4, 3)))
        _put(file, name, lambda: file.create_dataset(name, shape, draw.choice(types)))
    elif kind == 10:
        _put(file, name, lambda: file.__setitem__(name, h5py.Empty(draw.choice(("f4", "S3")))))
    elif isinstance(there, h5py.Dataset):
        _change_values(file, name, there[()], draw)


def _put(file: h5py.File, name: str, create) -> None:
    del file[name]
    create()


def _create(file: h5py.File, name: str, array: np.ndarray) -> None:
    if array.dtype.kind in "UMmO":
        array = array.astype("S3")
    file[name] = array


def _change_values(file: h5py.File, name: str, values: np.ndarray, draw: Random) -> None:
    values = np.array(values)
    kind = draw.randrange(7)
    if kind == 0 and values.ndim:
        values = values[: draw.randrange(len(values) + 1)]
    elif kind == 1 and values.ndim:
        values = np.concatenate([values, values[:1]])
    elif kind == 2:
        values = values[None]
    elif kind == 3:
        values = values.T
    elif kind == 4:
        values = values.ravel()
    elif values.size and values.dtype.kind in "fiu":
        with np.errstate(all="ignore"):
            number = draw.choice([n for n in NUMBERS if abs(n) < 1e18 or n != n])
            if values.dtype.kind != "f":
                number = int(np.clip(np.nan_to_num(number), -(2**31), 2**31))
            values.flat[draw.randrange(values.size)] = np.array(number).astype(values.dtype)
    elif values.size and values.dtype == object:
        bad = draw.choice((b"\xff\xfe", b"", b"a/b", b"x" * 500, "é".encode()))
        values.flat[draw.randrange(values.size)] = bad
    del file[name]
    dtype = h5py.string_dtype() if values.dtype == object else None
    options = {"compression": "gzip"} if values.ndim and values.size and draw.random() < 0.2 else {}
    file.create_dataset(name, data=values, dtype=dtype, **options)


def _change_attribute(file: h5py.File, draw: Random) -> None:
    keys = list(file.attrs)
    if not keys:
        return
    key, kind = draw.choice(keys), draw.randrange(5)
    if kind == 0:
        del file.attrs[key]
    elif kind == 1:
        file.attrs[key] = draw.choice(
            (np.zeros((2, 2)), np.array(["a", "b"], "S1"), b"\xff", 3, True)
        )
    elif kind == 2:
        file.attrs[key] = draw.choice(TEXTS).replace("\x00", "")
    elif kind == 3:
        file.attrs[key] = h5py.Empty("f4")
    else:
        try:
            tree = mutate_tree(json.loads(file.attrs[key]), draw)
            file.attrs[key] = json.dumps(tree, default=str)
        except (ValueError, TypeError):
            file.attrs[key] = draw.choice([n for n in NUMBERS if abs(n) < 1e18 or n != n])
