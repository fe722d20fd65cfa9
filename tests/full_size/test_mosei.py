"""CMU-MOSEI's 22,777 segments, from sequences to the parts; the suite reads 75 of them."""

import pandas as pd
from generators.mosei import NEGATIVE, SIZES, make_csd
from helpers.corpora import folds, index


def test_moseis_sequences_at_full_size(tmp_path):
    root = tmp_path / "mosei"
    root.mkdir()
    make_csd(root, SIZES, NEGATIVE, written=("Labels",), rate=0.2)
    utterances = index("cmu_mosei", root, tmp_path, 0.0, split="split.csv").utterances
    parts = pd.read_csv(folds(tmp_path, scheme="part").folds)
    parts = parts.merge(pd.read_csv(utterances)[["utterance", "label"]], on="utterance")
    sizes = parts["part"].value_counts().to_dict()
    assert sizes == {"train": 16265, "validation": 1869, "test": 4643}
    used = parts[parts["part"] != "validation"]["label"].value_counts()
    assert used.to_dict() == {"positive": 14842, "negative": 6066}
