"""Mutations of bytes, and values that other mutations insert in unexpected places."""

from random import Random

INTERESTING = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x80",
    b"\xff\xff\xff\x7f",
    b"\xff" * 8,
    b"\x00" * 8,
    b"\xef\xbb\xbf",
    b"\xff\xfe",
)
_LONGEST = 1 << 18  # bytes of an input


def mutate_bytes(data: bytes, draw: Random) -> bytes:
    """Flip, put in, take out, double or cut off bytes."""
    if not data:
        return draw.randbytes(draw.choice((1, 4, 100)))
    data = bytearray(data)
    place = draw.randrange(len(data))
    # headers are where formats live
    if draw.random() < 0.3:
        place = draw.randrange(min(len(data), 256))
    length = draw.choice((1, 2, 4, 8, 32, 200))
    kind = draw.randrange(8)
    if kind == 0:
        data[place] ^= 1 << draw.randrange(8)
    elif kind == 1:
        data[place] = draw.randrange(256)
    elif kind == 2:
        some = draw.choice(INTERESTING)
        data[place : place + len(some)] = some
    elif kind == 3:
        data[place:place] = draw.choice((draw.randbytes(length), draw.choice(INTERESTING)))
    elif kind == 4:
        del data[place : place + length]
    elif kind == 5:
        other = draw.randrange(len(data))
        data[place : place + length] = data[other : other + length]
    elif kind == 6:
        number = int.from_bytes(data[place : place + 4], "little") + draw.choice((-1, 1, 16, 255))
        data[place : place + 4] = (number % 2**32).to_bytes(4, "little")
    elif draw.random() < 0.5:
        del data[place:]
    else:
        data[place:place] = data[place : place + length] * draw.choice((2, 8, 64))
    return bytes(data[:_LONGEST])


def mutate_content(data: bytes, draw: Random) -> bytes:
    """Change bytes after the heading, but not their number."""
    if len(data) < 16:
        return data
    some = draw.choice((draw.randbytes(4), b"\xff\xff\xff\x7f", b"\x00\x00\xc0\x7f", b"\x00" * 4))
    place = draw.randrange(len(data) // 3, len(data) - 4)
    return data[:place] + some + data[place + 4 :]


TEXTS = (
    "",
    " ",
    "nan",
    "NaN",
    "inf",
    "-inf",
    "-1",
    "0",
    "-0",
    "1e308",
    "1e999",
    "9" * 400,
    "0x10",
    "1_000",
    "٣",
    "1,5",
    "None",
    "null",
    "True",
    "a b",
    "a'b",
    'a"b',
    "a\nb",
    "a\tb",
    "a\rb",
    "$(touch pwned)",
    "`touch pwned`",
    ";touch pwned",
    "a|b",
    "&",
    "<b>x</b>",
    "{{x}}",
    "{x}",
    "%s",
    "../x",
    "../../../../tmp/x",
    "/etc/passwd",
    "..",
    ".",
    "a/b",
    "a\\b",
    "-rf",
    "~",
    "*",
    "é",
    "e\u0301",
    "\u202eabc",
    "\u200b",
    "\ud7ff",
    "\U0001f600",
    "\x00",
    "a\x00b",
    "\x1b[31m",
    "\ufeff",
    "x" * 300,
    "x" * 5000,
    "clean",
    "train",
    "left",
    "1,2,3,4",
    "0,0,0,0",
    "-1,0,1,1",
    "http://x/y",
    "CON",
    "file:///etc/passwd",
    "=1+1",
    "\u2028",
    "\x85",
    "\x1c",
)

NUMBERS = (
    0,
    -1,
    1,
    2,
    3,
    0.5,
    -0.5,
    1e-300,
    1e308,
    float("nan"),
    float("inf"),
    float("-inf"),
    10**30,
    -(10**30),
    10**400,
    2**31,
    2**63,
    2**64,
    1e7,
)
