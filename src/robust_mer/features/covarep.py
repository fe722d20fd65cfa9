"""Acoustic features in COVAREP's layout: pitch, glottal source, envelope and phase of the voice."""

from typing import ClassVar

import numpy as np

from robust_mer.errors import UtteranceError
from robust_mer.features.audio import SAMPLE_RATE, decode_audio
from robust_mer.features.extractor import Extractor
from robust_mer.features.sound import AudioSettings, sound_settings
from robust_mer.features.utterance import Extraction, Utterance

HOP = 160
"""Samples between frames: 10 ms."""

CEPSTRA = 25
"""Mel-cepstral coefficients of a frame."""

_SHORTEST = 0.1  # seconds: what the pitch is looked for in

_SOURCE = ["F0", "VUV", "NAQ", "QOQ", "H1H2", "PSP", "MDQ", "peakSlope", "Rd", "Rd_conf", "creak"]


class Covarep(Extractor):
    """COVAREP's 74 features, every 10 ms; approximate.

    F0, VUV, NAQ, QOQ, H1H2, PSP, MDQ, peakSlope, Rd, Rd_conf, creak; 25 mel-cepstral coefficients
    (MCEP); mean (HMPDM, 25) and deviation (HMPDD, 13) of the phase distortion. creak is NaN. What
    describes a voice is 0 where there is none (VUV = 0): F0, NAQ, QOQ, H1H2, PSP, MDQ, Rd, Rd_conf.

    Source: G. Degottex et al., "COVAREP: a collaborative voice analysis repository for speech
    technologies", ICASSP 2014; each part's at its function in `robust_mer.features.voice`.
    """

    settings_class = AudioSettings
    modality = "audio"
    trained_on = ()
    frame_rate = SAMPLE_RATE / HOP
    working_memory = 900  # 7.5 for each of 120 seconds
    approximate = "written from the papers behind COVAREP; its MATLAB code gives other numbers"
    unfilled: ClassVar[dict[str, str]] = {
        "creak": "COVAREP's comes from a trained network that is not part of this package"
    }
    names = (
        _SOURCE
        + [f"MCEP_{i}" for i in range(CEPSTRA)]
        + [f"HMPDM_{i}" for i in range(25)]
        + [f"HMPDD_{i}" for i in range(13)]
    )

    def extract(self, utterance: Utterance) -> Extraction:
        """Features of the utterance's audio: float32 [T, 74], the first frame at 5 ms.

        Raises:
            UtteranceError: the audio is missing, cannot be decoded, ends before the utterance
                does, or is shorter than 0.1 s.
        """
        from robust_mer.features.voice.describe import describe_voice

        audio = decode_audio(utterance, sound_settings(self.settings))
        signal = audio.signal
        seconds = len(signal) / SAMPLE_RATE
        if seconds < _SHORTEST:
            raise UtteranceError(f"audio too short: {seconds:.3f} s, expected {_SHORTEST:g} s")
        values = describe_voice(signal.astype(np.float64))
        note = f"approximate; not filled: {', '.join(self.unfilled)}"
        note = "; ".join(filter(None, [audio.note, note]))
        return Extraction(values.astype(np.float32), len(values), seconds, note)
