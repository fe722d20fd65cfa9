"""What the small corpus of ``tests/unit/conftest.py`` looks like, and how it is read."""

from helpers.tasks import CLASSIFICATION
from robust_mer.data import read_labelled_corpus
from robust_mer.modality import Modality

WIDTHS = {"audio": 6, "video": 5, "text": 7}
NORMALISE = {"audio": True, "video": False, "text": False}
NOT_FINITE = dict.fromkeys(NORMALISE)


def modalities(normalise=NORMALISE, not_finite=NOT_FINITE, extractor=None):
    """Modalities by name: whether they are normalised, and what replaces invalid values."""
    return tuple(
        Modality(
            name,
            extractor or name,
            extractor or name,
            is_normalised,
            not_finite[name],
            "convolutional" if name == "text" else "recurrent",
        )
        for name, is_normalised in normalise.items()
    )


def read(corpus, not_finite=NOT_FINITE, normalise=NORMALISE, task=CLASSIFICATION):
    """The corpus of which the fixture ``corpus`` gives the paths."""
    files = corpus["features"]
    chosen = modalities({name: normalise[name] for name in files}, not_finite)
    tables = corpus["utterances_csv"], corpus["folds_csv"]
    return read_labelled_corpus(*tables, chosen, list(files.values()), task)
