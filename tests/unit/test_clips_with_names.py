"""CREMA-D and MELD at full size, as generated from what their public tables hold."""

import shutil
from collections import Counter

import pandas as pd
import pytest
from generators import crema_d, meld
from helpers.corpora import folds as write_folds
from helpers.corpora import index as index_corpus
from helpers.corpora import reader_of
from helpers.tasks import task

from robust_mer.corpora.recognition import fitting_readers
from robust_mer.errors import InputError
from robust_mer.table import read_table

EMOTIONS = ["angry", "disgust", "fear", "happy", "neutral", "sad"]
INTENDED = dict.fromkeys(EMOTIONS, 1271) | {"neutral": 1087}


def index(root, out, reader, max_left_out=0.0, **given):
    """Index a corpus; returns the utterances and the problems."""
    files = index_corpus(reader, root, out, max_left_out, **given)
    return read_table(files.utterances), read_table(files.problems)


def problems_of(reading, name):
    """(line, problem) of the problems of a file."""
    return [(line, what) for file, line, what in reading.problems if file.endswith(name)]


@pytest.fixture(scope="module")
def cremad_tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora") / "CREMA-D"
    crema_d.make_crema_d(root)
    return root


@pytest.fixture
def some_cremad(tmp_path):
    """The clips of three actors, to be spoilt."""
    root = tmp_path / "few"
    crema_d.make_crema_d(root, range(1039, 1042))
    return root


@pytest.fixture(scope="module")
def meld_tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora") / "MELD.Raw"
    meld.make_meld(root)
    return root


@pytest.fixture
def some_meld(tmp_path):
    """One dialogue in 19 of each part, to be spoilt."""
    root = tmp_path / "few"
    meld.make_meld(root, share=19)
    return root


def test_cremads_intended_emotions_and_five_folds(cremad_tree, tmp_path):
    table, problems = index(cremad_tree, tmp_path, "crema_d")
    assert problems["problem"].tolist() == ["is known to show all emotions; the clip has no video"]
    assert set(table.loc[table["video"] == "", "utterance"]) == {"1064_IEO_DIS_MD"}
    assert table["label"].value_counts().to_dict() == INTENDED
    assert table["speaker"].nunique() == 91
    assert table["text"].nunique() == 12
    assert not table.drop(columns=["video", "region", "start", "end"]).eq("").any().any()
    first = table.iloc[0]
    assert first[["utterance", "audio", "video"]].tolist() == [
        "1001_DFA_ANG_XX",
        "AudioWAV/1001_DFA_ANG_XX.wav",
        "VideoFlash/1001_DFA_ANG_XX.flv",
    ]
    assert first[["text", "level", "sex"]].tolist() == [
        "Don't forget a jacket.",
        "unspecified",
        "Female",
    ]
    files = write_folds(tmp_path, scheme="speaker_groups", groups=5)
    sizes = pd.read_csv(files.folds).groupby(["fold", "part"]).size().unstack()
    assert sizes["test"].tolist() == [1557, 1475, 1470, 1464, 1476]
    assert (sizes.sum(axis=1) == 7442).all()
    checks = pd.read_csv(files.checks, keep_default_na=False)
    assert not checks[checks["shared"].isin(["speakers", "sessions"])]["count"].any()


def test_cremads_votes_as_labels_leave_ties_out_and_count_them(cremad_tree):
    reading = reader_of("crema_d", cremad_tree, label="both").read()
    votes = crema_d.VOTES["MultiModalVote"]
    labels = Counter(row["label"] for row in reading.rows)
    assert labels == dict(zip(EMOTIONS, votes.values(), strict=True))
    ties = 7442 - sum(votes.values())
    have = f"{ties} clips have a tie in MultiModalVote and therefore no label"
    assert problems_of(reading, "summaryTable.csv") == [(0, have)]
    assert reading.lost == 0
    assert all(row["both_vote"] == row["label"] for row in reading.rows)


@pytest.mark.parametrize("label", ["voice", "face"])
def test_cremads_labels_are_those_of_the_chosen_raters(some_cremad, label):
    every = reader_of("crema_d", some_cremad).read().rows
    rows = reader_of("crema_d", some_cremad, label=label).read().rows
    voted = {row["utterance"]: row[f"{label}_vote"] for row in every}
    agreed = {name: vote for name, vote in voted.items() if ":" not in vote}
    assert 0 < len(agreed) < len(voted)
    assert {row["utterance"]: row["label"] for row in rows} == agreed


