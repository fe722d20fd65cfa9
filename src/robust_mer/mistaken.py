"""Files that are something else than their names say: an empty copy, a web page, a pointer."""

from pathlib import Path
from zipfile import BadZipFile

_HEAD = 512  # bytes
_STARTS = {
    b"version https://git-lfs": (
        "it is a pointer of Git LFS, not the file itself: run git lfs pull where it was cloned"
    ),
    b"/annex/objects": "it is a pointer of git-annex, not the file itself: run git annex get",
    b"\xd0\xcf\x11\xe0": "it is an old Excel or Office file: save it as csv (UTF-8)",
    b"\x1f\x8b": "it is compressed by gzip: unpack it first",
    b"7z\xbc\xaf\x27\x1c": "it is a 7z archive: unpack it first",
    b"Rar!": "it is a rar archive: unpack it first",
}
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<script")


def mistaken_for(path: str | Path, error: Exception | None = None) -> str | None:
    """What a file really is, and what to do, if it is a known mistake; else None.

    Args:
        path: The file.
        error: What reading it raised.
    """
    try:
        with Path(path).open("rb") as file:
            head = file.read(_HEAD)
    except (OSError, ValueError):
        return None
    if not head:
        return "it is empty, it has no bytes: copy or download it again"
    for start, meaning in _STARTS.items():
        if head.startswith(start):
            return meaning
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES):
        return "it is a web page that was saved in its place: download the file itself"
    if head.startswith(b"PK") and isinstance(error, BadZipFile):
        return "its end is missing, so a copy or a download broke off: copy or download it again"
    if (head.startswith(b"PK") and b"xl/" in head) or b"[Content_Types].xml" in head:
        return "it is an Excel workbook: save it as csv (UTF-8)"
    return None
