"""Joined corpora: training on some corpora and testing on others."""

import csv
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from helpers.corpora import folds, index, write_words
from helpers.plans import config_with, default_config, plan_of
from helpers.tasks import CLASSIFICATION, task

from robust_mer.corpora.folds import FoldsSpec
from robust_mer.corpora.joined import (
    JoinFiles,
    JoinSpec,
    JoinWordsFiles,
    JoinWordsSpec,
    Member,
    join_corpora,
    join_words,
    note_training_speakers,
)
from robust_mer.errors import InputError
from robust_mer.features.joined import join_features
from robust_mer.features.specs import JoinFeaturesFiles, JoinFeaturesSpec
from robust_mer.plan.rules import Rules
from robust_mer.plan.startup import changed_media_messages
from robust_mer.plan.targets import Targets
from robust_mer.runtime import Runtime
from robust_mer.store import read_features, write_features

SECTION = {"audio": {"extractor": "is13", "normalise": True}}
SECTION["text"] = {"extractor": "minilm", "normalise": False}


def clip(name, speaker, label, **more):
    return {"utterance": name, "session": speaker, "speaker": speaker, "label": label, **more}


def write_manifest(root, rows, recordings=()):
    """A corpus of the reader ``manifest``; the recordings hold what is given by name."""
    root.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with (root / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, restval="")
        table.writeheader()
        table.writerows(rows)
    for name, content in dict(recordings).items():
        (root / name).write_bytes(content)


def join(folder, members, of=CLASSIFICATION, columns=(), **settings):
    """Join corpora that lie in folders of their names, and read the results."""
    for member in members:
        (folder / member.name / "index").mkdir(exist_ok=True)
        own = of
        if member.target_range is not None:
            own = task("regression", target="valence", target_range=member.target_range)
        index("manifest", folder / member.name, folder / member.name / "index", task=own)

    def files(name):
        return [folder / member.name / "index" / name for member in members]

    join_corpora(
        JoinSpec(list(members), of, 0.15, **settings),
        JoinFiles(
            files("utterances.csv"),
            files("index_problems.csv"),
            files("media.csv"),
            folder / "utterances.csv",
            folder / "index_problems.csv",
            folder / "media.csv",
            folder / "recordings.sha256",
        ),
        Runtime(columns=columns),
    )
    return read(folder / "utterances.csv"), read(folder / "index_problems.csv")


