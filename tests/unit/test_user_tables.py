"""Tables as users save them: spreadsheets' habits, encodings, names in two spellings."""

import codecs
import unicodedata

import numpy as np
import pandas as pd
import pytest
from helpers.corpora import folds, index, reader_of, write_words

from robust_mer.corpora.tables import read_user_table
from robust_mer.errors import InputError
from robust_mer.table import read_numbers, read_table

HEADING = "utterance,session,speaker,label,audio,text"
ROWS = [f"u{n:02},s{n % 4},p{n % 4},{'happy' if n % 8 < 4 else 'sad'}" for n in range(12)]


def lines(texts=None, separator=","):
    """A manifest of twelve clips."""
    texts = texts or [f"line number {n}" for n in range(12)]
    rows = [f"{row},,{text}" for row, text in zip(ROWS, texts, strict=True)]
    return [line.replace(",", separator) for line in [HEADING, *rows]]


def write(root, content, encoding="utf-8", name="manifest.csv"):
    data = content if isinstance(content, bytes) else "\r\n".join(content).encode(encoding)
    (root / name).write_bytes(data)


def read(root, **settings):
    return reader_of("manifest", root, **settings).read()


def texts_of(reading):
    return [row["text"] for row in reading.rows]


def told(reading):
    return " ".join(what for _, _, what in reading.problems)


@pytest.mark.parametrize("blank", [",,,,,", " , ,,,,", "", "\t", ',"",,,,'])
def test_blank_rows_of_a_spreadsheet_are_no_utterances(tmp_path, blank):
    write(tmp_path, [*lines()[:5], blank, *lines()[5:], blank, blank])
    reading = read(tmp_path)
    assert (len(reading.rows), reading.lost, reading.problems) == (12, 0, [])


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_are_read_and_said(tmp_path, separator):
    write(tmp_path, lines(separator=separator))
    reading = read(tmp_path)
    assert texts_of(reading)[3] == "line number 3"
    assert "cells are separated by" in told(reading)


def test_a_line_that_names_the_separator_and_decimal_commas(tmp_path):
    heading = "utterance;session;speaker;label;start;end"
    write(tmp_path, ["sep=;", heading, "u1;s;p;happy;0,5;1,25", "u2;s;q;sad;;"])
    reading = read(tmp_path)
    assert [(row["start"], row["end"]) for row in reading.rows] == [("0.5", "1.25"), ("", "")]
    write(tmp_path, ["utterance,session,speaker,label,start,end", 'u1,s,p,happy,"0,5","1,25"'])
    assert "no times in seconds" in told(read(tmp_path))  # a comma may stand for thousands here


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("utterance,session,speaker,label,audio,audio", "the column audio more than once"),
        ("utterance,session,speaker,label,audio,text,,", "the columns 7, 8 have no name"),
        ("utterance,session,speaker,label, ,text", "the column 5 has no name"),
        ("utterance,session,speaker", "lacks the columns label"),
        ("utterance session speaker label", "lacks the columns .* separated by commas"),
        ("", "it is empty, it has no bytes"),
        (" \r\n ", "has no rows"),
        (",".join(map(str, range(2000))), "has 2000 columns"),
    ],
)
def test_headings_that_are_wrong(tmp_path, heading, expected):
    write(tmp_path, [heading])
    with pytest.raises(InputError, match=rf"manifest\.csv.*{expected}"):
        read(tmp_path)


def test_headings_in_another_case_and_with_blanks(tmp_path):
    write(tmp_path, ["\ufeffUtterance, Session ,SPEAKER,label\u00a0,Rating A", "u1,s,p,sad,4"])
    (row,) = read(tmp_path).rows
    assert (row["utterance"], row["session"], row["Rating A"]) == ("u1", "s", "4")


def test_empty_cells_behind_a_row_are_no_cells(tmp_path):
    write(tmp_path, [HEADING, ROWS[0] + ",,well,,,", ROWS[1] + ",,so,x"])
    reading = read(tmp_path)
    assert texts_of(reading) == ["well"]
    assert reading.lost == 1


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
    ],
)
def test_unicode_in_other_forms(tmp_path, encoding, mark):
    write(tmp_path, mark + "\r\n".join(lines(["“né”", "我"] + ["x"] * 10)).encode(encoding))
    reading = read(tmp_path)
    assert texts_of(reading)[:2] == ["“né”", "我"]
    assert ("read as" in told(reading)) == (encoding != "utf-8")


