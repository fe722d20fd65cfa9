"""Faces in videos of one real face, and mini-Xception on them."""

import weakref
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional
from videos import astronaut, utterance, write

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.detector import Face, cut_out, overlap
from robust_mer.features.face_file import NAMES, FaceFile, to_values, write_face_file
from robust_mer.features.face_finder import FaceFinder, crop_face, eye_angle
from robust_mer.features.face_reader import FaceReader
from robust_mer.features.faces import FacesSettings
from robust_mer.features.mini_xception import CLASSES, MiniXception, MiniXceptionSettings
from robust_mer.features.mini_xception_net import MiniXceptionNetwork, max_pool_same
from robust_mer.features.weights import locate
from robust_mer.plan.plugins import checked_settings as validated

FACES = FacesSettings()
FER2013 = Path(__file__).parents[3] / "shared/data/fer2013.npz"


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As in the extraction's processes; several only wait for each other on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return astronaut()


@pytest.fixture(scope="module")
def finder():
    return FaceFinder(FACES)


@pytest.fixture(scope="module")
def searcher():
    """Searches every picture."""
    return FaceFinder(FacesSettings(search_every=1))


def pictures(faces) -> np.ndarray:
    return np.stack(list(faces.pictures(64))).astype(float)


def test_face_is_found_and_cropped(finder, face, tmp_path):
    faces = finder.find(utterance(write(tmp_path / "a.mp4", [face] * 10)))
    assert pictures(faces).shape == (5, 64, 64, 3)
    assert (faces.looked_at, faces.seconds, faces.note) == (5, 1.0, "")
    np.testing.assert_allclose(faces.time, [0, 0.2, 0.4, 0.6, 0.8], atol=1e-6)
    left_eye, right_eye, nose, *mouth = faces.landmarks[0]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(mouth[0][1], mouth[1][1])


def test_pictures_without_a_face_are_left_out_and_counted(finder, face, tmp_path):
    grey = np.full_like(face, 127)
    path = write(tmp_path / "a.avi", [face] * 10 + [grey] * 6 + [face] * 4)
    faces = finder.find(utterance(path))
    np.testing.assert_allclose(faces.time, [0, 0.2, 0.4, 0.6, 0.8, 1.6, 1.8], atol=1e-6)
    assert faces.looked_at == 10
    nothing = finder.find(utterance(write(tmp_path / "b.avi", [grey] * 4)))
    assert (nothing.crops, nothing.note) == (
        [],
        "no face found: 2 frames looked at; pictures of one colour: 2 of 2 frames",
    )


def test_region_picks_the_speaker(finder, face, tmp_path):
    path = write(tmp_path / "a.avi", [np.hstack([np.full_like(face, 127), face])] * 4)
    found = {
        region: len(finder.find(utterance(path, region=region)).crops)
        for region in ("", "left", "right", "160,0,160,160", "0,0,160,160")
    }
    assert found == {"": 2, "left": 0, "right": 2, "160,0,160,160": 2, "0,0,160,160": 0}


def test_letterbox_is_not_searched(finder, face, tmp_path, monkeypatch):
    seen = []
    search = finder.detector.search
    monkeypatch.setattr(
        finder.detector, "search", lambda x: seen.extend(p.shape for p in x) or search(x)
    )
    black = np.zeros((60, 160, 3), np.uint8)
    path = write(tmp_path / "a.avi", [np.vstack([black, face, black])] * 2)
    low = finder.find(utterance(path))
    assert seen == [(160, 160, 3)]
    high = finder.find(utterance(write(tmp_path / "b.avi", [face] * 2)))
    np.testing.assert_allclose(low.box, high.box + np.array([0, 60, 0, 60]), atol=2)


def test_the_same_of_two_people_is_kept(finder, face, tmp_path):
    large = cv2.resize(face, (240, 240))
    small = cv2.copyMakeBorder(face, 0, 80, 0, 0, cv2.BORDER_REPLICATE)
    passing = cv2.resize(face, (300, 300))[30:270]  # for one picture somebody comes nearer
    usual = np.hstack([large, np.full((240, 140, 3), 127, np.uint8), small])
    moment = np.hstack([large[:, :240], passing])
    path = write(tmp_path / "a.avi", [usual] * 6 + [moment] * 2)
    alone = write(tmp_path / "b.avi", [large] * 2)
    faces = finder.find(utterance(path))
    assert faces.note == "several faces: in 4 of 4 frames"
    expected = finder.find(utterance(alone)).box[0]
    assert [overlap(box, expected) > 0.8 for box in faces.box] == [True] * 4


