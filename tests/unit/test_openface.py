"""Tables as OpenFace writes them, with their quirks."""

from pathlib import Path

import numpy as np
import pytest
from helpers.films import write_film

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.openface import OpenFace, OpenFaceSettings
from robust_mer.features.utterance import Utterance

HEADING = ["frame", "face_id", "timestamp", "confidence", "success"]
POSE = [f"pose_{kind}{axis}" for kind in "TR" for axis in "xyz"]


def write(path: Path, rows, columns=POSE, separator=", ", heading=HEADING) -> Path:
    """A table: each row is its cells before the features, and the value of all features."""
    lines = [separator.join([*heading, *columns])]
    lines += [
        separator.join([*map(str, row[:-1]), *([str(row[-1])] * len(columns))]) for row in rows
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def rows(seconds=1.0, rate=10, **changed):
    """One face; ``changed`` by the number of the picture."""
    known = {int(name[1:]): row for name, row in changed.items()}
    plain = [(n + 1, 0, f"{n / rate:.3f}", 0.98, 1, float(n)) for n in range(round(seconds * rate))]
    return [known.get(n, row) for n, row in enumerate(plain)]


def build(folder, **settings):
    return OpenFace(OpenFaceSettings(folder=str(folder), **{"parts": ["pose"], **settings}))


def utterance(name="u", video="clip.mp4", start=None, end=None, region=""):
    return Utterance(name, None, video and Path("/nowhere", video), region, start, end, "", True)


@pytest.mark.parametrize("separator", [",", ", "])
def test_frames_are_means_over_openfaces_pictures(tmp_path, separator):
    write(tmp_path / "clip.csv", rows(), separator=separator)
    extractor = build(tmp_path)
    found = extractor.extract(utterance())
    assert list(extractor.names) == POSE
    assert extractor.frame_rate == 5.0
    np.testing.assert_array_equal(
        found.values, np.repeat([[0.5], [2.5], [4.5], [6.5], [8.5]], 6, 1)
    )
    np.testing.assert_allclose(found.positions, [0.0, 0.2, 0.4, 0.6, 0.8])
    assert (found.looked_at, found.note) == (5, "")
    assert found.seconds == pytest.approx(1.0)
    # 30 pictures a second: 0.033, 0.067, 0.100; the last one stands for 0.1 s.
    write(tmp_path / "clip.csv", rows(rate=30), separator=separator)
    found = build(tmp_path, frame_rate=10).extract(utterance())
    np.testing.assert_allclose(found.values[:, 0], np.arange(10) * 3 + 1)


def test_pictures_without_a_face_are_left_out(tmp_path):
    bad = {
        "n0": (1, 0, "0.000", 0.98, 0, 99.0),
        "n3": (4, 0, "0.300", 0.5, 1, 99.0),
        "n4": (5, 0, "0.400", 0.0, 0, 0.0),
        "n5": (6, 0, "0.500", 0.98, 1, "-nan(ind)"),
    }
    write(tmp_path / "clip.csv", rows(**bad))
    found = build(tmp_path).extract(utterance())
    np.testing.assert_array_equal(found.values[:, 0], [1.0, 2.0, 6.5, 8.5])
    np.testing.assert_allclose(found.positions, [0.0, 0.2, 0.6, 0.8])
    assert (found.looked_at, found.note) == (5, "no face: 4 of 10 pictures")
    trusting = build(tmp_path, min_confidence=0.4).extract(utterance())
    assert trusting.values[1, 0] == (2 + 99) / 2
    write(tmp_path / "clip.csv", [(1, 0, "0.000", 0.0, 0, 0.0)])
    nothing = build(tmp_path).extract(utterance())
    assert (nothing.values.shape, nothing.looked_at) == ((0, 6), 1)


def test_of_several_faces_the_longest_counts(tmp_path):
    second = [(n + 1, 3, f"{n / 10:.3f}", 0.98, 1, 50.0) for n in range(4)]
    both = sorted([*rows(), *second], key=lambda row: row[0])
    write(tmp_path / "clip.csv", both)
    found = build(tmp_path).extract(utterance())
    np.testing.assert_array_equal(found.values[:, 0], [0.5, 2.5, 4.5, 6.5, 8.5])
    assert found.note == "several faces: 2"


def test_an_utterance_is_a_part_of_its_recordings_table_or_has_its_own(tmp_path):
    write(tmp_path / "clip.csv", rows(4))
    found = build(tmp_path).extract(utterance(start=2.0, end=2.4))
    np.testing.assert_array_equal(found.values[:, 0], [20.5, 22.5])
    np.testing.assert_allclose(found.positions, [0.0, 0.2])
    assert found.seconds == pytest.approx(0.4)
    write(tmp_path / "u.csv", rows(0.2))
    found = build(tmp_path).extract(utterance(start=2.0, end=2.2, region="left"))
    np.testing.assert_array_equal(found.values[:, 0], [0.5])


def test_all_parts_have_their_columns_in_order(tmp_path):
    parts = ["intensities", "presences", "gaze", "pose"]
    columns = build(write(tmp_path / "clip.csv", rows()).parent, parts=parts).names
    assert len(columns) == 17 + 18 + 8 + 6
    assert {"AU01_r", "AU45_r", "AU28_c", "gaze_1_z", "gaze_angle_y", "pose_Rz"} < set(columns)
    assert "AU28_r" not in columns
    write(tmp_path / "clip.csv", rows(), [*reversed(columns), "x_0"])
    assert build(tmp_path, parts=parts).extract(utterance()).values.shape == (5, 49)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"video": "other.mp4"}, r"no table other\.csv or u\.csv"),
        ({"video": None}, r"no table u\.csv, and no video file"),
        ({"region": "left"}, r"of the whole picture.*write u\.csv"),
        ({"start": 5.0, "end": 7.0}, "ends at 4.00 s, before the utterance does"),
    ],
)
def test_a_table_that_does_not_fit_fails_its_utterance(tmp_path, asked, message):
    write(tmp_path / "clip.csv", rows(4))
    with pytest.raises(UtteranceError, match=message):
        build(tmp_path).extract(utterance(**asked))


