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


def split(run, column="script", folds=(1, 2)):
    experiment = make_experiment(
        [("men", "clean", "clean")], name="e", corpus="c", models={}, folds=folds, seeds=[1]
    )
    write_split(
        SplitSpec(experiment, column),
        SplitFiles([run / "predictions.parquet"], run / "utterances.csv", run / "split.csv"),
        Runtime(),
    )
    return pd.read_csv(run / "split.csv").set_index(["script", "condition"])


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


def test_a_column_that_is_not_there_and_a_fold_without_a_value(run):
    with pytest.raises(InputError, match=r"no column 'mood'.*utterance, script, label"):
        split(run, "mood")
    table = pd.read_csv(run / "utterances.csv")
    table.loc[:5, "script"] = "improvised"
    table.to_csv(run / "utterances.csv", index=False)
    with pytest.raises(InputError, match=r"lacks test predictions .* fold 1"):
        split(run)
