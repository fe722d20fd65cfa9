"""Acoustic features: openSMILE's IS13 ComParE low-level descriptors and their deltas."""

from pathlib import Path

import numpy as np
import opensmile
from opensmile.core.config import config

from robust_mer.errors import UtteranceError
from robust_mer.features.audio import SAMPLE_RATE, decode_audio
from robust_mer.features.rates import rate_ratio, resample
from robust_mer.features.utterance import Extraction, Utterance

SETTINGS = {
    # Frames per second, at most 100: openSMILE's frames are 10 ms apart and are resampled to this.
    "frame_rate": 10.0,
}

OPENSMILE_RATE = 100  # frames per second


class IS13:
    """65 low-level descriptors and 65 deltas (130 features), computed in one pass of openSMILE.

    Frames at 100 Hz are low-pass filtered and resampled to ``frame_rate`` as in MMIN. The signal
    is held at its edges there: zeros outside it would pull its first and last frames to zero.

    Source: B. Schuller et al., "The INTERSPEECH 2013 Computational Paralinguistics Challenge",
    Interspeech 2013.
    """

    def __init__(self, settings: dict):
        self.frame_rate = float(settings["frame_rate"])
        self._ratio = rate_ratio(OPENSMILE_RATE, self.frame_rate, "config: frame_rate of is13")
        packaged = Path(opensmile.__file__).parent / "core/config/is09-13"
        self._smile = opensmile.Smile(
            str(Path(__file__).with_suffix(".conf")),
            "descriptors",
            options={"descriptors": str(packaged / "IS13_ComParE_core.lld.conf.inc")},
        )
        self.names = list(self._smile.feature_names)
        self.weights_sha256 = ""

    def extract(self, utterance: Utterance) -> Extraction:
        """Descriptors of the utterance's audio: float32 [T, 130].

        Raises:
            UtteranceError: the audio is missing, cannot be decoded, ends before the utterance
                does, or is too short for one frame.
        """
        audio = decode_audio(utterance)
        frames = descriptors(self._smile, audio.signal)
        values = resample(frames, self._ratio)
        return Extraction(values, len(frames), audio.seconds, audio.note)


def descriptors(smile: opensmile.Smile, signal: np.ndarray) -> np.ndarray:
    """openSMILE's frames, float32 [T, D], of a signal at 16 kHz.

    Runs the engine as the package's own call does, which needs 2.6 GB for an hour: a Python object
    and two time stamps a frame.

    Raises:
        UtteranceError: the signal is too short for one frame.
    """
    options = smile._options()
    options["source"] = str(Path(smile.default_config_root, config.EXTERNAL_INPUT_CONFIG))
    options |= {"sampleRate": SAMPLE_RATE, "nBits": 16}
    samples = (signal * np.float32(32768)).astype(np.int16).tobytes()
    frames = bytearray()
    engine = smile._smile(options=options)
    try:
        engine.external_sink_set_callback(
            config.EXTERNAL_OUTPUT_COMPONENT, lambda frame: frames.extend(frame.tobytes())
        )
        engine.external_audio_source_write_data(config.EXTERNAL_SOURCE_COMPONENT, samples)
        engine.external_audio_source_set_eoi(config.EXTERNAL_SOURCE_COMPONENT)
        engine.run()
    finally:
        engine.free()
    if not frames:
        raise UtteranceError(f"audio too short for one frame: {len(signal) / SAMPLE_RATE:.3f} s")
    return np.frombuffer(frames, np.float32).reshape(-1, smile.num_features)
