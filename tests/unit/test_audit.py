"""The validity audit on small corpora with known faults."""

import pandas as pd
import pytest
from helpers.experiments import make_experiment
from helpers.plans import config_with, plan_of

from robust_mer.report.spec import CorpusFacts, Facts, TableFiles, TableSpec
from robust_mer.report.tables.audit import audit
from robust_mer.report.tables.base import make_table
from robust_mer.report.tables.registry import TABLES
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin


def tables(validation_of_second="c"):
    """Three speakers in two folds."""
    index = pd.DataFrame(
        {
            "utterance": list("aabbcc"),
            "label": ["x", "y"] * 3,
            "text": "t",
            "audio": "",
            "video": "",
        }
    )
    index["utterance"] += ["1", "2"] * 3
    second = {"b": "test", "c": "train", "a": "train", validation_of_second: "validation"}
    parts = {"1": {"a": "test", "b": "validation", "c": "train"}, "2": second}
    folds = pd.DataFrame(
        [
            (fold, part[name[0]], name)
            for fold, part in parts.items()
            for name in index["utterance"]
        ],
        columns=["fold", "part", "utterance"],
    )
    checks = pd.DataFrame(
        [
            (fold, pair, shared, count, "")
            for fold in ("1", "2", "3")
            for pair, shared, count in (
                ("train and test", "speakers", "0"),
                ("train and test", "texts", "4" if fold == "1" else "2"),
                ("train and test", "recordings", "9" if fold == "3" else "1"),
                ("validation and test", "recordings", "1"),
            )
        ],
        columns=["fold", "parts", "shared", "count", "promised"],
    )
    return checks, folds, index


def experiment(**changes):
    fields = {"name": "e", "corpus": "c", "models": {}, "folds": [1, 2], "seeds": [1, 2]}
    return make_experiment(**{**fields, **changes})


def corpus(contains=(), **changes):
    return CorpusFacts(contains=tuple(contains), **changes)


def found(of_corpus=None, speakers=10, data=None, **changes):
    table = audit(experiment(**changes), of_corpus or corpus(), *(data or tables()), speakers)
    return {row.check: (row.verdict, row.found) for row in table.itertuples()}


def test_a_person_of_joined_corpora_may_be_in_both():
    checks, folds, index = tables()
    index["corpus"] = index["utterance"].str[0].map({"a": "x", "b": "x", "c": "y"})
    index["speaker"] = (
        index["corpus"] + ":" + index["utterance"].str[0].map(dict.fromkeys("abc", "p"))
    )
    rows = found(data=(checks, folds, index))
    assert rows["one person in several corpora"] == (
        "not known",
        "speakers of different corpora count as different people; 1 name in both training and "
        "test corpora, e.g. p",
    )
    index["speaker"] = "p"
    for other in (tables(), (checks, folds, index)):
        assert "one person in several corpora" not in found(data=other)


def test_what_parts_share():
    rows = found()
    assert rows["speakers shared by train and test"] == ("ok", "0 speakers in each fold")
    assert rows["texts shared by train and test"] == (
        "warning",
        "2 to 4 utterances with a twin in each fold",
    )
    # fold 3, with 9, does not count
    assert rows["recordings shared by train and test"] == (
        "problem",
        "1 utterance with a twin in each fold",
    )
    assert rows["recordings shared by validation and test"][0] == "warning"
    assert rows["dialogues shared"][0] == "not known"
    assert rows["recordings shared"][0] == "not known"
    assert "texts shared" not in rows
    assert rows["an utterance in two parts"][0] == "ok"
    checks, folds, index = tables()
    twice = pd.concat([folds, folds.iloc[:1].assign(part="train")])
    assert found(data=(checks, twice, index))["an utterance in two parts"][0] == "problem"


def test_validation_that_is_another_folds_test():
    verdict, text = found()["validation used as test"]
    assert verdict == "note"
    assert "1 (2)" in text
    assert "2 (" not in text
    assert found(data=tables("a"))["validation used as test"][1].count("(") == 1 + 2
    assert found(folds=[2])["validation used as test"][0] == "ok"


def test_a_class_that_a_test_part_lacks():
    checks, folds, index = tables()
    assert found()["the test part has all that is measured"][0] == "ok"
    index["label"] = ["x", "y", "x", "x", "x", "y"]
    assert found(data=(checks, folds, index))["the test part has all that is measured"] == (
        "warning",
        "not in folds: 2 (no utterance of y)",
    )