def moving(face: np.ndarray, count: int) -> list[np.ndarray]:
    """The face drifts to the right and comes nearer."""
    shown = []
    for i in range(count):
        side = 160 + 2 * i
        picture = np.full((260, 420, 3), 110, np.uint8)
        picture[20 : 20 + side, 10 + 6 * i : 10 + 6 * i + side] = cv2.resize(face, (side, side))
        shown.append(picture)
    return shown


def test_a_followed_face_is_where_a_search_finds_it(finder, searcher, face, tmp_path, monkeypatch):
    path = write(tmp_path / "a.avi", moving(face, 26))
    every = searcher.find(utterance(path))
    searched = []
    search = finder.detector.search
    monkeypatch.setattr(finder.detector, "search", lambda x: searched.append(len(x)) or search(x))
    followed = finder.find(utterance(path))
    np.testing.assert_array_equal(followed.time, every.time)
    assert len(every.time) == 13
    assert sum(searched) == 5  # 0, 3, 7, 11 and the last, 12
    assert min(map(overlap, followed.box, every.box)) > 0.8
    assert followed.probability.min() > 0.9


def test_a_face_that_is_hidden_between_two_searches_is_not_made_up(finder, face, tmp_path):
    hidden = face.copy()
    hidden[:] = 127
    shown = [face, hidden, face, face, hidden, hidden, hidden, face]  # 0, 3 and 7 are searched
    path = write(tmp_path / "a.avi", [picture for picture in shown for _ in range(2)])
    np.testing.assert_allclose(finder.find(utterance(path)).time, [0, 0.4, 0.6, 1.4], atol=1e-6)


def test_a_face_that_is_seen_between_two_searches_only_is_found(finder, face, tmp_path):
    grey = np.full_like(face, 127)
    shown = [grey, face, grey, grey, face, face, grey, grey]
    path = write(tmp_path / "a.avi", [picture for picture in shown for _ in range(2)])
    np.testing.assert_allclose(finder.find(utterance(path)).time, [0.2, 0.8, 1.0], atol=1e-6)


class Everywhere:
    """A detector that sees one face in every picture."""

    seen = Face(np.array([2, 2, 30, 30], np.float32), np.zeros((5, 2), np.float32), 1.0)

    def search(self, pictures):
        return [[self.seen] for _ in pictures]

    def confirm(self, pictures, boxes):
        return [self.seen for _ in pictures]


def test_a_long_recording_is_not_held_in_memory(face):
    finder = FaceFinder(FACES)
    finder.detector = Everywhere()
    alive = weakref.WeakSet()
    most = 0

    class Picture(np.ndarray):
        pass

    def recording():
        nonlocal most
        for _ in range(500):
            picture = np.full((32, 32, 3), 100, np.uint8).view(Picture)
            alive.add(_Held(picture))
            most = max(most, len(alive))
            yield picture

    class _Held:
        def __init__(self, picture):
            weakref.finalize(picture, lambda: None)
            picture.held = self  # lives as long as the picture

    assert sum(1 for _ in finder.follow(recording())) == 500
    assert most <= 2 * 8 * FACES.search_every + 1


@pytest.mark.parametrize("angle", [-20.0, 15.0])
def test_a_tilted_face_is_turned_until_its_eyes_are_level(searcher, face, angle):
    framed = cv2.copyMakeBorder(face, 60, 60, 60, 60, cv2.BORDER_REPLICATE)
    turn = cv2.getRotationMatrix2D((140, 140), angle, 1.0)
    tilted = cv2.warpAffine(framed, turn, (280, 280), borderMode=cv2.BORDER_REPLICATE)
    ((upright,), (found,)) = searcher.detector.search([framed, tilted])
    assert eye_angle(found) == pytest.approx(eye_angle(upright) - angle, abs=3)
    crop = crop_face(tilted, found.box, eye_angle(found), 0.6, 160)
    ((level,),) = searcher.detector.search([crop])
    assert abs(eye_angle(level)) < 3


