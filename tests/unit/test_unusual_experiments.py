"""Figures, tables and sentences of experiments that lack what most experiments have."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers.results import SyntheticRun
from helpers.tasks import task

from robust_mer.evaluation.published import compare, read_published
from robust_mer.evaluation.summary import read_summary
from robust_mer.protocols.registry import PROTOCOLS
from robust_mer.report.counted import read_test_part
from robust_mer.report.drawn import drawn_rows
from robust_mer.report.terminal import scores_table
from robust_mer.settings import Plugin

NOISES = ("gaussian_0dB", "gaussian_-10dB", "gaussian_-20dB")
RATES = {
    f"random_{rate}%": Plugin(PROTOCOLS["random"], {"eta": rate / 100}) for rate in (10, 30, 50)
}
THREE = ("audio", "video", "text")
FIGURES_OF_RESULTS = ("snr", "conditions", "transfer", "rates", "agreement", "reliability")


def none_clean(models, corruptions):
    return tuple((model, f"{one}_none", one) for model in models for one in corruptions)


UNUSUAL = {
    "one modality, never clean": {
        "models": ("u1", "u2"),
        "corruptions": NOISES,
        "modalities": "a",
        "evaluations": none_clean(("u1", "u2"), NOISES),
    },
    "lost frames under none": {
        "models": ("men",),
        "corruptions": ("dropped_30%",),
        "evaluations": none_clean(("men",), ("dropped_30%",)),
    },
    "one rate for all tests": {
        "models": ("men", "nmer"),
        "corruptions": ("dropped_10%", "dropped_50%", "dropped_90%"),
        "evaluations": tuple(
            (model, "dropped_0to90%_none", f"dropped_{rate}%")
            for model in ("men", "nmer")
            for rate in (10, 50, 90)
        ),
    },
    "clean alone, with protocols": {
        "models": ("a", "b", "c"),
        "corruptions": ("clean",),
        "more": {"tested_under": RATES, "modalities": THREE},
    },
    "clean recordings are not tested": {
        "models": ("men",),
        "corruptions": ("babble_0dB", "babble_10dB"),
        "evaluations": (
            ("men", "babble_0dB", "babble_0dB"),
            ("men", "babble_10dB", "babble_10dB"),
        ),
    },
}


PANELS = {
    "one modality, never clean": {"snr": 2, "conditions": 3, "reliability": 4},
    "lost frames under none": {"snr": 2, "conditions": 1, "reliability": 2},
    "one rate for all tests": {"snr": 2, "conditions": 3, "transfer": 2, "reliability": 4},
    "clean alone, with protocols": {"snr": 2},
    "clean recordings are not tested": {"snr": 2, "conditions": 2, "reliability": 3},
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_every_figure_that_applies_is_drawn(tmp_path, name):
    run = SyntheticRun(tmp_path, has_statistics=True, **UNUSUAL[name])
    charts = {
        figure: json.loads(files.chart.read_text())
        for figure, files in run.figures(FIGURES_OF_RESULTS).items()
    }
    panels = {figure: len(chart["concat"]) for figure, chart in charts.items() if chart}
    assert panels == PANELS[name]


def test_where_no_modality_is_ever_clean_the_figure_shows_that(tmp_path):
    run = SyntheticRun(tmp_path, **UNUSUAL["one modality, never clean"])
    files = run.figures(["snr"])["snr"]
    assert "no modality clean where a model has no others" in files.caption.read_text()
    assert json.loads(files.chart.read_text())["concat"]


def test_a_measure_without_a_value_has_no_panel(tmp_path):
    """Pearson's r of a constant answer."""
    numbers = task("regression", target="valence", target_range=[-1.0, 1.0])
    run = SyntheticRun(
        tmp_path, models=("mean",), corruptions=("clean", "gaussian_0dB"), task=numbers
    )
    table = pd.read_csv(run.results["summary"])
    table["r_mean"] = np.nan
    table.to_csv(run.results["summary"], index=False)
    chart = json.loads(run.figures(["snr"])["snr"].chart.read_text())
    assert len(chart["concat"]) == len(run.experiment.measures) - 1


