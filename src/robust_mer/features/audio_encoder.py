"""Acoustic features: hidden states of a pretrained encoder of sound."""

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.audio import decode_audio
from robust_mer.features.encoders.settings import NetworkSettings
from robust_mer.features.extractor import Extractor
from robust_mer.features.layers import Layers
from robust_mer.features.sound import AudioSettings
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.features.weights import NetworkName
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from robust_mer.features.encoders.states import States

_KEY = "model of audio_encoder"
_CONTEXT = 1 / 8  # of a window, at each end: context only, its frames come from the neighbour


class AudioEncoderSettings(NetworkSettings, AudioSettings):
    """Settings of `AudioEncoder`."""

    model: NetworkName = "microsoft/wavlm-base-plus"
    """WavLM, HuBERT, wav2vec 2.0, Whisper, AST or another encoder of sound: its id on the Hugging
    Face hub, its folder, or ``package:`` and a folder inside an installed package."""
    window: Annotated[float, Field(ge=1, le=600)] = 20.0
    """Longest input of the network, in seconds. A longer recording is processed in overlapping
    windows of this length, which is reported. Whisper (30 s) and AST (10 s) have a limit; a longer
    window is shortened to it."""
    output: Literal["states", "dimensions"] = "states"
    """``states``: frames of hidden states. ``dimensions``: one frame per utterance with what a
    network with an emotion head predicts, such as arousal, dominance and valence."""


class AudioEncoder(Extractor):
    """Hidden states of a pretrained encoder of sound, or its emotion dimensions.

    The architecture sets the frame rate: 50 Hz for wav2vec 2.0, its relatives and Whisper, 10 Hz
    for AST. The signal is prepared over the utterance if the model requires it.

    Sources: A. Baevski et al., "wav2vec 2.0", NeurIPS 2020; W.-N. Hsu et al., "HuBERT", IEEE/ACM
    TASLP 29, 2021; S. Chen et al., "WavLM", IEEE JSTSP 16(6), 2022.
    """

    settings_class = AudioEncoderSettings
    settings: AudioEncoderSettings
    modality = "audio"
    uses_gpu = True

    @classmethod
    def rate_of(cls, settings: Settings) -> float | None:
        """0 for dimensions; the network sets that of states."""
        assert isinstance(settings, AudioEncoderSettings)
        return 0.0 if settings.output == "dimensions" else None

    def __init__(self, settings: AudioEncoderSettings) -> None:
        from robust_mer.features.encoders.audio import check_audio, load_audio
        from robust_mer.features.encoders.emotion_head import EmotionHead

        super().__init__(settings)
        network, pretrained = load_audio(settings, settings.model, _KEY)
        self._network = network
        states = check_audio(network, f"config: {_KEY}: {pretrained.folder}")
        self._layers = Layers(settings, len(states.layers) - 1, "audio_encoder")
        self.layers = self._layers.learned
        self.names = self._layers.names(self._layers.width(states.widths))
        self._head: EmotionHead | None = None
        if settings.output == "dimensions":
            if not self._layers.is_default:
                raise InputError(
                    "config: audio_encoder has output: dimensions, which come from the last layer; "
                    "remove layers"
                )
            self._head = EmotionHead(pretrained.folder, network.network.config, _KEY).eval()
            self.names = self._head.names
        window = network.frames(round(settings.window * network.unit_rate))
        self._window = min(window, network.most or window)
        self._seconds = settings.window
        if self._window < window:
            self._seconds = self._window * network.stride / network.unit_rate
        rate = network.unit_rate / network.stride
        self.frame_rate = rate if self._head is None else None
        self.weights_sha256 = pretrained.sha256
        self.max_processes = pretrained.max_processes

    def extract(self, utterance: Utterance) -> Extraction:
        """Hidden states of the utterance's audio: float32 [T, width], or [1, dimensions].

        Raises:
            UtteranceError: the audio is missing, cannot be decoded, ends before the utterance
                does, or is too short for one frame.
        """
        audio = decode_audio(utterance, self.settings.sound)
        units = self._network.units(audio.signal)
        total = self._network.frames(len(units))
        if total < 1:
            raise UtteranceError(f"audio too short for one frame: {audio.seconds:.3f} s")
        values, windows = self._values(units, total)
        if not np.isfinite(values).all() and self.settings.precision == "float16":
            raise UtteranceError(
                "features exceed float16; use precision: bfloat16 or float32 of audio_encoder"
            )
        notes = [audio.note] * bool(audio.note)
        notes += [f"seen in windows of {self._seconds:g} s: {windows}"] * (windows > 1)
        return Extraction(values, total, audio.seconds, "; ".join(notes))

    def _values(self, units: np.ndarray, total: int) -> tuple[np.ndarray, int]:
        """The frames of a recording, and how many windows they came from."""
        import torch

        parts: list[np.ndarray] = []
        network = self._network
        for first, last, begin, end in self._windows(total):
            # The last window includes the final samples, which are too few for a frame.
            stop = None if end == total else (end - 1) * network.stride + network.receptive
            with torch.inference_mode():
                states = network.states(units[begin * network.stride : stop])
            parts.append(self._select(states)[first - begin : last - begin])
        values = np.concatenate(parts)
        if self._head is not None:
            with torch.inference_mode():
                values = self._head(torch.from_numpy(values)).numpy()
        return values, len(parts)

    def _select(self, states: "States") -> np.ndarray:
        return self._layers.select(states.layers, states.last)[0].float().cpu().numpy()

    def _windows(self, total: int) -> list[tuple[int, int, int, int]]:
        """For each window, first and last + 1 of its frames to keep, and of all its frames."""
        if total <= self._window:
            return [(0, total, 0, total)]
        context = round(self._window * _CONTEXT)
        step = self._window - 2 * context
        return [
            (
                first,
                min(first + step, total),
                max(first - context, 0),
                min(first + step + context, total),
            )
            for first in range(0, total, step)
        ]
