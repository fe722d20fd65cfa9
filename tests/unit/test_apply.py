"""A model on many clips: names, broken clips, resuming, parts along a recording, formats."""

import errno
import json
import os
import resource
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import av
import numpy as np
import pandas as pd
import pytest
import soundfile
from helpers.exported import write_exported
from matplotlib.figure import Figure

from robust_mer import cli
from robust_mer.apply import clips, isolated, timeline
from robust_mer.apply.answers import read_answers
from robust_mer.apply.clips import ClipRow, cut, find_clips, too_long
from robust_mer.apply.isolated import IsolatedPredictor, MachineFaultError, TooSlowError
from robust_mer.apply.run import apply_model
from robust_mer.apply.timeline import draw_panel, draw_timelines
from robust_mer.errors import InputError
from robust_mer.export.predict import ModalitySeen, Prediction, UnusableClipError
from robust_mer.export.sets import AnswerSet
from robust_mer.features.media import open_recording
from robust_mer.files import sha256

pytestmark = pytest.mark.usefixtures("warm_processes")

RATE = 8000


class Model:
    """Answers with the length of the text; counts its clips, and fails on the chosen ones."""

    def __init__(self, fails=None, coverage=0.9):
        self.count, self._fails, self.coverage = 0, fails or {}, coverage
        self.description = {"weights_sha256": "abc", "modalities": {}}

    def __call__(self, clip):
        self.count += 1
        if error := self._fails.get(clip.text):
            raise error
        seen = {"text": ModalitySeen(len(clip.text), len(clip.text), None, "")}
        share = (clip.start or 0) / 10 or 1 / 3
        answers = {"happy": share, "angry": 1 - share}
        answer_set = AnswerSet(["happy", "angry"], self.coverage, True, "")
        figures = {"weight_text": 0.25}
        return Prediction(
            {"emotion": "happy"}, answers, modalities=seen, set=answer_set, figures=figures
        )


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "clips"
    (made / "deep").mkdir(parents=True)
    for name in ("a", "b", "deep/c"):
        (made / f"{name}.txt").write_text(f"text {name}", encoding="utf-8")
    soundfile.write(made / "a.wav", np.zeros(RATE), RATE)
    (made / "broken.wav").write_bytes(b"RIFF and nothing")
    (made / "notes.docx").write_bytes(b"none")
    return made


def table(model, clips, out=None, every=None):
    with apply_model(model, clips, out, every) as answers:
        return read_answers(answers)


def test_files_of_the_same_name_are_a_clip(folder):
    assert [row.name for row in find_clips([folder])] == ["a", "b.txt", "broken.wav", "deep/c.txt"]
    files = [folder / "a.wav", folder / "b.txt", folder / "a.txt"]
    assert [len(row.files) for row in find_clips(files)] == [2, 1]


def test_folders_may_stand_beside_files(folder):
    names = [row.name for row in find_clips([folder / "deep", folder / "b.txt"])]
    assert names == [str(folder / "deep/c.txt"), str(folder / "b.txt")]


def test_a_broken_clip_costs_its_row(folder):
    model = Model(
        {
            "text b": UnusableClipError("nothing to use"),
            "text deep/c": ValueError("a decoder's fault"),
        }
    )
    reasons = table(model, find_clips([folder]))["reason"].tolist()
    assert reasons[0] == ""
    assert reasons[1] == "nothing to use"
    assert "cannot be decoded" in reasons[2]
    assert reasons[3] == "ValueError: a decoder's fault"


