"""Encoders of sound: what each is fed, and which part of the sound a frame stands for."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from robust_mer.errors import InputError
from robust_mer.features.audio import SAMPLE_RATE
from robust_mer.features.encoders.emotion2vec import Emotion2VecConfig
from robust_mer.features.encoders.kinds import not_of, refuse_unserved
from robust_mer.features.encoders.settings import NetworkSettings
from robust_mer.features.encoders.states import States, probe, states_of
from robust_mer.features.pretrained import Pretrained, model_folder, read_config

_EXPECTED = "an encoder of sound such as WavLM, HuBERT, wav2vec 2.0, Whisper or AST"


class AudioNetwork:
    """An encoder of raw samples: wav2vec 2.0 and its relatives.

    A signal becomes a row of units, here samples. A frame depends on ``receptive`` of them, the
    next one begins ``stride`` units later.

    Args:
        model: The network.
        preparation: The feature extractor of transformers that belongs to it.
    """

    unit_rate = SAMPLE_RATE  # units per second
    most: int | None = None  # frames in one pass

    def __init__(self, model: Pretrained, preparation: Any) -> None:
        self.network: Any = model.network
        self.preparation = preparation
        self.device, self.dtype = model.device, model.dtype
        self.read(self.network.config)

    def read(self, config: Any) -> None:
        """Read the size of a frame."""
        self._convolutions = list(zip(config.conv_kernel, config.conv_stride, strict=True))
        self.stride, self.receptive = math.prod(config.conv_stride), 1
        for kernel, stride in reversed(self._convolutions):
            self.receptive = (self.receptive - 1) * stride + kernel

    def units(self, signal: np.ndarray) -> np.ndarray:
        """A recording as units [U] or [U, D]."""
        mean, deviation = np.float32(0), np.float32(1)
        if self.preparation.do_normalize:  # as transformers' extractor, but over all windows
            mean, deviation = signal.mean(), np.sqrt(signal.var() + np.float32(1e-7))
        return (signal - mean) / deviation

    def frames(self, units: int) -> int:
        """Number of frames of so many units; less than 1 for too few."""
        for kernel, stride in self._convolutions:
            units = (units - kernel) // stride + 1
        return units

    def states(self, units: np.ndarray) -> States:
        """Hidden states of some units in one pass: [1, frames, D] each."""
        return self.run(torch.from_numpy(units)[None])

    def run(self, inputs: Tensor) -> States:
        """Hidden states of what the network reads."""
        inputs = inputs.to(self.device, self.dtype)
        return states_of(self.network(inputs, output_hidden_states=True))


class _Emotion2Vec(AudioNetwork):
    """emotion2vec, whose authors normalise a recording as a layer of torch does."""

    def units(self, signal: np.ndarray) -> np.ndarray:
        deviation = np.sqrt(signal.var() + np.float32(1e-5))
        return (signal - signal.mean()) / deviation


class _MelPairs(AudioNetwork):
    """wav2vec2-BERT: a unit and a frame are two neighbours of a mel spectrogram at 100 Hz."""

    unit_rate = 50

    def read(self, config: Any) -> None:
        self.stride = self.receptive = 1

    def units(self, signal: np.ndarray) -> np.ndarray:
        if len(signal) < 560:  # two windows of 25 ms, the second 10 ms later
            return np.zeros((0, 1), np.float32)
        prepared = self.preparation(signal, sampling_rate=SAMPLE_RATE, return_tensors="np")
        is_real = prepared["attention_mask"][0].astype(bool)
        return np.asarray(prepared["input_features"][0][is_real], np.float32)

    def frames(self, units: int) -> int:
        return units


class _Whisper(AudioNetwork):
    """Whisper's encoder, which sees 30 s; what lies behind the recording is cut off again."""

    def __init__(self, model: Pretrained, preparation: Any) -> None:
        super().__init__(model, preparation)
        self.network = self.network.get_encoder()

    def read(self, config: Any) -> None:
        self.stride = self.receptive = 2 * self.preparation.hop_length
        self.most = config.max_source_positions

    def frames(self, units: int) -> int:
        return -(-units // self.stride)

    def units(self, signal: np.ndarray) -> np.ndarray:
        return signal

    def states(self, units: np.ndarray) -> States:
        prepared = self.preparation(units, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        total = self.frames(len(units))
        return self.run(prepared["input_features"]).map(lambda states: states[:, :total])


class _Spectrogram(AudioNetwork):
    """AST: a frame is the mean of the patches at the same time, over all frequencies."""

    def read(self, config: Any) -> None:
        hop = SAMPLE_RATE // 100
        self._config, self._patch, self._step = config, config.patch_size, config.time_stride
        self.stride = self._step * hop
        self.receptive = (self._patch - 1) * hop + SAMPLE_RATE // 40
        self.most = (config.max_length - self._patch) // self._step + 1

    def frames(self, units: int) -> int:
        return (units - self.receptive) // self.stride + 1

    def units(self, signal: np.ndarray) -> np.ndarray:
        return signal

    def states(self, units: np.ndarray) -> States:
        prepared = self.preparation(units, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        rows = (self._config.num_mel_bins - self._patch) // self._config.frequency_stride + 1
        total = self.frames(len(units))

        def at_times(states: Tensor) -> Tensor:
            patches = states[:, 2:]  # behind the tokens of class and distillation
            return patches.unflatten(1, (rows, -1)).mean(dim=1)[:, :total]

        return self.run(prepared["input_values"]).map(at_times)


AUDIO: dict[str, type[AudioNetwork]] = {
    **dict.fromkeys(
        ("wav2vec2", "wavlm", "hubert", "data2vec-audio", "wav2vec2-conformer", "unispeech"),
        AudioNetwork,
    ),
    "unispeech-sat": AudioNetwork,
    Emotion2VecConfig.model_type: _Emotion2Vec,
    "wav2vec2-bert": _MelPairs,
    "whisper": _Whisper,
    "audio-spectrogram-transformer": _Spectrogram,
}
"""Adapters by model type. Others with the convolutions of wav2vec 2.0 are taken like it."""


def load_audio(settings: NetworkSettings, model: str, key: str) -> tuple[AudioNetwork, Pretrained]:
    """The adapter of an encoder of sound, and the loaded model.

    Raises:
        InputError: it is missing, damaged, or no encoder of sound that is served.
    """
    folder = model_folder(model, key)
    location = f"config: {key}: {folder}"
    if "emotion2vec" in model and not (folder / "config.json").is_file():
        raise InputError(
            f"{location} is not in the form that audio_encoder reads; convert the checkpoint of "
            "emotion2vec once (robust-mer convert emotion2vec_base.pt FOLDER), and name the folder"
        )
    config = read_config(folder, key)
    refuse_unserved(config, location)
    kind = AUDIO.get(config.model_type, AudioNetwork if hasattr(config, "conv_stride") else None)
    if kind is None:
        raise not_of(config, _EXPECTED, location)
    pretrained = Pretrained(str(folder), key, cost=settings)
    return kind(pretrained, _preparation(folder, key)), pretrained


def check_audio(network: AudioNetwork, location: str) -> States:
    """States of half a second of noise; raises InputError if the network cannot be used."""
    noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE // 2).astype(np.float32)
    units = network.units(noise)
    states = probe(lambda: network.states(units), location)
    frames = network.frames(len(units))
    for layer in (*states.layers, states.last):
        if layer.shape[:2] != (1, frames):
            raise InputError(
                f"{location} gives states of shape {tuple(layer.shape)}, expected {frames} frames; "
                "use an architecture of docs/features/encoders.md"
            )
    return states


def _preparation(folder: Path, key: str) -> Any:
    """How the model wants its sound."""
    from transformers import AutoFeatureExtractor

    try:
        preparation = AutoFeatureExtractor.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # transformers raises errors of many classes
        raise InputError(
            f"config: {key}: {folder} does not describe how to prepare audio "
            f"(preprocessor_config.json): {error}"
        ) from error
    rate = getattr(preparation, "sampling_rate", None)
    if rate != SAMPLE_RATE:
        raise InputError(f"config: {key} needs audio at {rate} Hz, expected {SAMPLE_RATE}")
    return preparation
