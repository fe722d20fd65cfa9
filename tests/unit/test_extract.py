"""The extraction's driver, with a small extractor of the test's own."""

import errno
import os
import subprocess
import sys
import time
from importlib.metadata import version
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from robust_mer.errors import InputError
from robust_mer.features import shards
from robust_mer.features.extract import extract_features, read_utterances
from robust_mer.features.specs import ExtractFiles, ExtractSpec
from robust_mer.features.versions import versions_of
from robust_mer.features.workers import Workers
from robust_mer.files import inside
from robust_mer.jobs import log, progress
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.store import read_features

pytestmark = pytest.mark.usefixtures("warm_processes")

IMPLEMENTATION = "numbers_extractor:Numbers"
TOGETHER = "numbers_extractor:Together"


@pytest.fixture
def corpus(tmp_path):
    return Corpus(tmp_path)


class Corpus:
    """An index of utterances that differ in their transcripts only."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.index = folder / "utterances.csv"
        self.features = folder / "features/numbers.h5"
        self.report = folder / "features/numbers.csv"
        self.shards = folder / "features/numbers.h5.shards"
        self.log = folder / "log.txt"

    def write(self, texts: dict[str, str], **columns) -> None:
        table = pd.DataFrame({"utterance": texts.keys(), "text": texts.values()})
        for column in ("session", "speaker", "label", "audio", "video", "region", "start", "end"):
            table[column] = columns.get(column, "")
        table["audio_is_cut"] = "1"
        table.to_csv(self.index, index=False)

    def extract(
        self,
        threads: int = 1,
        max_failed_fraction: float = 1.0,
        implementation: str = IMPLEMENTATION,
        weights_sha256: str = "",
        max_seconds: float = float("inf"),
        **settings,
    ) -> None:
        self.log.write_text("")
        extract_features(
            ExtractSpec(
                Plugin(implementation, {"start": "well", "log": str(self.log), **settings}),
                weights_sha256,
            ),
            ExtractFiles(self.index, self.features, self.report),
            Runtime(
                threads=threads,
                root=str(self.folder),
                max_failed_fraction=max_failed_fraction,
                max_seconds=max_seconds,
            ),
        )

    def extracted(self) -> list[str]:
        return self.log.read_text().split()

    def rows(self) -> pd.DataFrame:
        table = pd.read_csv(self.report, dtype=str, keep_default_na=False)
        return table.set_index("utterance")


def many(count: int) -> dict[str, str]:
    return {f"u{i:03}": str(i % 5 + 1) for i in range(count)}


def test_features_stand_in_the_order_of_the_index(corpus):
    corpus.write({"z": "2", "a": "1", "m": "3"}, video=["b.mp4", "c.mp4", "a.mp4"])
    corpus.extract()
    features = read_features(corpus.features)
    assert features.utterances == ["z", "a", "m"]
    assert features.frames(0).tolist() == [[200, 400], [201, 402]]
    assert features.frames(2)[:, 0].tolist() == [300, 301, 302]
    assert features.names == ["number", "double"]
    assert (features.frame_rate, features.weights_sha256) == (4.0, "abc")
    assert features.settings["start"] == "well"
    assert not corpus.shards.exists()


def test_report_tells_of_every_utterance(corpus):
    corpus.write(
        {
            "good": "2",
            "none": "nothing",
            "bad": "fail",
            "odd": "bug",
            "nan": "nan",
            "thin": "narrow",
        }
    )
    corpus.extract()
    rows = corpus.rows()
    assert list(rows.columns) == ["frames", "looked_at", "seconds", "status", "reason"]
    assert rows.loc["good"].tolist() == ["2", "3", "0.5", "ok", ""]
    assert rows.loc["none"].tolist() == ["0", "7", "", "empty", "no number found"]
    assert rows.loc["bad"].tolist() == ["0", "0", "", "failed", "not usable: by request"]
    assert rows.loc["odd", "reason"] == "ValueError: an array is odd"
    assert "not finite" in rows.loc["nan", "reason"]
    assert "expected (T, 2)" in rows.loc["thin", "reason"]
    features = read_features(corpus.features)
    assert np.diff(features.offsets).tolist() == [2, 0, 0, 0, 0, 0]


def test_where_frames_lie_is_kept(corpus):
    corpus.write({"b": "2", "a": "placed", "c": "misplaced", "d": "fail"})
    corpus.extract()
    features = read_features(corpus.features)
    nan = np.nan
    np.testing.assert_array_equal(features.positions, np.float32([nan, nan, 0, 0.5, nan]))
    assert "positions of shape (2,), expected (3,)" in corpus.rows().loc["c", "reason"]
    corpus.write({"b": "2"})
    corpus.extract()
    assert read_features(corpus.features).positions is None


def test_threads_and_shard_size_change_nothing(corpus, monkeypatch):
    corpus.write({**many(60), "u003": "crash"}, video=[f"{i % 7}.mp4" for i in range(60)])
    results = []
    for threads, size in ((1, 25), (2, 25), (2, 4)):
        monkeypatch.setattr(shards, "SIZE", size)
        corpus.extract(threads)
        results.append((corpus.features.read_bytes(), corpus.report.read_bytes()))
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize(("how", "reason"), [("crash", "exit status 3"), ("segfault", "SIGSEGV")])
def test_crash_costs_the_utterance_that_crashes(corpus, how, reason):
    corpus.write({**many(40), "u007": how})
    corpus.extract(threads=2)
    rows = corpus.rows()
    assert rows.loc["u007", "status"] == "failed"
    assert reason in rows.loc["u007", "reason"]
    assert (rows["status"] == "ok").sum() == 39
    assert len(read_features(corpus.features).frames(8)) == 4


def test_more_time_is_given_to_what_took_too_long(corpus):
    """After a run that failed, whose other shards stay."""
    gate = corpus.folder / "gate"
    gate.touch()
    corpus.write({"a": "wait", "b": "fail"})
    with pytest.raises(InputError, match=r"took more than 0\.2 s"):
        corpus.extract(max_seconds=0.2, max_failed_fraction=0.0, gate=str(gate))
    gate.unlink()
    corpus.extract(max_seconds=60, gate=str(gate))
    assert list(corpus.rows()["status"]) == ["ok", "failed"]


def test_crash_that_does_not_come_back_costs_nothing(corpus):
    corpus.write({"a": "crash once"})
    gate = corpus.folder / "gate"
    gate.touch()
    corpus.extract(gate=str(gate))
    assert corpus.rows().loc["a", "status"] == "ok"


def test_an_extractor_that_hangs_costs_the_utterance_over_which_it_does(corpus):
    corpus.write({**many(6), "u002": "hang"})
    corpus.extract(threads=2, max_seconds=1.5)
    assert list(corpus.rows()["status"]) == ["ok", "ok", "failed", "ok", "ok", "ok"]
    assert corpus.rows().loc["u002", "reason"] == (
        "the extractor's process died over it: it took more than 1.5 s, "
        "features.max_seconds_per_utterance of the config"
    )
    # Killed twice: once with the others, which are then extracted without it, and once alone.
    assert corpus.extracted().count("u002") == 2


def test_utterances_taken_together_have_their_time_together(corpus):
    corpus.write({"a": "1", "b": "hang", "c": "1"})
    corpus.extract(implementation=TOGETHER, max_seconds=1.5)
    assert list(corpus.rows()["status"]) == ["ok", "failed", "ok"]


@pytest.mark.parametrize("what", ["no memory", "no GPU memory"])
def test_a_lack_of_memory_is_tried_again_by_another_process(corpus, what):
    gate = corpus.folder / "gate"
    gate.touch()
    corpus.write({**many(6), "u002": f"{what} once"})
    corpus.extract(gate=str(gate))
    assert set(corpus.rows()["status"]) == {"ok"}


@pytest.mark.parametrize(
    ("what", "reason"),
    [("no memory", "MemoryError: an array is too"), ("no GPU memory", "CUDA out of memory")],
)
def test_a_lack_of_memory_costs_the_utterance_that_always_has_it(corpus, what, reason):
    corpus.write({**many(6), "u002": what})
    corpus.extract()
    assert list(corpus.rows()["status"]) == ["ok", "ok", "failed", "ok", "ok", "ok"]
    assert reason in corpus.rows().loc["u002", "reason"]


def test_a_full_disk_costs_no_utterance_but_stops_the_job(corpus):
    gate = corpus.folder / "gate"
    gate.touch()
    corpus.write({**many(6), "u002": "full disk once"})
    with pytest.raises(OSError, match="No space left") as error:
        corpus.extract(gate=str(gate))
    assert error.value.errno == errno.ENOSPC
    assert not corpus.features.exists()
    corpus.extract(gate=str(gate))
    assert set(corpus.rows()["status"]) == {"ok"}


def test_a_killed_process_is_told_of(corpus, caplog, monkeypatch):
    monkeypatch.setattr(log, "propagate", True)
    corpus.write({**many(3), "u001": "killed"})
    corpus.extract()
    assert "SIGKILL, probably by the system for lack" in corpus.rows().loc["u001", "reason"]
    assert "a process died while extracting one of 3 utterances: SIGKILL" in caplog.text


def test_a_run_in_which_little_was_found_is_told_of_loudly(corpus, caplog, monkeypatch):
    monkeypatch.setattr(log, "propagate", True)
    corpus.write({"a": "1", "b": "nothing", "c": "nothing", "d": "1"})
    corpus.extract(max_failed_fraction=0.5)
    assert "NOTHING" not in caplog.text
    corpus.extract(max_failed_fraction=0.49)
    assert "NO FEATURES in 2 of 4 utterances (50 %)" in caplog.text


def test_utterances_are_taken_together_where_the_extractor_wants_that(corpus):
    corpus.write({**many(6), "u002": "fail", "u004": "nothing"})
    corpus.extract(threads=2, implementation=TOGETHER)
    assert [line for line in corpus.extracted() if "+" in line] == [
        "u000+u001+u002+u003",
        "u004+u005",
    ]
    rows = corpus.rows()
    assert list(rows["status"]) == ["ok", "ok", "failed", "ok", "empty", "ok"]
    assert rows.loc["u002", "reason"] == "not usable: by request"
    together = corpus.features.read_bytes()
    corpus.extract()
    assert corpus.features.read_bytes() == together


def test_extractor_that_cannot_take_them_together_gets_them_alone(corpus):
    corpus.write({**many(4), "u001": "alone", "u002": "bug"})
    corpus.extract(implementation=TOGETHER)
    rows = corpus.rows()
    assert list(rows["status"]) == ["ok", "ok", "failed", "ok"]
    assert rows.loc["u002", "reason"] == "ValueError: an array is odd"


def test_crash_among_utterances_taken_together_costs_one(corpus):
    corpus.write({**many(6), "u001": "segfault"})
    corpus.extract(implementation=TOGETHER)
    assert list(corpus.rows()["status"]) == ["ok", "failed", *["ok"] * 4]
    assert "SIGSEGV" in corpus.rows().loc["u001", "reason"]


@pytest.fixture
def started(monkeypatch) -> list[BaseProcess]:
    """The processes that are started."""
    processes = []
    start = BaseProcess.start
    monkeypatch.setattr(BaseProcess, "start", lambda self: processes.append(self) or start(self))
    return processes


def test_work_that_outlasts_a_start_gets_another_process(corpus, monkeypatch, started):
    monkeypatch.setattr(shards, "SIZE", 4)
    gate = corpus.folder / "gate"
    gate.touch()
    corpus.write({**many(20), "u000": "wait", "u019": "2 once"})  # the last one opens the gate
    corpus.extract(threads=2, gate=str(gate))
    assert len(started) == 2
    assert list(corpus.rows()["status"]) == ["ok"] * 20


def test_work_goes_on_with_the_processes_that_memory_allows(corpus, monkeypatch, caplog):
    monkeypatch.setattr(log, "propagate", True)
    monkeypatch.setattr(shards, "SIZE", 4)
    gate = corpus.folder / "gate"
    gate.touch()
    corpus.write({**many(20), "u000": "wait"})
    corpus.extract(threads=2, gate=str(gate), start="alone")
    assert set(corpus.rows()["status"]) == {"ok"}
    assert "(MemoryError: the weights are too large); continuing with 1" in caplog.text
    with pytest.raises(MemoryError, match="cannot start: MemoryError: the weights"):
        corpus.extract(gate=str(gate), start="alone", weights_sha256="")


def test_extractor_may_want_one_process(corpus, started):
    corpus.write(many(20))
    corpus.extract(threads=2, implementation=TOGETHER)
    assert len(started) == 1


def test_feature_file_tells_versions(corpus):
    corpus.write({"a": "1"})
    corpus.extract()
    assert read_features(corpus.features).versions == {"numpy": np.__version__}


def test_versions_are_those_of_all_packages_that_compute():
    found = versions_of("robust_mer.features.is13:IS13")
    assert set(found) == {"av", "numpy", "opensmile", "soundfile", "soxr"}
    assert found["opensmile"] == version("opensmile")


def test_other_weights_are_refused(corpus):
    corpus.write({"a": "1"})
    with pytest.raises(InputError, match=r"SHA-256 abc.*weights_sha256 in the config is abd"):
        corpus.extract(weights_sha256="abd")
    assert corpus.extracted() == []
    corpus.extract(weights_sha256="abc")
    assert corpus.features.exists()


def test_gpu_is_hidden_on_demand(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    seen = []
    for device in ("auto", "cpu"):
        plugin = Plugin(IMPLEMENTATION, {"start": "devices"})
        with (
            pytest.raises(InputError) as error,
            Workers(plugin, None, Runtime(device=device)) as pool,
        ):
            pool.describe()
        seen.append(str(error.value))
    assert seen == ["devices: 0", "devices: "]


def test_log_counts_remarks_by_kind(corpus, caplog):
    caplog.set_level("INFO", "robust_mer")
    corpus.write({"a": "nothing", "b": "fail", "c": "fail", "d": "1"})
    corpus.extract()
    for line in ("4 utterances: 1 ok, 1 empty, 2 failed", "2 utterances: not usable"):
        assert line in caplog.messages


def test_rate_and_time_left_are_told(monkeypatch, caplog):
    caplog.set_level("INFO", "robust_mer")
    clock = iter([0.0, 10.0, 20.0, 30.0, 40.0])
    monkeypatch.setattr("robust_mer.jobs.time.monotonic", lambda: next(clock))
    list(progress("abcd", 12, "utterances", size=lambda _: 3))
    assert caplog.messages == [
        "6 of 12 utterances, 0.3 a second, about 20 s left",
    ]


def test_shards_hold_neighbours_in_a_recording(corpus, monkeypatch):
    monkeypatch.setattr(shards, "SIZE", 2)
    starts = ["9", "", "10", "", "", ""]
    videos = ["x.mp4", "y.mp4", "x.mp4", "y.mp4", "x.mp4", "z.mp4"]
    corpus.write(dict.fromkeys("abcdef", "1"), video=videos, start=starts)
    utterances = read_utterances(corpus.index, corpus.folder)
    cut = shards.cut(utterances, corpus.folder, [])
    assert ["".join(u.utterance for u in s.utterances) for s in cut] == ["ea", "cb", "df"]
    assert shards.cut(utterances, corpus.folder, ["other code"])[0].path != cut[0].path


def test_killed_run_goes_on_where_it_was(corpus):
    texts = {**many(60), "u055": "wait"}
    corpus.write(texts)
    gate = corpus.folder / "gate"
    gate.touch()
    corpus.log.touch()
    # No `if __name__ == "__main__"`, like a script of Snakemake.
    script = corpus.folder / "script.py"
    script.write_text(
        f"import sys; sys.path[:0] = {[str(Path(__file__).parent)]!r}\n"
        "from pathlib import Path\n"
        f"from {__name__} import Corpus\n"
        f"Corpus(Path({str(corpus.folder)!r})).extract(gate={str(gate)!r})\n"
    )
    run = subprocess.Popen([sys.executable, script], env={**os.environ, "PYTHONPATH": _source()})
    try:
        _until(lambda: corpus.log.read_text().endswith("u055\n"))
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    finally:
        run.kill()
        run.wait()
    _until(lambda: not any(_is_running(child) for child in children))
    assert len(list(corpus.shards.glob("[!.]*.h5"))) == 2
    assert not corpus.features.exists()

    gate.unlink()
    corpus.extract(gate=str(gate))
    assert corpus.extracted() == [f"u{i:03}" for i in range(50, 60)]
    assert (corpus.rows()["status"] == "ok").all()
    assert not corpus.shards.exists()


def _source() -> str:
    return str(Path(shards.__file__).parents[2])


def _until(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def _is_running(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_too_many_failures_stop_the_run(corpus):
    corpus.write({"a": "1", "b": "fail", "c": "file", "d": "nothing"}, audio=["", "", "c.wav", ""])
    with pytest.raises(InputError) as error:
        corpus.extract(max_failed_fraction=0.49)
    message = str(error.value)
    for part in (
        "2 of 4",
        "features.max_failed_fraction",
        "not usable (1)",
        "audio file missing (1)",
        "b: not usable: by request",
        str(corpus.report),
    ):
        assert part in message
    assert (corpus.shards / "report.csv").read_text() == corpus.report.read_text()
    assert corpus.rows().loc["c", "reason"].startswith("audio file missing: ")
    assert not corpus.features.exists()

    corpus.extract(max_failed_fraction=0.5)  # at the limit, and an empty one does not count
    assert corpus.extracted() == []
    assert corpus.features.exists()


def test_mended_recording_is_extracted_again(corpus):
    corpus.write({"a": "file"}, audio="a.wav")
    with pytest.raises(InputError, match="audio file missing"):
        corpus.extract(max_failed_fraction=0)
    (corpus.folder / "a.wav").write_text("4")
    corpus.extract(max_failed_fraction=0)
    assert len(read_features(corpus.features).values) == 4


def test_utterance_without_audio_fails_with_the_reason(corpus):
    corpus.write({"a": "file", "b": "1"})
    corpus.extract()
    assert corpus.rows().loc["a", "reason"] == "no audio file named in the index"


@pytest.mark.parametrize(
    ("start", "message"), [("wrong", "start of numbers is wrong"), ("crash", "exit status 5")]
)
def test_extractor_that_cannot_start_stops_the_run(corpus, start, message):
    corpus.write(many(3))
    with pytest.raises(InputError, match=message):
        corpus.extract(start=start)


@pytest.mark.parametrize("path", ["../x.wav", "/etc/passwd", "a/../../x.wav", "../corpus2/x.wav"])
def test_path_that_leaves_the_root_is_refused(tmp_path, path):
    root = tmp_path / "corpus"
    root.mkdir()
    corpus = Corpus(root)
    corpus.write({"a": "1"}, audio=path)
    with pytest.raises(InputError, match="outside"):
        read_utterances(corpus.index, root)


@pytest.mark.parametrize("root", [".", "clips", "../clips", "/clips"])
@pytest.mark.parametrize("path", ["../other/a.wav", "a/../../a.wav", "/etc/passwd"])
def test_no_path_leaves_its_root_however_that_is_written(root, path):
    with pytest.raises(InputError, match="outside"):
        inside(root, path)
    assert inside(root, "a/../b.wav") == Path(root, "b.wav")


def test_path_inside_the_root_is_kept(corpus):
    corpus.write({"a": "1"}, audio="x/../a.wav", start="1.5")
    utterance = read_utterances(corpus.index, corpus.folder)[0]
    assert utterance.audio == corpus.folder / "a.wav"
    assert (utterance.video, utterance.start, utterance.end) == (None, 1.5, None)
    assert utterance.audio_is_cut


def test_transcript_that_looks_like_nothing_is_kept(corpus):
    corpus.write({"a": "NA", "b": "None"})
    assert [u.text for u in read_utterances(corpus.index, corpus.folder)] == ["NA", "None"]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda table: table.drop(columns="region"), "lacks the columns region"),
        (lambda table: pd.concat([table, table]), "more than once"),
        (lambda table: table.assign(start="soon"), "start of a is 'soon'"),
        (lambda table: table.assign(end="nan"), "end of a is 'nan'"),
        (lambda table: table[:0], "no utterances"),
    ],
)
def test_wrong_index_is_refused(corpus, edit, message):
    corpus.write({"a": "1"})
    table = pd.read_csv(corpus.index, dtype=str, keep_default_na=False)
    edit(table).to_csv(corpus.index, index=False)
    with pytest.raises(InputError, match=message):
        read_utterances(corpus.index, corpus.folder)


def test_driver_knows_no_extractor():
    code = (
        "import sys, robust_mer.features.extract\n"
        "heavy = {'torch', 'transformers', 'opensmile', 'cv2', 'robust_mer.features.registry'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": _source()}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
