"""Finding the faces of a corpus, and the contact sheets."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from videos import astronaut, utterance, write

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.contact_sheets import draw_contact_sheets, unused_name
from robust_mer.features.extract import extract_features
from robust_mer.features.face_file import FaceFile
from robust_mer.features.face_reader import FaceReader
from robust_mer.features.faces import FacesSettings
from robust_mer.features.find_faces import find_faces
from robust_mer.features.specs import (
    ExtractFiles,
    ExtractSpec,
    FacesFiles,
    FacesSpec,
    SheetsFiles,
    SheetsSpec,
)
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.store import read_features
from robust_mer.table import read_table

pytestmark = pytest.mark.usefixtures("warm_processes")

FACES = FacesSettings()


@pytest.fixture(scope="module")
def corpus(warm_processes, tmp_path_factory):
    """A face, none, a face in a part of the same video, a truncated video and none at all."""
    folder = tmp_path_factory.mktemp("corpus")
    face, grey = astronaut(), np.full((160, 160, 3), 127, np.uint8)
    write(folder / "face.avi", [face] * 10 + [grey] * 10)
    write(folder / "grey.avi", [grey] * 10)
    broken = write(folder / "broken.avi", [face] * 10)
    broken.write_bytes(broken.read_bytes()[:600])
    rows = [
        ("seen", "one/a", "face.avi", "0", "1"),
        ("unseen", "one/a", "grey.avi", "", ""),
        ("late", "two", "face.avi", "0.6", "1.6"),
        ("broken", "two", "broken.avi", "", ""),
        ("001", "two", "", "", ""),
    ]
    table = pd.DataFrame(rows, columns=["utterance", "session", "video", "start", "end"])
    table[["speaker", "label", "audio", "region", "text"]] = ""
    table["audio_is_cut"] = "1"
    table.to_csv(folder / "utterances.csv", index=False)

    def find(max_failed_fraction: float) -> None:
        find_faces(
            FacesSpec(FACES.model_dump()),
            FacesFiles(
                folder / "utterances.csv",
                folder / "faces/faces.h5",
                folder / "faces/faces.csv",
                folder / "faces/reasons.csv",
            ),
            Runtime(root=str(folder), max_failed_fraction=max_failed_fraction),
        )

    with pytest.raises(InputError, match="2 of 5 utterances failed"):
        find(0.1)
    # What was found stays, and the next job takes it up.
    assert len(list(folder.glob("faces/*.crops/*/*.jpgs"))) == 2
    assert len(list(folder.glob("faces/*.shards/*.h5"))) == 1
    find(0.5)
    assert not list(folder.glob("faces/faces.h5.*"))  # neither shards nor crops stay
    return folder


def test_every_utterance_has_its_faces_or_a_reason(corpus):
    report = pd.read_csv(corpus / "faces/faces.csv", keep_default_na=False)
    assert report["utterance"].tolist() == ["seen", "unseen", "late", "broken", "001"]
    assert report["frames"].tolist() == [5, 0, 2, 0, 0]
    assert report["status"].tolist() == ["ok", "empty", "ok", "failed", "failed"]
    reasons = read_table(corpus / "faces/reasons.csv").astype({"utterances": int})
    assert set(reasons["first"]) == {"seen", "unseen", "late", "broken", "001"}
    found = {(row.status, row.reason): row.utterances for row in reasons.itertuples()}
    assert found == {
        ("ok", ""): 1,
        ("ok", "pictures of one colour"): 1,
        ("empty", "no face found"): 1,
        ("failed", "video cannot be decoded"): 1,
        ("failed", "no video file named in the index"): 1,
    }
    assert read_features(corpus / "faces/faces.h5").names[:2] == ["time", "left"]


def test_the_file_holds_what_the_videos_give(corpus):
    file = FaceFile(corpus / "faces/faces.h5", FACES.model_dump())
    reader = FaceReader(FACES)
    for name, start, end in (("seen", 0.0, 1.0), ("late", 0.6, 1.6)):
        direct = reader.read(utterance(corpus / "face.avi", start, end))
        assert file.read(name).crops == direct.crops
        np.testing.assert_array_equal(file.read(name).time, direct.time)
    with pytest.raises(UtteranceError, match="cannot be decoded"):
        file.read("broken")


def test_an_extractor_reads_them_and_fails_where_they_failed(corpus):
    """It opens no video: there is none where it is told to look."""
    extract_features(
        ExtractSpec(
            Plugin("robust_mer.features.mini_xception:MiniXception", {"faces": FACES.model_dump()})
        ),
        ExtractFiles(
            corpus / "utterances.csv",
            corpus / "mini_xception.h5",
            corpus / "mini_xception.csv",
            faces=corpus / "faces/faces.h5",
        ),
        Runtime(root=str(corpus / "elsewhere"), max_failed_fraction=0.5),
    )
    assert np.diff(read_features(corpus / "mini_xception.h5").offsets).tolist() == [5, 0, 2, 0, 0]
    report = pd.read_csv(corpus / "mini_xception.csv", keep_default_na=False)
    faces = pd.read_csv(corpus / "faces/faces.csv", keep_default_na=False)
    for column in ("frames", "looked_at", "status", "reason"):
        assert report[column].tolist() == faces[column].tolist()


def test_a_contact_sheet_shows_every_utterance(corpus):
    folder = corpus / "faces/sheets"
    folder.mkdir()
    (folder / "old.jpg").write_text("of a session that is gone")
    draw_contact_sheets(
        SheetsSpec(),
        SheetsFiles(corpus / "utterances.csv", corpus / "faces/faces.h5", folder),
        Runtime(),
    )
    assert sorted(path.name for path in folder.iterdir()) == ["one_a.jpg", "two.jpg"]
    sheet = np.asarray(Image.open(folder / "one_a.jpg")).astype(int)
    seen, unseen = sheet[:, 6:294], sheet[:, 300:588]
    assert np.abs(np.diff(seen[40:, :, 0], axis=1)).mean() > 4  # a face has edges
    assert np.abs(np.diff(unseen[40:, :, 0], axis=1)).mean() < 1
    red = (sheet[..., 0] - sheet[..., 1] > 80).sum(axis=0)
    assert red[300:588].any(), "why there is none"
    assert not red[6:294].any()


def test_sheets_of_sessions_with_similar_names_are_all_kept():
    used = set()
    names = [unused_name(name, used) for name in ("day_1", "day_1", "Day_1", "s", "s_2", "s_2")]
    assert names == ["day_1", "day_1~2", "Day_1~3", "s", "s_2", "s_2~2"]