def test_a_clip_that_hangs_or_ends_the_process_costs_its_row(tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("fine 1 2\nhang 1000 1000\nend 1e6 1e6\nfull -1000 -1000\n")
    settings = {"vectors": str(vectors)}
    glove = ("robust_mer.features.glove:Glove", settings, sha256(vectors))
    own = "helpers.own_models:Faulty"
    model = write_exported(tmp_path / "model", own, widths={"text": 2}, extractors={"text": glove})
    end, fine, hang, full = ([ClipRow(word, (), word)] for word in ("end", "fine", "hang", "full"))
    with IsolatedPredictor(model, [own]) as predictor:
        ended, answered = table(predictor, end + fine)["reason"]
        lacked, after = table(predictor, full + fine)["reason"]
        (again,) = table(predictor, full)["reason"]
        predictor.max_seconds = 1
        (hung,) = table(predictor, hang)["reason"]
    assert "SIGSEGV" in ended
    assert answered == after == ""
    assert "took more than 1 s" in hung
    assert lacked.startswith("MemoryError: ")
    assert lacked != again  # another process


@pytest.mark.parametrize(
    "error", [InputError("other weights"), OSError(errno.ENOSPC, "No space left on device")]
)
def test_what_holds_for_all_clips_ends_the_run(folder, error):
    with pytest.raises(type(error)):
        table(Model({"text a": error}), find_clips([folder]))


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_an_interrupted_run_resumes_with_the_same_output(folder, tmp_path, suffix):
    whole, resumed = tmp_path / f"whole.{suffix}", tmp_path / f"resumed.{suffix}"
    clips = find_clips([folder])
    table(Model(), clips, whole)
    with pytest.raises(KeyboardInterrupt):
        table(Model({"text deep/c": KeyboardInterrupt()}), clips, resumed)
    assert not resumed.exists()
    (journal,) = tmp_path.glob(".resumed*")
    with journal.open("ab") as file:
        file.write(b'["cut off by a full di')
    model = Model()
    table(model, clips, resumed)
    assert model.count == 1
    assert resumed.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_a_clip_that_changed_is_read_again(folder, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        table(Model({"text deep/c": KeyboardInterrupt()}), find_clips([folder]), tmp_path / "o.csv")
    (folder / "a.txt").write_text("another text")
    model = Model()
    table(model, find_clips([folder]), tmp_path / "o.csv")
    assert model.count == 2


@pytest.mark.parametrize("error", [TooSlowError("late"), MachineFaultError("no memory")])
def test_what_may_pass_is_asked_again(folder, tmp_path, error):
    out = tmp_path / "o.csv"
    fails = {"text a": error, "text deep/c": KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        table(Model(fails), find_clips([folder]), out)
    model = Model()
    assert not table(model, find_clips([folder]), out)["reason"][0]
    assert model.count == 2


def test_answers_of_another_model_are_not_mixed_in(folder, tmp_path):
    out = tmp_path / "o.csv"
    with pytest.raises(KeyboardInterrupt):
        table(Model({"text b": KeyboardInterrupt()}), find_clips([folder]), out)
    model = Model()
    with pytest.raises(InputError, match="another model or other options"):
        table(Model(coverage=0.5), find_clips([folder]), out)
    model.description = {**model.description, "weights_sha256": "other"}
    with pytest.raises(InputError, match="another model"):
        table(model, find_clips([folder]), out)


def test_two_runs_do_not_write_one_table(folder, tmp_path):
    out = tmp_path / "o.csv"
    with (
        apply_model(Model(), find_clips([folder]), out),
        pytest.raises(InputError, match="another"),
    ):
        table(Model(), find_clips([folder]), out)


@pytest.mark.parametrize("free", [50, 300])
def test_a_disk_that_takes_no_more_is_named(folder, tmp_path, free):
    out, limits = tmp_path / "o.csv", resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, limits[1]))
    try:
        with pytest.raises(OSError, match="too large") as raised:
            table(Model(), find_clips([folder]), out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.filename == str(out)
    assert len(table(Model(), find_clips([folder]), out)) == 4


def test_tables_of_all_formats_say_the_same(folder, tmp_path):
    clips = find_clips([folder])
    for suffix in ("csv", "json", "parquet"):
        table(Model(), clips, tmp_path / f"o.{suffix}")
    from_csv = pd.read_csv(tmp_path / "o.csv")
    from_parquet = pd.read_parquet(tmp_path / "o.parquet")
    from_json = json.loads((tmp_path / "o.json").read_text())
    assert list(from_csv) == list(from_parquet)
    assert list(from_csv["clip"]) == list(from_parquet["clip"]) == [x["clip"] for x in from_json]
    assert from_csv["probability_happy"].equals(from_parquet["probability_happy"])
    assert from_json[0]["probabilities"] == {"happy": 1 / 3, "angry": 1 - 1 / 3}
    assert from_json[0]["set"]["classes"] == ["happy", "angry"]
    first = from_csv.iloc[0]
    assert first[["set", "set_coverage", "weight_text"]].tolist() == ["happy|angry", 0.9, 0.25]


def test_a_table_of_clips_is_read_as_a_manifest(folder):
    path = folder / "clips.csv"
    path.write_text(
        "utterance,audio,text,start,end\none,a.wav,hello,0,0.5\ntwo,a.wav,,x,1\nthree,a.wav\n"
    )
    three, one, two = find_clips([path])
    assert (one.name, one.text, one.start, one.end) == ("one", "hello", 0, 0.5)
    assert one.files == (str(folder / "a.wav"),)
    assert "line 3: start is 'x', expected seconds" in two.problem
    assert "line 4: has 2 cells" in three.problem


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "does not exist"),
        ("no.csv", "file,words\na.wav,hello\n", "none of the columns video, audio and text"),
        ("empty.csv", "audio,text\n", "has no rows"),
        ("folder", "", "has no clips"),
    ],
)
def test_where_there_are_no_clips_it_is_said(tmp_path, name, content, message):
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message):
        find_clips([path])


def test_no_clips_are_an_error():
    with pytest.raises(InputError, match="no clips are named"):
        find_clips([])


def test_parts_cover_a_recording(tmp_path):
    soundfile.write(tmp_path / "long.wav", np.zeros(int(7.4 * RATE)), RATE)
    (row,) = find_clips([tmp_path / "long.wav"])
    parts = [(part.start, part.end) for part in cut(row, 2.0)]
    assert parts == [(0, 2), (2, 4), (4, 6), (6, 7.4)]


