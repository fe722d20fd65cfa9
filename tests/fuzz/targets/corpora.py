"""The raw readers, through the index, the word times and the folds."""

import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from unittest import mock

from tests.fuzz.engine import Target
from tests.fuzz.mutate import Files
from tests.fuzz.targets.files import made, utterances
from tests.generators import iemocap, mosei, msp_improv

from robust_mer.corpora.folds import write_folds
from robust_mer.corpora.index import _check_times, changed_media, index_corpus
from robust_mer.corpora.registry import READERS, WORDS
from robust_mer.corpora.words import _check, index_words
from robust_mer.errors import UtteranceError
from robust_mer.settings import defaults, load


def _iemocap() -> list[Files]:
    def make(root: Path) -> None:
        for number in (1, 2):
            session = root / f"Session{number}"
            for folder in ("EmoEvaluation", "transcriptions", "avi/DivX", "wav"):
                (session / "dialog" / folder).mkdir(parents=True)
            turns = [("F", "hap"), ("M", "neu"), ("F", "sad"), ("M", "ang"), ("F", "xxx")]
            dialogue = f"Ses0{number}F_{'impro01' if number == 1 else 'script01_1'}"
            iemocap._make_dialogue(session, dialogue, turns, random.Random(1))

    return [made(make)]


def _msp_improv() -> list[Files]:
    turns = {"S": (12, {"A": 3, "S": 3, "N": 4}), "P": (4, {"H": 3})}
    with mock.patch.object(msp_improv, "TURNS", turns):
        return [
            made(partial(msp_improv.make_msp_improv, conditions="SP", apart=apart))
            for apart in (False, True)
        ]


def small_mosei(root: Path) -> None:
    """A release of a few segments, with all sequences."""
    sizes = {"train": 4, "valid": 2, "test": 2}
    narrow = {"vision": 2, "audio": 3, "text": 4}
    with mock.patch.object(mosei, "WIDTHS", narrow):
        mosei.make_csd(root, sizes, 2, rate=1.0)


MANIFEST = (
    b"utterance,session,speaker,label,audio,video,text,start,end,part\n"
    b'a1,s1,p1,happy,audio/a1.wav,,"Well, yes.",,,train\n'
    b"a2,s2,p2,sad,,video/a2.avi,No.,1.5,2.5,validation\n"
    b'a3,s3,p3,happy,,,"He said ""so""\nand left.",0,1,test\n'
)
_WORDS = b"utterance,word,start,end\na1,well,0,0.4\na1,yes,0.5,0.9\na2,no,0.1,0.5\na3,he,0,1\n"


def _manifest() -> list[Files]:
    return [
        {
            "manifest.csv": MANIFEST,
            "words.csv": _WORDS,
            "audio/a1.wav": b"RIFF",
            "video/a2.avi": iemocap.avi(3),
        }
    ]


def reads(reader: str, **settings) -> Callable[[Path, Path], None]:
    """Read a folder and its word times."""
    implementation = READERS[reader]
    given = {**defaults(implementation), **settings}

    def read(root: Path, results: Path) -> None:
        reading = load(implementation)(root, given)
        _check_times(root, reading)
        if reader in WORDS:
            times = load(WORDS[reader])(root, given)
            for row in reading.rows:
                with suppress(UtteranceError):
                    _check(times({"audio": "", "video": "", **row}))

    return read


def indexes(reader: str, **settings) -> Callable[[Path, Path], None]:
    """Index a folder, then write its word times."""

    def read(root: Path, results: Path) -> None:
        implementation = READERS[reader]
        given = {**defaults(implementation), **settings}
        index, media = results / "utterances.csv", results / "media.csv"
        index_corpus(
            index,
            results / "problems.csv",
            media,
            root,
            {"implementation": implementation, "settings": given},
            0.9,
        )
        changed_media(media, root)
        if reader in WORDS:
            index_words(
                results / "words.csv",
                results / "word_problems.csv",
                index,
                root,
                WORDS[reader],
                given,
                0.9,
            )

    return read


def _folds() -> list[Files]:
    names = [f"u{n}" for n in range(9)]
    media = "path,bytes,mtime,hash\n" + "".join(f"{n}.wav,10,1,{n}\n" for n in names)
    return [{"utterances.csv": utterances(names).encode(), "media.csv": media.encode()}]


def _read_folds(root: Path, results: Path) -> None:
    scheme = ("session_groups", "speaker_groups", "session_speakers", "part")[_turn() % 4]
    settings = {"scheme": scheme} | ({"groups": 3} if "groups" in scheme else {})
    write_folds(
        results / "folds.csv",
        results / "checks.csv",
        root / "utterances.csv",
        root / "media.csv",
        settings,
    )


_turn = count().__next__
_TOLD = ("folds:", "utterances have no word times")

TARGETS = [
    Target("iemocap", _iemocap, reads("iemocap"), indexes("iemocap"), names=_TOLD),
    Target("msp_improv", _msp_improv, reads("msp_improv"), indexes("msp_improv"), ("*.txt",)),
    Target(
        "cmu_mosei",
        lambda: [made(small_mosei)],
        reads("cmu_mosei", split="split.csv"),
        indexes("cmu_mosei", split="split.csv"),
        ("*Labels.csd", "*Words.csd", "split.csv", "Transcript/*"),
        names=_TOLD,
    ),
    Target("manifest", _manifest, reads("manifest"), indexes("manifest"), names=_TOLD),
    Target("folds", _folds, _read_folds, names=_TOLD),
]