@pytest.mark.parametrize("name", ["MSP-Podcast", "msp_podcast", "MSP Podcast", "mspPodcast"])
def test_names_of_corpora_are_compared_without_case_and_hyphens(name):
    rows = found(corpus(extractors={"dims": ["Libri-Light", name]}, contains=["MSP-Podcast"]))
    assert rows["dims was trained on this corpus"] == (
        "problem",
        "trained on MSP-Podcast, which the corpus contains",
    )


def test_what_extractors_and_corpus_are_made_of():
    extractors = {"is13": [], "face": ["FER2013", "AFEW"], "words": None}
    rows = found(corpus(extractors=extractors, contains=["RAVDESS", "FER2013"]))
    assert rows["is13 was trained on this corpus"][0] == "ok"
    assert rows["face was trained on this corpus"] == (
        "problem",
        "trained on FER2013, which the corpus contains",
    )
    assert rows["words was trained on this corpus"][0] == "not known"
    assert rows["generated or composed data"][0] == "warning"
    rows = found(corpus(extractors=extractors, contains=["IEMOCAP"]))
    assert rows["face was trained on this corpus"][0] == "ok"
    assert rows["generated or composed data"][0] == "ok"
    assert found(corpus(extractors=extractors))["face was trained on this corpus"][0] == "not known"
    rows = found(corpus(generated=True))
    assert rows["generated or composed data"][0] == "problem"
    assert "all results of e" in rows["generated or composed data"][1]


def test_masks_speakers_and_repetitions():
    rows = found(is_mask_aware=["cm_arr", "drop"], seeds=[1], speakers=3)
    assert rows["mask-aware models"] == (
        "note",
        "know which modalities are corrupted: cm_arr, drop",
    )
    assert rows["enough speakers"][0] == "warning"
    assert rows["repetitions"][0] == "warning"
    rows = found()
    assert {
        rows[check][0] for check in ("mask-aware models", "enough speakers", "repetitions")
    } == {"ok"}


def test_files(tmp_path):
    names = ("checks", "folds", "utterances")
    for name, table in zip(names, tables(), strict=True):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    pd.DataFrame({"model": ["m"], "speakers": [12]}).to_csv(tmp_path / "i.csv", index=False)
    files = {name: tmp_path / f"{name}.csv" for name in names}
    written = {suffix: tmp_path / f"e_audit.{suffix}" for suffix in ("csv", "md")}
    make_table(
        TableSpec("audit", Plugin(TABLES["audit"], {}), experiment(), Facts()),
        TableFiles(**files, intervals=tmp_path / "i.csv", **written),
        Runtime(),
    )
    written = pd.read_csv(tmp_path / "e_audit.csv")
    assert list(written) == ["check", "verdict", "found"]
    assert "| enough speakers | ok | intervals rest on 12 speakers |" in (
        tmp_path / "e_audit.md"
    ).read_text(encoding="utf-8")


def test_recognised_words_are_named():
    heard = {"minilm": "recognised", "glove": "recognised_if_missing"}
    data = corpus(recogniser="a/b", heard=heard, extractors={"a/b": None})
    table = audit(experiment(), data, *tables(), 10)
    assert table.loc[
        table["check"] == "recognised words", ["verdict", "found"]
    ].values.tolist() == [
        ["note", "minilm receives words that a/b recognised in the sound"],
        ["note", "glove receives words that a/b recognised in the sound, where the index has none"],
    ]
    assert found(data)["a/b was trained on this corpus"][0] == "not known"
    assert "recognised words" not in found()


def test_what_published_features_were_trained_on_is_unknown():
    plan = plan_of(config_with("mosi_sentiment"))
    known = {
        name: trained_on
        for experiment in plan.grid.experiments
        for name, trained_on in plan.report.facts(experiment).data.extractors.items()
        if name.startswith("imported_")
    }
    assert known
    assert set(known.values()) == {None}


def test_tuned_models_and_those_beside_them_are_named():
    one = experiment(models={"men": "men", "tuned": "men"})
    table = audit(one, corpus(), *tables(), 10, {"tuned": 4, "teacher": 2}).set_index("check")
    assert table.loc["tuned models", "verdict"] == "note"
    assert table.loc["tuned models", "found"] == (
        "chosen on validation data: teacher (best of 2), tuned (best of 4); "
        "not tuned themselves: men; "
        "prediction sets rest on the same validation data"
    )
    assert "tuned models" not in found()