def read(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def train(name, **labels):
    return Member(name, "train", labels)


def held_out(name, **labels):
    return Member(name, "test", labels)


@pytest.fixture
def two(tmp_path):
    """Two corpora with the same names of speakers and utterances, one recording in common."""
    rows = [
        clip("u1", "p1", "calm", audio="x.wav", text="Kids are talking.", part="test"),
        clip("u2", "p2", "sad", audio="y.wav", text="Dogs.", part="test"),
        clip("u3", "p3", "sad", text="Other words", part="test"),
        clip("u4", "p3", "calm", text="New", part="train"),
        clip("u5", "p3", "fear", text="More", part="train"),
    ]
    write_manifest(tmp_path / "a", rows, {"x.wav": b"one", "y.wav": b"two"})
    rows = [
        clip("u1", "p1", "neutral", audio="x.wav", text="kids are talking", mood="low"),
        clip("u2", "p9", "sad", audio="z.wav", text="Nothing alike", mood="high"),
        clip("u3", "p9", "joy", text="Joy"),
        clip("u4", "p9", "joy", text="Joy again"),
    ]
    write_manifest(tmp_path / "b", rows, {"x.wav": b"three", "z.wav": b"two"})
    return tmp_path


def test_names_are_told_apart_by_corpus(two):
    table, _ = join(two, [train("a", calm="neutral"), held_out("b")])
    assert list(table["utterance"]) == ["a:u1", "a:u2", "a:u3", "a:u4", "b:u1", "b:u2"]
    assert list(table["speaker"]) == ["a:p1", "a:p2", "a:p3", "a:p3", "b:p1", "b:p9"]
    assert (table["session"] == table["speaker"]).all()
    assert list(table["audio"]) == ["a/x.wav", "a/y.wav", "", "", "b/x.wav", "b/z.wav"]
    assert list(table["corpus"]) == list("aaaabb")
    assert set(table["part"][:4]) == {"train", "validation"}  # not a's own
    assert set(table["part"][4:]) == {"test"}
    assert list(table["mood"]) == [""] * 4 + ["low", "high"]
    assert list(read(two / "media.csv")["path"]) == ["a/x.wav", "a/y.wav", "b/x.wav", "b/z.wav"]


def test_classes_of_one_side_are_left_out_and_listed(two):
    table, problems = join(two, [train("a", calm="neutral"), held_out("b")])
    assert set(table["label"]) == {"neutral", "sad"}
    listed = dict(zip(problems["problem"], problems["file"], strict=True))
    fear = "1 utterance of the class 'fear', which only training corpora have, e.g. a:u5; left out"
    joy = "2 utterances of the class 'joy', which only test corpora have, e.g. b:u3; left out"
    people = (
        "1 speaker name, e.g. 'p1', occurs both in training and in test corpora; a name of two "
        "corpora counts as two people"
    )
    assert listed[fear] == "a"
    assert listed[joy] == "b"
    assert listed[people] == "a, b"


def test_problems_of_the_corpora_stay_listed(two):
    write_manifest(two / "c", [clip(f"v{n}", f"q{n}", "sad", audio="no.wav"[n:]) for n in (0, 7)])
    write_manifest(two / "c", [*_rows(two / "c"), clip("w", "q3", "calm", audio="x.wav")])
    (two / "c/x.wav").write_bytes(b"four")
    _, problems = join(two, [train("c"), held_out("a")])
    assert any("no.wav is missing" in problem for problem in problems["problem"])


def _rows(root):
    with (root / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_class_of_one_of_several_training_corpora_is_learnt(two):
    write_manifest(two / "c", [clip("u1", "p1", "joy"), clip("u2", "p2", "sad")])
    table, _ = join(two, [train("a", calm="neutral"), train("c"), held_out("b")])
    assert set(table["label"]) == {"joy", "neutral", "sad"}


def test_every_training_corpus_with_several_speakers_validates(two):
    write_manifest(two / "c", [clip("u1", "p1", "neutral"), clip("u2", "p2", "sad")])
    write_manifest(two / "d", [clip("u1", "p1", "neutral"), clip("u2", "p1", "sad")])
    table, _ = join(two, [train("a", calm="neutral"), train("c"), train("d"), held_out("b")])
    assert table.groupby("corpus")["part"].agg(set).to_dict() == {
        "a": {"train", "validation"},
        "b": {"test"},
        "c": {"train", "validation"},
        "d": {"train"},
    }
    with pytest.raises(InputError, match=r"no training corpus \(d\) has two or more speakers"):
        join(two, [train("d"), held_out("b")])


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, "share the class sad only; in training: calm, fear, sad; in test: joy, neutral, sad"),
        ({"sad": "calm"}, "share no class"),
        ({"kalm": "neutral"}, r"labels\.a names 'kalm', .*it has calm, fear, sad"),
    ],
)
def test_without_two_shared_classes_there_is_nothing_to_test(two, labels, expected):
    with pytest.raises(InputError, match=expected):
        join(two, [train("a", **labels), held_out("b")])


def test_split_by_corpus(two):
    members = [train("a", calm="neutral"), held_out("b")]
    join(two, members, columns=("corpus", "mood"))
    with pytest.raises(InputError, match="split_by names script"):
        join(two, members, columns=("script",))


