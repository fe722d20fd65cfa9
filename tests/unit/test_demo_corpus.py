"""The demo corpus has IEMOCAP's layout and flaws, and its speech and faces do as they are told."""

import math
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile
from helpers.settings import complete

from robust_mer.corpora.demo.face import MOVEMENTS, Actor, Look, Pose
from robust_mer.corpora.demo.speech import VOICES, Prosody, say
from robust_mer.corpora.registry import GENERATORS
from robust_mer.errors import InputError
from robust_mer.settings import Plugin

SMALL = {
    "sessions": 1,
    "seed": 1,
    "dialogues_per_session": 2,
    "utterances_per_dialogue": 6,
    "frames_per_second": 5,
}
FIRST, LAST = "Ses01F_impro01", "Ses01M_script01_1"
CLASSES = {"neu", "ang", "sad", "hap", "exc"}
PAPER = (205, 215, 218)  # BGR
PLAIN = Prosody(rate=175, volume=80, pitch=50, range=50)
LABEL = re.compile(
    r"\[(\d+\.\d{4}) - (\d+\.\d{4})\]\t(\S+)\t(\w+)\t\[(\d\.\d{4}), (\d\.\d{4}), (\d\.\d{4})\]"
)


def demo(settings):
    name = GENERATORS["demo"]
    return Plugin(name, complete(name, settings, "corpora.demo.generator")).build()


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("demo") / "IEMOCAP_full_release"
    demo(SMALL).make(root, threads=2)
    return root / "Session1"


def labels(session: Path, dialogue: str) -> dict[str, tuple[float, float, str]]:
    """Start, end and code of each utterance."""
    text = (session / "dialog" / "EmoEvaluation" / f"{dialogue}.txt").read_text()
    found = (LABEL.fullmatch(line) for line in text.splitlines() if line.startswith("["))
    return {match[3]: (float(match[1]), float(match[2]), match[4]) for match in found}


def frames(session: Path, dialogue: str) -> np.ndarray:
    video = cv2.VideoCapture(str(session / "dialog" / "avi" / "DivX" / f"{dialogue}.avi"))
    assert video.get(cv2.CAP_PROP_FPS) == SMALL["frames_per_second"]
    read = []
    while (answer := video.read())[0]:
        read.append(answer[1])
    return np.array(read)


def content(root: Path) -> dict[str, bytes]:
    paths = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".avi")
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def test_files_lie_where_iemocap_has_them(session):
    assert sorted(path.name for path in session.parent.iterdir()) == ["README.txt", "Session1"]
    for dialogue in (FIRST, LAST):
        for name in (
            f"dialog/EmoEvaluation/{dialogue}.txt",
            f"dialog/EmoEvaluation/._{dialogue}.txt",
            f"dialog/EmoEvaluation/Categorical/{dialogue}_e2_cat.txt",
            f"dialog/EmoEvaluation/Attribute/{dialogue}_e2_atr.txt",
            f"dialog/EmoEvaluation/Self-evaluation/{dialogue}_{dialogue[5].lower()}1_cat.txt",
            f"dialog/transcriptions/{dialogue}.txt",
            f"dialog/wav/{dialogue}.wav",
        ):
            assert (session / name).is_file(), name
        cut = {path.stem for path in (session / "sentences" / "wav" / dialogue).iterdir()}
        expected = {f"{dialogue}_{actor}{i:03d}" for actor in "FM" for i in range(3)}
        assert cut == set(labels(session, dialogue)) == expected
    videos = session / "dialog" / "avi" / "DivX"
    assert [path.name for path in videos.glob("Ses*.avi")] == [f"{FIRST}.avi"]
    with pytest.raises(UnicodeDecodeError):
        (session / f"dialog/EmoEvaluation/._{FIRST}.txt").read_text(encoding="utf-8")


def test_label_file_is_iemocaps(session):
    text = (session / "dialog" / "EmoEvaluation" / f"{FIRST}.txt").read_text()
    header, *blocks = text.strip().split("\n\n")
    assert header == "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]"
    assert len(blocks) == 6
    for block in blocks:
        first, *raters = block.splitlines()
        mean = [float(value) for value in LABEL.fullmatch(first).groups()[4:]]
        ratings = [
            [int(number) for number in re.findall(r"\d", line.split("\t")[1])]
            for line in raters
            if re.fullmatch(r"A-E\d:\tval \d; act \d; dom  \d;\t\(\)", line)
        ]
        assert np.mean(ratings, axis=0) == pytest.approx(mean)
        assert sum(bool(re.fullmatch(r"C-\w\d:\t\w+;\t\(\)", line)) for line in raters) == 4


