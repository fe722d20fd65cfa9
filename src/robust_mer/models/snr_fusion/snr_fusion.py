"""SNR fusion: a blind model that is trained once and met under every corruption.

It is this project's own. Each modality's SNR is estimated from its features alone, the features are
pooled and freed of noise accordingly (`Signal`), and what is known of the damage sets the weight of
the modality's own answer and its share in the joint one. Where classes are predicted, the answer
starts from two discriminant analyses: of the mean, at that SNR (`Discriminant`), and of the spread
over frames (`SpreadDiscriminant`). A network adds to it.
"""

from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from robust_mer.modality import FeatureShape
from robust_mer.models.chance import Dropout
from robust_mer.models.model import Batch, Model
from robust_mer.models.snr_fusion.discriminant import Discriminant, Known
from robust_mer.models.snr_fusion.settings import SNRFusionSettings
from robust_mer.models.snr_fusion.signal import LOWEST, MEASURED_AT_ONCE, SIGNS, Signal
from robust_mer.models.snr_fusion.spread import SpreadDiscriminant, percentiles
from robust_mer.tasks.task import ChoiceTask, Task

CLEANEST = 20.0
"""The highest estimated SNR in dB. Clean features have this target."""

_CONTEXT = 32  # units that describe the damage
_LARGEST_GAIN = 6.0  # logarithm of it, in both directions
# Columns of an embedding behind its units: weight, SNR in tens of dB, atypicality, lost frames.
_SAID = 4