def test_one_fold_in_which_some_speakers_of_the_training_corpora_validate(two):
    table, _ = join(two, [train("a", calm="neutral"), held_out("b")])
    made = read(folds(two, scheme="part").folds)
    assert set(made["fold"]) == {"1"}
    speaker = dict(zip(table["utterance"], table["speaker"], strict=True))
    speakers = made["utterance"].map(speaker).groupby(made["part"]).agg(set)
    assert speakers["test"] == {"b:p1", "b:p9"}
    assert speakers["train"] | speakers["validation"] == {"a:p1", "a:p2", "a:p3"}
    assert speakers["train"].isdisjoint(speakers["validation"])


def test_recordings_and_texts_of_both_sides_are_counted(two):
    join(two, [train("a", calm="neutral"), held_out("b")])
    checks = read(folds(two, scheme="part").checks)
    shared = checks[checks["parts"] == "train and test"].set_index("shared")["count"]
    validated = checks[checks["parts"] == "validation and test"].set_index("shared")["count"]
    # y.wav of a and z.wav of b have the same content; "Kids are talking." is in both
    assert int(shared["recordings"]) + int(validated["recordings"]) == 1
    assert int(shared["texts"]) + int(validated["texts"]) == 1
    assert shared["speakers"] == "0"


def rated(name, speaker, valence):
    return {"utterance": name, "session": speaker, "speaker": speaker, "valence": valence}


def test_numbers_are_mapped_to_one_scale(tmp_path):
    write_manifest(tmp_path / "a", [rated("u1", "p", "1"), rated("u2", "q", "4.5")])
    write_manifest(tmp_path / "b", [rated("u1", "p", "-1"), rated("u2", "q", "0.25")])
    numbers = task("regression", target="valence", target_range=[-1.0, 1.0])
    members = [Member("a", "train", {}, [1.0, 5.0]), Member("b", "test", {}, [-1.0, 1.0])]
    table, problems = join(tmp_path, members, of=numbers, target_range=[-1.0, 1.0])
    assert list(table["valence"]) == ["-1", "0.75", "-1", "0.25"]
    assert "targets were mapped linearly from [1, 5] to [-1, 1]" in set(problems["problem"])


def test_utterances_without_a_number_stay_if_they_are_kept(tmp_path):
    rows = [rated("u1", "p", "1"), rated("u2", "q", "2"), rated("u3", "q", "")]
    numbers = task("regression", target="valence", target_range=[1.0, 5.0])
    for name in "ab":
        write_manifest(tmp_path / name, rows)
        (tmp_path / name / "index").mkdir()
        folder = tmp_path / name / "index"
        index("manifest", tmp_path / name, folder, task=numbers, keeps_unlabelled=True)
    paths = {
        name: [tmp_path / corpus / "index" / f"{name}.csv" for corpus in "ab"]
        for name in ("utterances", "index_problems", "media")
    }
    members = [Member("a", "train", {}, [1.0, 5.0]), Member("b", "test", {}, [1.0, 5.0])]
    outputs = [tmp_path / f"{name}.csv" for name in (*paths, "recordings")]
    for keeps, left in ((True, 6), (False, 4)):
        spec = JoinSpec(members, numbers, 0.15, [1.0, 5.0], keeps)
        join_corpora(spec, JoinFiles(*paths.values(), *outputs), Runtime())
        assert len(read(tmp_path / "utterances.csv")) == left
    problems = set(read(tmp_path / "index_problems.csv")["problem"])
    assert "1 utterance without valence, e.g. a:u3; left out" in problems


def test_a_corpus_without_the_target(two):
    with pytest.raises(InputError, match="b has no column 'mind'"):
        _join_with_mind(two)


def _join_with_mind(folder):
    minds = task("classification", target="mind")
    rows = [{**row, "mind": row["label"]} for row in _rows(folder / "a")]
    write_manifest(folder / "a", rows)
    for name, own in (("a", minds), ("b", CLASSIFICATION)):
        (folder / name / "index").mkdir()
        index("manifest", folder / name, folder / name / "index", task=own)
    names = ("utterances", "index_problems", "media")
    paths = [[folder / corpus / "index" / f"{name}.csv" for corpus in "ab"] for name in names]
    outputs = [folder / f"{name}.csv" for name in (*names, "recordings")]
    join_corpora(
        JoinSpec([train("a"), held_out("b")], minds, 0.15), JoinFiles(*paths, *outputs), Runtime()
    )


