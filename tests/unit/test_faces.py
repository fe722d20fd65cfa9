"""Face crops and mini-Xception on a video of one real face."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage
import torch
from torch.nn import functional

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.faces import Clip, FaceReader, crop_region, crop_square
from robust_mer.features.mini_xception import (
    CLASSES,
    SETTINGS,
    MiniXception,
    MiniXceptionNetwork,
    max_pool_same,
)
from robust_mer.features.utterance import Utterance
from robust_mer.features.weights import locate

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
    """The astronaut's head, BGR [160, 160, 3], on her own background."""
    return np.ascontiguousarray(skimage.data.astronaut()[20:180, 140:300, ::-1])


@pytest.fixture(scope="module")
def reader():
    return FaceReader(SETTINGS, 64)


def write(path: Path, pictures, fps: float = 10.0) -> Path:
    codec = {".avi": "MJPG", ".mp4": "mp4v"}[path.suffix]
    height, width = pictures[0].shape[:2]
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), fps, (width, height))
    for picture in pictures:
        video.write(picture)
    video.release()
    return path


def utterance(path: Path | None, start=None, end=None, region="") -> Utterance:
    return Utterance("u", None, path, region, start, end, "", False)


@pytest.mark.parametrize("suffix", [".avi", ".mp4"])
@pytest.mark.parametrize(
    ("start", "end", "rate", "expected"),
    [
        (None, None, 5.0, list(range(0, 100, 5))),
        (1.0, 2.0, 5.0, [25, 30, 35, 40, 45]),
        (2.98, 3.5, 5.0, [74, 79, 84]),
        (0.2, 0.32, 50.0, [5, 5, 6, 6, 7, 7]),
        (3.8, 4.3, 5.0, [95]),  # the end is rounded beyond the recording
    ],
)
def test_pictures_are_those_of_their_times(tmp_path, suffix, start, end, rate, expected):
    path = write(tmp_path / f"numbered{suffix}", [numbered(i) for i in range(100)], fps=25)
    seen = [number(picture) for picture in Clip(utterance(path, start, end), rate)]
    assert seen == expected


def numbered(i: int) -> np.ndarray:
    """A picture with the binary digits of ``i`` as black and white bars."""
    bars = np.array([(i >> digit) & 1 for digit in range(7)], np.uint8) * 255
    return np.broadcast_to(np.repeat(bars, 16)[None, :, None], (64, 112, 3)).copy()


def number(picture: np.ndarray) -> int:
    bars = picture.reshape(64, 7, 16, 3).mean(axis=(0, 2, 3)) > 127
    return sum(1 << digit for digit in np.flatnonzero(bars))


def test_face_is_found_and_cropped(reader, face, tmp_path):
    faces = reader.read(utterance(write(tmp_path / "a.mp4", [face] * 10)))
    assert faces.crops.shape == (5, 64, 64)
    assert faces.crops.dtype == np.uint8
    assert (faces.looked_at, faces.seconds) == (5, 1.0)


def test_pictures_without_a_face_are_left_out_and_counted(reader, face, tmp_path):
    path = write(tmp_path / "a.avi", [face] * 10 + [np.full_like(face, 127)] * 10)
    faces = reader.read(utterance(path))
    assert (len(faces.crops), faces.looked_at) == (5, 10)


def test_region_picks_the_speaker(reader, face, tmp_path):
    path = write(tmp_path / "a.avi", [np.hstack([np.full_like(face, 127), face])] * 4)
    found = {
        region: len(reader.read(utterance(path, region=region)).crops)
        for region in ("", "left", "right", "160,0,160,160", "0,0,160,160")
    }
    assert found == {"": 2, "left": 0, "right": 2, "160,0,160,160": 2, "0,0,160,160": 0}


@pytest.mark.parametrize(
    ("region", "reason"), [("middle", "not understood"), ("300,0,160,160", "outside the picture")]
)
def test_wrong_region_says_why(region, reason):
    with pytest.raises(UtteranceError, match=reason):
        crop_region(np.zeros((160, 320, 3), np.uint8), region)


def test_letterbox_is_trimmed(reader, face, tmp_path, monkeypatch):
    seen = []
    detect = reader._detect
    monkeypatch.setattr(reader, "_detect", lambda x: seen.append(x.shape[1:]) or detect(x))
    black = np.zeros((60, 160, 3), np.uint8)
    faces = reader.read(utterance(write(tmp_path / "a.avi", [np.vstack([black, face, black])] * 2)))
    assert seen == [(160, 160, 3)]
    assert len(faces.crops) == 1


def test_face_that_is_usually_the_largest_is_kept(reader, face, tmp_path):
    large = cv2.resize(face, (240, 240))
    small = cv2.copyMakeBorder(face, 0, 80, 0, 0, cv2.BORDER_REPLICATE)
    passing = cv2.resize(face, (300, 300))[30:270]  # for one picture somebody comes nearer
    usual = np.hstack([large, np.full((240, 140, 3), 127, np.uint8), small])
    moment = np.hstack([large[:, :240], passing])
    path = write(tmp_path / "a.avi", [usual] * 6 + [moment] * 2)
    alone = write(tmp_path / "b.avi", [large] * 2)
    crops = reader.read(utterance(path)).crops.astype(float)
    expected = reader.read(utterance(alone)).crops[0].astype(float)
    assert len(crops) == 4
    assert np.abs(crops - expected).mean(axis=(1, 2)).max() < 12


def test_crop_beyond_the_picture_repeats_its_edge():
    picture = np.tile(np.arange(100, dtype=np.uint8), (100, 1))
    crop = crop_square(picture, np.array([-10.0, 40.0, 10.0, 60.0]), 0.0, 20)
    np.testing.assert_array_equal(crop[0], [0] * 10 + list(range(10)))
    wider = crop_square(picture, np.array([40.0, 40.0, 60.0, 60.0]), 1.0, 40)
    np.testing.assert_array_equal(wider[0], np.arange(30, 70))


def test_unusable_video_says_why(reader, face, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is no video" * 100)
    second = write(tmp_path / "second.avi", [face] * 10)
    for candidate, reason in (
        (utterance(broken), "cannot be decoded"),
        (utterance(second, 0.4, 3.0), "ends 2.00 s before"),
        (utterance(second, 2.0, 3.0), "1.00 s, and the utterance is from 2.00 to 3.00 s"),
        (utterance(second, 0.5, 0.5), "from 0.50 to 0.50 s"),
        (utterance(None), "no video file named"),
        (utterance(tmp_path / "gone.mp4"), "video file missing"),
    ):
        with pytest.raises(UtteranceError, match=reason):
            reader.read(candidate)


def test_mini_xception_sees_the_smile(face, tmp_path):
    extractor = MiniXception(SETTINGS)
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
    assert nothing.note == "no face found: 2 frames looked at"


@pytest.fixture(scope="module")
def network():
    network = MiniXceptionNetwork()
    network.load_keras(locate(SETTINGS["weights"], "weights"))
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
        test = np.flatnonzero(file["usage"] == "PublicTest")[::3]
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
        ({"frame_rate": 0.0}, "frame_rate of the face crops is 0"),
        ({"min_probability": 1.5}, "min_probability of the face crops is 1.5, expected 0 to 1"),
        ({"weights": "nowhere.hdf5"}, "no such file"),
        ({"weights": __file__}, "does not hold mini-Xception's weights"),
    ],
)
def test_wrong_settings_are_refused(setting, message):
    with pytest.raises(InputError, match=message):
        MiniXception({**SETTINGS, **setting})
