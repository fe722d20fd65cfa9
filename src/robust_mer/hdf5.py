"""HDF5 files that others may have made: nothing in them reaches beyond them, or is a bomb."""

from pathlib import Path
from typing import TYPE_CHECKING

from robust_mer.errors import InputError
from robust_mer.files import naming

if TYPE_CHECKING:
    import h5py

# Deflate, the strongest filter in use, makes zeros smaller by a factor of about a thousand.
_MOST_COMPRESSED = 2000
_SMALL = 1 << 20  # bytes; not worth a question


def open_hdf5(path: str | Path, expected: str) -> "h5py.File":
    """Open a file to read.

    Args:
        path: The file.
        expected: What it should be, for messages.

    Raises:
        InputError: it is no HDF5 file, or a link in it leads to another file.
    """
    import h5py

    external = h5py.h5l.TYPE_EXTERNAL
    with naming(path, expected):
        file = h5py.File(path)
        beyond = file.id.links.visit(
            lambda name, link: name if link.type == external else None, info=True
        )
    if beyond is not None:
        file.close()
        raise InputError(
            f"{path}: {beyond.decode(errors='replace')!r} is a link to another file; copy its "
            "target into this one"
        )
    return file


def dataset(group: "h5py.Group", name: str) -> "h5py.Dataset":
    """A dataset whose values lie in the file itself.

    Raises:
        InputError: they lie in another file, or are many more than the file holds.
        KeyError: there is none of that name.
    """
    import h5py

    found = group[name]
    path = group.file.filename
    if not isinstance(found, h5py.Dataset):
        raise InputError(f"{path}: {name!r} is a group, expected a dataset")
    if found.shape is None:
        raise InputError(f"{path}: {name!r} is empty")
    if found.is_virtual or found.external:
        raise InputError(
            f"{path}: the values of {name!r} are in another file; copy them into this one"
        )
    if found.nbytes > _SMALL:
        held = found.id.get_storage_size()
        if found.nbytes > _MOST_COMPRESSED * held:
            raise InputError(
                f"{path}: {name!r} declares {found.nbytes} bytes, but the file contains {held}"
            )
    return found
