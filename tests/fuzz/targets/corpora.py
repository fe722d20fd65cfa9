"""The raw readers, through the index, the word times and the folds."""

import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from unittest import mock

from generators import crema_d, iemocap, meld, mosei, msp_improv
from helpers import corpora
from helpers.tasks import CLASSIFICATION

from fuzz.engine import Target
from fuzz.mutate import Files
from fuzz.targets.files import made, utterances
from robust_mer.corpora.folds import FoldsFiles, FoldsFileSpec, FoldsSpec, write_folds
from robust_mer.corpora.index import changed_media, check_times
from robust_mer.corpora.reader import WordReader
from robust_mer.corpora.words import check_words
from robust_mer.errors import UtteranceError
from robust_mer.runtime import Runtime


def _iemocap() -> list[Files]:
    def make(root: Path) -> None:
        for number in (1, 2):
            session = root / f"Session{number}"
            for folder in ("EmoEvaluation", "transcriptions", "avi/DivX", "wav"):
                (session / "dialog" / folder).mkdir(parents=True)
            turns = [("F", "hap"), ("M", "neu"), ("F", "sad"), ("M", "ang"), ("F", "xxx")]
            dialogue = f"Ses0{number}F_{'impro01' if number == 1 else 'script01_1'}"
            iemocap.make_dialogue(session, dialogue, turns, random.Random(1))

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


def reads(name: str, **settings) -> Callable[[Path, Path], None]:
    """Read a folder and its word times."""

    def read(root: Path, results: Path) -> None:
        reader = corpora.reader_of(name, root, **settings)
        reading = reader.read()
        check_times(root, reading)
        if isinstance(reader, WordReader):
            times = reader.words()
            for row in reading.rows:
                with suppress(UtteranceError):
                    check_words(times({"audio": "", "video": "", **row}))

    return read


def indexes(name: str, **settings) -> Callable[[Path, Path], None]:
    """Index a folder, then write its word times."""

    def read(root: Path, results: Path) -> None:
        files = corpora.index(name, root, results, max_left_out=0.9, **settings)
        changed_media(files.media, root)
        if isinstance(corpora.reader_of(name, root, **settings), WordReader):
            corpora.write_words(name, root, results, max_left_out=0.9, **settings)

    return read


def _folds() -> list[Files]:
    names = [f"u{n}" for n in range(9)]
    media = "path,bytes,mtime,hash\n" + "".join(f"{n}.wav,10,1,{n}\n" for n in names)
    return [{"utterances.csv": utterances(names).encode(), "media.csv": media.encode()}]


def _read_folds(root: Path, results: Path) -> None:
    scheme = ("session_groups", "speaker_groups", "session_speakers", "part")[_turn() % 4]
    spec = FoldsSpec(scheme, groups=3 if "groups" in scheme else None)
    files = FoldsFiles(
        utterances=root / "utterances.csv",
        media=root / "media.csv",
        folds=results / "folds.csv",
        checks=results / "checks.csv",
    )
    write_folds(FoldsFileSpec(spec, CLASSIFICATION), files, Runtime())


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
    Target(
        "crema_d",
        lambda: [made(partial(crema_d.make_crema_d, actors=range(1001, 1002)))],
        reads("crema_d", label="voice"),
        indexes("crema_d", label="voice"),
        ("*.csv",),
    ),
    Target(
        "meld",
        lambda: [made(partial(meld.make_meld, share=400))],
        reads("meld"),
        indexes("meld"),
        ("*.csv", "*.mp4"),
    ),
    Target("manifest", _manifest, reads("manifest"), indexes("manifest"), names=_TOLD),
    Target("folds", _folds, _read_folds, names=_TOLD),
]
