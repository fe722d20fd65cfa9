"""Layers of features side by side, as extractors store them for models that learn their sum."""

from dataclasses import replace

import numpy as np

from robust_mer.store import read_features, write_features

NUMBERS = [9, 10, 11]


def add_layers(corpus, modality="audio", place=1):
    """Put two layers of noise beside a modality's frames, which become the layer in this place."""
    path = corpus["features"][modality]
    store = read_features(path)
    rng = np.random.default_rng(7)
    layers = [
        store.values
        if number == place
        else rng.standard_normal(store.values.shape).astype(np.float32)
        for number in range(len(NUMBERS))
    ]
    names = [f"layer_{number}_{name}" for number in NUMBERS for name in store.names]
    write(path, replace(store, values=np.hstack(layers), names=names, layers=NUMBERS))
    return corpus


def average_layers(corpus, modality="audio"):
    """Replace a modality's layers by their mean."""
    path = corpus["features"][modality]
    store = read_features(path)
    values = store.values.reshape(len(store.values), len(store.layers), -1).mean(axis=1)
    write(path, replace(store, values=values, names=store.names[: values.shape[1]], layers=[]))
    return corpus


def write(path, store):
    """Write features as they are."""
    frames = [store.frames(row) for row in range(len(store.utterances))]
    origin = store.frame_rate, store.settings, store.weights_sha256
    write_features(path, store.utterances, frames, store.names, *origin, layers=store.layers)
