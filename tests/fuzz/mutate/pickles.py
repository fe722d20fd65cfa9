"""Mutations of pickles: their opcodes, and generated programs."""

import pickletools
import struct
from random import Random

from fuzz.mutate.plain import mutate_bytes, mutate_content

_OPCODES = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]
_SNIPPETS = (
    b"cos\nsystem\n(S'touch pwned'\ntR",
    b"cbuiltins\neval\n(S'1'\ntR",
    b"(S'true'\nios\nsystem\n",
    b"cnumpy\nload\n",
    b"cnumpy.core.multiarray\n_reconstruct\n",
    b"cnumpy\ndtype\n(U\x02O8K\x00K\x01tR",
    b"B\xff\xff\xff\x7f",
    b"\x8e" + b"\xff" * 7 + b"\x7f",
    b"\x8d" + b"\xff" * 8,
    b"\x8b\xff\xff\xff\x7f",
    b"L" + b"9" * 5000 + b"L\n",
    b"]\x94h\x00a",
    b"]q\x00h\x00a",
    b"}q\x01h\x01h\x01s",
    b"(" * 3000,
    b"]" * 200 + b"a" * 199,
    b"\x95" + b"\xff" * 8,
    b"r\xff\xff\xff\xff",
    b"j\xff\xff\xff\xff",
    b"F1e400\n",
    b"Inan\n",
    b"\x80\xff",
    b"h\x00",
    b"0",
    b"1",
    b"2",
    b"N",
    b"\x88",
    b"(l",
    b"(d",
    b"(t",
    b"\x85",
    b"\x86",
    b"\x87",
    b"V\\ud800\n",
    b"X\x04\x00\x00\x00\xff\xff\xff\xff",
    b"K\xff",
    b"J\xff\xff\xff\xff",
    b"(U\x02f8tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb",
    b"c_codecs\nencode\n(Vx\nVlatin1\ntR",
    b"ccollections\nOrderedDict\n)R",
    b"cbuiltins\nset\n(]tR",
)


def mutate_opcodes(data: bytes, draw: Random) -> bytes:
    """Change the program: take out, double, swap or put in opcodes, or change an argument."""
    try:
        starts = [place for _, _, place in pickletools.genops(data)]
    except Exception:
        return mutate_bytes(data, draw)
    ends = [*starts[1:], len(data)]
    pieces = [data[a:b] for a, b in zip(starts, ends, strict=True)]
    place = draw.randrange(len(pieces))
    kind = draw.randrange(9)
    if kind > 6:
        (place,) = draw.choices(range(len(pieces)), [len(piece) for piece in pieces])
        pieces[place] = mutate_content(pieces[place], draw)
        return b"".join(pieces)
    if kind == 0:
        del pieces[place : place + draw.choice((1, 1, 2, 5))]
    elif kind == 1:
        other = draw.randrange(len(pieces))
        pieces[place], pieces[other] = pieces[other], pieces[place]
    elif kind == 2:
        other = draw.randrange(len(pieces))
        pieces[place:place] = pieces[other : other + draw.choice((1, 3, 10))]
    elif kind in (3, 4):
        pieces.insert(place, draw.choice(_SNIPPETS))
    elif kind == 5:
        pieces.insert(place, draw.choice(_OPCODES) + draw.randbytes(draw.choice((0, 1, 4))))
    else:
        number = draw.choice((0, 1, -1, 2**31 - 1, 7, 255))
        code = b"J" + struct.pack("<i", number)
        pieces[place] = code if pieces[place][:1] in b"KMJ" else mutate_bytes(pieces[place], draw)
    return b"".join(pieces)[: 1 << 20]
