"""Mutations of text: of lines and words, and of the cells of tables."""

import csv
import io
from random import Random

from fuzz.mutate.plain import TEXTS

_ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16")
_LONGEST = 1 << 16  # bytes; a text that doubles and doubles would only take time
_ENDS = ("\n", "\n", "\n", "\r\n", "\r", "\n\n", "\x85", "\u2028", "\x0c")


def mutate_lines(data: bytes, draw: Random) -> bytes:
    """Change lines or words of a text, its ends of lines or its encoding."""
    end = draw.choice(_ENDS)
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    place = draw.randrange(len(lines))
    kind = draw.randrange(7)
    if kind == 0:
        del lines[place]
    elif kind == 1:
        lines.insert(place, draw.choice((lines[place], draw.choice(TEXTS))))
    elif kind == 2:
        other = draw.randrange(len(lines))
        lines[place], lines[other] = lines[other], lines[place]
    elif kind == 3:
        lines[place] *= min(draw.choice((2, 3, 1000)), 1 + _LONGEST // (1 + len(lines[place])))
    elif kind in (4, 5):
        words = lines[place].split(draw.choice((" ", "\t", ";", ",", "_", ":")))
        words[draw.randrange(len(words))] = draw.choice(TEXTS)
        lines[place] = draw.choice((" ", "\t", ";", ",")).join(words)
    else:
        at = draw.randrange(len(lines[place]) + 1)
        lines[place] = lines[place][:at] + draw.choice(TEXTS) + lines[place][at:]
    return _encode((end if draw.random() < 0.2 else "\n").join(lines), draw)


def mutate_table(data: bytes, draw: Random) -> bytes:
    """Change cells, columns, rows or quoting of a table."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8", "surrogateescape"))))
    except (csv.Error, ValueError):
        return mutate_lines(data, draw)
    rows = [row for row in rows if row] or [[""]]
    width, row = len(rows[0]), draw.randrange(len(rows))
    column = draw.randrange(width)
    kind = draw.randrange(10)
    if kind == 0:
        rows = [cells[:column] + cells[column + 1 :] for cells in rows]
    elif kind == 1:
        rows = [cells + cells[column : column + 1] for cells in rows]
    elif kind == 2:
        order = draw.sample(range(width), width)
        rows = [[cells[n] for n in order if n < len(cells)] for cells in rows]
    elif kind == 3:
        rows[row] = rows[row] + [draw.choice(TEXTS)] * draw.choice((1, 1, 50))
    elif kind == 4:
        rows[row] = rows[row][:column]
    elif kind == 5:
        rows.insert(row, list(rows[draw.randrange(len(rows))]))
    elif kind == 6:
        del rows[row]
    elif kind == 7:
        for cells in rows[1:]:
            cells[column : column + 1] = [draw.choice(TEXTS)]
    elif column < len(rows[row]):
        rows[row][column] = draw.choice(
            (draw.choice(TEXTS), rows[draw.randrange(len(rows))][0] if rows[0] else "")
        )
    file = io.StringIO()
    quoting = draw.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    csv.writer(file, quoting=quoting, lineterminator=draw.choice(("\n", "\n", "\r\n"))).writerows(
        rows
    )
    return _encode(file.getvalue(), draw)


def _encode(text: str, draw: Random) -> bytes:
    encoding = draw.choice(_ENCODINGS) if draw.random() < 0.1 else "utf-8"
    errors = "surrogateescape" if encoding == "utf-8" else "replace"
    return text.encode(encoding, errors)[:_LONGEST]
