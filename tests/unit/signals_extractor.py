"""An extractor for the tests that returns its input and knows nothing of corruption."""

from typing import Literal

import numpy as np

from robust_mer.features.audio import read_audio
from robust_mer.features.extractor import Extractor
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.settings import Settings


class SignalsSettings(Settings):
    """Settings of `Signals`."""

    signal: Literal["audio", "video", "text"] = "audio"
    """What it hands on."""


class Signals(Extractor):
    """Samples in rows of 100, grey levels of 4 x 4 patches, or the letters of the words."""

    settings_class = SignalsSettings
    modality = "audio"
    names = tuple(f"d{i}" for i in range(100))

    def extract(self, utterance: Utterance) -> Extraction:
        if self.settings.signal == "audio":
            samples = read_audio(utterance)
            values = samples[: len(samples) // 100 * 100].reshape(-1, 100)
        elif self.settings.signal == "video":
            from robust_mer.features.video import Clip  # slow

            pictures = [picture[:10, :10, 0].reshape(100) for picture in Clip(utterance, 5.0)]
            values = np.array(pictures).reshape(-1, 100)
        else:
            letters = [ord(letter) for letter in utterance.text[:100]]
            values = np.pad(letters, (0, 100 - len(letters)))[None].astype(float)
        return Extraction(values, looked_at=len(values))
