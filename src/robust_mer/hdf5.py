"""Safe reading of HDF5 files from others: no links to other files, no decompression bombs."""

from pathlib import Path
from typing import TYPE_CHECKING

from robust_mer.errors import InputError
from robust_mer.files import naming

if TYPE_CHECKING:
    import h5py

# Deflate, the strongest filter in use, compresses zeros by a factor of about a thousand.
_MOST_COMPRESSED = 2000
_SMALL = 1 << 20  # bytes; smaller datasets are not checked


def open_hdf5(path: str | Path, expected: str) -> "h5py.File":
    """Open a file to read.

    Args:
        path: The file.
        expected: What it should be, for messages.

    Raises:
        InputError: it is not an HDF5 file, or contains a link to another file.
    """
    import h5py

    external = h5py.h5l.TYPE_EXTERNAL
    with naming(path, expected):
        file = h5py.File(path)
        external_link = file.id.links.visit(
            lambda name, link: name if link.type == external else None, info=True
        )
    if external_link is not None:
        file.close()
        raise InputError(
            f"{path}: {external_link.decode(errors='replace')!r} is a link to another file; copy "
            "its target into this one"
        )
    return file


def dataset(group: "h5py.Group", name: str) -> "h5py.Dataset":
    """A dataset whose values are in the file itself.

    Raises:
        InputError: they are in another file, or implausibly many for the file's size.
        KeyError: there is no dataset of that name.
    """
    import h5py

    values = group[name]
    path = group.file.filename
    if not isinstance(values, h5py.Dataset):
        raise InputError(f"{path}: {name!r} is a group, expected a dataset")
    if values.shape is None:
        raise InputError(f"{path}: {name!r} is empty")
    if values.is_virtual or values.external:
        raise InputError(
            f"{path}: the values of {name!r} are in another file; copy them into this one"
        )
    if values.nbytes > _SMALL:
        stored = values.id.get_storage_size()
        if values.nbytes > _MOST_COMPRESSED * stored:
            raise InputError(
                f"{path}: {name!r} declares {values.nbytes} bytes, but the file contains {stored}"
            )
    return values
