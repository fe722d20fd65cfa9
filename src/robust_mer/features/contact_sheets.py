"""Contact sheets: overviews that show at a glance which faces were detected."""

import re
import shutil
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from robust_mer.errors import UtteranceError
from robust_mer.features.face_file import FaceFile
from robust_mer.features.faces import Faces
from robust_mer.features.specs import SheetsFiles, SheetsSpec
from robust_mer.runtime import Runtime
from robust_mer.table import read_table

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_COLUMNS, _ROWS = 4, 40  # utterances on a sheet
_CROPS = 4  # of an utterance, from its beginning to its end
_SIDE, _LINE, _GAP = 72, 13, 6  # pixels: of a crop, of a line of text, between cells
_CELL = _CROPS * _SIDE, _SIDE + 2 * _LINE
_PAPER, _INK, _WARNING, _EMPTY = (255, 255, 255), (0, 0, 0), (190, 0, 0), (225, 225, 225)


def draw_contact_sheets(spec: SheetsSpec, files: SheetsFiles, runtime: Runtime) -> None:
    """Draw the faces of every session, a page for each 160 utterances.

    Every utterance has its name, four of its crops and, in red, problems such as why it has no
    face.
    """
    index = read_table(files.utterances, ["utterance", "session"])
    faces, folder = FaceFile(files.faces), files.sheets
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    drawn: set[str] = set()
    for session, rows in index.groupby("session", sort=False):
        name = re.sub(r"[^\w.-]", "_", str(session))
        for first in range(0, len(rows), _COLUMNS * _ROWS):
            page = rows["utterance"].iloc[first : first + _COLUMNS * _ROWS].tolist()
            number = f"_{first // (_COLUMNS * _ROWS) + 1}" if first else ""
            file = unused_name(f"{name}{number}", drawn)
            _draw(page, faces).save(unfinished / f"{file}.jpg", quality=88)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.replace(folder)


def unused_name(name: str, used: set[str]) -> str:
    """The name, with a number if it is used; on some disks, names that differ in case are one."""
    number, free = 1, name
    while free.casefold() in used:
        number += 1
        free = f"{name}~{number}"
    used.add(free.casefold())
    return free


def _draw(utterances: list[str], faces: FaceFile) -> Image.Image:
    width, height = (size + _GAP for size in _CELL)
    rows = -(-len(utterances) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * width + _GAP, rows * height + _GAP), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_LINE - 2)
    for place, utterance in enumerate(utterances):
        left, top = _GAP + place % _COLUMNS * width, _GAP + place // _COLUMNS * height
        detected, note = _read(faces, utterance)
        draw.text((left, top), _fitted(utterance, draw, font), _INK, font)
        draw.text((left, top + _LINE), _fitted(note, draw, font), _WARNING, font)
        box = (left, top + 2 * _LINE, left + _CELL[0] - 1, top + _CELL[1] - 1)
        draw.rectangle(box, _EMPTY)
        for column, crop in enumerate(_sample(detected)):
            sheet.paste(Image.fromarray(crop), (left + column * _SIDE, top + 2 * _LINE))
    return sheet


def _read(faces: FaceFile, utterance: str) -> tuple[Faces | None, str]:
    try:
        result = faces.read(utterance)
    except UtteranceError as error:
        return None, str(error)
    return result, result.note


def _sample(faces: Faces | None) -> Iterator[np.ndarray]:
    """A few crops, evenly over the utterance: RGB."""
    if faces is None or not faces.crops:
        return
    places = np.unique(np.linspace(0, len(faces.crops) - 1, _CROPS).round().astype(int))
    for crop in faces.pictures(_SIDE, places):
        yield crop[..., ::-1]


def _fitted(text: str, draw: ImageDraw.ImageDraw, font: Font) -> str:
    """A text, shortened to the width of a cell."""
    if draw.textlength(text, font) <= _CELL[0]:
        return text
    while text and draw.textlength(f"{text} ...", font) > _CELL[0]:
        text = text[:-1]
    return f"{text} ..."