@pytest.mark.parametrize("dialogue", [FIRST, LAST])
def test_classes_are_balanced_and_others_occur(session, dialogue):
    codes = [code for _, _, code in labels(session, dialogue).values()]
    merged = ["hap" if code == "exc" else code for code in codes]
    counts = [merged.count(code) for code in ("neu", "ang", "sad", "hap")]
    assert sum(counts) == 5
    assert max(counts) - min(counts) <= 1
    assert len(set(merged) - CLASSES) == 1


def test_transcript_has_a_gap_and_strays(session):
    lines = (session / "dialog" / "transcriptions" / f"{FIRST}.txt").read_text().splitlines()
    spoken = {}
    for line in lines:
        if match := re.fullmatch(r"(Ses\S+) \[(\d{3}\.\d{4})-(\d{3}\.\d{4})\]: (.+)", line):
            spoken[match[1]] = (float(match[2]), float(match[3]))
    known = labels(session, FIRST)
    assert len(set(known) - set(spoken)) == 1
    assert known[(set(known) - set(spoken)).pop()][2] in CLASSES
    assert len(set(spoken) - set(known)) == 1
    assert all(spoken[name] == known[name][:2] for name in set(known) & set(spoken))
    assert any(re.fullmatch(r"[FM]: \[LAUGHTER\]", line) for line in lines)


def test_sound_is_cut_at_the_labels_times(session):
    empty = []
    for dialogue in (FIRST, LAST):
        whole, rate = soundfile.read(session / f"dialog/wav/{dialogue}.wav", dtype="int16")
        assert rate == 16_000
        assert whole.ndim == 1
        for name, (start, end, code) in labels(session, dialogue).items():
            path = session / f"sentences/wav/{dialogue}/{name}.wav"
            if path.stat().st_size == 0:
                empty.append(code)
                continue
            assert soundfile.info(path).subtype == "PCM_16"
            cut, _ = soundfile.read(path, dtype="int16")
            assert np.array_equal(cut, whole[round(start * rate) : round(end * rate)])
            assert np.std(cut / 32_768) > 0.01  # someone speaks
    assert len(empty) == 1
    assert empty[0] in CLASSES


def test_video_is_letterboxed_and_as_long_as_the_sound(session):
    film = frames(session, FIRST)
    seconds = soundfile.info(session / f"dialog/wav/{FIRST}.wav").duration
    assert film.shape == (math.ceil(seconds * 5), 240, 360, 3)
    assert film[:, :55].max() < 20
    assert film[:, 185:].max() < 20
    assert film[:, 58:182, 10:170].mean() > 60
    assert film[:, 58:182, 190:350].mean() > 60


def test_one_speaker_is_hidden_and_sits_on_the_named_side(session):
    film = frames(session, FIRST)
    papered = (np.abs(film[:, 100:135].astype(int) - PAPER) < 15).all(axis=-1)
    hidden = {}  # per half: is there paper where the face should be?
    for side, half in (("left", slice(65, 115)), ("right", slice(245, 295))):
        hidden[side] = papered[:, :, half].mean(axis=(1, 2)) > 0.4
    times = np.arange(len(film)) / 5
    found = []
    for name, (start, end, code) in labels(session, FIRST).items():
        speaker = "left" if name.split("_")[-1].startswith("F") else "right"
        within = (times >= start) & (times < end)
        if hidden[speaker][within].all():
            found.append(code)
            assert not hidden["right" if speaker == "left" else "left"][within].any()
    assert len(found) == 1
    assert found[0] in CLASSES


def test_same_corpus_again_whatever_was_there(session, tmp_path):
    root = tmp_path / "again"
    leftover = tmp_path / ".again.unfinished" / "Session1" / "leftover"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    demo(SMALL).make(root, threads=1)
    assert content(root) == content(session.parent)
    assert not leftover.exists()

    older = root / "Session5"
    older.mkdir()
    one = SMALL | {"dialogues_per_session": 1, "seed": SMALL["seed"] + 1}
    demo(one).make(root, threads=1)
    assert not older.exists()
    path = f"Session1/dialog/wav/{FIRST}.wav"
    assert (root / path).read_bytes() != (session.parent / path).read_bytes()


def test_other_peoples_files_are_not_overwritten(tmp_path):
    (tmp_path / "Session1").mkdir()
    with pytest.raises(InputError, match="not overwritten"):
        demo(SMALL).make(tmp_path, threads=1)
    assert (tmp_path / "Session1").is_dir()


