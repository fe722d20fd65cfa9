"""Figures of results hold the numbers that their files hold."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.corpus import modalities
from helpers.figures import chart_of, drawn, experiment, figure_files, row, texts_of
from helpers.training import model, train
from sklearn.metrics import confusion_matrix

from robust_mer.engine.checkpoint import load_checkpoint
from robust_mer.report.figures.base import make_figure
from robust_mer.report.figures.reconstructions import ReconstructionsFiles, draw_reconstructions
from robust_mer.report.figures.registry import FIGURES
from robust_mer.report.spec import (
    Facts,
    FigureSpec,
    ReconstructionsSpec,
    Training,
)
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.store import read_features

CLASSES = ["angry", "happy", "sad"]
ALL = ("audio", "video")
GAUSSIAN = [("men", "clean", "gaussian_-10dB")]


@pytest.fixture
def draw(tmp_path):
    """The texts of a figure, by its name, of an experiment with some evaluations."""

    def texts(name, evaluations=(), facts=None, settings=None, **files):
        written = figure_files(tmp_path, **files)
        plugin = Plugin(FIGURES[name], settings or {})
        spec = FigureSpec(name, plugin, experiment(evaluations), facts or Facts())
        make_figure(spec, written, Runtime())
        assert written.pdf.read_bytes().startswith(b"%PDF")
        return texts_of(written.svg.read_text())

    return texts


def cells(texts):
    """Numbers written into cells, in reading order."""
    return [text for text in texts if text[:1] == "." or text == "1.00"]


def fraction(value):
    return f"{value:.2f}".lstrip("0") if value < 0.995 else "1.00"


def saved(table, folder):
    pd.DataFrame(table).to_csv(folder / "all.csv", index=False)
    return folder / "all.csv"


def keys(table):
    """The evaluations that some rows are of."""
    return [(row["model"], row["trained_on"], row["tested_on"]) for row in table]


def test_conditions_stand_by_how_much_is_clean(draw, tmp_path):
    scores = {"none": 0.31, "a": 0.42, "v": 0.53, "av": 0.84}
    table = [
        {
            **row("men", "clean", "gaussian_-10dB", "clean", "gaussian", -10, ua),
            "condition": name,
            "kind": {"none": "none", "av": "complete"}.get(name, "partial"),
        }
        for name, ua in reversed(scores.items())
    ] + [row("men", "clean", "gaussian_-10dB", "clean", "gaussian", -10, 0.99)]
    texts = draw("conditions", keys(table), summary=saved(table, tmp_path))
    assert "gaussian −10 dB" in texts
    assert "men † (trained on clean)" in " ".join(texts)
    assert dict(zip([t for t in texts if t in scores], cells(texts), strict=True)) == {
        "none": ".31",
        "v": ".53",
        "a": ".42",
        "av": ".84",
    }


def test_transfer_leaves_open_what_was_not_tested(draw, tmp_path):
    names = ["gaussian_-10dB", "gaussian_-40dB"]
    table = [
        row("men", names[0], names[0], names[0], "gaussian", -10, 0.71),
        row("men", names[0], names[1], names[0], "gaussian", -40, 0.42),
        row("men", names[1], names[1], "same", "gaussian", -40, 0.63),
        row("men", f"{names[1]}_none", names[1], "same, none clean", "gaussian", -40, 0.99),
    ]
    texts = draw("transfer", keys(table), summary=saved(table, tmp_path))
    assert cells(texts) == [".71", ".42", ".63"]
    assert texts.count("gaussian −10 dB") == 2  # a row and a column


def predictions(folder, name="p"):
    """Test rows of two folds, validation rows, and the complete condition, which do not count."""
    rng = np.random.default_rng(1)
    rows = [
        {
            "utterance": f"u{i}",
            "fold": fold,
            "seed": 0,
            "part": part,
            "condition": condition,
            "label": CLASSES[i % 3],
            "predicted": CLASSES[rng.integers(3)],
        }
        for fold in (0, 1, 2)
        for part in ("validation", "test")
        for condition in ("a", "v", "av")
        for i in range(30)
    ]
    table = pd.DataFrame(rows)
    table.to_parquet(folder / f"{name}.parquet")
    counted = table.query("fold < 2 and part == 'test' and condition != 'av'")
    return folder / f"{name}.parquet", counted


def test_confusion_counts_the_experiments_folds_and_partial_conditions(draw, tmp_path):
    path, counted = predictions(tmp_path)
    texts = draw("confusion", GAUSSIAN, predictions=[path])
    shares = confusion_matrix(counted["label"], counted["predicted"], labels=CLASSES)
    shares = shares / shares.sum(axis=1, keepdims=True)
    assert cells(texts) == [fraction(value) for value in shares.ravel()]


def test_errors_are_shares_by_emotion_condition_and_speaker(draw, tmp_path):
    path, counted = predictions(tmp_path)
    speakers = {f"u{i}": f"actor{i % 2}" for i in range(30)}
    index = tmp_path / "utterances.csv"
    table = pd.DataFrame({"utterance": list(speakers), "speaker": list(speakers.values())})
    table.to_csv(index, index=False)
    texts = draw("errors", GAUSSIAN, predictions=[path], utterances=index)
    wrong = counted["label"] != counted["predicted"]
    expected = [
        fraction(share)
        for by in (counted["label"], counted["condition"], counted["utterance"].map(speakers))
        for share in wrong.groupby(by).mean()
    ]
    assert cells(texts) == expected


def test_too_many_speakers_are_left_out_and_that_is_said(draw, tmp_path):
    path, _ = predictions(tmp_path)
    index = tmp_path / "utterances.csv"
    names = [f"u{i}" for i in range(30)]
    pd.DataFrame({"utterance": names, "speaker": names}).to_csv(index, index=False)
    few = {"most_speakers": 10}
    texts = draw("errors", GAUSSIAN, settings=few, predictions=[path], utterances=index)
    assert "u29" not in texts
    assert "condition" in " ".join(texts)
    assert "30 speakers are too many" in (tmp_path / "f.txt").read_text()


def test_learning_has_a_panel_for_every_training(draw, tmp_path):
    for place in (1, 2):
        pd.DataFrame(
            {"epoch": [1, 2, 3], "loss": [1e6, 5.0, 1.0], "validation_ua": [0.3, 0.4, 0.5 * place]}
        ).to_csv(tmp_path / f"{place}.csv", index=False)
    paths = [tmp_path / "1.csv", tmp_path / "2.csv"]
    learning = (Training("men", "clean"), Training("<nmer> $x_1$", "gaussian_-10dB"))
    evaluations = [("<nmer> $x_1$", "gaussian_-10dB", "gaussian_-10dB")]
    histories = [paths[0], paths[0], *paths]  # two folds each
    texts = draw("learning", evaluations, Facts(learning=learning), histories=histories)
    names = {"men †", "<nmer> $x_1$", "trained on clean", "trained on gaussian −10 dB"}
    assert names <= set(texts)
    assert {"1", "2", "3"} <= set(texts)
    assert "1.5" not in texts  # epochs are whole
    assert "share of z in joint representation" not in texts


def test_weights_of_layers_are_those_of_the_kept_epoch(draw, tmp_path):
    for place in (1, 2):
        pd.DataFrame(
            {
                "epoch": [1, 2],
                "loss": [1.0, 1.0],
                "validation_ua": [0.5, 0.4],
                "audio_layer_9": [0.2 * place, 0.9],
                "audio_layer_10": [1 - 0.2 * place, 0.1],
                "kept": [True, False],
            }
        ).to_csv(tmp_path / f"{place}.csv", index=False)
    facts = Facts(learning=(Training("men", "clean"),), layered=("audio",))
    histories = [tmp_path / "1.csv", tmp_path / "2.csv"]
    texts = draw("layers", [("men", "clean", "clean")], facts, histories=histories)
    assert cells(texts) == [".30", ".70"]
    assert {"audio", "9", "10"} <= set(texts)


def test_learning_shows_what_the_latent_of_a_model_carries(draw, tmp_path):
    history = pd.DataFrame({"epoch": [1, 2], "loss": [2.0, 1.0], "validation_ua": [0.3, 0.4]})
    history.to_csv(tmp_path / "men.csv", index=False)
    history.assign(latent_share=[0.9, 0.5]).to_csv(tmp_path / "nmer.csv", index=False)
    learning = (Training("men", "clean"), Training("<nmer> $x_1$", "gaussian_-10dB"))
    histories = [tmp_path / name for name in ("men.csv", "men.csv", "nmer.csv", "nmer.csv")]
    evaluations = [("<nmer> $x_1$", "gaussian_-10dB", "gaussian_-10dB")]
    texts = draw("learning", evaluations, Facts(learning=learning), histories=histories)
    assert "share of z in joint representation" in texts


def test_a_sweep_has_an_axis_for_every_hyperparameter(draw, tmp_path):
    values = {"cm_arr": 0.1, "more": 1.0, "less": 0.01}
    table = [
        row(model, "missing", "missing", "same", "missing", None, 0.5 + place / 10)
        for place, model in enumerate([*values, "other"])
    ]
    sweep = {"alpha": values, "beta": {"cm_arr": 0.1, "other": 0.3}}
    texts = draw("sweep", keys(table), Facts(sweep=sweep), summary=saved(table, tmp_path))
    assert {"alpha", "beta", "missing", "WA", "UA"} <= set(texts)


def test_rebuilt_representations_come_from_the_other_modalities(corpus, tmp_path):
    brief = model("cm_arr", epochs_constant=1, epochs_falling=0)
    checkpoint, _ = train(corpus, tmp_path, "cm_arr", "missing", model=brief)
    files = ReconstructionsFiles(
        utterances=corpus["utterances_csv"],
        folds=corpus["folds_csv"],
        features=[corpus["features"][modality.name] for modality in modalities()],
        checkpoints=[checkpoint],
        distances=tmp_path / "d.csv",
        **drawn(tmp_path),
    )
    spec = ReconstructionsSpec(experiment().heading(), ("cm_arr",), tuple(modalities()))
    draw_reconstructions(spec, files, Runtime())
    texts = texts_of(files.svg.read_text())
    assert {"audio", "audio, rebuilt", "video, rebuilt", "text, rebuilt"} <= set(texts)
    table = pd.read_csv(tmp_path / "d.csv").set_index("modality")
    assert (table["utterances"] == 16).all()

    net, normalisers, _ = load_checkpoint(checkpoint)
    store = {m: read_features(path) for m, path in corpus["features"].items()}
    folds = pd.read_csv(corpus["folds_csv"])
    apart = {modality: [] for modality in store}
    for utterance in folds.loc[folds["part"] == "test", "utterance"]:
        embedded = {}
        for modality, features in store.items():
            own = features.frames(features.row_of()[utterance])
            values = torch.from_numpy(normalisers[modality](own))[None]
            embedded[modality] = net.encode(modality, values, torch.tensor([len(own)]))
        with torch.inference_mode():
            points = {m: net.umc[m](e).mean for m, e in embedded.items()}
            for modality in points:
                latents = [net.flows[m](points[m])[0] for m in points if m != modality]
                rebuilt = net.flows[modality].inverse(sum(latents) / len(latents))
                apart[modality].append(float((rebuilt - points[modality]).norm()))
    for modality, distances in apart.items():
        assert table.loc[modality, "distance"] == pytest.approx(np.mean(distances), rel=1e-4)


@pytest.mark.parametrize("shown", ["average", "none"])  # one modality has no average
def test_reliability_shows_averages_or_what_is_all_corrupted(draw, tmp_path, shown):
    keys = {"model": "men", "trained_on": "clean", "tested_on": "gaussian_-10dB"}
    rows = [
        {**keys, "condition": c, "ece_mean": e, "ece_sd": None}
        for c, e in (("a", 7.0), (shown, 0.1))
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "r.csv", index=False)
    curve = [
        {**keys, "condition": c, "coverage": x, "risk": x / 2}
        for c in ("a", shown)
        for x in (0.5, 1.0)
    ]
    pd.DataFrame(curve).to_csv(tmp_path / "c.csv", index=False)
    texts = draw("reliability", GAUSSIAN, reliability=tmp_path / "r.csv", curves=tmp_path / "c.csv")
    assert {"gaussian −10 dB", "coverage", "expected calibration error"} <= set(texts)
    assert not {"6", "7", "6.0", "7.0"} & set(texts)
    _, numbers = chart_of(tmp_path / "f.vl.json")
    assert numbers["y"].tolist() == [0.25, 0.5, 0.1]


def read(name, evaluations, folder, facts=None, **fields):
    """The panels of a figure, not drawn."""
    fields = {"modalities": ("audio", "video"), **fields}
    files = {key: fields.pop(key) for key in ("predictions", "summary", "sets") if key in fields}
    plugin = Plugin(FIGURES[name], {})
    spec = FigureSpec(name, plugin, experiment(evaluations, **fields), facts or Facts())
    return plugin.build().read(spec, figure_files(folder, **files)).panels


def test_weights_stand_over_the_true_snr_of_the_only_noisy_modality(tmp_path):
    tests = {"clean": None, "gaussian_0dB": 1.0, "gaussian_-10dB": -9.0}
    paths, rows = [], []
    for name, db in tests.items():
        table = [
            {
                "utterance": f"u{number}",
                "fold": 0,
                "seed": 0,
                "part": part,
                "condition": condition,
                "weight_audio": weight + 0.1 * number,
                "weight_video": 0.5,
                "snr_audio": -8.0,
                "snr_video": 20.0,
            }
            for number in (0, 1)
            for part in ("validation", "test")
            for condition, weight in (("a", 0.9), ("v", 0.2), ("av", 0.4))
        ]
        paths.append(tmp_path / f"{name}.parquet")
        pd.DataFrame(table).to_parquet(paths[-1])
        snr = {f"true_snr_db_{m}": None if db is None else db + 4 * (m == "video") for m in ALL}
        rows.append({**row("men", "clean", name, "clean", "gaussian", db, 0.5), **snr})
    facts = Facts(weighing=(Training("men", "clean"),), drawn=tuple(tests)[1:])
    evaluations = [("men", "clean", name) for name in tests]
    files = {"predictions": paths, "summary": saved(rows, tmp_path)}
    weights, snrs = read("weights", evaluations, tmp_path, facts, **files)
    audio = weights.points[weights.points["line"] == "audio"]
    noisy = audio[~audio["is_alone"]].sort_values("x")
    assert noisy["x"].tolist() == [-9, 1]
    assert noisy["y"].tolist() == pytest.approx([0.25, 0.25])  # with video clean
    assert audio.loc[audio["is_alone"], "y"].tolist() == pytest.approx([0.45])
    assert set(snrs.points["y"]) == {-8, 20}


def test_coverage_and_size_have_a_row_for_each_calibration(tmp_path):
    tests = ["clean", "gaussian_0dB", "gaussian_-10dB", "gaussian_-20dB", "missing"]
    rows = [
        {
            **{"model": "men", "trained_on": "clean", "tested_on": name, "condition": "x"},
            "kind": "complete" if name == "clean" else kind,
            "calibration": calibration,
            "promise": promise,
            "promised": 0.9,
            "coverage": 0.8 if promise == "each class" and kind == "average" else 7.0,
            "coverage_sd": 0.01,
            "size": 2.5,
            "size_sd": 0.1,
        }
        for name in tests
        for kind in ("average", "none")
        for calibration in ("same", "blind")
        for promise in ("overall", "each class")
        if (name != "clean" or kind == "average") and (name, calibration) != ("missing", "blind")
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "sets.csv", index=False)
    evaluations = [("men", "clean", name) for name in tests]
    panels = read("sets", evaluations, tmp_path, sets=tmp_path / "sets.csv")
    assert [panel.title for panel in panels[:4]] == [
        f"{figure}, calibrated {how}, gaussian"
        for how in ("on the same test", "blindly")
        for figure in ("coverage", "classes in a set")
    ]
    assert panels[0].points["y"].tolist() == [0.8] * 4
    assert panels[0].rules == {"promise": 0.9}
    assert panels[4].groups == ["clean", "missing"]
    assert panels[6].points["y"].isna().tolist() == [False, True]  # not met in training