WESTERN = [
    "naïve café",
    "It’s “so”…",
    "Das ist schön",
    "¿Qué pasó?",
    "São João e botões",
    "Åsa är öm",
]


@pytest.mark.parametrize("text", WESTERN)
def test_western_code_page_is_assumed_and_said_with_lines(tmp_path, text):
    write(tmp_path, lines([text] * 8 + ["plain"] * 4), "cp1252")
    reading = read(tmp_path)
    assert texts_of(reading)[0] == text
    path = str(tmp_path / "manifest.csv")
    what = "is not UTF-8; read as cp1252 (lines 2, 3, 4, 5, 6 and 3 more)"
    assert reading.problems == [(path, 2, what)]


OTHERS = {
    "gbk": "这是一句话，我很开心",
    "cp932": "これは文です。とても嬉しい",
    "cp1251": "Это предложение и я рад",
    "koi8-r": "Это предложение и я рад",
    "cp949": "이것은 문장입니다 정말 기뻐요",
    "big5": "這是一句話，我很開心",
    "cp1250": "Może to źle łąka",
    "cp1254": "Çok güzel değil mi ışık",
    "cp1253": "Αυτή είναι η πρόταση",
    "mac-roman": "naïve café It’s",
}


@pytest.mark.parametrize(("encoding", "text"), OTHERS.items())
def test_other_code_pages_are_refused_unless_they_are_named(tmp_path, encoding, text):
    for texts in ([text] * 12, ["plain"] * 11 + [text]):
        write(tmp_path, lines(texts), encoding)
        with pytest.raises(InputError, match=r"line \d+: is not UTF-8, .*Save the file as UTF-8"):
            read(tmp_path)
        assert texts_of(read(tmp_path, encoding=encoding))[-1] == text
    with pytest.raises(InputError, match=r"line 13: is not valid ascii"):
        read(tmp_path, encoding="ascii")


def test_encodings_that_do_not_exist_are_an_error_of_the_config():
    for name in ("utf-9", "hex"):
        with pytest.raises(InputError, match=rf"corpora\.test\.encoding is '{name}': no encoding"):
            reader_of("manifest", None, encoding=name)


def test_utf8_with_a_damaged_character_is_not_taken_for_western(tmp_path):
    data = "\r\n".join(lines(["Größe und Übermut"] * 12)).encode()
    write(tmp_path, data.replace(b"\xc3\x9f", b"\xc3", 1))
    with pytest.raises(InputError, match=r"line 2: is not UTF-8"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("It\x92s \x93sure\x94\x85", "It’s “sure”…"),
        ("Well\x85", "Well…"),
        ("cafÃ© Itâ€™s", "café It’s"),
        ("caf\u00c3\u00a9 It\u00e2\u0080\u0099s", "café It’s"),
        ("Ã‰cole MANHÃ” CAFÉ…", "École MANHÃ” CAFÉ…"),
        ("“Spaß”", "“Spaß”"),
    ],
)
def test_marks_that_were_read_in_a_wrong_code_page_before(tmp_path, written, meant):
    write(tmp_path, lines([written] + ["plain"] * 11))
    files = index("manifest", tmp_path, tmp_path)
    assert read_table(files.utterances)["text"][0] == meant
    problems = read_table(files.problems)["problem"]
    assert len(problems) == (written != meant)


def test_texts_of_arrays_are_mended_too(tmp_path):
    names = np.array(["a", "b", "c"])
    said = np.array(["It\x92s", "so", "\x93no\x94"])
    columns = {"utterance": "n", "speaker": "n", "label": "n", "text": "t"}
    np.savez(tmp_path / "features.npz", n=names, t=said)
    files = index("npz", tmp_path, tmp_path, columns=columns)
    assert read_table(files.utterances)["text"].tolist() == ["It’s", "so", "“no”"]
    (problem,) = read_table(files.problems)["problem"]
    assert "a and 1 more" in problem