@pytest.fixture
def noisy_alone(tmp_path):
    """A model of one modality that is right one time in four under noise, and always without."""
    run = SyntheticRun(
        tmp_path,
        models=("unimodal",),
        corruptions=("gaussian_0dB",),
        modalities="a",
        evaluations=none_clean(("unimodal",), ("gaussian_0dB",)),
    )
    path = run.results["predictions"][0]
    table = pd.read_parquet(path)
    is_clean = table["condition"] == "a"
    table.loc[is_clean, "predicted"] = table.loc[is_clean, "label"]
    table.to_parquet(path)
    return run, path


def test_errors_of_a_noisy_modality_are_not_those_of_a_clean_one(noisy_alone):
    run, path = noisy_alone
    part = read_test_part(path, "gaussian_0dB_none", run.experiment)
    assert set(part.rows["condition"]) == {"none"}
    assert (part.target != part.predicted).any()


def test_errors_count_each_utterance_once_where_it_has_one_condition(tmp_path):
    kinds = {"models": ("men",), "corruptions": ("gaussian_0dB",), "modalities": "av"}
    run = SyntheticRun(tmp_path, **kinds, more={"one_condition_seed": 1})
    part = read_test_part(run.results["predictions"][0], "clean", run.experiment)
    assert not part.rows.duplicated(["utterance", "fold"]).any()
    assert part.rows["condition"].nunique() > 1


def test_the_terminal_shows_what_a_model_was_trained_for(tmp_path):
    """As the report does: no modality clean, though there are averages too."""
    run = SyntheticRun(
        tmp_path,
        models=("nmer",),
        corruptions=("gaussian_0dB",),
        evaluations=none_clean(("nmer",), ("gaussian_0dB",)),
    )
    lines = scores_table(run.experiment, run.results["summary"])
    summary = pd.read_csv(run.results["summary"]).set_index("condition")["ua_mean"]
    assert f"{summary['none']:.3f}".lstrip("0") in lines[1].replace(" 0.", " .")
    assert lines[-2].endswith("Corrupted: no modality clean.")


def test_a_model_that_is_trained_once_is_in_the_table_of_protocols(tmp_path):
    run = SyntheticRun(
        tmp_path,
        models=("blind",),
        corruptions=("missing",),
        evaluations=(("blind", "missing_random_30%", "missing"),),
        more={"tested_under": RATES, "modalities": THREE, "trained_once": ("blind",)},
    )
    rows = drawn_rows(run.experiment, read_summary(run.results["summary"]))
    assert set(rows["condition"]) == set(RATES)


def test_models_of_different_modalities_share_the_columns_of_conditions(tmp_path):
    run = SyntheticRun(
        tmp_path, models=("audio", "both"), corruptions=("gaussian_0dB",), modalities="av"
    )
    table = pd.read_csv(run.results["summary"])
    is_audio = table["model"] == "audio"
    table = table[~is_audio | table["condition"].isin(["none", "a"])]
    table.loc[is_audio & (table["condition"] == "a"), "kind"] = "complete"
    table.to_csv(run.results["summary"], index=False)
    chart = json.loads(run.figures(["conditions"])["conditions"].chart.read_text())
    columns = chart["concat"][0]["encoding"]["x"]["sort"]
    assert columns == ["none", "a", "v", "av"]


def test_numbers_of_two_modalities_stand_beside_no_published_ones(tmp_path):
    """Where one modality is missing, the other is clean, and not the other two."""
    paper = read_published("resources/published", "IEMOCAP")
    for modalities, beside in (("avl", True), ("al", False)):
        folder = tmp_path / modalities
        folder.mkdir()
        kinds = {"models": ("men", "nmer"), "corruptions": ("gaussian_-10dB",)}
        run = SyntheticRun(folder, modalities=modalities, **kinds)
        experiment = replace(run.experiment, models={"men": "men", "nmer": "nmer"})
        summary = read_summary(run.results["summary"])
        compared = compare(experiment, summary[[c for c in summary if "paper" not in c]], paper)
        assert compared["paper_wa"].notna().any() == beside