def test_a_table_of_another_recording_of_that_name_is_refused(tmp_path):
    film = write_film(tmp_path / "clip.mp4", [np.zeros((32, 32, 3), np.uint8)] * 25)
    one = Utterance("u", None, film, "", None, None, "", True)
    write(tmp_path / "clip.csv", rows(1.0))
    assert len(build(tmp_path).extract(one).values) == 5
    write(tmp_path / "clip.csv", rows(4.0))
    with pytest.raises(UtteranceError, match=r"lasts 4\.00 s, clip\.mp4 1\.00 s.*by the utterance"):
        build(tmp_path).extract(one)


def test_damaged_tables_fail_their_utterance(tmp_path):
    path = tmp_path / "clip.csv"
    for message, columns, heading in (
        ("no column gaze_0_x; run FeatureExtraction with -aus -gaze", POSE, HEADING),
        ("no column timestamp", POSE, ["face", "id", "time", "confidence", "success"]),
    ):
        write(path, rows(), columns, heading=heading)
        with pytest.raises(UtteranceError, match=message):
            build(tmp_path, parts=["pose", "gaze", "intensities"]).extract(utterance())
    write(path, rows(n2=(3, 0, "", 0.98, 1, 2.0)))
    with pytest.raises(UtteranceError, match="without a timestamp"):
        build(tmp_path).extract(utterance())
    path.write_bytes(b"")
    with pytest.raises(UtteranceError, match="cannot be read as a table"):
        build(tmp_path).extract(utterance())
    path.unlink()
    with pytest.raises(InputError, match=r"has no \*\.csv; run"):
        build(tmp_path)
