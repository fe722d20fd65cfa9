"""Validation: metrics of every replica, pooled over its training conditions."""

import numpy as np
import torch
from torch import Tensor

from robust_mer.data import LabelledCorpus
from robust_mer.engine.corruption import NO_CORRUPTION, CorruptionOfFold, evaluation_frames
from robust_mer.engine.frames import Frames
from robust_mer.engine.nets import Nets
from robust_mer.engine.predict import PaddedPart, combine, embed
from robust_mer.engine.replica import ReplicaData, TrainingConditions
from robust_mer.metrics.metric import Metric
from robust_mer.training.resume import validation_column


class Validation:
    """The validation parts of replicas that train as one, clean and with fixed noise.

    Args:
        replicas: Data of each replica.
        corpus: Utterances, targets and the task.
        frames: All frames of the corpus on the device.
    """

    def __init__(
        self, replicas: list[ReplicaData], corpus: LabelledCorpus, frames: dict[str, Frames]
    ) -> None:
        self._replicas, self._corpus, self._frames = replicas, corpus, frames
        self._conditions = replicas[0].conditions
        task = corpus.task
        self._targets = [
            task.truth(corpus.target[replica.parts["validation"]]) for replica in replicas
        ]
        others = [metric for metric in task.metrics if metric.name != task.selection.name]
        self._metrics = [task.selection, *others]
        self._clean = self._padded([NO_CORRUPTION] * len(replicas))
        self._noisy = [self._padded_under(place) for place in range(len(self._conditions))]

    def __call__(self, nets: Nets) -> list[dict[str, float]]:
        """Every replica's metrics, as ``validation_{metric}``, and its health figures.

        Metrics are pooled over the conditions of a corruption and averaged over corruptions.
        """
        clean = embed(nets, self._clean)
        predicted, received = [], []
        for noisy, conditions in zip(self._noisy, self._conditions, strict=True):
            one, embeddings = self._predict(nets, clean, noisy, conditions)
            predicted.append(one)
            received.append(embeddings)
        figures = []
        for place, target in enumerate(self._targets):
            embeddings = {m: values[place, : len(target)] for m, values in received[0].items()}
            of_replica = [one[place, :, : len(target)].numpy() for one in predicted]
            health = nets.health(place, embeddings)
            metrics = {
                validation_column(metric): self._mean(metric, target, of_replica)
                for metric in self._metrics
            }
            figures.append({**metrics, **health})
        return figures

    def _padded(self, corruptions: list[CorruptionOfFold]) -> PaddedPart:
        """Validation parts under one corruption per replica."""
        return PaddedPart.of(
            [
                evaluation_frames(
                    self._frames,
                    replica.normalisers,
                    self._corpus.utterances,
                    replica.parts["validation"],
                    "validation",
                    corruption,
                )
                for replica, corruption in zip(self._replicas, corruptions, strict=True)
            ]
        )

    def _padded_under(self, place: int) -> PaddedPart:
        """Validation parts under one of the training corruptions."""
        corruptions = [replica.corruptions[place] for replica in self._replicas]
        return self._padded(corruptions) if not corruptions[0].is_nothing else self._clean

    def _predict(
        self,
        nets: Nets,
        clean: dict[str, Tensor],
        part: PaddedPart,
        conditions: TrainingConditions,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Predictions on a corrupted part, and the first condition's embeddings.

        Predictions are [R, conditions, n, ...], embeddings [R, n, E] by modality.
        """
        noisy = clean if part is self._clean else embed(nets, part)
        predicted = [
            self._corpus.task.decide(nets.predict(*combine(clean, noisy, is_clean)))
            for is_clean in conditions.is_clean
        ]
        received, _ = combine(clean, noisy, conditions.is_clean[0])
        return torch.stack(predicted, dim=1).cpu(), received

    def _mean(self, metric: Metric, target: np.ndarray, predicted: list[np.ndarray]) -> float:
        """Mean over corruptions of a metric pooled over predictions [conditions, n, ...]."""
        values = []
        for of_corruption, conditions in zip(predicted, self._conditions, strict=True):
            tiled = np.concatenate([target] * len(of_corruption))
            pooled = of_corruption.reshape(-1, *of_corruption.shape[2:])
            if conditions.weights is None:
                values.append(metric.of(tiled, pooled))
            else:
                weight = np.repeat(conditions.weights, len(target))[None]
                values.append(float(metric.weighted(tiled, pooled[:, None], weight)[0, 0]))
        return float(np.mean(values))
