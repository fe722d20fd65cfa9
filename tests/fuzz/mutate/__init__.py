"""Mutations of files: of their bytes, and of the values that their format encodes."""

from fnmatch import fnmatch
from pathlib import PurePath
from random import Random

from fuzz.mutate import archives, hdf5, pickles, text, trees
from fuzz.mutate.plain import mutate_bytes

Files = dict[str, bytes]

_BY_SUFFIX = {
    ".csv": [text.mutate_table, text.mutate_table, text.mutate_lines],
    ".txt": [text.mutate_lines],
    ".wdseg": [text.mutate_lines],
    ".vec": [text.mutate_lines],
    ".h5": [hdf5.mutate_hdf5],
    ".csd": [hdf5.mutate_hdf5],
    ".npz": [archives.mutate_zip],
    ".npy": [archives.mutate_npy],
    ".parquet": [archives.mutate_parquet],
    ".safetensors": [archives.mutate_safetensors],
    ".pkl": [pickles.mutate_opcodes],
    ".json": [trees.mutate_json, trees.mutate_json, text.mutate_lines],
    ".yaml": [trees.mutate_yaml, trees.mutate_yaml, trees.mutate_yaml, text.mutate_lines],
}


def mutate(files: Files, draw: Random, mutable: tuple[str, ...] = ()) -> Files:
    """Other files: one of those that match is changed, now and then several."""
    files = dict(files)
    some = [name for name in files if not mutable or any(fnmatch(name, one) for one in mutable)]
    while some:
        name = draw.choice(some)
        kinds = _BY_SUFFIX.get(PurePath(name).suffix, [])
        for _ in range(draw.choice((1, 1, 1, 1, 2, 4))):
            change = draw.choice([*kinds, *kinds, mutate_bytes])
            files[name] = change(files[name], draw)
        if draw.random() < 0.02:
            del files[name]
            some.remove(name)
        if draw.random() < 0.8:
            break
    return files
