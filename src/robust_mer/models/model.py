"""What a model is to training and evaluation."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, cast

from torch import Tensor, nn

from robust_mer.modality import FeatureShape
from robust_mer.models.layers import LayerSum
from robust_mer.models.settings import ModelSettings
from robust_mer.tasks.task import Task

LAYER = "_layer_"
"""Between modality and number of a layer, in names of weights."""


@dataclass
class Batch:
    """Some utterances as a model meets them in training.

    Frames are padded: [B, T, D] per modality, of which ``lengths`` [B] are real.
    """

    received: dict[str, Tensor]
    """Noisy where the sample's condition says so."""
    lengths: dict[str, Tensor]
    target: Tensor
    """What is to be predicted, as the task's loss takes it [B, ...]."""
    targets: dict[str, Tensor]
    """What the teacher computed for the clean utterances."""
    is_clean: Tensor
    """The samples' conditions: bool [B, modalities], in the model's order."""
    clean: dict[str, Tensor]
    """What would be received without corruption; empty if the model does not need it."""
    clean_lengths: dict[str, Tensor] = field(default_factory=dict)
    """As ``lengths``, of the clean frames: corrupted recordings may have more or fewer. By default
    they are the same."""
    snr: dict[str, Tensor] = field(default_factory=dict)
    """SNR in dB that each sample's features have, [B] per modality: infinite where they are clean,
    NaN where noise has none (missing, dropped or recorded) or hits a part of the utterance. Of a
    range, it is the sample's own."""
    clean_digests: dict[str, Tensor] = field(default_factory=dict)
    """What `Model.digest_clean` returned for the clean utterances, [B, F] per modality; empty if
    the model does not need it."""

    def __post_init__(self) -> None:
        self.clean_lengths = self.clean_lengths or self.lengths


