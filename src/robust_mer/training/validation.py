"""Validation: metrics of every replica, pooled over its training conditions."""

import numpy as np

from robust_mer.data import LabelledCorpus
from robust_mer.engine.frames import Frames
from robust_mer.engine.nets import Nets
from robust_mer.engine.replica import ReplicaData
from robust_mer.metrics.metric import Metric
from robust_mer.training.held_out import HeldOutPart
from robust_mer.training.spec import validation_column


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
        self._task, self._conditions = corpus.task, replicas[0].conditions
        self._part = HeldOutPart(replicas, corpus, frames, "validation")
        self._rows = [replica.parts["validation"] for replica in replicas]
        self._targets = [
            corpus.task.truth(corpus.target[replica.parts["validation"]]) for replica in replicas
        ]
        selection = corpus.task.selection
        others = [metric for metric in corpus.task.metrics if metric.name != selection.name]
        self._metrics = [selection, *others]

    def __call__(self, nets: Nets) -> list[dict[str, float]]:
        """Every replica's metrics, as ``validation_{metric}``, health figures, weights of layers.

        Metrics are pooled over the conditions of a corruption and averaged over corruptions.
        """
        outputs, received = self._part.outputs(nets)
        predicted = [self._task.decide(one).cpu() for one in outputs]
        figures = []
        for place, target in enumerate(self._targets):
            embeddings = {m: values[place, : len(target)] for m, values in received.items()}
            of_replica = [one[place, :, : len(target)].numpy() for one in predicted]
            health = nets.health(place, embeddings)
            metrics = {
                validation_column(metric): self._mean(metric, target, of_replica, self._rows[place])
                for metric in self._metrics
            }
            figures.append({**metrics, **health, **nets.layer_weights(place)})
        return figures

    def _mean(
        self, metric: Metric, target: np.ndarray, predicted: list[np.ndarray], rows: np.ndarray
    ) -> float:
        """Mean over corruptions of a metric pooled over predictions [conditions, n, ...]."""
        values = []
        for of_corruption, conditions in zip(predicted, self._conditions, strict=True):
            tiled = np.concatenate([target] * len(of_corruption))
            pooled = of_corruption.reshape(-1, *of_corruption.shape[2:])
            if conditions.weights is None:
                values.append(metric.of(tiled, pooled))
            else:
                weights = conditions.weights_of(rows)
                weight = np.broadcast_to(weights.T, (len(conditions), len(rows))).reshape(1, -1)
                values.append(float(metric.weighted(tiled, pooled[:, None], weight)[0, 0]))
        return float(np.mean(values))