@pytest.mark.parametrize(("key", "value"), [("sessions", 6), ("utterances_per_dialogue", 5)])
def test_impossible_settings_are_named(key, value):
    with pytest.raises(InputError, match=rf"generator\.{key} is {value}, expected \d"):
        demo(SMALL | {key: value})


def test_a_sentence_sounds_the_same_after_others():
    for voice in (voice for voices in VOICES.values() for voice in voices):
        before = say("They changed the number of the room.", voice, PLAIN).samples
        say("I hate it!", "en-us+m1", Prosody(rate=250, volume=120, pitch=90, range=90))
        again = say("They changed the number of the room.", voice, PLAIN)
        assert np.array_equal(before, again.samples)


def test_words_are_heard_when_the_alignments_say(session):
    folder = session / "sentences/ForcedAlignment" / LAST
    texts = dict(
        line.split("]: ", 1)
        for line in (session / f"dialog/transcriptions/{LAST}.txt").read_text().splitlines()
        if "XX" not in line and "]: " in line
    )
    for place, text in texts.items():
        utterance = place.split(" ")[0]
        rows = [row.split() for row in (folder / f"{utterance}.wdseg").read_text().splitlines()]
        words = [row[3] for row in rows[1:-1] if not row[3].startswith("<")]
        written = re.sub(r"[.,?!]", "", text).upper().split()
        assert len(words) > 0.7 * len(written)
        rest = iter(written)  # espeak-ng takes "of the" for one word, "of"
        assert all(word in rest for word in words), (words, written)
        samples, rate = soundfile.read(session / f"sentences/wav/{LAST}/{utterance}.wav")
        assert rows[1][3] == "<s>"
        assert [int(row[0]) for row in rows[2:-1]] == [int(row[1]) + 1 for row in rows[1:-2]]
        assert abs((int(rows[-2][1]) + 1) / 100 - len(samples) / rate) < 0.011
        loudness = {
            row[3]: np.std(samples[int(row[0]) * rate // 100 : (int(row[1]) + 1) * rate // 100])
            for row in rows[1:-1]
        }
        assert all(loudness[word] > 2 * loudness["<s>"] for word in words), utterance


def test_prosody_is_heard():
    def said(**changes):
        text = "They changed the number of the room."
        return say(text, "en-us+m3", Prosody(**(vars(PLAIN) | changes))).samples

    def period(samples):  # of the voice, in samples at 16 kHz
        start = len(samples) // 3
        voiced = samples[start : start + 4000]
        likeness = np.correlate(voiced, voiced, "full")[len(voiced) :]
        return 40 + np.argmax(likeness[40:320])

    assert len(said(rate=240)) < 0.85 * len(said()) < 0.7 * len(said(rate=120))
    assert np.std(said(volume=120)) > 1.3 * np.std(said()) > 1.6 * np.std(said(volume=40))
    assert period(said(pitch=80)) < period(said()) < period(said(pitch=10))
    with pytest.raises(RuntimeError, match="no voice"):
        say("Hello.", "xx+m3", PLAIN)


def test_movements_change_their_part_of_the_face():
    look = Look(
        mirrored=False,
        scale=0.5,
        place=(90, 60),
        tint=(1, 1, 1),
        gamma=1,
        width=1,
        jaw=1,
        rest=(0,) * len(MOVEMENTS),
    )
    actor = Actor(look)
    still = np.zeros(len(MOVEMENTS), np.float32)
    rest = actor.draw(Pose(still)).astype(int)
    brows, eyes, mouth = slice(44, 52), slice(51, 57), slice(69, 85)

    def change(name, amount):
        moved = still.copy()
        moved[MOVEMENTS.index(name)] = amount
        return np.abs(actor.draw(Pose(moved)) - rest)[:, 65:115].mean(axis=(1, 2))

    assert change("jaw", 1)[mouth].mean() > 5 > 20 * change("jaw", 1)[brows].mean()
    assert change("corners", -1)[mouth].mean() > 3 * change("corners", -1)[brows].mean()
    assert change("brows", 1)[brows].mean() > 5 > 20 * change("brows", 1)[mouth].mean()
    assert change("lids", -1)[eyes].mean() > 5 > 10 * change("lids", -1)[mouth].mean()

    turned = np.abs(actor.draw(Pose(still, shift=(6, 0))) - rest).mean(axis=-1)
    assert turned[30:90, 60:120].mean() > 10  # the head
    assert max(turned[:, :10].max(), turned[120:].max()) <= 1  # background and body