class ModalityExpert(nn.Module):
    """Embeds a modality, judges its damage, and answers from it alone.

    Args:
        width: Dimensions of a frame.
        settings: See `SNRFusionSettings`.
        task: What is predicted.
    """

    def __init__(self, width: int, settings: SNRFusionSettings, task: Task) -> None:
        super().__init__()
        self.signal = Signal(width)
        self.discriminant: Discriminant | None = None
        self.spread: SpreadDiscriminant | None = None
        if isinstance(task, ChoiceTask):
            self.discriminant = Discriminant(width, task.outputs)
            self.spread = SpreadDiscriminant(width, task.outputs)
        self.outputs = task.outputs
        self.damage = nn.Sequential(
            nn.Linear(SIGNS, 2 * _CONTEXT), nn.ReLU(), nn.Linear(2 * _CONTEXT, _CONTEXT), nn.ReLU()
        )
        self.snr = nn.Linear(_CONTEXT, 1)
        self.weight = nn.Linear(_CONTEXT, 1)
        self.trust = nn.Linear(_CONTEXT, 2)
        self.gain = nn.Linear(_CONTEXT, 2 * settings.units)
        self.embed = nn.Linear(2 * width, settings.units)
        self.answer = nn.Linear(settings.units, task.outputs)
        self.drop_features = Dropout(settings.dropout)

    def measure(self, frames: Tensor, lengths: Tensor, group: Tensor) -> None:
        """Take statistics of clean training frames, for `Signal` and both discriminants."""
        centred, has_mean = self.signal.measure(frames, lengths)
        self.signal.measure_typical(frames, lengths)
        if self.discriminant is None or self.spread is None:
            return
        group = torch.where(has_mean, group, -1)
        self.discriminant.measure(centred, group)
        utterances, spread = frames.split(lengths.tolist()), []
        for begin in range(0, len(lengths), MEASURED_AT_ONCE):
            some = slice(begin, begin + MEASURED_AT_ONCE)
            padded, counts = pad_sequence(utterances[some], batch_first=True), lengths[some]
            spread.append(percentiles(padded, counts, self.signal(padded, counts)))
        self.spread.measure(torch.cat(spread), group)

    def digest_clean(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """What both discriminants measured of padded clean frames [B, T, D], and lost frames.

        The columns [B, 3 D + 1] are those that `known` reads; without classes there are none.
        """
        if self.discriminant is None:
            return frames.new_zeros(len(frames), 0)
        received = self.signal(frames, lengths)
        spread = percentiles(frames, lengths, received)
        return torch.cat([received.average, spread, received.lost], dim=1)

    def known(self, clean_digest: Tensor, group: Tensor) -> Known | None:
        """The same for training, from rows of `digest_clean`; None without classes."""
        if self.discriminant is None:
            return None
        width = (clean_digest.shape[1] - 1) // 3
        average, spread, lost = clean_digest.split([width, 2 * width, 1], dim=1)
        return Known(torch.where(lost[:, 0] < 1, group, -1), average, spread)

    def digest(self, frames: Tensor, lengths: Tensor, known: Known | None = None) -> Tensor:
        """What no gradient changes, of padded frames [B, T, D].

        It consists of mean and deviation, the log-likelihoods of both discriminants, signs, SNR,
        atypicality and lost frames: [B, 2 D + 2 outputs + SIGNS + 3].
        """
        received = self.signal(frames, lengths)
        if self.discriminant is None or self.spread is None:
            likelihoods = [received.snr.new_zeros(len(received.snr), 2 * self.outputs)]
        else:
            spread = percentiles(frames, lengths, received)
            likelihoods = [
                self.discriminant(received, self.signal.moments().centre, known),
                self.spread(spread, received, known),
            ]
        parts = [received.mean, received.deviation, *likelihoods, received.signs, received.snr]
        return torch.cat([*parts, received.atypicality, received.lost], dim=1)

    def forward(self, digest: Tensor) -> Tensor:
        """Embedding [B, units + outputs + 4] of what `digest` returned.

        It consists of the units, the discriminants' answer, weight, SNR, atypicality and lost
        frames. The weight is divided by the atypicality where that is above 1, as in the likelihood
        of Student's t distribution, whose tails forgive outliers.
        """
        sizes = [self.embed.in_features, self.outputs, self.outputs, SIGNS, 1, 1, 1]
        features, of_mean, of_spread, signs, snr, atypicality, lost = digest.split(sizes, dim=1)
        context = self.damage(signs)
        gain, offset = self.gain(context).chunk(2, dim=1)
        embedded = self.embed(self.drop_features(features))
        units = (embedded * gain.clamp(-_LARGEST_GAIN, _LARGEST_GAIN).exp() + offset).relu()
        answer = of_mean
        if self.discriminant is not None:
            trust = functional.softplus(self.trust(context) - 1)
            answer = trust[:, :1] * of_mean + trust[:, 1:] * of_spread
        weight = functional.softplus(self.weight(context)) / atypicality.clamp(min=1.0)
        weight = torch.where(lost < 1, weight, 0.0)
        estimate = snr.clamp(max=CLEANEST) / 10 + self.snr(context)
        return torch.cat([units, answer, weight, estimate, atypicality, lost], dim=1)


class SNRFusion(Model):
    """Experts for the modalities, weighted by their damage, and a joint answer."""

    settings_class: ClassVar[type[SNRFusionSettings]] = SNRFusionSettings
    settings: SNRFusionSettings
    measures_data = True
    digests = True
    digests_clean = True

    def __init__(
        self, settings: SNRFusionSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        units = settings.units
        self.encoders = nn.ModuleDict(
            {m: ModalityExpert(shape.width, settings, task) for m, shape in inputs.items()}
        )
        self.drop_units = nn.ModuleDict({m: Dropout(settings.dropout) for m in inputs})
        self.classifier = nn.Sequential(
            nn.Linear(units * len(inputs), units),
            nn.ReLU(),
            Dropout(settings.dropout),
            nn.Linear(units, task.outputs),
        )

    def measure(
        self, frames: dict[str, Tensor], lengths: dict[str, Tensor], target: Tensor
    ) -> None:
        group = self.task.groups(target)
        for modality, values in frames.items():
            self._expert(modality).measure(values, lengths[modality], group)

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        return self.encode_digest(modality, self.digest(modality, frames, lengths))

    def digest(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        return self._expert(modality).digest(frames, lengths)

    def digest_clean(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        return self._expert(modality).digest_clean(frames, lengths)

    def encode_digest(self, modality: str, digest: Tensor) -> Tensor:
        return self.encoders[modality](digest)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        return self._answers(embeddings)[0]

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        embeddings = {}
        group = self.task.groups(batch.target)
        for modality, frames in batch.received.items():
            expert = self._expert(modality)
            known = expert.known(batch.clean_digests[modality], group)
            digest = expert.digest(frames, batch.lengths[modality], known)
            embeddings[modality] = self.encode_digest(modality, digest)
        output, experts = self._answers(embeddings)
        alone = [self.task.loss(answer, batch.target) for answer in experts.values()]
        return {
            self.task.loss_name: self.task.loss(output, batch.target),
            "experts": self.settings.weight_experts * torch.stack(alone).sum(),
            "snr": self.settings.weight_snr * self._snr_error(embeddings, batch.snr),
        }

    def describe(self, embeddings: dict[str, Tensor]) -> dict[str, Tensor]:
        """Per modality the estimated SNR in dB, its share of the weight, atypicality, lost frames.

        Where all frames are lost, the SNR is the lowest.
        """
        said = {m: values[:, -_SAID:].unbind(dim=1) for m, values in embeddings.items()}
        total = torch.stack([weight for weight, *_ in said.values()]).sum(dim=0)
        figures = {}
        for modality, (weight, snr, atypicality, lost) in said.items():
            estimate = (10 * snr).clamp(LOWEST, CLEANEST)
            figures[f"snr_{modality}"] = torch.where(lost < 1, estimate, LOWEST)
            figures[f"weight_{modality}"] = weight / total.clamp(min=1e-9)
            figures[f"atypicality_{modality}"] = atypicality
            figures[f"lost_{modality}"] = lost
        return figures

    def _expert(self, modality: str) -> ModalityExpert:
        return cast(ModalityExpert, self.encoders[modality])

    def _answers(self, embeddings: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The answer [B, outputs], and each modality's own before it is weighted."""
        experts, weighted, shares = {}, [], []
        sizes = [self.settings.units, self.task.outputs, 1, _SAID - 1]
        for modality, values in embeddings.items():
            units, discriminant, weight, _ = values.split(sizes, dim=1)
            units = self.drop_units[modality](units)
            experts[modality] = self._expert(modality).answer(units) + discriminant
            weighted.append(weight * experts[modality])
            shares.append(weight * units)
        joint = self.classifier(torch.cat(shares, dim=1))
        return torch.stack(weighted).sum(dim=0) + joint, experts

    def _snr_error(self, embeddings: dict[str, Tensor], snr: dict[str, Tensor]) -> Tensor:
        """Mean squared error of the estimates, in tens of dB, where the SNR is known."""
        estimate = torch.stack([values[:, -_SAID + 1] for values in embeddings.values()])
        unknown = torch.full_like(estimate[0], torch.nan)
        truth = torch.stack([snr.get(modality, unknown) for modality in embeddings])
        known = ~truth.isnan()
        error = (estimate - torch.where(known, truth, 0.0).clamp(LOWEST, CLEANEST) / 10).square()
        return torch.where(known, error, 0.0).sum() / known.sum().clamp(min=1)
