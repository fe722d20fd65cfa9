"""``robust-mer scan``: a first manifest and config of a folder of clips."""

import os
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml
from helpers.corpora import folds, index
from helpers.films import write_film
from helpers.plans import default_config, plan_of

from robust_mer import cli
from robust_mer.errors import InputError
from robust_mer.scan.corpus import scan
from robust_mer.scan.names import Pattern
from robust_mer.table import read_table

PICTURES = [np.full((16, 16, 3), value, np.uint8) for value in (40, 80, 120, 160, 200)]
SPEAKERS, LABELS = ("anna", "ben", "carla", "dora"), ("happy", "sad")
PATTERN = "{speaker}_{sentence}_{label}_*"


def write_sound(path: Path, seconds: float = 0.5, rate: int = 16000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(round(seconds * rate), 0.1), rate)


def write_video(path: Path, sound: np.ndarray | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_film(path, PICTURES, fps=10, sound=sound)


@pytest.fixture
def clips(tmp_path):
    """Clips of four speakers, with sound and pictures in folders of their own."""
    root = tmp_path / "my clips"
    for speaker in SPEAKERS:
        for label in LABELS:
            write_sound(root / f"audio/{speaker}_s1_{label}_01.wav")
            write_video(root / f"video/{speaker}_s1_{label}_01.mp4")
    return root


def call(monkeypatch, *arguments) -> None:
    monkeypatch.setattr(sys, "argv", ["robust-mer", "scan", *map(str, arguments)])
    cli.main()


def remarks_of(folder: Path, pattern: str = "") -> str:
    return "\n".join(scan(folder, Pattern(pattern) if pattern else None).remarks)


def test_files_are_paired_and_measured(clips):
    (row, *_) = scan(clips, Pattern(PATTERN)).rows
    assert row == {
        "utterance": "anna_s1_happy_01",
        "session": "anna",
        "speaker": "anna",
        "label": "happy",
        "sentence": "s1",
        "audio": "audio/anna_s1_happy_01.wav",
        "video": "video/anna_s1_happy_01.mp4",
        "text": "",
        "audio_seconds": "0.5",
        "video_seconds": "0.5",
        "sample_rate": "16000",
        "pictures_per_second": "10",
        "video_sound": "no",
    }
    assert remarks_of(clips, PATTERN) == ""


def test_what_is_written_plans_and_indexes(clips, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    call(monkeypatch, clips, "--pattern", PATTERN, "--out", out)
    printed = capsys.readouterr().out
    assert "speaker: 4 (anna 2, ben 2, carla 2, dora 2)" in printed
    assert "Complete the manifest" not in printed
    assert f"snakemake --cores 8 --configfile {out}/my_clips.yaml" in printed
    config = yaml.safe_load((out / "my_clips.yaml").read_text(encoding="utf-8"))
    corpus = config["corpora"]["my_clips"]
    raw = default_config()
    raw["run"] = config["run"]
    raw["experiments"] |= config["experiments"]
    raw["corpora"] |= config["corpora"]
    assert [one.name for one in plan_of(raw).corpora["my_clips"].modalities] == ["audio", "video"]
    files = index("manifest", Path(corpus["root"]), tmp_path / "results")
    table = read_table(files.utterances)
    assert len(table) == 8
    assert table["audio"][0] == "clips/audio/anna_s1_happy_01.wav"
    assert table["pictures_per_second"].tolist() == 8 * ["10"]
    assert pd.read_csv(files.problems).empty
    made = pd.read_csv(folds(tmp_path / "results", **corpus["folds"]).folds)
    assert made["fold"].nunique() == 4


def test_nothing_is_overwritten_without_force(clips, monkeypatch, capsys):
    call(monkeypatch, clips)
    assert "Complete the manifest first" in capsys.readouterr().out
    manifest = clips / "manifest.csv"
    before = manifest.read_text(encoding="utf-8")
    manifest.write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"manifest\.csv exists\. --force replaces it, --out"):
        call(monkeypatch, clips, "--pattern", PATTERN)
    assert manifest.read_text(encoding="utf-8") == "mine"
    call(monkeypatch, clips, "--force")
    assert manifest.read_text(encoding="utf-8") == before


def test_a_folder_with_a_manifest_is_looked_at(clips, tmp_path, monkeypatch, capsys):
    (clips / "manifest.csv").write_text("mine", encoding="utf-8")
    call(monkeypatch, clips)
    printed = capsys.readouterr().out
    assert "16 sound, video or text files, 8 utterances" in printed
    assert "has a manifest.csv, which the reader manifest reads" in printed
    assert "no speaker" not in printed
    assert "Wrote nothing. To write another manifest, give --out FOLDER or --force" in printed
    call(monkeypatch, clips, "--out", tmp_path / "out")
    assert "no speaker" in capsys.readouterr().out
    assert (tmp_path / "out/manifest.csv").exists()
    assert (clips / "manifest.csv").read_text(encoding="utf-8") == "mine"


def test_sound_of_videos_words_and_speakers_in_folders(tmp_path):
    tone = np.sin(np.arange(8000) / 10).astype(np.float32)
    for speaker in SPEAKERS:
        write_video(tmp_path / speaker / "happy_1.mp4", tone)
        (tmp_path / speaker / "happy_1.txt").write_text("So\n  glad!", encoding="utf-8")
    result = scan(tmp_path, Pattern("{speaker}/{label}_*"))
    (row, *_) = result.rows
    assert (row["utterance"], row["speaker"], row["label"]) == ("anna_happy_1", "anna", "happy")
    assert row["audio"] == row["video"] == "anna/happy_1.mp4"
    assert row["text"] == "So glad!"
    assert (row["video_sound"], row["sample_rate"]) == ("yes", "16000")
    assert result.modalities == ["audio", "video", "text"]
    assert "named after its folders" in result.remarks[0]
    assert "one label (happy): a model needs two" in result.remarks[-1]


def test_what_cannot_be_told_is_said(clips):
    (clips / "audio/ben_s1_sad_01.wav").unlink()
    write_sound(clips / "audio/ben_s1_happy_01.wav", seconds=1.5, rate=8000)
    (clips / "video/anna_s1_sad_01.mp4").write_text("<html>")
    (clips / "lonely.txt").write_text("words")
    write_sound(clips / "audio/strange.wav")
    remarks = remarks_of(clips, PATTERN)
    assert "1 file cannot be read: video/anna_s1_sad_01.mp4: it is a saved web page" in remarks
    assert "1 utterance without audio: ben_s1_sad_01" in remarks
    assert "2 utterances without video: anna_s1_sad_01, strange" in remarks
    assert "1 text file without a recording: lonely" in remarks
    assert "2 different rates: 16000 Hz (7), 8000 Hz (1)" in remarks
    assert "ben_s1_happy_01 (1.50 s and 0.50 s)" in remarks
    assert "1 name without the fields of the pattern: strange" in remarks


def test_without_a_pattern_speakers_and_labels_are_unknown(clips):
    remarks = remarks_of(clips)
    assert "no speaker: folds whose parts share no speaker are impossible" in remarks
    assert "no label: name it in --pattern, or fill in the column label" in remarks


def test_few_speakers_and_one_modality(tmp_path):
    for name in ("anna_happy_1", "ben_sad_1"):
        write_sound(tmp_path / f"{name}.wav")
    remarks = remarks_of(tmp_path, "{speaker}_{label}_*")
    assert "2 speakers (anna, ben): folds need three" in remarks
    assert "only audio files: a run needs two modalities" in remarks


def test_a_folder_of_nonsense(tmp_path, monkeypatch, capsys):
    (tmp_path / "a.wav").write_bytes(b"")
    (tmp_path / "b.flac").write_bytes(b"PK\3\4xxxx")
    (tmp_path / "c.pdf").write_bytes(b"%PDF")
    Path(os.fsdecode(bytes(tmp_path) + b"/\xff.wav")).write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    call(monkeypatch, tmp_path)
    printed = capsys.readouterr().out
    assert "other files: 1 .pdf" in printed
    assert re.search(r"3 files cannot be read:\n +a\.wav: it is empty.*\n +b\.flac: ", printed)
    assert "there are no clips, neither sound nor pictures: expected files such as" in printed
    assert "Wrote nothing" in printed
    assert not (tmp_path / "manifest.csv").exists()
    with pytest.raises(SystemExit, match="is not a folder"):
        call(monkeypatch, tmp_path / "a.wav")
    with pytest.raises(SystemExit, match="nowhere does not exist"):
        call(monkeypatch, tmp_path / "nowhere")


def test_a_known_corpus_is_named_with_its_reader(tmp_path, monkeypatch, capsys):
    for actor in (1, 2):
        write_sound(tmp_path / f"Actor_{actor:02d}/03-01-05-01-02-01-{actor:02d}.wav")
    call(monkeypatch, tmp_path)
    printed = capsys.readouterr().out
    assert "a corpus for the reader ravdess" in printed
    assert "this run needs video, which the folder lacks" in printed
    assert "no speaker" not in printed
    assert not (tmp_path / "manifest.csv").exists()
    call(monkeypatch, tmp_path, "--pattern", "03-01-{label}-*-{speaker}")
    table = pd.read_csv(tmp_path / "manifest.csv", dtype=str)
    assert table[["label", "speaker"]].values.tolist() == [["05", "01"], ["05", "02"]]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("*_*", "has no field in braces"),
        ("{speaker}_{speaker}", r"the field \{speaker\} occurs twice"),
        ("{Speaker}", r"\{Speaker\} is no field; expected lower-case"),
        ("{speaker}_{audio}", "audio is a column that the scan fills in itself"),
        ("{speakr}_{label}", "'speakr' looks like 'speaker'"),
    ],
)
def test_patterns_that_make_no_sense(pattern, message):
    with pytest.raises(InputError, match=message):
        Pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "path", "fields"),
    [
        (PATTERN, "x/1001_DFA_ANG_XX", {"speaker": "1001", "sentence": "DFA", "label": "ANG"}),
        (PATTERN, "1001_DFA_ANG", None),
        ("{speaker}/{label}", "a/b/sad", {"speaker": "b", "label": "sad"}),
        ("{speaker}/{label}", "sad", None),
        ("a.{label}", "a.b", {"label": "b"}),
        ("a.{label}", "axb", None),
    ],
)
def test_patterns(pattern, path, fields):
    assert Pattern(pattern).read(path) == fields


def test_a_reader_of_the_output_may_leave_early(clips, monkeypatch):
    """``robust-mer scan ... | head`` ends without a traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        call(monkeypatch, clips)
    assert (clips / "manifest.csv").exists()


def test_clips_of_different_people_are_not_paired_by_their_names(tmp_path):
    for name in ("anna/happy_1.wav", "ben/happy_2.wav", "ben/happy_1.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if path.suffix == ".wav":
            soundfile.write(path, np.zeros(800), 8000)
        else:
            path.write_text("words of ben")
    found = scan(tmp_path, Pattern("{speaker}/{label}_*"))
    assert [(row["utterance"], row["text"]) for row in found.rows] == [
        ("anna_happy_1", ""),
        ("ben_happy_2", ""),
    ]
