"""Rows of a summary to draw, and what a drawing says."""

import json
from xml.etree import ElementTree

from helpers.experiments import make_experiment
from robust_mer.report.spec import FigureFiles

SVG = "{http://www.w3.org/2000/svg}"


def row(model, trained_on, tested_on, training, noise, snr_db, ua, sd=0.01, kind="average"):
    """One row of a summary."""
    return {
        "model": model,
        "trained_on": trained_on,
        "tested_on": tested_on,
        "training": training,
        "noise": noise,
        "snr_db": snr_db,
        "condition": "av" if kind == "complete" else kind,
        "kind": kind,
        "wa_mean": ua + 0.02,
        "wa_sd": sd,
        "ua_mean": ua,
        "ua_sd": sd,
        "wa_chance": 0.4,
        "ua_chance": 0.25,
        "folds": 2,
        "seeds": 1,
        "utterances": 50,
        "published_model": "",
        "paper_wa": None,
        "paper_ua": None,
        "difference_wa": None,
        "difference_ua": None,
    }


def experiment(evaluations=(), **changes):
    """Two folds of a corpus with a note, and two models."""
    fields = {
        "name": "demo",
        "corpus": "demo",
        "note": "Generated faces: no evidence about people.",
        "models": {"men": "men", "<nmer> $x_1$": "nmer"},
        "folds": [0, 1],
        "seeds": [0],
        "is_mask_aware": ["men"],
    }
    return make_experiment(list(evaluations), **{**fields, **changes})


def texts_of(svg):
    """The texts of a drawing, in its order."""
    return [
        "".join(element.itertext()).strip()
        for element in ElementTree.fromstring(svg).iter(SVG + "text")
    ]


def drawn(folder, name="f"):
    """What a figure writes."""
    suffixes = {"svg": "svg", "pdf": "pdf", "caption": "txt", "chart": "vl.json"}
    return {field: folder / f"{name}.{suffix}" for field, suffix in suffixes.items()}


def figure_files(folder, **results):
    """What a figure reads and writes."""
    return FigureFiles(**results, **drawn(folder))


def chart_of(path):
    """A chart, and its numbers as a table."""
    import io

    import pandas as pd

    chart = json.loads(path.read_text())
    return chart, pd.read_csv(io.StringIO(chart["datasets"]["numbers"]))
