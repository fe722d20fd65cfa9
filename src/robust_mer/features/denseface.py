"""DenseFace: features of a DenseNet-BC trained on facial expressions."""

import json
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from robust_mer.errors import InputError
from robust_mer.features.visual import VisualExtractor, VisualSettings
from robust_mer.features.weights import FileName, locate
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

_KEY = "weights of denseface"


class DenseFaceSettings(VisualSettings):
    """Settings of `DenseFace`."""

    weights: FileName = "resources/denseface.safetensors"
    """A file written by ``snakemake train_denseface``."""


class DenseFaceTrainingSettings(Settings):
    """Settings of the training: the section ``features.denseface_training`` of the config.

    The defaults are MMIN's on FER+: batches of 64, 100 epochs, Nesterov momentum 0.9, and a tenth
    of the learning rate after half and after three quarters of the epochs.
    """

    faces: str = "data/fer2013.csv"
    """FER2013 as its csv (columns emotion, pixels, Usage), or as npz with images [N, 48, 48],
    label, classes and usage."""
    votes: str = ""
    """FER+'s votes, fer2013new.csv, with the rows of that csv; empty: FER2013's labels."""
    batch_size: Annotated[int, Field(ge=2, le=100_000)] = 64
    """Pictures per batch."""
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 100
    """Passes over the training pictures."""
    learning_rate: Annotated[float, Field(ge=1e-9, le=10)] = 0.1
    """Initial learning rate, that of DenseNet."""
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 1e-4
    """On all parameters."""
    seed: int = 1
    """Of weights, order and augmentation."""


class DenseFace(VisualExtractor):
    """Per frame with a face, the 342 averages after the last dense block.

    MMIN's and NMER's visual features, but with weights trained by this project, because theirs were
    never published. Frames without a face are left out; theirs are zeros.

    Source: J. Zhao et al., "Missing modality imagination network for emotion recognition with
    uncertain missing modalities", ACL 2021, section 4.1.
    """

    settings_class = DenseFaceSettings
    settings: DenseFaceSettings
    trained_on = ("FER2013 without composite's faces",)

    def __init__(self, settings: DenseFaceSettings) -> None:
        from safetensors import SafetensorError, safe_open

        from robust_mer.features.checkpoints import load_weights
        from robust_mer.features.densenet import SIZE, DenseNet
        from robust_mer.features.device import best_device
        from robust_mer.features.pictures import Pictures

        super().__init__(settings)
        path = locate(settings.weights, _KEY)
        try:
            with safe_open(path, "pt") as file:
                classes = json.loads((file.metadata() or {})["facts"])["classes"]
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise InputError(
                f"config: {_KEY}: {path} is not a file written by snakemake train_denseface: "
                f"{error}"
            ) from error
        self._network = DenseNet(len(classes))
        self.weights_sha256 = load_weights(self._network, path, _KEY)
        self._device = best_device()
        self._network.eval().to(self._device)
        self.pictures = Pictures(settings, SIZE)
        self.names = [f"denseface_{i}" for i in range(DenseNet.WIDTH)]

    def features_of(self, pictures: np.ndarray) -> "Tensor":
        """The averages, [N, 342]."""
        from robust_mer.features.pictures import to_grey

        features, _ = self._network(to_grey(pictures).to(self._device))
        return features