class Model(nn.Module, ABC):
    """A model encodes every modality on its own, then predicts from the embeddings.

    So evaluation encodes each modality once clean and once corrupted, and combines the embeddings
    for every condition.

    The engine may run several replicas of a model as one, by ``torch.func.vmap``. Therefore Python
    code must not branch on a tensor's values, and all random draws come from
    `robust_mer.models.chance`.

    Your own model is a subclass that the config names as ``module:Class``. Its settings build on
    `robust_mer.models.optimisation.Optimisation`. Their class attributes tell planning whether the
    model has a teacher, is mask-aware, and so on.

    Args:
        settings: Of the type ``settings_class``.
        inputs: Width and kind of encoder per modality, in the model's order. If feature files hold
            several layers of a modality, the engine gives the model their weighted sum; the weights
            are parameters of the model, in ``layer_sums``.
        task: What is predicted; it sets the width of the head and the loss.
    """

    settings_class: ClassVar[type[ModelSettings]]
    needs_clean: ClassVar[bool] = False
    """Whether training reads the clean frames too."""
    measures_data: ClassVar[bool] = False
    """Whether `measure` is called before training. Such a model learns no weights of layers, whose
    change would make what it has measured untrue: it takes their mean."""
    digests: ClassVar[bool] = False
    """Whether the first part of `encode` stays the same in training: `digest` is that part, and
    `encode_digest` the rest. Validation then digests its frames once, not after every epoch."""
    digests_clean: ClassVar[bool] = False
    """Whether training needs `digest_clean`."""
    settings: ModelSettings
    task: Task

    def __init__(
        self, settings: ModelSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__()
        self.settings, self.task = settings, task
        self.layer_sums = nn.ModuleDict(
            {
                modality: LayerSum(shape.layers, learns=not self.measures_data)
                for modality, shape in inputs.items()
                if shape.layers
            }
        )

    @abstractmethod
    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        """Embedding [B, E] of padded frames [B, T, D]."""

    @abstractmethod
    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        """Outputs [B, task.outputs] from the embeddings of all modalities."""

    @abstractmethod
    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The weighted parts of the training loss; training minimises their sum."""

    def encode_all(
        self, frames: dict[str, Tensor], lengths: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Embedding of every modality."""
        return {
            modality: self.encode(modality, values, lengths[modality])
            for modality, values in frames.items()
        }

    def sum_layers(self, frames: dict[str, Tensor]) -> dict[str, Tensor]:
        """Frames that the model receives [..., D], from those of feature files [..., L D].

        Modalities with one layer are returned as they are.
        """
        return {
            modality: self.layer_sums[modality](values) if modality in self.layer_sums else values
            for modality, values in frames.items()
        }

    def layer_weights(self) -> dict[str, Tensor]:
        """The weight of every layer by ``{modality}_layer_{number}``; empty without such layers."""
        return {
            f"{modality}{LAYER}{number}": weight
            for modality, layers in self.layer_sums.items()
            for number, weight in zip(
                cast(LayerSum, layers).numbers, cast(LayerSum, layers).weights(), strict=True
            )
        }

    def sub_network(self, parameter: str) -> str:
        """Name of the part that a parameter belongs to; each part's gradient is clipped apart.

        Parts are the children, and every modality's encoder.
        """
        child, _, inner = parameter.partition(".")
        if isinstance(getattr(self, child), nn.ModuleDict):
            return f"{child}.{inner.partition('.')[0]}"
        return child

    def digest(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        """What the rest of `encode` needs of padded frames [B, T, D], as one row each [B, F]."""
        raise NotImplementedError(f"{type(self).__name__} does not digest frames")

    def digest_clean(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        """What training needs of clean training utterances, as one row each [B, F].

        It is computed once for padded frames [B, T, D], after `measure` and before the first step,
        so it must not depend on weights that learn.
        """
        raise NotImplementedError(f"{type(self).__name__} does not digest clean frames")

    def encode_digest(self, modality: str, digest: Tensor) -> Tensor:
        """Embedding [B, E] of what `digest` returned [B, F]."""
        raise NotImplementedError(f"{type(self).__name__} does not digest frames")

    def predict(self, embeddings: dict[str, Tensor], is_clean: Tensor) -> Tensor:
        """Outputs [B, task.outputs]; mask-aware models override it.

        Args:
            embeddings: Of the received frames.
            is_clean: bool [B, modalities].
        """
        return self(embeddings)

    def teach(
        self, embeddings: dict[str, Tensor], of_zeros: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """As a teacher: the targets for the students.

        Args:
            embeddings: Of the clean utterances.
            of_zeros: Of the same utterances with zeros in place of their frames.
        """
        raise NotImplementedError(f"{type(self).__name__} is not a teacher")

    def reconstruct(self, embeddings: dict[str, Tensor], missing: str) -> tuple[Tensor, Tensor]:
        """Of a model that rebuilds what is missing: a modality's own and rebuilt representation.

        Args:
            embeddings: Of the clean utterances.
            missing: The modality to rebuild from all others.

        Returns:
            Both [B, D].
        """
        raise NotImplementedError(f"{type(self).__name__} does not rebuild representations")

    def describe(self, embeddings: dict[str, Tensor]) -> dict[str, Tensor]:
        """What the model says of its input, for people to read: figures [B] by name.

        They become columns of the predictions, so they must be finite. By default there are none.
        ``snr_{modality}`` is an estimate in dB, ``weight_{modality}`` a share of the weight, and
        ``atypicality_{modality}`` is above 1 where the input is unlike clean training data.

        Args:
            embeddings: Of the received frames.
        """
        return {}

    def measure(
        self, frames: dict[str, Tensor], lengths: dict[str, Tensor], target: Tensor
    ) -> None:
        """Take statistics of the training part, before training starts, if `measures_data`.

        What is kept must be parameters, which checkpoints hold and replicas do not share.

        Args:
            frames: Clean and normalised, per modality [n, D], one utterance after the other. Of
                layers, their sum.
            lengths: Number of frames of each utterance.
            target: Of each utterance, as the task's loss takes it [u, ...].
        """

    def start_from(self, teacher: "Model") -> None:
        """As a student: take over what the teacher has learnt, before training starts."""

    def take_over(self, teacher: "Model", *parts: str) -> None:
        """Copy the weights of parts that have the same name in the teacher, e.g. ``encoders``.

        The weights of layers are copied with ``encoders``, which were trained on their sum.
        """
        for part in (*parts, *(["layer_sums"] if "encoders" in parts else [])):
            self.get_submodule(part).load_state_dict(teacher.get_submodule(part).state_dict())

    def health(self, embeddings: dict[str, Tensor]) -> dict[str, Tensor]:
        """Figures worth watching in training, by name, from validation embeddings.

        The engine calls it for one replica alone, in eval mode.
        """
        return {}

    def diagnose(self, health: Mapping[str, float]) -> str | None:
        """What is wrong with a model of these figures, with the likely reason; None: nothing.

        Args:
            health: What `health` gave after an epoch.
        """
        return None