def test_cremads_soft_labels_are_the_votes_of_the_chosen_raters(some_cremad, tmp_path):
    soft = task(target=EMOTIONS)
    table, problems = index(some_cremad, tmp_path, "crema_d", 0.0, task=soft, label="voice")
    assert len(table) == 246
    assert len(problems) == 0
    ties = table["voice_vote"].str.contains(":")
    assert ties.any()
    assert set(table.loc[ties, "label"]) == {""}
    votes = table[EMOTIONS].astype(int)
    agreed = table.loc[~ties, "voice_vote"]
    assert (votes[~ties].idxmax(axis=1) == agreed).all()
    both, _ = index(some_cremad, tmp_path, "crema_d")
    agreed = both.loc[~both["both_vote"].str.contains(":"), "both_vote"]
    assert (both.loc[agreed.index, EMOTIONS].astype(int).idxmax(axis=1) == agreed).all()


def test_what_is_wrong_with_cremads_files_is_listed(some_cremad, tmp_path):
    (some_cremad / "AudioWAV/1040_ITH_SAD_XX.wav").rename(
        some_cremad / "AudioWAV/1040_ITH_SAD_X.wav"
    )
    (some_cremad / "VideoFlash/1039_DFA_ANG_XX.flv").unlink()
    for path in (some_cremad / "AudioWAV", some_cremad / "VideoFlash"):
        next(path.glob("1041_TSI_HAP_XX.*")).unlink()
    (some_cremad / "AudioWAV/1041_TSI_JOY_XX.wav").write_bytes(b"RIFF")
    (some_cremad / "AudioWAV/._1041_TSI_SAD_XX.wav").write_bytes(b"\0")
    summary = some_cremad / "processedResults/summaryTable.csv"
    lines = summary.read_text().splitlines()
    lines[1] = '"1","1039_IEO_ANG_LO","A:Q","60","A","60","A","60"'
    lines[2] += ',"1"'
    summary.write_text("\n".join(lines) + "\n")
    (some_cremad / "VideoDemographics.csv").unlink()
    reading = reader_of("crema_d", some_cremad).read()
    assert len(reading.rows) == 245
    assert reading.lost == 2
    assert problems_of(reading, "1040_ITH_SAD_X.wav") == [
        (0, "is known under the wrong name; read as 1040_ITH_SAD_XX")
    ]
    assert problems_of(reading, "AudioWAV/1039_DFA_ANG_XX.wav") == [
        (0, "the video of 1039_DFA_ANG_XX is missing")
    ]
    assert problems_of(reading, "1041_TSI_JOY_XX.wav") == [
        (0, "name not understood; expected one like 1001_DFA_ANG_XX; left out")
    ]
    assert problems_of(reading, "VideoDemographics.csv") == [
        (0, "is missing; its columns stay empty")
    ]
    row = lines.index(next(line for line in lines if "1041_TSI_HAP" in line)) + 1
    assert problems_of(reading, "summaryTable.csv") == [
        (3, "has 9 cells, the heading 8; the row is ignored"),
        (2, "VoiceVote is 'A:Q', expected A, D, F, H, N, S, or several with colons between them"),
        (row, "1041_TSI_HAP_XX has no recording; left out"),
    ]
    with pytest.raises(InputError, match="2 of 247 utterances were left out"):
        index(some_cremad, tmp_path, "crema_d")


def test_cremad_without_videos_or_votes(some_cremad):
    shutil.rmtree(some_cremad / "VideoFlash")
    shutil.rmtree(some_cremad / "processedResults")
    reading = reader_of("crema_d", some_cremad).read()
    assert len(reading.rows) == 246
    assert problems_of(reading, "VideoFlash") == [(0, "holds no .flv file: the video is missing")]
    assert len(reading.problems) == 3
    with pytest.raises(InputError, match=r"summaryTable\.csv is missing, which `label: face`"):
        reader_of("crema_d", some_cremad, label="face").read()


