"""Remarks of the index that every corpus may need: similar names, corrected texts."""

from collections import Counter, defaultdict

from robust_mer.corpora.utterances import Reading
from robust_mer.names import twin_key

_NAMES = ("speaker", "session", "label", "dialogue")
_LOST = "\ufffd"
_SHOWN = 5  # remarks of a kind


def add_remarks(reading: Reading) -> None:
    """Note pairs of names that look like one, and utterances whose text was corrected."""
    for (column, name), origin in list(reading.respelled.items())[:_SHOWN]:
        what = f"the {column} {name!r} is written in two ways, e.g. with other accents or blanks"
        reading.note(*origin, f"{what}; they count as one")
    for column in _NAMES:
        _note_twins(reading, column)
    lost = [
        row["utterance"]
        for row in reading.rows
        if _LOST in row["text"] and not reading.origins[row["utterance"]][1]
    ]
    if lost:
        file, _ = reading.origins[lost[0]]
        have = "text has" if len(lost) == 1 else "texts have"
        what = f"{len(lost)} {have} {_LOST} (U+FFFD) in place of lost characters, e.g. {lost[0]}"
        reading.note(file, 0, what)
    if reading.corrected:
        first, more = reading.corrected[0], len(reading.corrected) - 1
        file, _ = reading.origins[first]
        others = f" and {more} more" if more else ""
        reading.note(
            file, 0, f"texts had marks of cp1252 as control characters: {first}{others}; corrected"
        )


def _note_twins(reading: Reading, column: str) -> None:
    counts = Counter(row.get(column, "") for row in reading.rows)
    twins: defaultdict[str, list[str]] = defaultdict(list)
    for name in counts:
        twins[twin_key(name)].append(name)
    pairs = [names for names in twins.values() if len(names) > 1]
    for names in pairs[:_SHOWN]:
        origin = next(row["utterance"] for row in reading.rows if row.get(column) == names[1])
        each = " and ".join(f"{name!r} ({counts[name]} utterances)" for name in names)
        what = f"the {column}s {each} count as {len(names)}; if they are one, write them alike"
        reading.note(*reading.origins[origin], what)
    if len(pairs) > _SHOWN:
        file, _ = next(iter(reading.origins.values()))
        reading.note(file, 0, f"{len(pairs) - _SHOWN} more sets of {column}s look alike")
