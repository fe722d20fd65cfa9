"""Readers by the name that a corpus in the config gives: one line each."""

READERS = {
    "iemocap": "robust_mer.corpora.iemocap:read",
    "manifest": "robust_mer.corpora.manifest:read",
}

GENERATORS = {
    "demo": "robust_mer.corpora.demo.corpus:make_demo_corpus",
}