@pytest.mark.parametrize("path", ["../b/x.wav", "a/../../b/x.wav", "/etc/hostname"])
def test_a_path_reaches_into_no_other_corpus(two, path):
    write_manifest(two / "a", [clip("u1", "p1", "sad", audio=path), clip("u2", "p2", "calm")])
    with pytest.raises(InputError, match="outside the corpus' folder"):
        join(two, [train("a", calm="neutral"), held_out("b")])


def test_names_that_look_like_those_of_another_corpus_stay_apart(two):
    rows = [clip("b:u1", "b:p1", "sad"), clip("../b/u1", "b/p1", "calm"), clip("u1", "a", "calm")]
    write_manifest(two / "a", rows)
    table, _ = join(two, [train("a", calm="neutral"), held_out("b")])
    assert {"a:b:u1", "a:../b/u1", "a:u1", "b:u1"} <= set(table["utterance"])
    assert table["utterance"].is_unique
    assert {"a:b:p1", "a:b/p1", "b:p1"} <= set(table["speaker"])


def test_word_times(two):
    for name, utterances in (("a", ["u1", "u2", "u3", "u4"]), ("b", ["u1", "u2"])):
        lines = [f"{one},word{place},0.1,0.2" for place, one in enumerate(utterances)]
        text = "\n".join(["utterance,word,start,end", *lines, "elsewhere,x,0,1", ""])
        (two / name / "words.csv").write_text(text)
    join(two, [train("a", calm="neutral"), held_out("b")])
    for name in "ab":
        write_words("manifest", two / name, two / name / "index", max_left_out=1.0)
    folders = [two / name / "index" for name in "ab"]
    files = JoinWordsFiles(
        two / "utterances.csv",
        [folder / "indexed_words.csv" for folder in folders],
        [folder / "words_problems.csv" for folder in folders],
        two / "words.csv",
        two / "words_problems.csv",
    )
    join_words(JoinWordsSpec(["a", "b"]), files, Runtime())
    words = read(two / "words.csv")
    assert list(words["utterance"]) == ["a:u1", "a:u2", "a:u3", "a:u4", "b:u1", "b:u2"]
    assert list(words["word"]) == ["word0", "word1", "word2", "word3", "word0", "word1"]
    problems = read(two / "words_problems.csv")
    # of clips without words, and of words without a clip
    assert set(problems["utterance"]) == {"a:u5", "a:elsewhere", "b:u3", "b:u4", "b:elsewhere"}


# -- features ------------------------------------------------------------------------------------


def write_store(
    folder, name, utterances, width=2, weights="", positions=None, settings=None, layers=()
):
    frames = [np.full((n + 1, width), n, np.float32) for n in range(len(utterances))]
    names = [f"f{d}" for d in range(width)]
    path = folder / f"{name}.h5"
    origin = None, settings or {"k": 1}, weights, {"p": "1"}
    write_features(path, utterances, frames, names, *origin, positions, layers)
    pd.DataFrame({"utterance": utterances, "status": "ok", "reason": name}).to_csv(
        folder / f"{name}.csv", index=False
    )


def join_stores(folder, utterances, is_imported=False):
    index_table = pd.DataFrame({"utterance": utterances})
    index_table["corpus"] = index_table["utterance"].str.partition(":")[0]
    index_table.to_csv(folder / "utterances.csv", index=False)
    files = JoinFeaturesFiles(
        folder / "utterances.csv",
        [folder / "a.h5", folder / "b.h5"],
        [folder / "a.csv", folder / "b.csv"],
        folder / "joined.h5",
        folder / "joined.csv",
    )
    join_features(JoinFeaturesSpec(["a", "b"], is_imported), files, Runtime())
    return read_features(files.features), read(files.table)


