"""MEN and NMER as plain PyTorch programs, with the sizes of the papers.

Unlike the package, they include padding in the maximum, as the published code does.
"""

import torch
from random_corpus import CLASSES, WIDTHS
from torch import Tensor, nn
from torch.nn import functional

ALPHA_BAR = 1 / 11  # -10 dB at unit variance


class TextCNN(nn.Module):
    """Convolutions over 3, 4 and 5 tokens, maximum over time."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv1d(WIDTHS["text"], 128, k) for k in (3, 4, 5))
        self.last = nn.Sequential(nn.Dropout(0.5), nn.Linear(384, 128), nn.ReLU())

    def forward(self, tokens: Tensor) -> Tensor:
        """Embed tokens [B, T, D]: [B, 128]."""
        signal = tokens.transpose(1, 2)
        pooled = [convolution(signal).relu().amax(dim=2) for convolution in self.convolutions]
        return self.last(torch.cat(pooled, dim=1))


def _classifier(hidden: int, dropout: float) -> nn.Sequential:
    first = [nn.Linear(384, hidden), nn.ReLU(), nn.Dropout(dropout)]
    second = [nn.Linear(hidden, 128), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*first, *second, nn.Linear(128, len(CLASSES)))


class MEN(nn.Module):
    """An encoder per modality and a classifier; trained on clean data."""

    optimiser, batch_size, clip_norm = torch.optim.Adam, 128, 0.5
    conditions = ((True, True, True),)  # which modalities are clean

    def __init__(self) -> None:
        super().__init__()
        self.audio = nn.LSTM(WIDTHS["audio"], 128, batch_first=True)
        self.video = nn.LSTM(WIDTHS["video"], 128, batch_first=True)
        self.text = TextCNN()
        self.classifier = _classifier(128, 0.3)

    def encode(self, audio: Tensor, video: Tensor, text: Tensor) -> Tensor:
        """Embeddings [B, 3, 128] of padded frames [B, T, D]."""
        audio_embedding, video_embedding = (
            self.audio(audio)[0].amax(dim=1),
            self.video(video)[0].amax(dim=1),
        )
        return torch.stack([audio_embedding, video_embedding, self.text(text)], dim=1)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Logits [B, classes]."""
        return self.classifier(embeddings.flatten(1))

    def loss(self, embeddings: Tensor, label: Tensor, targets: None) -> Tensor:
        """Cross-entropy."""
        return functional.cross_entropy(self(embeddings), label)


class NMER(MEN):
    """Specific and invariant features, VAE with a Transformer, classifier; trained under noise."""

    optimiser, clip_norm = torch.optim.AdamW, 1.0
    conditions = tuple(tuple(bool(code & bit) for bit in (1, 2, 4)) for code in range(1, 7))

    def __init__(self) -> None:
        super().__init__()
        self.invariance = nn.Sequential(
            nn.Linear(128, 128), nn.LeakyReLU(), nn.Linear(128, 128), nn.LeakyReLU()
        )
        layer = nn.TransformerEncoderLayer(768, 16, 768, dropout=0.1, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, 5, enable_nested_tensor=False)
        self.mean, self.log_variance = nn.Linear(768, 64), nn.Linear(768, 64)
        first, second = [nn.Linear(448, 128), nn.ReLU()], [nn.Linear(128, 256), nn.ReLU()]
        self.decoder = nn.Sequential(*first, *second, nn.Linear(256, 384))
        self.classifier = _classifier(384, 0.5)

    def features(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """Specific and invariant features [B, 384]; a teacher's of clean data are the targets."""
        return embeddings.flatten(1), self.invariance(embeddings).flatten(1)

    def _posterior(self, embeddings: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        specific, invariant = self.features(embeddings)
        encoded = self.transformer(torch.cat([specific, invariant], dim=1)[:, None])[:, 0]
        return self.mean(encoded), self.log_variance(encoded), invariant

    def forward(self, embeddings: Tensor) -> Tensor:
        mean, _, invariant = self._posterior(embeddings)
        return self.classifier(self.decoder(torch.cat([mean, invariant], dim=1)))

    def loss(self, embeddings: Tensor, label: Tensor, targets: tuple[Tensor, Tensor]) -> Tensor:
        """KL + MSE of the joint representation + 10 MSE of the invariant features + CE."""
        mean, log_variance, invariant = self._posterior(embeddings)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        joint = self.decoder(torch.cat([z, invariant], dim=1))
        kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).mean()
        generation = kl + functional.mse_loss(joint, targets[0])
        closeness = 10 * functional.mse_loss(invariant, targets[1])
        return generation + closeness + functional.cross_entropy(self.classifier(joint), label)


NETS = {"men": MEN, "nmer": NMER}


def with_noise(clean: Tensor) -> Tensor:
    """x_T = sqrt(abar) x + sqrt(1 - abar) n, n normal (NMER, equation 3)."""
    return ALPHA_BAR**0.5 * clean + (1 - ALPHA_BAR) ** 0.5 * torch.randn_like(clean)


def step(net: MEN, optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step of the optimiser, with the gradient of every sub-network clipped."""
    optimiser.zero_grad()
    loss.backward()
    for part in net.children():
        nn.utils.clip_grad_norm_(part.parameters(), net.clip_norm)
    optimiser.step()