def test_turning_keeps_the_centre_and_the_scale():
    picture = np.zeros((200, 200, 3), np.uint8)
    cv2.circle(picture, (90, 110), 20, (255, 255, 255), -1)
    box = np.array([50.0, 70.0, 130.0, 150.0])
    straight, turned = (crop_face(picture, box, angle, 0.0, 120) for angle in (0.0, 33.0))
    for crop in (straight, turned):
        rows, columns = np.nonzero(crop[..., 0] > 127)
        assert np.median(rows) == pytest.approx(59.5, abs=1.5)
        assert np.median(columns) == pytest.approx(59.5, abs=1.5)
        assert len(rows) == pytest.approx(np.pi * 30**2, rel=0.06)


def test_what_lies_beyond_the_picture_repeats_its_edge():
    picture = np.tile(np.arange(100, dtype=np.uint8), (100, 1))
    crop = cut_out(picture, np.array([-10.0, 40.0, 10.0, 60.0]), 20)
    np.testing.assert_array_equal(crop[0], [0] * 10 + list(range(10)))
    corner = cut_out(picture, np.array([90.0, 90.0, 110.0, 110.0]), 20)
    np.testing.assert_array_equal(corner[-1], [*range(90, 100)] + [99] * 10)
    wider = crop_face(np.dstack([picture] * 3), np.array([40.0, 40.0, 60.0, 60.0]), 0.0, 1.0, 40)
    np.testing.assert_array_equal(wider[0, :, 0], np.arange(30, 70))


def write_file(path: Path, found: dict, settings: FacesSettings = FACES) -> Path:
    """A file of faces, of utterances by name; a text is why one failed."""
    crops_of, rows, frames = {}, [], []
    for name, faces in found.items():
        failed = isinstance(faces, str)
        frames.append(np.zeros((0, len(NAMES)), np.float32) if failed else to_values(faces))
        rows.append(
            {
                "status": "failed" if failed else "ok",
                "reason": faces if failed else faces.note,
                "looked_at": 0 if failed else faces.looked_at,
                "seconds": "" if failed else faces.seconds,
            }
        )
        if not failed:
            crops_of[name] = path.with_name(f"{name}.jpgs")
            crops_of[name].write_bytes(b"".join(faces.crops))
    stored = list(found), iter(frames), NAMES, 5.0, settings.model_dump(), "sha"
    write_face_file(path, pd.DataFrame(rows), crops_of, *stored)
    return path


def test_the_file_gives_the_faces_that_the_video_gives(finder, face, tmp_path):
    video = write(tmp_path / "a.mp4", [face] * 10)
    direct = FaceReader(FACES).read(utterance(video))
    nothing = finder.find(utterance(write(tmp_path / "b.mp4", [np.full_like(face, 127)] * 4)))
    path = write_file(tmp_path / "faces.h5", {"x": nothing, "y": "no video", "u": direct})
    again = FaceReader(FACES).read(utterance(tmp_path / "gone.mp4", faces=path))
    assert again.crops == direct.crops
    for key in ("time", "box", "landmarks", "probability"):
        np.testing.assert_array_equal(getattr(again, key), getattr(direct, key))
    assert (again.looked_at, again.seconds, again.note) == (5, 1.0, "")
    file = FaceFile(path, FACES.model_dump())
    assert (file.read("x").crops, file.read("x").note) == ([], nothing.note)
    with pytest.raises(UtteranceError, match="no video"):
        file.read("y")
    with pytest.raises(InputError, match="does not contain the utterance 'z'"):
        file.read("z")


def test_a_file_of_other_settings_or_of_something_else_is_refused(tmp_path):
    path = write_file(tmp_path / "faces.h5", {"y": "no video"})
    with pytest.raises(InputError, match=r"other settings of features\.faces"):
        FaceFile(path, {**FACES.model_dump(), "margin": 0.5})
    other = tmp_path / "other.h5"
    other.write_text("nothing")
    with pytest.raises(InputError, match="not a file of faces"):
        FaceFile(other, FACES.model_dump())