def test_cremads_recordings_that_are_pointers_stop_the_run(some_cremad):
    pointer = some_cremad / "VideoFlash/1039_DFA_ANG_XX.flv"
    pointer.unlink()
    pointer.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(InputError, match=r"XX\.flv is no recording: .*run git lfs pull.*move the"):
        reader_of("crema_d", some_cremad).read()


def test_melds_given_split_and_its_known_damage(meld_tree, tmp_path):
    table, problems = index(meld_tree, tmp_path, "meld")
    assert table["part"].value_counts().to_dict() == {
        "train": 9989,
        "validation": 1109,
        "test": 2610,
    }
    counts = {
        "angry": 1607,
        "disgust": 361,
        "fear": 358,
        "happy": 2308,
        "neutral": 6436,
        "sad": 1002,
        "surprise": 1636,
    }
    assert table["label"].value_counts().to_dict() == counts
    parts = table.groupby("part")
    assert parts["dialogue"].nunique().to_dict() == {"train": 1038, "validation": 114, "test": 280}
    assert parts["speaker"].nunique().to_dict() == {"train": 260, "validation": 47, "test": 100}
    assert table["text"].str.contains("’").all()
    assert set(table.loc[table["audio"] == "", "utterance"]) == {"dev_dia110_utt7"}
    assert table["audio"].equals(table["video"])
    assert table.loc[
        table["utterance"] == "train_dia0_utt1", ["starts", "ends", "audio"]
    ].to_numpy().tolist() == [["61.000", "64.100", "train/train_splits/dia0_utt1.mp4"]]
    found = list(zip(problems["file"].str.split("/").str[-1], problems["problem"], strict=True))
    cut = "is 280.0 s long ({} s by its row): probably cut wrongly"
    ignored = "ignored, as the table has no row of them: "
    assert [(file, what.partition(" (line")[0]) for file, what in found] == [
        ("train_sent_emo.csv", "is not UTF-8; read as cp1252"),
        (
            "train_sent_emo.csv",
            "dia125_utt3.mp4: the file breaks off before its index (moov): the "
            "download or the recording did not finish; get it again",
        ),
        ("dev_sent_emo.csv", "dia110_utt7.mp4 is missing"),
        (
            "dev_splits_complete",
            f"{ignored}dia49_utt15.mp4, dia49_utt16.mp4, dia66_utt19.mp4, dia66_utt20.mp4",
        ),
        (
            "test_sent_emo.csv",
            "control characters read as the marks of cp1252 that they were",
        ),
        ("test_sent_emo.csv", f"dia38_utt4.mp4 {cut.format('280.0')}"),
        (
            "test_sent_emo.csv",
            "'0:05:08,000' to '0:05:08,000' is no time span; the clip is used as it is",
        ),
        ("test_sent_emo.csv", f"dia220_utt0.mp4 {cut.format('3.1')}"),
        ("output_repeated_splits_test", f"{ignored}dia108_utt12.mp4"),
    ]
    assert problems["line"].astype(int).gt(1).sum() >= 5
    files = write_folds(tmp_path, scheme="part")
    sizes = pd.read_csv(files.folds)["part"].value_counts().to_dict()
    assert sizes == {"train": 9989, "test": 2610, "validation": 1109}
    checks = pd.read_csv(files.checks, keep_default_na=False)
    assert not checks[checks["shared"] == "dialogues"]["count"].any()


def test_melds_sentiments_and_a_map_of_labels(some_meld):
    rows = reader_of("meld", some_meld, label="sentiment").read().rows
    labels = {row["label"] for row in rows}
    assert labels == {"positive", "neutral", "negative"}
    assert all(row["label"] == row["sentiment"] for row in rows)
    few = reader_of("meld", some_meld, labels={"joy": "happy", "anger": "angry"}).read()
    assert {row["label"] for row in few.rows} == {"happy", "angry"}
    assert few.lost == 0
    assert len(few.rows) == sum(row["emotion"] in ("joy", "anger") for row in rows)


