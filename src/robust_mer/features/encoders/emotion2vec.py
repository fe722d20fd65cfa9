"""The network of emotion2vec, in the form of transformers, with the published names of weights.

Source: Z. Ma et al., "emotion2vec: Self-Supervised Pre-Training for Speech Emotion Representation",
Findings of ACL 2024; A. Baevski et al., "Efficient Self-supervised Learning with Contextualized
Target Representations" (data2vec 2.0), ICML 2023, for the architecture; O. Press et al., "Train
Short, Test Long", ICLR 2022, for the slopes of ALiBi.
"""

import math
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput


class Emotion2VecConfig(PreTrainedConfig):
    """Sizes of the network; the defaults are those of emotion2vec base."""

    model_type = "emotion2vec"

    hidden_size: int = 768
    intermediate_size: int = 3072
    num_attention_heads: int = 12
    prenet_layers: int = 4
    """Blocks of the encoder of sound."""
    main_layers: int = 8
    """Blocks after these."""
    conv_dim: list[int] | tuple[int, ...] = (512,) * 7
    conv_kernel: list[int] | tuple[int, ...] = (10, 3, 3, 3, 3, 2, 2)
    conv_stride: list[int] | tuple[int, ...] = (5, 2, 2, 2, 2, 2, 2)
    position_layers: int = 5
    position_kernel: int = 19
    position_groups: int = 16
    extra_tokens: int = 10
    """Learned tokens before the first frame."""
    alibi_rows: int = 1
    """1: all blocks share one scale of the bias per head; otherwise each has its own."""


class Emotion2VecModel(PreTrainedModel):
    """Hidden states of samples [B, N]: the blocks' input, then the output of every block.

    Samples have mean 0 and variance 1. The extra tokens are left out of all states.
    """

    config_class = Emotion2VecConfig
    base_model_prefix = "emotion2vec"
    main_input_name = "input_values"
    config: Emotion2VecConfig

    def __init__(self, config: Emotion2VecConfig) -> None:
        super().__init__(config)
        self.modality_encoders = nn.ModuleDict({"AUDIO": _SoundEncoder(config)})
        self.blocks = nn.ModuleList(_Block(config) for _ in range(config.main_layers))
        self._no_split_modules = [_Block.__name__]
        self.post_init()

    def forward(self, input_values: Tensor, output_hidden_states: bool = True) -> BaseModelOutput:
        """Last state and all states [B, frames, hidden size]."""
        encoder = cast(_SoundEncoder, self.modality_encoders["AUDIO"])
        x = encoder(input_values)
        extra = self.config.extra_tokens
        distances = encoder.distances(x.shape[1] - extra).to(x.dtype)
        states = [x]
        blocks = [*encoder.blocks, *self.blocks]
        for block, bias in zip(blocks, distances.expand(len(blocks), -1, -1, -1), strict=True):
            states.append(block(states[-1], bias))
        frames = tuple(state[:, extra:] for state in states)
        return BaseModelOutput(
            last_hidden_state=frames[-1], hidden_states=frames if output_hidden_states else None
        )