def test_features_follow_the_joined_index(tmp_path):
    write_store(tmp_path, "a", ["u1", "u2", "u3"], layers=[4, 5])
    positions = [np.zeros(1), np.array([0.0, np.nan])]
    write_store(tmp_path, "b", ["u1", "u2"], positions=positions, layers=[4, 5])
    store, table = join_stores(tmp_path, ["a:u3", "a:u1", "b:u2"])
    assert store.utterances == ["a:u3", "a:u1", "b:u2"]
    assert [len(store.frames(row)) for row in range(3)] == [3, 1, 2]
    assert store.frames(0).tolist() == [[2, 2]] * 3
    assert store.settings == {"k": 1}
    assert store.versions == {"p": "1"}
    assert store.layers == [4, 5]
    assert np.isnan(store.positions[:4]).all()
    assert store.positions[4] == 0
    assert list(table["utterance"]) == store.utterances
    assert list(table["reason"]) == ["a", "a", "b"]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"width": 3}, "a has 2 features per frame, b 3"),
        ({"weights": "1" * 64}, "different SHA-256"),
        ({"layers": [4, 5]}, "differ in the names, layers or rate"),
        ({"utterances": ["u1"]}, "the features of b lack u2"),
    ],
)
def test_features_that_do_not_fit(tmp_path, other, expected):
    write_store(tmp_path, "a", ["u1", "u2"])
    write_store(tmp_path, "b", **{"utterances": ["u1", "u2"], **other})
    with pytest.raises(InputError, match=expected):
        join_stores(tmp_path, ["a:u1", "b:u2"])


def test_published_features_come_from_a_file_of_each_corpus(tmp_path):
    write_store(tmp_path, "a", ["u1"], weights="1" * 64, settings={"file": "a.npy"})
    write_store(tmp_path, "b", ["u1"], weights="2" * 64, settings={"file": "b.npy"})
    store, _ = join_stores(tmp_path, ["a:u1", "b:u1"], is_imported=True)
    assert store.settings == {"members": {"a": {"file": "a.npy"}, "b": {"file": "b.npy"}}}
    assert store.weights_sha256 == ""


# -- planning ------------------------------------------------------------------------------------


def config(folder=".", **changes):
    """A config with two corpora and one that joins them, under an experiment."""
    raw = default_config()
    own = {"reader": "manifest", "root": str(folder), "modalities": SECTION}
    own["folds"] = {"scheme": "speakers"}
    joined = {"reader": "joined", "train": ["a"], "test": ["b"], "modalities": SECTION}
    joined["folds"] = {"scheme": "part", "validation": 0.15}
    raw["corpora"] |= {"a": {**own}, "a_to_b": {**joined, **changes}, "b": {**own}}
    raw["experiments"] = {
        "cross": {
            **raw["experiments"]["demo"],
            "corpus": "a_to_b",
            "models": ["men"],
            "folds": [1],
            "corruptions": ["clean", "gaussian_-10dB"],
        }
    }
    raw["run"] = ["cross"]
    return raw


