"""Models that a library fits to embeddings at once, without epochs of ours."""

from abc import abstractmethod

from torch import Tensor

from robust_mer.models.model import Batch, Model


class FittedModel(Model):
    """A model whose ``encode`` learns nothing, and whose rest is fitted to what that gives."""

    @abstractmethod
    def fit(
        self,
        embeddings: dict[str, Tensor],
        label: Tensor,
        validation: dict[str, Tensor],
        validation_label: Tensor,
    ) -> float:
        """Fit to embeddings [n, E] of the training part, under every training condition.

        Args:
            embeddings: Per modality.
            label: [n].
            validation: As ``embeddings``, of the validation part, for what has to be chosen.
            validation_label: Of these.

        Returns:
            UA on the validation part, in [0, 1].
        """

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        raise NotImplementedError(f"{type(self).__name__} is fitted, not trained")
