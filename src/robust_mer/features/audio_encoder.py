"""Acoustic features: hidden states of a pretrained encoder of raw audio."""

import math
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.audio import SAMPLE_RATE, decode_audio
from robust_mer.features.extractor import Extractor
from robust_mer.features.layers import Layers, LayerSettings
from robust_mer.features.sound import AudioSettings
from robust_mer.features.utterance import Extraction, Utterance

if TYPE_CHECKING:
    from robust_mer.features.pretrained import Pretrained

_KEY = "model of audio_encoder"
_CONTEXT = 1 / 8  # of a window, at each end: context only, its frames come from the neighbour


class AudioEncoderSettings(LayerSettings, AudioSettings):
    """Settings of `AudioEncoder`."""

    model: str = "microsoft/wavlm-base-plus"
    """WavLM, HuBERT, wav2vec 2.0 or another encoder of raw audio: its id on the Hugging Face hub,
    its folder, or ``package:`` and a folder inside an installed package."""
    window: Annotated[float, Field(ge=1, le=600)] = 20.0
    """Longest input of the network, in seconds. A longer recording is processed in overlapping
    windows of this length, which is reported."""


class AudioEncoder(Extractor):
    """One layer's hidden states of a pretrained encoder of raw audio.

    Their frame rate is the sample rate over the strides of the network's convolutions, 50 Hz for
    the known models. The signal is normalised over the utterance if the model requires it.

    Sources: A. Baevski et al., "wav2vec 2.0", NeurIPS 2020; W.-N. Hsu et al., "HuBERT", IEEE/ACM
    TASLP 29, 2021; S. Chen et al., "WavLM", IEEE JSTSP 16(6), 2022.
    """

    settings_class = AudioEncoderSettings
    settings: AudioEncoderSettings
    modality = "audio"
    uses_gpu = True

    def __init__(self, settings: AudioEncoderSettings) -> None:
        from robust_mer.features.pretrained import Pretrained

        super().__init__(settings)
        encoder = Pretrained(settings.model, _KEY)
        self._network, self._device = encoder.network, encoder.device
        config: Any = self._network.config
        if not hasattr(config, "conv_stride") or self._network.main_input_name != "input_values":
            raise InputError(
                f"config: {_KEY} is {settings.model!r}, a {config.model_type}: expected an "
                "encoder of raw audio such as WavLM, HuBERT or wav2vec 2.0"
            )
        self._normalises = self._read_preprocessor(encoder)
        self._layers = Layers(settings, config.num_hidden_layers, "audio_encoder")
        self.layers = self._layers.learned
        self._convolutions = list(zip(config.conv_kernel, config.conv_stride, strict=True))
        self._stride = math.prod(config.conv_stride)
        self._receptive = 1  # samples that one frame depends on
        for kernel, stride in reversed(self._convolutions):
            self._receptive = (self._receptive - 1) * stride + kernel
        self._window = self._frames(round(settings.window * SAMPLE_RATE))
        self._seconds = settings.window
        self.frame_rate = SAMPLE_RATE / self._stride
        self.names = self._layers.names(config.hidden_size)
        self.weights_sha256 = encoder.sha256
        self.max_processes = encoder.max_processes

    def extract(self, utterance: Utterance) -> Extraction:
        """Hidden states of the utterance's audio: float32 [T, hidden size].

        Raises:
            UtteranceError: the audio is missing, cannot be decoded, ends before the utterance
                does, or is too short for one frame.
        """
        audio = decode_audio(utterance, self.settings.sound)
        signal = audio.signal
        total = self._frames(len(signal))
        if total < 1:
            raise UtteranceError(f"audio too short for one frame: {audio.seconds:.3f} s")
        mean, deviation = np.float32(0), np.float32(1)
        if self._normalises:  # as transformers' Wav2Vec2FeatureExtractor, but per window
            mean, deviation = signal.mean(), np.sqrt(signal.var() + np.float32(1e-7))
        values = np.empty((total, len(self.names)), np.float32)
        windows = 0
        for first, last, begin, end in self._windows(total):
            # The last window includes the final samples, which are too few for a frame.
            stop = None if end == total else (end - 1) * self._stride + self._receptive
            samples = signal[begin * self._stride : stop]
            states = self._states((samples - mean) / deviation)
            values[first:last] = states[first - begin : last - begin]
            windows += 1
        notes = [audio.note] * bool(audio.note)
        notes += [f"seen in windows of {self._seconds:g} s: {windows}"] * (windows > 1)
        return Extraction(values, total, audio.seconds, "; ".join(notes))

    def _read_preprocessor(self, encoder: "Pretrained") -> bool:
        """Whether the model requires normalised signals."""
        from transformers import AutoFeatureExtractor

        try:
            config = AutoFeatureExtractor.from_pretrained(encoder.folder, local_files_only=True)
        except Exception as error:  # transformers raises errors of many classes
            raise InputError(
                f"config: {_KEY}: {encoder.folder} does not describe how to prepare audio "
                f"(preprocessor_config.json): {error}"
            ) from error
        if config.sampling_rate != SAMPLE_RATE:
            raise InputError(
                f"config: {_KEY} needs audio at {config.sampling_rate} Hz, expected {SAMPLE_RATE}"
            )
        return config.do_normalize

    def _frames(self, samples: int) -> int:
        """Number of frames of a signal after the convolutions."""
        for kernel, stride in self._convolutions:
            samples = (samples - kernel) // stride + 1
        return samples

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

    def _states(self, samples: np.ndarray) -> np.ndarray:
        import torch

        inputs = torch.from_numpy(samples)[None].to(self._device)
        with torch.inference_mode():
            output = self._network(inputs, output_hidden_states=True)
        return self._layers.select(output.hidden_states)[0].cpu().numpy()
