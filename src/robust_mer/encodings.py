"""Texts of files that do not name their encoding: decoded, corrected or refused, never guessed.

UTF-8, and UTF-16 and UTF-32 that say so, need no guess. Of code pages, cp1252 (Western Windows) is
assumed, and only where every word of the whole file makes sense in it. Everything else is refused:
on files as short as tables of clips, even a good detector takes Korean for English quotes.
"""

import codecs
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

from robust_mer.errors import InputError

_SHOWN = 5  # line numbers that a remark names

_MARKS = (  # UTF-32 first: its mark begins like that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)

# Western words in lower case: letters of English, French, German, Spanish, Italian, Portuguese,
# Dutch and the Nordic languages. Letters that other code pages have at the same place stand where
# these languages have them: the grave i and u at the end, the o with a tilde before e and s.
_ACCENTED = "àáâãäåæçèéêëíîïñòóôöøúûüÿßšžœ"
_WESTERN = re.compile(
    rf"(?=.*[a-z])(?!.*[{_ACCENTED}õìù]{{3}})(?:[a-z{_ACCENTED}]|õ(?=[es]|$)|[ìù]$)+|[àèéóåøæö]"
)
_WORD = re.compile(r"[^\W\d_]+")
_CAPITAL_INSIDE = re.compile(r"[a-zß-ÿšœž][À-ÞŠŒŽŸ]")
_PUNCTUATION = "‘’“”‚„‹›«»–—…•·\xa0\xad"  # anywhere
_SIGNS = "¡¿€£¥§©®™°ªº½¼¾²³±´"  # not between letters
_STRANGE = re.compile(
    rf"[^\x00-\x7f\w{_PUNCTUATION}{_SIGNS}]|[^\W\d_][{_SIGNS}]+[^\W\d_]|[ªº][^\W\d_]|[¡¿][ªº]"
)

# Marks of cp1252 that became C1 controls, because somebody read the file as Latin-1.
_CONTROLS = {
    code: bytes([code]).decode("cp1252")
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_C1_BUT_NEL = re.compile(r"[\x80-\x84\x86-\x9f]")  # U+0085 alone may be an end of line
# UTF-8 that somebody read as cp1252: accented letters after no capital, and punctuation.
_TWICE = re.compile(
    "(?<![A-ZÀ-Þ])(?:Ã[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œžŸŽ]|Â[\xa0-\xbf])"
    "|â[€\x80][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œžŸŽ]|â[„\x84]¢|â[‚\x82]¬"
)
_LOST = "\ufffd"


class Text(NamedTuple):
    """A decoded text."""

    text: str
    remarks: list[tuple[int, str]]
    """What was assumed or corrected: (first line that it concerns, remark)."""


def _known(name: str) -> str:
    try:
        if name and not codecs.lookup(name)._is_text_encoding:
            raise LookupError
    except (LookupError, ValueError):
        raise ValueError(
            f"no encoding {name!r} is known; expected e.g. utf-8, cp1252, gb18030 or cp932"
        ) from None
    return name


Encoding = Annotated[str, AfterValidator(_known)]
"""Setting: the encoding of a corpus' texts, as Python names it, e.g. ``gb18030``. Empty: UTF-8,
UTF-16, or cp1252 where the whole file makes sense in it; other files are refused."""


def decode(data: bytes, origin: str | Path, encoding: str = "") -> Text:
    """Decode the content of a file.

    Args:
        data: The content.
        origin: The file, for messages.
        encoding: As the user named it; empty where nobody did.

    Raises:
        InputError: the content does not fit the encoding, or it is unknown.
    """
    if encoding:
        return _corrected(_strict(data, encoding, origin), [])
    if data.isascii():
        return Text(data.decode(), [])
    for mark, name in _MARKS:
        if data.startswith(mark):
            remarks = [] if name == "utf-8" else [(1, f"is {name.upper()}; read as such")]
            return _corrected(_strict(data.removeprefix(mark), name, origin), remarks)
    if unmarked := _without_mark(data):
        remarks = [(1, f"is not UTF-8; read as {unmarked.upper()}")]
        return _corrected(_strict(data, unmarked, origin), remarks)
    try:
        return _corrected(data.decode("utf-8"), [])
    except UnicodeDecodeError as error:
        problem = error
    if _is_western(data):
        text = data.decode("cp1252")
        lines = [n for n, line in enumerate(_lines(data), start=1) if not line.isascii()]
        where = _named(lines)
        return _corrected(text, [(lines[0], f"is not UTF-8; read as cp1252 ({where})")])
    raise _refusal(data, origin, problem)


def correct(text: str) -> str:
    """A text with cp1252's marks in place of C1 controls, and without UTF-8 that was read twice."""
    return text if text.isascii() else _TWICE.sub(_once, text).translate(_CONTROLS)


def _corrected(text: str, remarks: list[tuple[int, str]]) -> Text:
    """Mend a text line by line, and say where."""
    if text.isascii():
        return Text(text, remarks)
    lines = text.split("\n")
    once = [_TWICE.sub(_once, line) for line in lines]
    has_controls = any(map(_C1_BUT_NEL.search, once))
    corrected = [line.translate(_CONTROLS) if has_controls else line for line in once]
    twice = [n for n, (line, other) in enumerate(zip(lines, once, strict=True), 1) if line != other]
    controls = [
        n for n, (line, other) in enumerate(zip(once, corrected, strict=True), 1) if line != other
    ]
    lost = [n for n, line in enumerate(lines, 1) if _LOST in line]
    remarks = list(remarks)
    for numbers, what in (
        (controls, "control characters read as the marks of cp1252 that they were"),
        (twice, "UTF-8 that was once read as cp1252, read as UTF-8"),
        (lost, f"{_LOST} (U+FFFD) in place of characters that were lost before"),
    ):
        if numbers:
            remarks.append((numbers[0], f"{what} ({_named(numbers)})"))
    return Text("\n".join(corrected), remarks)


def _once(match: re.Match[str]) -> str:
    data = b"".join(bytes([ord(c)]) if ord(c) < 0x100 else c.encode("cp1252") for c in match[0])
    return data.decode("utf-8", errors="replace") if _MULTIBYTE.fullmatch(data) else match[0]


def _strict(data: bytes, encoding: str, origin: str | Path) -> str:
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except (UnicodeError, ValueError) as error:
        place = getattr(error, "start", 0)
        line = data[:place].count(b"\n") + 1
        raise InputError(
            f"{origin}, line {line}: is not valid {encoding} ({error}). Save the file as UTF-8, or "
            "name its encoding in the corpus' setting encoding"
        ) from None


def _without_mark(data: bytes) -> str | None:
    """UTF-16 that has lost its mark: every other byte of its ASCII characters is zero."""
    even, odd = data[::2], data[1::2]
    for name, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if len(even) == len(odd) and 2 * zeros.count(0) > len(zeros) and 0 not in others:
            return name
    return None


def _is_western(data: bytes) -> bool:
    """Whether all words of a text in cp1252 could be words of a Western European language."""
    valid = _MULTIBYTE.findall(data)
    if len(valid) > sum(byte > 0x7F for byte in _MULTIBYTE.sub(b"", data)):
        return False  # UTF-8 with some damaged characters
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    if _STRANGE.search(text):
        return False
    words = (word.strip("ªº½¼¾²³") for word in _WORD.findall(text) if not word.isascii())
    return all(
        _WESTERN.fullmatch(word.lower()) and not _CAPITAL_INSIDE.search(word)
        for word in words
        if word
    )


def _refusal(data: bytes, origin: str | Path, problem: UnicodeDecodeError) -> InputError:
    from charset_normalizer import from_bytes

    line = data[: problem.start].count(b"\n") + 1
    content = _lines(data)[line - 1]
    guesses = [guess for guess in from_bytes(data) if guess.encoding != "utf_8"][:1]
    shown = "; ".join(
        f"it might be {guess.encoding}, in which the line reads "
        f"{content.decode(guess.encoding, errors='replace').strip()[:60]!r}"
        for guess in guesses
    )
    return InputError(
        f"{origin}, line {line}: is not UTF-8, and its encoding is unknown"
        f"{f' ({shown})' if shown else ''}. Save the file as UTF-8, or name its encoding in the "
        "corpus' setting encoding, e.g. encoding: gb18030"
    )


def _lines(data: bytes) -> list[bytes]:
    return data.replace(b"\r\n", b"\n").split(b"\n")


def _named(lines: Iterable[int]) -> str:
    """Line numbers for a remark."""
    numbers = list(lines)
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return f"line{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers[:_SHOWN]))}{more}"
