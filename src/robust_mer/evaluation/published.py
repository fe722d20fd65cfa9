"""The NMER paper's numbers beside ours."""

from pathlib import Path

import numpy as np
import pandas as pd

from robust_mer.conditions import CLEAN, NONE
from robust_mer.errors import InputError
from robust_mer.evaluation.experiment import AVERAGE, COMPLETE, SAME, SAME_NONE, Experiment
from robust_mer.files import naming
from robust_mer.table import check_width

MODEL_NAMES = {
    "men": "MEN",
    "mctn": "MCTN",
    "mmin": "MMIN",
    "if_mmin": "IF-MMIN",
    "nmer": "NMER",
    "nmer_without_vae": "NMER w/o VAE",
    "nmer_without_invariance": "NMER w/o invariant loss",
}
"""The paper's name of a model class; unimodal models are named after their modality's letter."""

_TRIMODAL = "avl"  # the complete condition of all models of the papers but unimodal ones
_KEY = ["published_model", "noise", "snr_db", "condition"]


def read_published(folder: str | Path, corpus: str) -> pd.DataFrame:
    """The NMER paper's Tables 2 to 5 for one corpus.

    Args:
        folder: With the csv files of ``resources/published``.
        corpus: The paper's name of the corpus.

    Returns:
        Columns ``published_model, noise, snr_db, condition`` and ``paper_{measure}`` (fractions).
        The condition is ``average`` for Table 2, and ``none`` for Table 4, whose models are
        ``unimodal {letter}``, and Table 5. No rows for a corpus that only CM-ARR uses.

    Raises:
        InputError: no paper has numbers for the corpus.
    """
    folder = Path(folder)
    with naming(folder, "a folder with the papers' numbers"):
        for path in folder.glob("*.csv"):
            check_width(path)
        average = pd.read_csv(folder / "nmer_table2_average.csv").assign(condition=AVERAGE)
        single = pd.read_csv(folder / "nmer_table3_conditions.csv").rename(
            columns={"clean_modalities": "condition"}
        )
        single = single[single["condition"] != "avg"]  # Table 2 has these too
        unimodal = pd.read_csv(folder / "nmer_table4_unimodal.csv").assign(condition=NONE)
        unimodal["model"] = "unimodal " + unimodal.pop("modality")
        none = pd.read_csv(folder / "nmer_table5_all_noisy.csv").assign(condition=NONE)
        published = pd.concat([average, single, unimodal, none], ignore_index=True)
        names = {
            name: f"paper_{name}" for name in published if name not in ("corpus", "model", *_KEY)
        }
        published = published.astype({"snr_db": float, **dict.fromkeys(names, float)})
        corpora = sorted(
            {*published["corpus"], *pd.read_csv(folder / "cm_arr_gains.csv")["corpus"]}
        )
    if corpus not in corpora:
        raise InputError(f"{corpus!r} has no published numbers, only {', '.join(corpora)}")
    return (
        published[published["corpus"] == corpus]
        .drop(columns="corpus")
        .rename(columns={"model": "published_model", **names})
    )


def compare(
    experiment: Experiment, summary: pd.DataFrame, published: pd.DataFrame | None
) -> pd.DataFrame:
    """Add ``published_model``, and per measure ``paper_{name}`` and ``difference_{name}``.

    The difference is ours - paper.

    They stay empty if the paper did something else: its models are trained on the corruption that
    they are tested on, for condition ``none`` with no modality clean. MEN is trained on clean data
    in all of its tables. A unimodal model has no partial conditions, so both trainings are the
    same. All others have three modalities: with two, a condition of the same name is another.

    Args:
        experiment: Gives the class of every model and the measures.
        summary: From :func:`robust_mer.evaluation.summary.summarise`.
        published: From :func:`read_published`; None leaves the columns empty.
    """
    measures = [metric.name for metric in experiment.measures]
    papers = [f"paper_{measure}" for measure in measures]
    if published is None:
        published = pd.DataFrame(columns=_KEY)
    published = published.reindex(columns=[*_KEY, *papers]).astype(
        {name: float for name in ("snr_db", *papers)}
    )
    of_class = summary["model"].map(dict(experiment.models))
    letters = summary[summary["kind"] == COMPLETE].groupby("model")["condition"].first()
    unimodal = of_class.str.partition(" ")[0] == "unimodal"  # "unimodal on audio"
    published_model = of_class.map(MODEL_NAMES).mask(
        unimodal, "unimodal " + summary["model"].map(letters)
    )
    training = np.where(summary["condition"] == NONE, SAME_NONE, SAME)
    training = np.where(of_class == "men", CLEAN, training)
    of_model = summary["model"].map(letters).fillna(_TRIMODAL)
    is_theirs = unimodal | (of_model.map(set) == set(_TRIMODAL))
    pairs = zip(summary["trained_on"], summary["tested_on"], strict=True)
    trainings = np.array([experiment.training_of(*pair) for pair in pairs])
    fits = is_theirs & ((trainings == training) | (unimodal & (trainings == SAME)))
    summary = summary.assign(published_model=published_model.where(fits)).merge(
        published, on=_KEY, how="left"
    )
    is_published = summary[papers].notna().any(axis=1)
    summary["published_model"] = summary["published_model"].where(is_published, "")
    for measure in measures:
        summary[f"difference_{measure}"] = summary[f"{measure}_mean"] - summary[f"paper_{measure}"]
    return summary