def test_words_are_read_as_the_manifest_is(tmp_path):
    write(tmp_path, lines(["naïve café"] * 12), "cp1252")
    rows = ["u00 ,naïve,0,0.03", "u00,café,0.03,0.06", "U99,x,0,1", ",,,", "u01,é,0;1,2"]
    write(tmp_path, ["utterance,word,start,end", *rows], "cp1252", "words.csv")
    index("manifest", tmp_path, tmp_path)
    files = write_words("manifest", tmp_path, tmp_path, max_left_out=1.0)
    assert read_table(files.words)["word"].tolist() == ["naïve", "café"]
    problems = read_table(files.problems)
    assert problems["problem"].str.contains("is not UTF-8; read as cp1252").sum() == 1
    (unknown,) = problems.loc[problems["utterance"] == "U99", "problem"]
    assert unknown == "words.csv, line 4: 1 word of an utterance that is not in the index"


ACCENTS = ["José", "Zoë", "Anaïs"]


def people(write_name):
    """Three speakers whose names two computers wrote."""
    names = [unicodedata.normalize("NFC" if n < 6 else "NFD", ACCENTS[n % 3]) for n in range(12)]
    rows = [
        f"u{n:02},s{n % 4},{write_name(name)},{'happy' if n % 2 else 'sad'},,x"
        for n, name in enumerate(names)
    ]
    return [HEADING, *rows]


@pytest.mark.parametrize("write_name", [str, " {} ".format, "{}\u00a0".format, "\u200b{}".format])
def test_one_speaker_in_two_spellings_is_one(tmp_path, write_name):
    write(tmp_path, people(write_name))
    index("manifest", tmp_path, tmp_path)
    table = read_table(tmp_path / "utterances.csv")
    assert table["speaker"].nunique() == 3
    problems = read_table(tmp_path / "index_problems.csv")["problem"]
    assert problems.str.contains("is written in two ways").sum() == 3
    parts = pd.read_csv(folds(tmp_path, scheme="speaker_groups", groups=3).folds)
    speaker = parts["utterance"].map(table.set_index("utterance")["speaker"])
    spoken = {
        pair: set(map(str, names))
        for pair, names in speaker.groupby([parts["fold"], parts["part"]])
    }
    for fold in (1, 2, 3):
        assert not spoken[fold, "train"] & spoken[fold, "test"]


def test_labels_utterances_and_words_in_two_spellings(tmp_path):
    decomposed = unicodedata.normalize("NFD", "fâché")
    rows = [f"é1,s,p,fâché,,x,{decomposed}", f"e\u03011,s,p,{decomposed},,x,fâché"]
    write(tmp_path, [HEADING + ",mood", *rows, "u3,s,q,gai,,x,gai"])
    reading = read(tmp_path, labels={decomposed: "angry", "gai ": "happy"})
    assert [row["label"] for row in reading.rows] == ["angry", "happy"]
    assert "is there already (line 2)" in told(reading)
    assert texts_of(reading)[0] == "x"
    write(tmp_path, ["utterance,word,start,end", "e\u03011,e\u0301,0,1"], name="words.csv")
    words = reader_of("manifest", tmp_path).words()
    assert [word.word for word in words(reading.rows[0])] == ["é"]


@pytest.mark.parametrize(
    "names", [("Anna", "anna"), ("Jose", "José"), ("p 01", "p_1"), ("A", "\uff21"), ("p1", "p01")]
)
def test_names_that_may_be_one_are_named(tmp_path, names):
    rows = [f"u{n},s,{name},{'happy' if n % 2 else 'sad'},,x" for n, name in enumerate(names * 2)]
    write(tmp_path, [HEADING, *rows])
    files = index("manifest", tmp_path, tmp_path)
    assert read_table(files.utterances)["speaker"].nunique() == 2
    (problem,) = read_table(files.problems)["problem"]
    assert "(2 utterances) count as 2; if they are one, write them alike" in problem


