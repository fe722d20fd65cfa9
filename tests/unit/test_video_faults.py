"""Videos as cameras, browsers and editors leave them: read right, or refused with what to do."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest
from helpers.films import write_film, write_sound
from videos import astronaut, number, numbered, utterance

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.frame_loss import FrameLoss, FrameLossSettings
from robust_mer.errors import UtteranceError
from robust_mer.features.detector import Detector
from robust_mer.features.face_finder import FaceFinder
from robust_mer.features.faces import FacesSettings
from robust_mer.features.film import Film
from robust_mer.features.utterance import Utterance
from robust_mer.features.video import Clip, is_plain, lit_rows, without_letterbox

FAULTS = Path(__file__).parents[3] / "shared/faults"
PICTURES = [numbered(i) for i in range(100)]


def seen(path: Path, start=None, end=None, rate=5.0) -> list[int]:
    return [number(picture) for picture in Clip(utterance(path, start, end), rate)]


def fault(name: str) -> Path:
    path = FAULTS / name
    if not path.is_file():
        pytest.skip(f"no ../shared/faults/{name}")
    return path


def read(path: Path, start=None, end=None, rate=5.0) -> tuple[list[np.ndarray], Clip]:
    clip = Clip(utterance(path, start, end), rate)
    return list(clip), clip


# Headers that promise too much, too little or nothing.


def test_a_clip_that_was_trimmed_without_encoding_has_what_is_shown():
    """Its header counts the pictures before the cut too, which an edit list hides."""
    pictures, clip = read(fault("01-trimmed-mp4/trimmed.mp4"))
    assert (len(pictures), clip.seconds, clip.notes) == (10, 2.0, [])


def rewrite(path: Path, kind: bytes, offset: int, value: bytes) -> Path:
    """Overwrite bytes after the name of an mp4 file's box or an avi file's chunk."""
    content = bytearray(path.read_bytes())
    place = content.index(kind) + 4 + offset
    content[place : place + len(value)] = value
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("frames", [0, 7, 3000, 2**32 - 1])
def test_the_number_of_pictures_in_a_header_counts_for_nothing(tmp_path, frames):
    path = write_film(tmp_path / "a.avi", PICTURES)
    rewrite(path, b"avih", 4 + 16, struct.pack("<I", frames))
    rewrite(path, b"strh", 4 + 32, struct.pack("<I", frames))
    assert seen(path) == list(range(0, 100, 5))


def test_a_duration_in_a_header_that_is_too_long_is_told(tmp_path):
    path = write_film(tmp_path / "a.mkv", PICTURES)
    content = path.read_bytes()
    place = content.index(b"DURATION") + len("DURATION")
    place = content.index(b"00:00:04", place)
    path.write_bytes(content[:place] + b"00:00:09" + content[place + 8 :])
    assert seen(path) == list(range(0, 100, 5))


@pytest.mark.parametrize(
    ("suffix", "codec", "options"),
    [
        (".webm", "libvpx", {"live": "1"}),
        (".mkv", "libx264", {"live": "1"}),
        (".mp4", "libx264", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
        (".h264", "libx264", {}),
        (".ts", "mpeg2video", {}),
    ],
)
def test_a_file_without_a_length_is_read_to_its_end(tmp_path, suffix, codec, options):
    path = write_film(tmp_path / f"a{suffix}", PICTURES[:60], codec, container_options=options)
    pictures, clip = read(path)
    assert list(map(number, pictures)) == list(range(0, 60, 5))
    assert clip.seconds == pytest.approx(2.4, abs=0.01)


def test_frames_of_a_file_without_a_length_are_lost_as_of_any_other(tmp_path):
    """The corruption needs all numbers at once, so the end is looked for before."""
    path = write_film(tmp_path / "a.webm", PICTURES[:60], "libvpx", container_options={"live": "1"})

    def alter(numbers):
        assert numbers.tolist() == list(range(0, 60, 5))
        seen = FrameLoss(FrameLossSettings()).corrupt(numbers, 0, Draws(1, "loss", "u"))
        return np.where(numbers == 5, -1, seen)

    corrupted = Utterance("u", None, path, "", None, None, "", True, alter_frames=alter)
    clip = Clip(corrupted, 5.0)
    assert [number(p) for p in clip] == [0, *range(10, 60, 5)]
    assert clip.times == pytest.approx([0, *np.arange(0.4, 2.4, 0.2)])


@pytest.mark.parametrize("uneven", [0, 9])
def test_frames_of_a_browsers_recording_are_those_of_its_pictures(tmp_path, uneven):
    """Browsers write the ticks of their clock, 1000 a second, as the frame rate."""
    shown = 40 * np.arange(60) + np.random.default_rng(0).integers(0, uneven + 1, 60)
    path = write_film(tmp_path / "a.webm", PICTURES[:60], "libvpx", shown.tolist(), 1000)

    def alter(numbers):
        assert abs(numbers - np.arange(0, 60, 5)).max() <= bool(uneven)
        return np.where(numbers < 30, -1, numbers)

    corrupted = Utterance("u", None, path, "", None, None, "", True, alter_frames=alter)
    clip = Clip(corrupted, 5.0)
    assert len(list(clip)) == 6
    assert Film(path).fps == pytest.approx(25, rel=0.01)


@pytest.mark.parametrize(("suffix", "share"), [(".mkv", 0.5), (".mp4", 0.6), (".avi", 0.75)])
def test_a_download_that_broke_off_says_so(tmp_path, suffix, share):
    options = {"movflags": "faststart"} if suffix == ".mp4" else {}
    path = write_film(tmp_path / f"a{suffix}", PICTURES, container_options=options)
    path.write_bytes(path.read_bytes()[: round(path.stat().st_size * share)])
    assert seen(path, 0.2, 1.0) == [5, 10, 15, 20]  # what is there is used
    with pytest.raises(UtteranceError, match=r"ends \d\.\d\d s before its header says; .* get it"):
        list(Clip(utterance(path), 5.0))
    with pytest.raises(UtteranceError, match=r"ends \d\.\d\d s before the utterance does"):
        list(Clip(utterance(path, 0.0, 4.0), 5.0))


def test_an_mp4_file_whose_index_never_came(tmp_path):
    path = write_film(tmp_path / "a.mp4", PICTURES)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UtteranceError, match=r"breaks off before its index \(moov\)"):
        Clip(utterance(path), 5.0)


# Pictures of another time.


def test_a_stream_shows_what_the_file_that_it_was_copied_from_shows():
    whole, stream = (fault(f"02-stream-ts/{name}") for name in ("whole.mp4", "stream.ts"))
    for start, end in ((None, None), (0.4, 3.0), (5.8, 8.2)):
        for one, other in zip(read(whole, start, end)[0], read(stream, start, end)[0], strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_picture_that_froze_stays_until_the_next_one_comes(tmp_path):
    times = [40 * i for i in range(25)] + [9000 + 40 * i for i in range(75)]
    path = write_film(tmp_path / "a.mp4", PICTURES, "libx264", times, b_frames=2)
    assert seen(path, 6.0, 10.0) == [24] * 15 + [25, 30, 35, 40, 45]


def test_pictures_and_sound_have_one_clock(tmp_path):
    """A stream whose sound starts 0.4 s before its pictures: the picture of 1 s is number 15."""
    path = tmp_path / "a.mkv"
    write_film(
        path, PICTURES, milliseconds=[400 + 40 * i for i in range(100)], sound=np.zeros(6400)
    )
    assert seen(path, 1.0, 2.0) == [15, 20, 25, 30, 35]
    assert seen(path, 0.0, 1.0) == [0, 0, 0, 5, 10]


def test_pictures_that_start_late(tmp_path):
    path = tmp_path / "a.mkv"
    write_film(
        path, PICTURES, milliseconds=[2000 + 40 * i for i in range(100)], sound=np.zeros(800)
    )
    with pytest.raises(UtteranceError, match=r"its pictures start 1\.50 s late"):
        list(Clip(utterance(path, 0.5, 3.0), 5.0))
    pictures, clip = read(path)
    assert list(map(number, pictures)) == list(range(0, 100, 5))  # the screen is dark before
    assert clip.times == pytest.approx(np.arange(2, 6, 0.2))
    assert clip.seconds == pytest.approx(6, abs=0.01)
    assert clip.notes == ["pictures start late: 2.00 s"]
    pictures, clip = read(path, None, 4.0)  # none from behind the end
    assert list(map(number, pictures)) == list(range(0, 50, 5))
    assert (clip.times[-1], clip.seconds) == (pytest.approx(3.8), 4.0)


def test_the_track_that_is_marked_as_default_is_shown(tmp_path):
    path = write_sound(tmp_path / "a.mkv", np.zeros(16_000), pictures=PICTURES[:25])
    assert seen(path) == [0, 5, 10, 15, 20]


# Damage.


def broken(path: Path, first: int, last: int) -> Path:
    """Zeros in the place of some pictures of an mp4 file, as a bad sector leaves them."""
    import av

    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    content = bytearray(path.read_bytes())
    for place, size in packets[first : last + 1]:
        content[place : place + size] = bytes(size)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("codec", "suffix"), [("mpeg4", ".mp4"), ("libx264", ".mov")])
def test_what_is_left_of_a_damaged_film_is_read_with_a_remark(tmp_path, codec, suffix):
    path = write_film(tmp_path / f"a{suffix}", PICTURES[:75], codec, key_every=25)
    pictures, clip = read(broken(path, 10, 20))
    numbers = list(map(number, pictures))
    assert len(numbers) == 15
    assert numbers[:2] == [0, 5]
    assert numbers[5:] == list(range(25, 75, 5))
    (note,) = clip.notes
    assert re.match(r"damaged: 0\.\d\d s of pictures cannot be decoded, from 0\.40 s on", note)


def test_damage_at_the_end_is_no_end(tmp_path):
    path = write_film(tmp_path / "a.mp4", PICTURES[:75], key_every=25)
    with pytest.raises(UtteranceError, match=r"ends 1\.00 s before .*from 2\.00 s on"):
        list(Clip(utterance(broken(path, 50, 74)), 5.0))


def test_a_film_that_is_all_damaged(tmp_path):
    path = write_film(tmp_path / "a.mp4", PICTURES[:25])
    with pytest.raises(UtteranceError, match="video cannot be decoded"):
        list(Clip(utterance(broken(path, 0, 24)), 5.0))


def test_av1_is_read():
    assert len(read(fault("05-av1-mp4/new.mp4"))[0]) == 10


def test_no_pictures_says_so(tmp_path):
    path = write_sound(tmp_path / "a.m4a", np.zeros(1600))
    with pytest.raises(UtteranceError, match="the file has no pictures"):
        Clip(utterance(path), 5.0)


# Geometry.


@pytest.mark.parametrize(("pixel", "width"), [((4, 3), 149), ((8, 9), 100), ((1, 1), 112)])
def test_pixels_that_are_not_square_are_shown_as_a_player_does(tmp_path, pixel, width):
    from fractions import Fraction

    path = write_film(tmp_path / "a.mp4", PICTURES[:5], sample_aspect_ratio=Fraction(*pixel))
    pictures, clip = read(path)
    assert pictures[0].shape == (64, width, 3)
    assert clip.notes == [f"pixels are not square: shown as {width} x 64"] * (width != 112)
    left = list(Clip(utterance(path, region="0,0,56,64"), 5.0))  # in pixels that are stored
    assert left[0].shape[:2] == (64, pytest.approx(width / 2, abs=0.6))


def test_the_shape_of_a_pixel_that_cannot_be_is_not_believed(tmp_path):
    from fractions import Fraction

    path = write_film(tmp_path / "a.mkv", PICTURES[:5], "libx264")
    assert read(path)[0][0].shape == (64, 112, 3)
    path = write_film(
        tmp_path / "b.mkv", PICTURES[:5], "libx264", sample_aspect_ratio=Fraction(20, 1)
    )
    assert read(path)[0][0].shape == (64, 112, 3)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_telephone_that_was_turned(tmp_path, turn):
    import av

    upright = numbered(5)
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stored = np.ascontiguousarray(np.rot90(upright, -turn // 90))
        stream.height, stream.width = stored.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.set_display_rotation(turn)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(stored, format="bgr24")))
        container.mux(stream.encode(None))
    assert seen(path) == [5, 5, 5]


def test_pictures_that_change_their_size(tmp_path):
    small = [numbered(i) for i in range(50)]
    large = [np.repeat(np.repeat(picture, 2, 0), 2, 1) for picture in small]
    one, other = (
        write_film(tmp_path / f"{name}.ts", pictures, "mpeg2video", fps=25)
        for name, pictures in (("one", small), ("other", large))
    )
    path = tmp_path / "both.ts"
    path.write_bytes(one.read_bytes() + other.read_bytes())
    assert {picture.shape for picture in read(path)[0]} == {(64, 112, 3)}


def dark_room(subtitle: bool) -> np.ndarray:
    picture = np.zeros((180, 320, 3), np.uint8)
    picture[20:140, 100:220] = astronaut()[:120, 20:140]
    if subtitle:
        picture[165:172, 60:260:4] = 255
    return picture


@pytest.mark.parametrize("subtitle", [True, False])
def test_a_face_in_a_dark_room_is_kept(subtitle):
    rows = without_letterbox(lit_rows([dark_room(subtitle)] * 3))
    kept = range(180)[rows]
    assert kept[0] <= 20
    assert kept[-1] >= 139


def test_a_subtitle_alone_is_no_picture_between_bars():
    picture = np.zeros((180, 320, 3), np.uint8)
    picture[160:172, 60:260:3] = 255
    assert without_letterbox(lit_rows([picture])) == slice(None)


def test_bars_with_a_few_bright_specks_are_bars():
    picture = np.zeros((180, 320, 3), np.uint8)
    picture[30:150] = 90
    picture[5, 7] = picture[170, 300] = 255
    assert without_letterbox(lit_rows([picture])) == slice(30, 150)


@pytest.fixture(scope="module")
def finder():
    return FaceFinder(FacesSettings())


def test_a_face_between_a_title_and_a_subtitle_is_found(finder, tmp_path):
    path = write_film(tmp_path / "a.mp4", [dark_room(True)] * 4, fps=5)
    assert len(finder.find(utterance(path)).crops) == 4


@pytest.mark.parametrize("shape", [(12, 200, 3), (200, 12, 3), (16, 16, 3)])
def test_pictures_too_small_for_a_face_have_none(finder, tmp_path, shape):
    assert finder.detector.search([np.full(shape, 90, np.uint8)]) == [[]]
    path = write_film(tmp_path / "a.mp4", [np.full(shape, 90, np.uint8)] * 3, fps=5)
    assert "no face found" in finder.find(utterance(path)).note


def test_a_detector_takes_the_smallest_picture_that_it_is_given():
    detector = Detector(0.9, 0.1)
    for shape in ((20, 20, 3), (20, 400, 3), (21, 20, 3)):
        assert detector.search([np.random.default_rng(0).integers(0, 255, shape, np.uint8)]) == [[]]


# Nothing that counts as something.


@pytest.mark.parametrize(
    ("picture", "plain"),
    [
        (np.zeros((64, 64, 3), np.uint8), True),
        (np.full((64, 64, 3), (200, 30, 90), np.uint8), True),
        (np.random.default_rng(0).integers(100, 103, (64, 64, 3), np.uint8), True),
        (numbered(3), False),
        (dark_room(False), False),
    ],
)
def test_a_picture_of_one_colour_is_none(picture, plain):
    assert is_plain(picture, FacesSettings().min_contrast) == plain


def test_a_camera_that_is_covered_is_told(finder, tmp_path):
    grey = np.full((64, 112, 3), 80, np.uint8)
    path = write_film(tmp_path / "a.mp4", [grey] * 3 + [numbered(1)], fps=5)
    faces = finder.find(utterance(path))
    assert faces.note == "no face found: 4 frames looked at; pictures of one colour: 3 of 4 frames"
