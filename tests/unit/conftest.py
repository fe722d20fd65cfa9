"""A small corpus, in which every modality gives partial information on the class."""

import pytest
from helpers.corpus import add_folds, write_corpus


@pytest.fixture
def corpus(tmp_path):
    """Paths of an index, folds and features of 96 utterances, made anew for every test."""
    return write_corpus(tmp_path)


@pytest.fixture
def folds(corpus):
    """The corpus with three folds of different sizes and numbers of batches."""
    return add_folds(corpus)
