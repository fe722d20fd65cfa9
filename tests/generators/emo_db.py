"""EMO-DB's tree: 535 files of ten speakers."""

from collections.abc import Iterable
from pathlib import Path

SENTENCES = ("a01", "a02", "a04", "a05", "a07", "b01", "b02", "b03", "b09", "b10")
EMOTIONS = "WLEAFTN"
# Files of each speaker, by emotion in this order.
FILES = {
    "03": (14, 5, 1, 4, 7, 7, 11),
    "08": (12, 10, 0, 6, 11, 9, 10),
    "09": (13, 4, 8, 1, 4, 4, 9),
    "10": (10, 8, 1, 8, 4, 3, 4),
    "11": (11, 8, 2, 10, 8, 7, 9),
    "12": (12, 5, 2, 6, 2, 4, 4),
    "13": (12, 10, 8, 7, 10, 5, 9),
    "14": (16, 8, 8, 12, 8, 10, 7),
    "15": (13, 9, 5, 8, 6, 4, 11),
    "16": (14, 14, 11, 7, 11, 9, 5),
}


def make_emo_db(root: Path, speakers: Iterable[str] = tuple(FILES)) -> None:
    """Write the release's folders; a recording's content is its name."""
    wav = root / "wav"
    for folder in (wav, root / "lablaut", root / "labsilb", root / "silb"):
        folder.mkdir(parents=True)
    (root / "erkennung.txt").write_bytes("Satz\terkannt\tnatürlich\n".encode("latin-1"))
    for speaker in speakers:
        for emotion, count in zip(EMOTIONS, FILES[speaker], strict=True):
            for place in range(count):
                version = "ab"[place // len(SENTENCES)]
                stem = f"{speaker}{SENTENCES[place % len(SENTENCES)]}{emotion}{version}"
                (wav / f"{stem}.wav").write_text(stem)
