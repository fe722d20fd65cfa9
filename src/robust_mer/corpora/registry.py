"""Readers by the name that a corpus in the config gives: one line each."""

READERS = {
    "iemocap": "robust_mer.corpora.iemocap:read",
    "msp_improv": "robust_mer.corpora.msp_improv:read",
    "cmu_mosei": "robust_mer.corpora.cmu_mosei:read",
    "manifest": "robust_mer.corpora.manifest:read",
    "mmin": "robust_mer.corpora.mmin:read",
    "multibench": "robust_mer.corpora.multibench:read",
    "mmsa": "robust_mer.corpora.mmsa:read",
    "npz": "robust_mer.corpora.npz:read",
}

# Readers of corpora that bring published features, with the function that gives them.
IMPORTERS = {
    "cmu_mosei": "robust_mer.corpora.cmu_mosei:features",
    "mmin": "robust_mer.corpora.mmin:features",
    "multibench": "robust_mer.corpora.multibench:features",
    "mmsa": "robust_mer.corpora.mmsa:features",
    "npz": "robust_mer.corpora.npz:features",
}

# Readers of corpora that tell when each word is said, with the function that gives the times.
WORDS = {
    "iemocap": "robust_mer.corpora.wdseg:words",
    "cmu_mosei": "robust_mer.corpora.csd_words:words",
    "manifest": "robust_mer.corpora.words_table:words",
}

GENERATORS = {
    "demo": "robust_mer.corpora.demo.corpus:make_demo_corpus",
}