def job(plan, rule, **wildcards):
    return getattr(Rules(plan), rule).job(SimpleNamespace(items=wildcards.items, **wildcards))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"train": ["c"]}, r"a_to_b\.train: c does not exist"),
        ({"test": ["bb"]}, r"a_to_b\.test: bb does not exist; did you mean 'b'"),
        ({"train": ["a_to_b"]}, r"a_to_b\.train: a_to_b is itself joined"),
        ({"train": ["b"]}, "train and test name 'b' twice"),
        ({"train": []}, r"a_to_b\.train is \[\], expected at least 1"),
        ({"test": "b"}, r"a_to_b\.test is 'b', expected a list"),
        ({"trian": ["a"]}, r"a_to_b\.trian does not exist; did you mean 'train'"),
        ({"root": "data"}, r"a_to_b\.root: .*; remove root"),
        ({"published": "IEMOCAP"}, r"a_to_b\.published: .*; remove published"),
        ({"generator": {}}, r"a_to_b\.generator: .*; remove generator"),
        ({"folds": {"scheme": "speakers"}}, r"a_to_b\.folds: .*scheme: part"),
        ({"folds": {"scheme": "part"}}, r"a_to_b\.folds: .*validation: 0\.15"),
        ({"labels": {"c": {"x": "y"}}}, "'c', which is neither in train nor in test"),
        ({"labels": {"a": {"x": " "}}}, r"labels\.a: the label of 'x' is empty"),
        ({"labels": {"a": ["x"]}}, r"a_to_b\.labels\.a"),
        (
            {"task": "regression", "target": "valence", "target_range": [1, 5]},
            r"predicts valence \(regression\), but corpora\.a, .* label \(classification\)",
        ),
        (
            {"modalities": {**SECTION, "video": {"extractor": "denseface", "normalise": False}}},
            r"modalities\.video: corpora\.a, which it joins, has no video, only audio, text",
        ),
        (
            {
                "modalities": {
                    **SECTION,
                    "audio": {"extractor": "imported_audio", "normalise": True},
                }
            },
            "manifest provides no features",
        ),
    ],
)
def test_a_wrong_section(changes, expected):
    with pytest.raises(InputError, match=expected):
        plan_of(config(**changes))


def test_labels_are_for_classes():
    raw = config(labels={"a": {"x": "y"}})
    for name in ("a", "b", "a_to_b"):
        keys = {"task": "regression", "target": "valence", "target_range": [1, 5]}
        raw["corpora"][name] |= keys
    with pytest.raises(InputError, match=r"a_to_b\.labels: .*remove labels"):
        plan_of(raw)


def test_a_corpus_that_is_not_joined_needs_a_root():
    raw = config()
    del raw["corpora"]["a"]["root"]
    with pytest.raises(InputError, match=r"corpora\.a\.root is missing"):
        plan_of(raw)


def test_a_wrong_root_of_one_corpus():
    raw = config()
    raw["corpora"]["b"]["root"] = "no/such/folder"
    with pytest.raises(InputError, match=r"corpora\.b\.root.*no/such/folder"):
        plan_of(raw)


def test_words_of_a_corpus_that_has_none():
    raw = config()
    raw["corpora"]["b"]["reader"] = "msp_improv"
    raw["corpora"]["a_to_b"]["modalities"] = {
        **SECTION,
        "audio": {**SECTION["audio"], "aligned_to": "words"},
    }
    with pytest.raises(InputError, match="msp_improv has no word times"):
        plan_of(raw)


def test_a_corruption_that_needs_other_speakers():
    raw = config()
    raw["experiments"]["cross"]["tested_on"] = ["babble_5dB"]
    with pytest.raises(InputError, match="babble_5dB needs utterances of other training speakers"):
        plan_of(raw)
    raw["experiments"]["cross"]["tested_on"] = ["whitenoise_5dB"]
    for folder in ("whitenoise_5dB", "whitenoise_5dB/draw2"):
        made = job(plan_of(raw), "extract_corrupted", corpus="a_to_b", extractor="is13", raw=folder)
        assert made.inputs["member_features"] == [
            f"results/{name}/corrupted/{folder}/features/is13.h5" for name in "ab"
        ]


def test_jobs_read_those_of_the_corpora():
    plan = plan_of(config(labels={"a": {"calm": "neutral"}}, split_by=["corpus"]))
    indexed = job(plan, "index_corpus", corpus="a_to_b")
    assert indexed.inputs["member_utterances"] == [f"results/{n}/utterances.csv" for n in "ab"]
    assert indexed.spec.members == [Member("a", "train", {"calm": "neutral"}), held_out("b")]
    assert indexed.spec.validation == 0.15
    assert job(plan, "make_folds", corpus="a_to_b").spec.how == FoldsSpec("part")
    assert indexed.runtime.columns == ("corpus",)
    assert indexed.runtime.root == ""
    extracted = job(plan, "extract_features", corpus="a_to_b", extractor="minilm")
    assert extracted.inputs["member_tables"] == [f"results/{n}/features/minilm.csv" for n in "ab"]
    assert job(plan, "extract_features", corpus="a", extractor="minilm").runtime.root == "."
    assert not any("a_to_b" in path for path in job(plan, "index_corpus", corpus="a").inputs)


