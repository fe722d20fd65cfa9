"""Names of people, sessions, labels and files: when two spellings are the same name."""

import re
import unicodedata

# Characters of no width: a mark of UTF-8 inside a file, blanks of no width, soft hyphens.
_INVISIBLE = re.compile("[\ufeff\u200b\u2060\u00ad]")


def name_key(name: str) -> str:
    """What spellings of one name have in common.

    An accent may be one character or two (Unicode's NFC makes them one), and blanks around a name,
    or different blanks in it, mean nothing.
    """
    if name.isascii():
        return " ".join(name.split())
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", name)).split())


def twin_key(name: str) -> str:
    """What names have in common that may be one: no case, accents, width, separators or zeros."""
    plain = unicodedata.normalize("NFKD", name_key(name)).casefold()
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    words = re.sub(r"[\s_.-]+", " ", letters).strip()
    return re.sub(r"\d+", lambda digits: digits[0].lstrip("0") or "0", words)
