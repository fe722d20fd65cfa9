"""Corrupted recordings reach the extractor; only permitted speakers enter a recording."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import soundfile
from signals_extractor import Signals, SignalsSettings

from robust_mer.corpora.folds import FoldsSpec, make_folds
from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import Amount
from robust_mer.corruption.raw.others import Pool
from robust_mer.corruption.raw.registry import RAW_KINDS
from robust_mer.corruption.raw.signals import RawCorruption
from robust_mer.errors import InputError
from robust_mer.features.audio import read_audio
from robust_mer.features.extract import extract_features, read_utterances
from robust_mer.features.shards import cut
from robust_mer.features.specs import ExtractFiles, ExtractSpec, RawSpec
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin, load
from robust_mer.store import Features, read_features

RATE = 16_000
SESSIONS, SPEAKERS, EACH = 5, 2, 3
LINES = ["so it goes, they said", "What a day!", "nobody knows why she left the house at noon"]


def frequency(speaker: str) -> float:
    """Every speaker has a different tone, which identifies them in a babble."""
    session, who = int(speaker[1]), speaker[2]
    return 400.0 + 500 * session + 250 * "FM".index(who)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    t = np.arange(RATE) / RATE
    for session in range(SESSIONS):
        for speaker in [f"s{session}{who}" for who in "FM"[:SPEAKERS]]:
            for k in range(EACH):
                name = f"{speaker}_{k}"
                tone = 0.05 * np.sin(2 * np.pi * frequency(speaker) * t)
                soundfile.write(folder / f"{name}.wav", tone.astype(np.float32), RATE)
                rows.append([name, f"s{session}", speaker, LINES[k]])
    table = pd.DataFrame(rows, columns=["utterance", "session", "speaker", "text"])
    table["audio"] = table["utterance"] + ".wav"
    table["video"] = "clip.avi"
    table[["label", "region", "start", "end"]] = ""
    table["audio_is_cut"] = "1"
    video = cv2.VideoWriter(
        str(folder / "clip.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (40, 40)
    )
    for i in range(20):
        video.write(np.full((40, 40, 3), 10 * i + 40, np.uint8))
    video.release()
    return Corpus(folder, table)


class Corpus:
    def __init__(self, folder: Path, table: pd.DataFrame):
        self.folder, self.table = folder, table
        self.index = folder / "utterances.csv"
        table.to_csv(self.index, index=False)

    def folds(self, scheme: str, groups: int | None = None, part=None) -> Path:
        table = self.table if part is None else self.table.assign(part=part)
        path = self.folder / f"{scheme}{groups}.csv"
        make_folds(table, FoldsSpec(scheme, groups)).to_csv(path, index=False)
        return path

    def corruption(self, name: str, amount: Amount, folds: Path | None = None) -> RawCorruption:
        tables = (self.index, folds, self.folder) if folds else None
        return Plugin(RAW_KINDS[name], {}).build().at(name, amount, 1, tables)

    def frames(self, signal: str, corruption=None) -> list[np.ndarray]:
        """What an extractor is given of every utterance."""
        extractor = Signals(SignalsSettings(signal=signal))
        return [
            extractor.extract(utterance if corruption is None else corruption(utterance)).values
            for utterance in read_utterances(self.index, self.folder)
        ]

    def extract(self, corruption: RawSpec | None = None, threads: int = 1) -> Features:
        """The text, through the whole of the extraction."""
        path = self.folder / "features.h5"
        extract_features(
            ExtractSpec(
                Plugin("signals_extractor:Signals", {"signal": "text"}), corruption=corruption
            ),
            ExtractFiles(self.index, path, path.with_suffix(".csv")),
            Runtime(threads=threads, root=str(self.folder)),
        )
        return read_features(path)


SIGNALS = {"audio": "audio", "frames": "video", "picture": "video", "words": "text"}


@pytest.mark.parametrize(
    ("name", "amount"), [("whitenoise", 0), ("packetloss", 50), ("lowlight", 30), ("swap", 80)]
)
def test_an_extractor_is_given_the_corrupted_signal(corpus, name, amount):
    signal = SIGNALS[load(RAW_KINDS[name]).signal]
    clean = np.concatenate(corpus.frames(signal))
    received = [corpus.frames(signal, corpus.corruption(name, amount)) for _ in range(2)]
    np.testing.assert_array_equal(*map(np.concatenate, received))
    assert (np.concatenate(received[0]) != clean).any()


def test_each_utterance_has_its_amount_of_a_range(corpus):
    """A function of seed, kind and utterance; the rest of its draws are those at any amount."""
    within = corpus.corruption("mask", (20.0, 90.0))
    draws = [Draws(1, "mask", name) for name in corpus.table["utterance"]]
    amounts = [within.amount_of(one) for one in draws]
    assert len(set(amounts)) == len(amounts)
    assert all(20 <= amount <= 90 for amount in amounts)
    assert amounts == [corpus.corruption("mask", (20.0, 90.0)).amount_of(one) for one in draws]
    utterances = read_utterances(corpus.index, corpus.folder)
    for utterance, amount in zip(utterances, amounts, strict=True):
        assert within(utterance).text == corpus.corruption("mask", amount)(utterance).text
    assert within.describe()["amount"] == [20.0, 90.0]


def test_extraction_in_processes_gives_what_was_corrupted_here(corpus):
    corruption = corpus.corruption("mask", 40)
    spec = RawSpec("mask", Plugin(RAW_KINDS["mask"], {"mask": "[MASK]"}), 40, 1)
    clean, received = corpus.extract(), corpus.extract(spec, threads=2)
    assert received.utterances == clean.utterances
    np.testing.assert_array_equal(
        received.values, np.concatenate(corpus.frames("text", corruption)).astype(np.float32)
    )
    assert received.settings["corruption"]["amount"] == 40
    assert "corruption" not in clean.settings


def test_shards_of_one_corruption_are_not_taken_for_anothers(corpus):
    names = {
        cut(read_utterances(corpus.index, corpus.folder), corpus.folder, context)[0].path.name
        for context in (
            ["x"],
            ["x", corpus.corruption("mask", 40).identity()],
            ["x", corpus.corruption("mask", 50).identity()],
            ["x", corpus.corruption("swap", 50).identity()],
            ["x", corpus.corruption("wer", 50, corpus.folds("session_speakers")).identity()],
            ["x", corpus.corruption("wer", 50, corpus.folds("session_groups", 5)).identity()],
        )
    }
    assert len(names) == 6


def test_each_picture_is_corrupted_by_its_number(corpus):
    clean = corpus.frames("video")
    dark = corpus.frames("video", corpus.corruption("lowlight", 50))
    assert np.mean(dark) == pytest.approx(np.mean(clean) / 2, abs=0.5)
    assert (dark[0] != dark[1]).any()  # same recording, another utterance
    for frames in corpus.frames("video", corpus.corruption("frameloss", 60)):
        seen = frames.mean(axis=1)
        assert (np.diff(seen) >= 0).all()  # the clip only grows brighter: nothing goes back


@pytest.mark.parametrize(
    ("name", "nothing"),
    [
        ("reverb", 0),
        ("clip", 0),
        ("packetloss", 0),
        ("blur", 0),
        ("lowlight", 100),
        ("mask", 0),
        ("lowres", 100),
        ("frameloss", 0),
        ("occlude", 0),
        ("swap", 0),
    ],
)
def test_nothing_equals_clean_bit_for_bit(corpus, name, nothing):
    signal = SIGNALS[load(RAW_KINDS[name]).signal]
    received = corpus.frames(signal, corpus.corruption(name, nothing))
    for own, clean in zip(received, corpus.frames(signal), strict=True):
        np.testing.assert_array_equal(own, clean)


def test_all_frames_lost_leave_an_utterance_without_pictures(corpus):
    lost = corpus.frames("video", corpus.corruption("frameloss", 100))
    assert not any(len(frames) for frames in lost)


def test_babble_has_its_snr_and_its_talkers(corpus):
    folds = corpus.folds("session_speakers")
    corruption = corpus.corruption("babble", 5, folds)
    utterance = read_utterances(corpus.index, corpus.folder)[0]  # of s0F
    clean, received = read_audio(utterance), read_audio(corruption(utterance))
    noise = received.astype(float) - clean
    measured = 10 * np.log10(np.mean(clean.astype(float) ** 2) / np.mean(noise**2))
    assert measured == pytest.approx(5, abs=0.1)
    spectrum = np.abs(np.fft.rfft(noise))  # a bin is 1 Hz
    heard = {
        speaker
        for speaker in corpus.table["speaker"].unique()
        if spectrum[round(frequency(speaker))] > 0.2 * spectrum.max()
    }
    assert len(heard) == 6
    assert not heard & {"s0F", "s0M"}
    np.testing.assert_array_equal(read_audio(corruption(utterance)), received)


def speakers_for(corpus, folds, utterance):
    others = Pool(corpus.index, folds, corpus.folder).of(utterance)
    return set(others.by_speaker)


def test_babble_of_a_held_out_session_is_of_all_that_train(corpus):
    folds = corpus.folds("session_speakers")
    table = pd.read_csv(folds, dtype=str)
    held_out = table[(table["utterance"] == "s2M_1") & (table["part"] != "train")]["fold"]
    train = table[table["fold"].isin(held_out) & (table["part"] == "train")]
    expected = {name.partition("_")[0] for name in train["utterance"]}
    assert speakers_for(corpus, folds, "s2M_1") == expected
    assert len(expected) == 8


def test_babble_of_grouped_sessions_is_of_those_that_train_in_both_folds(corpus):
    folds = corpus.folds("session_groups", 5)
    # Session 2 is tested on while 3 validates, and validates while 1 is tested on.
    assert speakers_for(corpus, folds, "s2F_0") == {"s0F", "s0M", "s4F", "s4M"}


def test_babble_of_three_groups_looks_at_the_test_alone(corpus):
    folds = corpus.folds("session_groups", 3)
    # Groups {0, 3}, {1, 4}, {2}: with group 0 tested on, group 1 validates and group 2 trains.
    assert speakers_for(corpus, folds, "s0F_0") == {"s2F", "s2M"}


def test_babble_of_fixed_parts_is_of_the_part_that_trains(corpus):
    part = corpus.table["session"].map(
        {"s0": "train", "s1": "train", "s2": "train", "s3": "validation", "s4": "test"}
    )
    folds = corpus.folds("part", part=part)
    assert speakers_for(corpus, folds, "s4F_0") == {f"s{i}{who}" for i in range(3) for who in "FM"}
    assert speakers_for(corpus, folds, "s1F_0") == {"s0F", "s0M", "s2F", "s2M"}


def test_a_speaker_of_two_sessions_is_in_no_babble_of_either(corpus):
    table = corpus.table.copy()
    table["part"] = table["session"].replace({"s0": "test", "s3": "validation"})
    table["part"] = table["part"].where(table["part"].isin(["test", "validation"]), "train")
    table.loc[table["utterance"] == "s1F_2", "session"] = "s0"  # she also trains with s0
    index, folds = corpus.folder / "two.csv", corpus.folder / "two_folds.csv"
    table.to_csv(index, index=False)
    make_folds(table, FoldsSpec("part")).to_csv(folds, index=False)
    pool = Pool(index, folds, corpus.folder)
    heard = {name: set(pool.of(name).by_speaker) for name in ("s0F_0", "s1M_0", "s2F_0")}
    assert heard["s0F_0"] == {"s1M", "s2F", "s2M", "s4F", "s4M"}
    assert heard["s1M_0"] == {"s2F", "s2M", "s4F", "s4M"}
    assert heard["s2F_0"] == {"s1F", "s1M", "s4F", "s4M"}


def test_nobody_left_for_babble_is_said(corpus):
    table = corpus.table.assign(session="one", part=["train", "validation", "test"] * 10)
    index, folds = corpus.folder / "one.csv", corpus.folder / "one_folds.csv"
    table.to_csv(index, index=False)
    make_folds(table, FoldsSpec("part")).to_csv(folds, index=False)
    with pytest.raises(InputError, match="no speaker of another session"):
        Pool(index, folds, corpus.folder).of("s0F_2")


def test_word_error_rate_is_near_its_amount(tmp_path):
    rng = np.random.default_rng(0)
    known = [f"{a}{b}{c}" for a in "bdfgk" for b in ("a", "ee", "oo") for c in ("n", "st", "ll")]
    rows = [
        [f"u{i}", f"s{i % 4}", f"p{i % 4}", " ".join(rng.choice(known, rng.integers(3, 20)))]
        for i in range(400)
    ]
    table = pd.DataFrame(rows, columns=["utterance", "session", "speaker", "text"])
    table[["audio", "video", "label", "region", "start", "end"]] = ""
    table["audio_is_cut"] = "1"
    corpus = Corpus(tmp_path, table)
    folds = corpus.folds("session_groups", 4)
    utterances = read_utterances(corpus.index, tmp_path)
    for percent in (0, 10, 20, 50):
        corruption = corpus.corruption("wer", percent, folds)
        heard = [corruption(utterance).text.split() for utterance in utterances]
        said = [utterance.text.split() for utterance in utterances]
        errors = sum(map(levenshtein, said, heard))
        assert errors / sum(map(len, said)) == pytest.approx(percent / 100, abs=0.015)
        assert all(heard)
        assert {word for words in heard for word in words} <= set(known)
    lengths = np.array([[len(a), len(b)] for a, b in zip(said, heard, strict=True)]).sum(axis=0)
    assert lengths[1] / lengths[0] == pytest.approx(1 - 0.5 * (0.2 - 0.15), abs=0.01)


def levenshtein(said: list[str], heard: list[str]) -> int:
    """Least number of substitutions, deletions and insertions."""
    costs = list(range(len(heard) + 1))
    for i, word in enumerate(said, start=1):
        before, costs[0] = costs[0], i
        for j, other in enumerate(heard, start=1):
            before, costs[j] = (
                costs[j],
                min(costs[j] + 1, costs[j - 1] + 1, before + (word != other)),
            )
    return costs[-1]