def test_where_a_corpus_lies_changes_no_job(tmp_path):
    for rule, more in (("index_corpus", {}), ("extract_features", {"extractor": "is13"})):
        one, other = (
            job(plan_of(config(root)), rule, corpus="a_to_b", **more) for root in (".", tmp_path)
        )
        assert one == other


def test_recordings_are_those_of_the_corpora(tmp_path):
    plan = plan_of(config(tmp_path))
    assert [corpus.name for corpus in plan.recorded_corpora] == ["a", "b"]
    assert plan.recording("a_to_b", "b/some/x.wav") == tmp_path / "some/x.wav"
    assert changed_media_messages(plan) == []
    raw = config(tmp_path)
    film = {"extractor": "mini_xception", "normalise": False}
    for name in ("a", "b", "a_to_b"):
        raw["corpora"][name]["modalities"] = {**SECTION, "video": film}
    plan = plan_of(raw)
    assert Targets(plan).contact_sheets == ["results/a/faces/sheets", "results/b/faces/sheets"]
    with pytest.raises(InputError, match="the faces of a_to_b are those of the corpora"):
        job(plan, "find_faces", corpus="a_to_b")


def test_contents_and_origin_are_those_of_the_corpora():
    raw = config()
    raw["corpora"]["a"]["contains"] = ["RAVDESS", "MELD"]
    raw["corpora"]["b"]["contains"] = ["MELD"]
    facts = plan_of(raw).report.facts("cross").data
    assert facts.contains == ("RAVDESS", "MELD")
    assert not facts.generated
    raw["corpora"]["a_to_b"]["test"] = ["demo"]
    assert plan_of(raw).report.facts("cross").data.generated


def test_a_report_shows_the_sections_of_the_corpora():
    plan = plan_of(config())
    shown = job(plan, "write_report").spec
    assert all(name in str(shown) for name in ("'a':", "'b':", "'a_to_b':"))


def test_the_cross_corpus_experiments(tmp_path):
    plan = plan_of(config_with("cross_corpus", root=tmp_path))
    joined = {
        name: plan.corpora[name] for name in ("iemocap_to_msp_improv", "msp_improv_to_iemocap")
    }
    for name, corpus in joined.items():
        first, second = name.split("_to_")
        assert corpus.joined.train == [first]
        assert corpus.joined.test == [second]
    assert {corpus.name for corpus in plan.recorded_corpora} == {"iemocap", "msp_improv"}


def test_experiments_across_corpora_that_anyone_can_download(tmp_path):
    plan = plan_of(config_with("cross_acted", root=tmp_path))
    assert {corpus.name for corpus in plan.recorded_corpora} == {"ravdess", "crema_d", "meld"}
    assert plan.corpora["acted_to_meld"].joined.train == ["ravdess", "crema_d"]
    assert plan.corpora["meld_to_acted"].joined.test == ["ravdess", "crema_d"]


def test_names_in_several_training_corpora_are_said():
    """One of them may validate what the other trains."""
    table = pd.DataFrame(
        {
            "corpus": list("aabbc"),
            "speaker": ["a:p1", "a:p2", "b:p1", "b:p3", "c:p2"],
            "part": ["train", "validation", "train", "train", "test"],
        }
    )
    notes = []
    note_training_speakers(notes, table)
    ((corpora, _, said),) = notes
    assert corpora == "a, b"
    assert said.startswith("1 speaker name, e.g. 'p1', occurs in several training corpora; a name")
