"""What the report says of time and machines comes from the files of the run."""

import pandas as pd
import pytest
from helpers.training import train

from robust_mer.evaluation.provenance import stage_costs, training_devices


def benchmark(path, seconds, processor, memory):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = {"s": [seconds], "max_rss": [memory], "cpu_time": [processor]}
    pd.DataFrame(table).to_csv(path, sep="\t", index=False)


def test_costs_are_summed_by_rule_over_all_folders(tmp_path):
    benchmark(tmp_path / "a/train_model/men/clean/fold1.tsv", 3600, 1800, 512)
    benchmark(tmp_path / "b/train_model/men/clean/fold1.tsv", 1800, 900, 2048)
    benchmark(tmp_path / "b/make_folds.tsv", 36, "-", "-")  # too short to be measured
    assert stage_costs([tmp_path / "a", tmp_path / "b", tmp_path / "none"]) == [
        ["make_folds", "1", "0.01", "0.00", ""],
        ["train_model", "2", "1.50", "0.75", "2.0"],
    ]


def test_hours_stand_by_the_device_that_trained(corpus, tmp_path):
    _, history = train(corpus, tmp_path)
    named = tmp_path / "men_clean.history.csv"
    pd.read_csv(history).to_csv(named, index=False)
    hours = pd.read_csv(history)["seconds"].sum() / 3600
    ((device, replicas, told),) = training_devices([tmp_path / "men_clean.safetensors"])
    assert (device, replicas) == ("cpu", "1")
    assert float(told) == pytest.approx(hours, abs=0.01)