@pytest.mark.parametrize(
    ("on_disk", "named"),
    [
        ("clips/a.wav", "clips\\a.wav"),
        ("clips/é.wav", "clips/e\u0301.wav"),
        ("cle\u0301/é.wav", "clé\\e\u0301.wav"),
        ("Clips/A.WAV", "clips/a.wav"),
    ],
)
def test_recordings_whose_path_is_written_otherwise(tmp_path, on_disk, named):
    (tmp_path / on_disk).parent.mkdir()
    (tmp_path / on_disk).touch()
    write(tmp_path, [HEADING, f"u1,s,p,happy,{named},x"])
    reading = read(tmp_path)
    assert [row["audio"] for row in reading.rows] == [on_disk]
    assert f"is read from {on_disk}" in told(reading)


def test_recordings_of_which_none_exists_are_an_error_of_the_index(tmp_path):
    rows = [f"{row},D:\\clips\\u.wav,x" for row in ROWS]
    write(tmp_path, [HEADING, *rows])
    with pytest.raises(InputError, match=r"none of the 12 files in the column audio exists.*'D:"):
        read(tmp_path)
    (tmp_path / "a.wav").touch()
    (tmp_path / "A.wav").touch()
    write(tmp_path, [HEADING, "u1,s,p,happy,A.WAV,x", "u2,s,p,sad,a.wav,x"])
    assert [row["audio"] for row in read(tmp_path).rows] == ["", "a.wav"]  # which is unclear


ODD = ["001", "NA", "1e5", "True", "null", "nan", "-0", "1.0"]


def test_names_that_look_like_numbers_stay_text(tmp_path):
    rows = [f"{name},{name},{name},{name},,{name},{name}" for name in ODD]
    write(tmp_path, [HEADING + ",script", *rows])
    table = read_table(index("manifest", tmp_path, tmp_path).utterances)
    for column in ("utterance", "session", "speaker", "label", "text", "script"):
        assert sorted(table[column]) == sorted(ODD)
    pd.DataFrame({"model": [*ODD, ""], "wa": [0.5] * 8 + [np.nan]}).to_csv(tmp_path / "t.csv")
    again = read_numbers(tmp_path / "t.csv", ["model"])
    assert again["model"].tolist() == [*ODD, ""]
    assert again["wa"].isna().sum() == 1


MISTAKES = {
    "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n": "git lfs pull",
    "<!DOCTYPE html>\n<html><body>Sign in</body></html>": "web page",
    "\ufeff \n<HTML>": "web page",
    "": "it is empty",
}


@pytest.mark.parametrize(("content", "expected"), MISTAKES.items())
def test_what_lies_in_place_of_a_file_is_said(tmp_path, content, expected):
    for reader, name in (
        ("manifest", "manifest.csv"),
        ("npz", "features.npz"),
        ("mmsa", "unaligned_50.pkl"),
        ("cmu_mosei", "CMU_MOSEI_Labels.csd"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=rf"{name} is not a.*{expected}"):
            reader_of(reader, tmp_path).read()


def test_an_archive_that_broke_off_and_a_workbook(tmp_path):
    np.savez(tmp_path / "features.npz", audio=np.zeros((40, 9)))
    data = (tmp_path / "features.npz").read_bytes()
    (tmp_path / "features.npz").write_bytes(data[:-100])
    with pytest.raises(InputError, match=r"features\.npz .*a copy or a download broke off"):
        reader_of("npz", tmp_path).read()
    (tmp_path / "manifest.csv").write_bytes(b"PK\x03\x04\x14\0[Content_Types].xml")
    with pytest.raises(InputError, match="Excel workbook: save it as csv"):
        read(tmp_path)


def test_rows_know_their_lines(tmp_path):
    (tmp_path / "t.csv").write_text('a,b\n\n1,"x\ny"\n,\n2,z\n3\n')
    table = read_user_table(tmp_path / "t.csv", ["a", "b"])
    assert [line for line, _ in table.rows] == [3, 6]
    assert table.unusable == [(7, "has 1 cells, the heading 2")]


def test_a_further_column_may_have_line_breaks(tmp_path):
    write(tmp_path, [HEADING + ",comment", ROWS[0] + ',,x,"two\nlines"', ROWS[1] + ",,x,"])
    assert [row["comment"] for row in read(tmp_path).rows] == ["two lines", ""]