@pytest.mark.parametrize("time", ["nan", "inf", "-1", "x"])
def test_a_time_that_is_none_costs_its_row(tmp_path, time):
    soundfile.write(tmp_path / "a.wav", np.zeros(2 * RATE), RATE)
    (tmp_path / "clips.csv").write_text(f"audio,start,end\na.wav,{time},1\n")
    (row,) = find_clips([tmp_path / "clips.csv"])
    assert f"start is '{time}', expected seconds" in row.problem
    assert list(cut(row, 1.0)) == [row]


def test_answers_along_a_recording_have_a_picture(tmp_path):
    soundfile.write(tmp_path / "long.wav", np.zeros(9 * RATE), RATE)
    clips = find_clips([tmp_path / "long.wav"])
    with apply_model(Model(), clips, tmp_path / "o.csv", every=3.0) as answers:
        assert not draw_timelines(tmp_path / "o.png", answers)
    assert list(pd.read_csv(tmp_path / "o.csv")["start"]) == [0, 3, 6]
    assert (tmp_path / "o.png").read_bytes().startswith(b"\x89PNG")


def test_a_recording_whose_header_has_no_length_is_read_to_its_end(tmp_path, monkeypatch):
    """As browsers write them, which cannot go back to the header."""
    monkeypatch.setattr(clips, "LONGEST", 5.0)
    path = tmp_path / "live.webm"
    with (
        path.open("wb") as target,
        av.open(SimpleNamespace(write=target.write), "w", "webm", {"live": "1"}) as file,
    ):
        track = file.add_stream("libopus", rate=48000, layout="mono")
        for number in range(300):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), layout="mono")
            frame.sample_rate, frame.pts = 48000, number * 960
            file.mux(track.encode(frame))
        file.mux(track.encode(None))
    with open_recording(path) as recording:
        assert recording.duration is None
    (row,) = find_clips([path])
    assert "lasts 6 s, expected 5 s at most" in too_long(row)
    assert [part.end for part in cut(row, 2.0)] == [2, 4, pytest.approx(6, abs=0.05)]


def test_a_picture_leaves_gaps_where_nothing_was_asked():
    """Parts of a clip stand apart in the table, and 4 to 10 s are not among them."""
    times = [(10, 14), (0, 4), (14, 15)]
    rows = [{"start": a, "end": b, "probabilities": {"sad": b / 20}} for a, b in times]
    panel = Figure().subplots()
    (steps,) = draw_panel(panel, rows).values()
    values, edges, _ = steps.get_data()
    assert list(edges) == [0, 4, 10, 14, 15]
    np.testing.assert_array_equal(values, [0.2, np.nan, 0.7, 0.75])


def test_all_parts_of_a_clip_are_drawn(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(timeline, "draw_panel", lambda panel, rows: drawn.append(len(rows)) or {})
    rows = [{"clip": clip, "start": 0, "end": 1} for clip in "xyx"]
    draw_timelines(tmp_path / "o.png", lambda: iter(rows))
    assert drawn == [2, 1]


def test_three_hours_are_no_utterance(tmp_path):
    soundfile.write(tmp_path / "day.wav", np.zeros(3 * 3600 * 1000, np.int16), 1000)
    (row,) = find_clips([tmp_path / "day.wav"])
    assert "lasts 10800 s, expected 600 s at most" in too_long(row)
    assert not any(too_long(part) for part in cut(row, 60))


@pytest.fixture
def command(monkeypatch):
    monkeypatch.setattr(
        isolated,
        "IsolatedPredictor",
        lambda folder, trusted, seconds, coverage: nullcontext(Model(coverage=coverage)),
    )

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["robust-mer", "predict", *map(str, arguments)])
        cli.main()

    return call


def test_the_command_prints_a_table_and_says_what_it_lacks(command, folder, capsys, caplog):
    command(folder, "--model", "m")
    assert capsys.readouterr().out.startswith("clip,start,end,emotion,probability_angry")
    assert "1 of 4 clips have no prediction" in caplog.text


def test_a_run_without_any_prediction_fails(command, folder):
    with pytest.raises(SystemExit, match="none of 1 clips has a prediction"):
        command(folder / "broken.wav", "--model", "m", "--out", folder / "o.csv")
    assert (folder / "o.csv").is_file()
    assert not list(folder.glob(".*"))  # the run has ended: nothing is resumed


def test_an_option_of_a_clip_needs_one_clip(command, folder):
    with pytest.raises(SystemExit, match="--text describes one clip, and there are 4"):
        command(folder, "--model", "m", "--text", "hello")


def test_an_unknown_format_is_refused_at_once(command, folder):
    with pytest.raises(SystemExit, match=r"expected a file that ends in \.csv"):
        command(folder, "--model", "m", "--out", folder / "o.xlsx")


def test_parts_end_with_the_shorter_file_and_have_no_text(tmp_path):
    for name, seconds in (("a", 4), ("b", 6)):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(RATE * seconds), RATE)
    row = ClipRow("a", tuple(str(tmp_path / f"{name}.wav") for name in "ab"), "said")
    parts = [(part.start, part.end, part.text) for part in cut(row, 2)]
    assert parts == [(0, 2, ""), (2, 4, "")]
    before = row.key()
    os.utime(tmp_path / "a.wav", ns=(1, 1))
    assert row.key() != before  # it may be another recording
