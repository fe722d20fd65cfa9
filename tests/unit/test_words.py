"""When words are said: readers of word times, broken ones included."""

import numpy as np
import pandas as pd
import pytest
from generators.mosei import write_csd
from helpers.corpora import write_words

from robust_mer.corpora.wdseg import parse_wdseg
from robust_mer.errors import InputError, UtteranceError

# As in the release: silences, a second pronunciation, an event, and the score at the end.
WDSEG = """\t SFrm\t EFrm\t SegAScr\t Word
\t    0\t   41\t   -73102\t <s>
\t   42\t   60\t   -95102\t THIS(2)
\t   61\t   75\t   -88371\t <sil>
\t   76\t  140\t   -88371\t ++LAUGHTER++
\t  141\t  150\t   -88371\t </s>
 Total score:     -6245733
"""


def test_alignment_of_iemocap():
    words = parse_wdseg(WDSEG, "u.wdseg")
    # a frame takes 10 ms, and the last one belongs to the word
    assert [word.word for word in words] == ["THIS", "++LAUGHTER++"]
    np.testing.assert_allclose([w[1:] for w in words], [[0.42, 0.61], [0.76, 1.41]])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "does not begin with"),
        ("0 41 -73102 WORD\n", "does not begin with"),
        (WDSEG.replace("   60", "   6x"), "line 3 not understood"),
        (WDSEG[:80], "line 3 not understood"),  # cut off
        (WDSEG.replace("THIS(2)", "THIS IS"), "line 3 not understood"),
    ],
)
def test_broken_alignment_costs_its_utterance(text, told):
    with pytest.raises(UtteranceError, match=told):
        parse_wdseg(text, "u.wdseg")


class Indexed:
    """A corpus' index, and the words that a reader finds in it."""

    def __init__(self, folder):
        self.folder = folder

    def read(self, reader, max_left_out=1.0, settings=None, **columns):
        pd.DataFrame(columns).to_csv(self.folder / "utterances.csv", index=False)
        files = write_words(reader, self.folder, self.folder, max_left_out, **(settings or {}))
        return (
            pd.read_csv(files.words).to_numpy().tolist(),
            dict(pd.read_csv(files.problems).to_numpy().tolist()),
        )


@pytest.fixture
def corpus(tmp_path):
    return Indexed(tmp_path)


def test_iemocap(corpus):
    (corpus.folder / "a.wdseg").write_text(WDSEG)
    (corpus.folder / "b.wdseg").write_text(WDSEG.replace("SFrm", "?"))
    (corpus.folder / "e.wdseg").write_text(WDSEG.replace("THIS(2)", "<sil>").replace("++", "x"))
    (corpus.folder / "f.wdseg").write_text(WDSEG.replace("   76", "    1"))
    (corpus.folder / "g.wdseg").write_text(WDSEG.splitlines()[0])
    files = ["a.wdseg", "b.wdseg", "", "d.wdseg", "e.wdseg", "f.wdseg", "g.wdseg"]
    words, problems = corpus.read("iemocap", utterance=list("abcdefg"), alignment=files)
    assert words == [
        ["a", "THIS", 0.42, 0.61],
        ["a", "++LAUGHTER++", 0.76, 1.41],
        ["e", "xLAUGHTERx", 0.76, 1.41],
    ]
    assert problems.keys() == set("bcdfg")
    assert problems["c"] == "no wdseg file"
    assert problems["d"] == "d.wdseg is missing"
    assert "out of order: '++LAUGHTER++' from 0.01" in problems["f"]
    assert problems["g"] == "no words"
    with pytest.raises(InputError, match=r"5 of 7 utterances have no word times.*max_left_out"):
        corpus.read("iemocap", 0.5, utterance=list("abcdefg"), alignment=files)


def test_an_alignment_outside_the_corpus_is_not_read(corpus):
    with pytest.raises(InputError, match="is outside the corpus' folder"):
        corpus.read("iemocap", utterance=["a"], alignment=["../a.wdseg"])


def test_cmu_mosei(corpus):
    spelled = np.array([[b"so"], [b"sp"], [b"what"], [b"now"]])
    times = np.array([[9.5, 10.5], [10.5, 10.7], [10.7, 11.0], [11.9, 12.4]])
    write_csd(corpus.folder / "words.csd", "words", {"v": (spelled, times)})
    index = {
        "utterance": ["v[0]", "v[1]", "w[0]"],
        "dialogue": ["v", "v", "w"],
        "start": ["10", "20", "0"],
        "end": ["12", "21", "1"],
    }
    settings = {"words": "words.csd"}
    words, problems = corpus.read("cmu_mosei", settings=settings, **index)
    # from the segment's beginning; words across its border are cut there; pauses are no words
    assert words == [
        ["v[0]", "so", 0.0, 0.5],
        ["v[0]", "what", 0.7, 1.0],
        ["v[0]", "now", 1.9, 2.0],
    ]
    assert problems == {"v[1]": "no words", "w[0]": "words.csd has no such video"}
    with pytest.raises(InputError, match=r"holds no other\.csd"):
        corpus.read("cmu_mosei", settings={"words": "other.csd"}, **index)


def test_own_corpus(corpus):
    settings = {"table": "clips.csv"}
    with pytest.raises(InputError, match=r"holds no words\.csv"):
        corpus.read("manifest", settings=settings, utterance=["a"])
    table = corpus.folder / "words.csv"
    table.write_text("utterance,word,from\na,oh,0\n")
    with pytest.raises(InputError, match="lacks the columns start, end"):
        corpus.read("manifest", settings=settings, utterance=["a"])
    table.write_text(
        "utterance,word,start,end\nb,yes,0.5,x\na,no,0.4,0.5\na,oh,0.1,0.35\nz,not indexed,0,1\n"
        "d,inf,0,inf\ne,before,-1,1\n"
    )
    words, problems = corpus.read("manifest", settings=settings, utterance=list("abcde"))
    assert words == [["a", "oh", 0.1, 0.35], ["a", "no", 0.4, 0.5]]
    assert problems["b"] == "words.csv, line 2: start and end are no times in seconds"
    assert problems["z"] == "words.csv, line 5: 1 word of an utterance that is not in the index"
    assert problems["c"] == "words.csv has no words of it"
    assert problems["d"].startswith("times out of order: 'inf'")
    assert problems["e"].startswith("times out of order: 'before'")
