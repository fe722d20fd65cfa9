"""Rows of summaries for figures, and the texts that a figure shows."""

from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"


def row(model, trained_on, tested_on, training, noise, snr_db, ua, sd=0.01, kind="average"):
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


def experiment(**changes):
    return {
        "name": "demo",
        "corpus": "demo",
        "note": "Generated faces: no evidence about people.",
        "models": {"men": "men", "<nmer> $x_1$": "nmer"},
        "folds": [0, 1],
        "seeds": [0],
        "given_mask": ["men"],
        **changes,
    }


def texts_of(svg):
    return [
        "".join(element.itertext()).strip()
        for element in ElementTree.fromstring(svg).iter(SVG + "text")
    ]
