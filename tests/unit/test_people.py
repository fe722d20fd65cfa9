"""The table of people's answers beside the models'."""

import pandas as pd
import pytest
from helpers.experiments import make_experiment
from helpers.figures import row

from robust_mer.corpora.crema_d import CREMAD, CREMADSettings
from robust_mer.evaluation.experiment import CorpusFacts, Evaluation
from robust_mer.report.spec import Facts, TableFiles, TableSpec
from robust_mer.report.tables.base import make_table
from robust_mer.report.tables.registry import TABLES, tables_of
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin

FACTS = Facts(data=CorpusFacts(answers={"voice": "voice_vote", "face": "face_vote"}))


def experiment(tested_on="clean"):
    """A model on two folds."""
    evaluations = [Evaluation("men", "clean", tested_on)]
    return make_experiment(
        evaluations, name="x", corpus="c", models={"men": "men"}, folds=(1, 2), seeds=(7,)
    )


def test_people_are_measured_on_the_test_parts_of_the_folds(tmp_path):
    index = pd.DataFrame(
        [
            ("u1", "angry", "angry", "angry"),
            ("u2", "angry", "angry", "angry:sad"),
            ("u3", "sad", "angry", ""),
            ("u4", "sad", "sad", ""),
            ("u5", "sad", "neutral", "sad"),
            ("u6", "sad", "sad", "sad"),  # in no test part
        ],
        columns=["utterance", "label", "voice_vote", "face_vote"],
    )
    index.to_csv(tmp_path / "utterances.csv", index=False)
    folds = [(1, "test", f"u{n}") for n in (1, 2, 3)] + [(2, "test", f"u{n}") for n in (4, 5)]
    folds += [(3, "test", "u6"), (1, "train", "u6"), (2, "train", "u6")]
    table = pd.DataFrame(folds, columns=["fold", "part", "utterance"])
    table.to_csv(tmp_path / "folds.csv", index=False)
    clean = row("men", "clean", "clean", "clean", "clean", None, 0.5, kind="complete")
    noisy = row("men", "clean", "gaussian_0dB", "clean", "gaussian", 0, 0.4)
    pd.DataFrame([clean, noisy]).to_csv(tmp_path / "all.csv", index=False)
    inputs = {"summary": "all.csv", "utterances": "utterances.csv", "folds": "folds.csv"}
    written = {suffix: tmp_path / f"people.{suffix}" for suffix in ("csv", "md", "tex")}
    files = TableFiles(**{key: tmp_path / name for key, name in inputs.items()}, **written)
    make_table(
        TableSpec("people", Plugin(TABLES["people"], {}), experiment(), FACTS), files, Runtime()
    )
    rows = pd.read_csv(written["csv"], keep_default_na=False).set_index("who")
    assert list(rows.index) == ["people: voice", "people: face", "men"]
    voice, face, men = (rows.loc[name] for name in rows.index)
    assert (voice["utterances"], face["utterances"]) == (5, 3)
    assert float(voice["wa_mean"]) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert float(voice["ua_mean"]) == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert float(face["wa_mean"]) == pytest.approx((1 / 2 + 1) / 2)  # a tie is wrong
    assert float(men["ua_mean"]) == 0.5
    assert "people: voice" in written["md"].read_text()


def test_the_table_needs_answers_clean_data_and_classes():
    assert "people" in tables_of(experiment(), FACTS, {})
    assert "people" not in tables_of(experiment(), Facts(), {})
    assert "people" not in tables_of(experiment("gaussian_0dB"), FACTS, {})


def test_votes_that_are_the_label_are_no_answers(tmp_path):
    def answers(**settings):
        return list(CREMAD(CREMADSettings(**settings), tmp_path).answers())

    assert answers() == ["voice", "face", "both"]
    assert answers(label="both") == ["voice", "face"]
    assert answers(labels={"ANG": "anger", "SAD": "sadness"}) == []