class _SoundEncoder(nn.Module):
    """From samples to the input of the first block; holds the blocks of the prenet as well."""

    def __init__(self, config: Emotion2VecConfig) -> None:
        super().__init__()
        size, heads = config.hidden_size, config.num_attention_heads
        self.extra_tokens = nn.Parameter(torch.zeros(1, config.extra_tokens, size))
        self.alibi_scale = nn.Parameter(torch.ones(config.alibi_rows, 1, heads, 1, 1))
        layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(*channels, kernel, stride, bias=False),
                nn.Identity(),
                nn.Sequential(_Swap(), nn.LayerNorm(channels[1]), _Swap()),
                nn.GELU(),
            )
            for channels, kernel, stride in zip(
                pairwise((1, *config.conv_dim)), config.conv_kernel, config.conv_stride, strict=True
            )
        )
        self.local_encoder = nn.ModuleDict({"conv_layers": layers})
        width = config.conv_dim[-1]
        self.project_features = nn.Sequential(_Swap(), nn.LayerNorm(width), nn.Linear(width, size))
        self.relative_positional_encoder = nn.Sequential(
            _Swap(), *(_position_layer(config) for _ in range(config.position_layers)), _Swap()
        )
        blocks = nn.ModuleList(_Block(config) for _ in range(config.prenet_layers))
        self.context_encoder = nn.ModuleDict({"norm": nn.LayerNorm(size), "blocks": blocks})

    @property
    def blocks(self) -> nn.ModuleList:
        """The blocks of the prenet."""
        return cast(nn.ModuleList, self.context_encoder["blocks"])

    def forward(self, samples: Tensor) -> Tensor:
        """Extra tokens and frames [B, tokens + frames, hidden size]."""
        x = samples[:, None]
        for layer in cast(nn.ModuleList, self.local_encoder["conv_layers"]):
            x = layer(x)
        x = self.project_features(x)
        x = x + self.relative_positional_encoder(x)
        tokens = self.extra_tokens.expand(len(x), -1, -1)
        return self.context_encoder["norm"](torch.cat([tokens, x], dim=1))

    def distances(self, frames: int) -> Tensor:
        """What attention loses with distance: [1 or blocks, heads, tokens, tokens].

        The loss is linear; its slope is that of ALiBi times a learned scale, which counts as 0 if
        negative. It is 0 from and to the extra tokens.
        """
        scale = self.alibi_scale.float().clamp(min=0)[:, 0]
        times = torch.arange(frames, device=scale.device, dtype=torch.float32)
        slopes = torch.tensor(_slopes(scale.shape[1]), device=scale.device)
        bias = -slopes[:, None, None] * (times[:, None] - times).abs() * scale
        extra = self.extra_tokens.shape[1]
        return functional.pad(bias, (extra, 0, extra, 0))


class _Swap(nn.Module):
    """Swaps time and features."""

    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2)


class _Block(nn.Module):
    """Attention and two layers; each is added to its input, then normalised."""

    def __init__(self, config: Emotion2VecConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self._heads = config.num_attention_heads
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(size, 3 * size), "proj": nn.Linear(size, size)})
        self.mlp = nn.ModuleDict(
            {
                "fc1": nn.Linear(size, config.intermediate_size),
                "fc2": nn.Linear(config.intermediate_size, size),
            }
        )

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """The next states [B, tokens, D]; ``bias`` [heads, tokens, tokens] is added to scores."""
        heads = self.attn["qkv"](x).unflatten(2, (3, self._heads, -1))
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        heard = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        x = self.norm1(x + self.attn["proj"](heard.transpose(1, 2).flatten(2)))
        return self.norm2(x + self.mlp["fc2"](functional.gelu(self.mlp["fc1"](x))))


def _position_layer(config: Emotion2VecConfig) -> nn.Sequential:
    size, kernel = config.hidden_size, config.position_kernel
    convolution = nn.Conv1d(size, size, kernel, padding=kernel // 2, groups=config.position_groups)
    norm = nn.LayerNorm(size, elementwise_affine=False)
    return nn.Sequential(convolution, _Swap(), norm, _Swap(), nn.GELU())


def _slopes(heads: int) -> list[float]:
    """Slopes of ALiBi: a geometric row for 2^n heads, every second of the next for the rest."""
    power = 2 ** math.floor(math.log2(heads))
    first = [2.0 ** (-8 * (number + 1) / power) for number in range(power)]
    further = [2.0 ** (-4 * (2 * number + 1) / power) for number in range(heads - power)]
    return first + further


AutoConfig.register(Emotion2VecConfig.model_type, Emotion2VecConfig)
AutoModel.register(Emotion2VecConfig, Emotion2VecModel)