@pytest.mark.parametrize(
    ("reader", "given", "problem"),
    [
        ("crema_d", {"labels": {"ANG": "a", "JOY": "b"}}, "has no 'JOY', only ANG, DIS,"),
        ("iemocap", {"labels": {"angry": "a", "sad": "b"}}, "has no 'angry', only ang, hap,"),
        ("msp_improv", {"labels": {"Ang": "a", "S": "b"}}, "has no 'Ang', only A, S, H, N, O, X"),
        ("meld", {"labels": {"anger": "a", "happy": "b"}}, "'happy', which the tables do not"),
        ("meld", {"label": "sentiment", "labels": {"joy": "a", "fear": "b"}}, "sentiment 'joy'"),
    ],
)
def test_a_map_of_labels_names_those_of_the_corpus(tmp_path, reader, given, problem):
    with pytest.raises(InputError, match=problem):
        reader_of(reader, tmp_path, **given)


def test_what_is_wrong_with_melds_rows_is_listed(some_meld, tmp_path):
    path = some_meld / "dev_sent_emo.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    row = '1,Hi,{},{},neutral,{},0,1,1,"0:00:01,000","0:00:02,000"'
    spoilt = [("", "joy", 900), ("Ross", "bliss", 901), ("Ross", "joy", "x"), ("Ross", "JOY", 902)]
    lines += [row.format(*cells) for cells in spoilt] + ["1,Hi,Ross"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    reading = reader_of("meld", some_meld).read()
    first = len(lines) - 4
    assert [p for p in problems_of(reading, "dev_sent_emo.csv") if p[0] >= first] == [
        (first + 4, "has 3 cells, the heading 11; left out"),
        (first, "Speaker is empty; left out"),
        (first + 1, "unknown emotion 'bliss'; left out"),
        (first + 2, "Dialogue_ID is 'x', expected a number; left out"),
        (first + 3, "dia902_utt0.mp4 is missing"),
    ]
    assert reading.rows[-1]["part"] == "test"
    assert "dev_dia902_utt0" in reading.origins
    total = len(reading.rows) + 4
    with pytest.raises(InputError, match=f"4 of {total} utterances were left out"):
        index(some_meld, tmp_path, "meld")


def test_meld_as_other_tools_unpack_it(some_meld, tmp_path):
    inner = tmp_path / "downloads/MELD.Raw"
    shutil.move(some_meld, inner)
    for name in ("dev_splits_complete", "output_repeated_splits_test"):
        shutil.move(inner / name, inner / name.partition("_")[0].replace("output", "test") / name)
    whole = reader_of("meld", inner).read()
    from_above = reader_of("meld", tmp_path / "downloads").read()
    assert [row["utterance"] for row in whole.rows] == [r["utterance"] for r in from_above.rows]
    assert whole.rows[0]["audio"].startswith("train/train_splits/")
    last = from_above.rows[-1]["audio"]
    assert last.startswith("MELD.Raw/test/output_repeated_splits_test/")
    assert fitting_readers(inner) == fitting_readers(inner.parent) == ["meld"]


def test_meld_without_a_part_or_its_clips(some_meld):
    (some_meld / "test_sent_emo.csv").unlink()
    shutil.rmtree(some_meld / "dev_splits_complete")
    reading = reader_of("meld", some_meld).read()
    assert {row["part"] for row in reading.rows} == {"train", "validation"}
    assert problems_of(reading, "test_sent_emo.csv") == [
        (0, "is missing; the test part is left out")
    ]
    assert problems_of(reading, "dev_splits_complete") == [
        (0, "folder is missing: no clips of the validation part. Unpack dev.tar.gz")
    ]


@pytest.mark.parametrize(
    ("reader", "sought"),
    [
        ("crema_d", r"no AudioWAV/\*\.wav and no VideoFlash/\*\.flv of CREMA-D"),
        ("meld", r"no train_sent_emo\.csv, dev_sent_emo\.csv, test_sent_emo\.csv of MELD"),
    ],
)
def test_a_wrong_root_says_what_was_sought_and_which_reader_fits(tmp_path, reader, sought):
    (tmp_path / "Session1/dialog/EmoEvaluation").mkdir(parents=True)
    message = f"{sought}; found there: Session1.*`reader: iemocap`$"
    with pytest.raises(InputError, match=message):
        index(tmp_path, tmp_path, reader)


@pytest.mark.parametrize(
    ("folder", "fitting"),
    [("AudioWAV", "crema_d"), ("VideoFlash", "crema_d"), ("a/dev_sent_emo.csv", "meld")],
)
def test_both_are_recognised(tmp_path, folder, fitting):
    (tmp_path / folder).mkdir(parents=True)
    assert fitting_readers(tmp_path) == [fitting]
