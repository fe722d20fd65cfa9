"""Readers and generators by the names that the config gives: one line each, ``module:Class``."""

READERS = {
    "iemocap": "robust_mer.corpora.iemocap:IEMOCAP",
    "msp_improv": "robust_mer.corpora.msp_improv:MSPIMPROV",
    "ravdess": "robust_mer.corpora.ravdess:RAVDESS",
    "emo_db": "robust_mer.corpora.emo_db:EMODB",
    "cmu_mosei": "robust_mer.corpora.cmu_mosei:CMUMOSEI",
    "crema_d": "robust_mer.corpora.crema_d:CREMAD",
    "meld": "robust_mer.corpora.meld:MELD",
    "manifest": "robust_mer.corpora.manifest:Manifest",
    "mmin": "robust_mer.corpora.mmin:MMIN",
    "multibench": "robust_mer.corpora.multibench:MultiBench",
    "mmsa": "robust_mer.corpora.mmsa:MMSA",
    "npz": "robust_mer.corpora.npz:NPZ",
    "npy": "robust_mer.corpora.npy:NPY",
}

GENERATORS = {
    "demo": "robust_mer.corpora.demo.corpus:DemoCorpus",
}
