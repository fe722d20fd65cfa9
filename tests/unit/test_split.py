"""Results by a column of the index."""

import pandas as pd
import pytest
from helpers.experiments import make_experiment

from robust_mer.errors import InputError
from robust_mer.evaluation.spec import SplitSpec
from robust_mer.evaluation.split import SplitFiles, write_split
from robust_mer.runtime import Runtime


@pytest.fixture
def run(tmp_path):
    """Two folds of six test utterances; the first fold's scripted ones are all right."""
    utterances = [f"u{n}" for n in range(12)]
    script = ["scripted", "improvised"] * 6
    pd.DataFrame({"utterance": utterances, "script": script, "label": "a"}).to_csv(
        tmp_path / "utterances.csv", index=False
    )
    label = ["a", "a", "b", "b", "b", "b"] * 2
    wrong = {1, 8}  # u1 is improvised and alone of its class there, u8 is scripted, one of two
    predicted = [
        {"a": "b", "b": "a"}[own] if place in wrong else own for place, own in enumerate(label)
    ]
    rows = pd.DataFrame(
        {
            "utterance": utterances,
            "label": label,
            "predicted": predicted,
            "part": "test",
            "fold": [1] * 6 + [2] * 6,
            "seed": 1,
        }
    )
    rows = pd.concat([rows.assign(condition=name) for name in ("none", "a", "l", "al")])
    rows.to_parquet(tmp_path / "predictions.parquet")
    return tmp_path


def split(run, column="script", folds=(1, 2), index=("script", "condition")):
    experiment = make_experiment(
        [("men", "clean", "clean")], name="e", corpus="c", models={}, folds=folds, seeds=[1]
    )
    write_split(
        SplitSpec(experiment, column),
        SplitFiles([run / "predictions.parquet"], run / "utterances.csv", run / "split.csv"),
        Runtime(),
    )
    return pd.read_csv(run / "split.csv").set_index(list(index))


def test_each_value_has_its_own_wa_and_ua(run):
    table = split(run)
    assert len(table) == 2 * 5  # four conditions and their average
    assert (table["utterances"] == 6).all()
    for condition in ("none", "a", "average"):
        improvised, scripted = (
            table.loc[("improvised", condition)],
            table.loc[("scripted", condition)],
        )
        # fold 1 misses the one a of improvised (b, b are right), fold 2 one b of two of scripted
        assert improvised["wa_mean"] == pytest.approx((2 / 3 + 1) / 2)
        assert improvised["ua_mean"] == pytest.approx((1 / 2 + 1) / 2)
        assert scripted["wa_mean"] == pytest.approx((1 + 2 / 3) / 2)
        assert scripted["ua_mean"] == pytest.approx((1 + (1 + 1 / 2) / 2) / 2)


def test_a_value_is_measured_in_the_folds_that_test_on_it(run):
    table = pd.read_csv(run / "utterances.csv")
    table.loc[:5, "script"] = "improvised"
    table["condition"] = table["script"]
    table.to_csv(run / "utterances.csv", index=False)
    scripted = split(run).loc["scripted"]
    assert set(scripted["folds"]) == {1}
    assert scripted.loc["none", "wa_mean"] == pytest.approx(2 / 3)  # of fold 2 alone
    assert set(split(run).loc["improvised", "folds"]) == {2}
    # a column of the corpus may have the name of one of the table's
    by_condition = split(run, "condition", index=["condition_of_corpus", "condition"])
    assert set(by_condition.loc["scripted", "folds"]) == {1}


def test_every_speaker_tests_in_one_fold(run):
    table = pd.read_csv(run / "utterances.csv").assign(script=["anna"] * 6 + ["ben"] * 6)
    table.to_csv(run / "utterances.csv", index=False)
    by_speaker = split(run)
    assert by_speaker["utterances"].tolist() == [6] * 10
    assert by_speaker.loc[("anna", "none"), "wa_mean"] == pytest.approx(5 / 6)


def test_a_value_that_no_fold_tests_on_is_left_out_and_said_so(run, caplog):
    assert set(split(run, folds=[2]).index.get_level_values(0)) == {"improvised", "scripted"}
    table = pd.read_csv(run / "utterances.csv")
    table.loc[:5, "script"] = "trained on"
    table.to_csv(run / "utterances.csv", index=False)
    assert "trained on" not in split(run, folds=[2]).index.get_level_values(0)
    assert "script 'trained on' is left out: no fold" in caplog.text
    table.loc[:, "script"] = "trained on"
    table.loc[6:, "utterance"] = "x"
    table.to_csv(run / "utterances.csv", index=False)
    with pytest.raises(InputError, match="cannot be split by script: no fold"):
        split(run, folds=[2])


def test_a_column_that_is_not_there(run):
    with pytest.raises(InputError, match=r"no column 'mood'.*utterance, script, label"):
        split(run, "mood")