def test_unusable_video_says_why(finder, face, tmp_path):
    second = write(tmp_path / "second.avi", [face] * 10)
    with pytest.raises(UtteranceError, match=r"ends 2\.00 s before"):
        finder.find(utterance(second, 0.4, 3.0))


def test_mini_xception_sees_the_smile(face, tmp_path):
    extractor = MiniXception(MiniXceptionSettings())
    assert extractor.frame_rate == 5.0
    assert len(extractor.weights_sha256) == 64
    extraction = extractor.extract(utterance(write(tmp_path / "a.mp4", [face] * 10)))
    assert extraction.values.shape == (5, len(extractor.names)) == (5, 135)
    assert extraction.values.dtype == np.float32
    scores = extraction.values[:, extractor.names.index("score_angry") :]
    assert {CLASSES[i] for i in scores.argmax(axis=1)} == {"happy"}

    grey = write(tmp_path / "grey.mp4", [np.full_like(face, 127)] * 4)
    nothing = extractor.extract(utterance(grey))
    assert nothing.values.shape == (0, 135)
    assert nothing.looked_at == 2
    assert nothing.note.startswith("no face found: 2 frames looked at")


@pytest.fixture(scope="module")
def network():
    network = MiniXceptionNetwork()
    network.load_keras(locate(MiniXceptionSettings().weights, "weights"))
    return network.eval()


def test_features_do_not_depend_on_the_other_frames(network):
    pictures = torch.randint(0, 256, (9, 64, 64), dtype=torch.uint8)
    with torch.inference_mode():
        together = torch.cat(network(pictures), dim=1)
        alone = torch.cat([torch.cat(network(picture[None]), dim=1) for picture in pictures])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(("size", "first"), [(6, 0), (5, -1)])
def test_pooling_pads_as_tensorflow_does(size, first):
    """TensorFlow's rule: with an even side the windows start at 0, with an odd one at -1."""
    x = -torch.rand(1, 1, size, size)
    starts = range(first, size - 1, 2)
    expected = [
        [x[0, 0, max(i, 0) : i + 3, max(j, 0) : j + 3].max() for j in starts] for i in starts
    ]
    assert len(expected) == 3
    torch.testing.assert_close(max_pool_same(x)[0, 0], torch.tensor(expected))


@pytest.mark.skipif(not FER2013.exists(), reason="no ../shared/data/fer2013.npz")
def test_mini_xception_recognises_fer2013(network):
    """0.58 on PublicTest; with PyTorch's symmetric padding it falls to 0.50."""
    with np.load(FER2013) as file:
        test = np.flatnonzero(file["usage"] == "PublicTest")[::6]
        labels = file["classes"][file["label"][test]]
        pictures = torch.from_numpy(file["images"][test])
    pictures = functional.interpolate(pictures[:, None].float(), (64, 64), mode="bilinear")
    with torch.inference_mode():
        scores = torch.cat([network(part)[1] for part in pictures[:, 0].round().split(250)])
    accuracy = (np.array(CLASSES)[scores.argmax(dim=1)] == labels).mean()
    assert accuracy > 0.54


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"frame_rate": 0.0}, "features.faces.frame_rate is 0.0, expected 0.01 to 1000"),
        ({"min_probability": 1.5}, "features.faces.min_probability is 1.5, expected 0 to 1"),
        ({"search_every": 0}, "features.faces.search_every is 0, expected 1 to 1000"),
        ({"level_eyes": 1}, "level_eyes is 1, expected true or false"),
    ],
)
def test_wrong_settings_of_faces_are_refused(setting, message):
    with pytest.raises(InputError, match=message):
        validated(FacesSettings, setting, "features.faces")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"weights": "nowhere.hdf5"}, "no such file"),
        ({"weights": __file__}, "does not contain mini-Xception's weights"),
    ],
)
def test_wrong_settings_are_refused(setting, message):
    with pytest.raises(InputError, match=message):
        MiniXception(MiniXceptionSettings(**setting))
