"""Features of corrupted recordings, as training reads them."""

import hashlib
from dataclasses import dataclass

import numpy as np

from robust_mer.data import Corpus, check_alike, read_store
from robust_mer.errors import InputError
from robust_mer.store import Features
from robust_mer.training.saved import add_features
from robust_mer.training.spec import TrainFiles, TrainSpec


@dataclass(frozen=True)
class RecordedFeatures:
    """The draws of all corruptions of recordings that a model is trained on."""

    stores: dict[str, list[Features]]
    """By modality, one corruption's draws after the other's; see `load_frames`."""
    begins: dict[tuple[str, str], np.ndarray]
    """Where the rows of a corruption's draws begin in `Frames` [draws], by its name and the
    modality."""

    @classmethod
    def read(cls, spec: TrainSpec, files: TrainFiles, corpus: Corpus) -> "RecordedFeatures":
        """Read the files.

        Raises:
            InputError: a file does not fit the corpus, or training would hear what the test hears.
        """
        paths = iter(files.recorded)
        modalities = {modality.name: modality for modality in spec.modalities}
        stores: dict[str, list[Features]] = {}
        begins = {}
        for one in spec.recorded:
            of_modality = stores.setdefault(one.modality, [])
            first = len(of_modality) + 1
            for path in (next(paths) for _ in range(one.draws)):
                store = read_store(path, corpus.utterances, modalities[one.modality])
                check_alike(store, corpus.features[one.modality], path)
                if not store.settings.get("corruption", {}).get("is_apart", True):
                    raise InputError(
                        f"{one.corruption} cannot be trained on: its folder has fewer noise files "
                        "than there are groups of utterances that the same folds test, so training "
                        "would hear the files of the test. Add files, or list it in tested_on only"
                    )
                of_modality.append(store)
            begins[one.corruption, one.modality] = len(corpus.utterances) * np.arange(
                first, first + one.draws, dtype=np.int64
            )
        return cls(stores, begins)

    def identity(self) -> dict[str, str]:
        """Hash of the features, for what determines a replica; nothing without any."""
        if not self.stores:
            return {}
        digest = hashlib.sha256()
        for modality, stores in self.stores.items():
            for store in stores:
                add_features(digest, modality, store)
        return {"recorded": digest.hexdigest()}
