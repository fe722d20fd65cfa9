"""A part that replicas do not train on, as they would receive it in training."""

import torch
from torch import Tensor

from robust_mer.data import LabelledCorpus
from robust_mer.engine.corruption import NO_CORRUPTION, CorruptionOfFold, evaluation_frames
from robust_mer.engine.frames import Frames
from robust_mer.engine.nets import Nets
from robust_mer.engine.predict import PaddedPart, combine, digest, embed
from robust_mer.engine.replica import ReplicaData, TrainingConditions


class HeldOutPart:
    """A part of replicas that train as one, clean and under their corruptions, with fixed noise.

    Args:
        replicas: Data of each replica.
        corpus: Utterances, targets and the task.
        frames: All frames of the corpus on the device.
        part: ``validation`` or ``test``.
    """

    def __init__(
        self,
        replicas: list[ReplicaData],
        corpus: LabelledCorpus,
        frames: dict[str, Frames],
        part: str,
    ) -> None:
        self._replicas, self._corpus, self._frames, self._part = replicas, corpus, frames, part
        self._conditions = replicas[0].conditions
        self._clean = self._padded([NO_CORRUPTION] * len(replicas))
        self._digests: dict[int, dict[str, Tensor]] = {}
        self._noisy = [self._padded_under(place) for place in range(len(self._conditions))]

    def outputs(self, nets: Nets) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Outputs of the nets under every training corruption and condition.

        Returns:
            Outputs [R, conditions, n, outputs] under each corruption; and embeddings [R, n, E] by
            modality under the first condition of the first corruption. n is the size of the largest
            part; the rows after the end of a smaller part are undefined.
        """
        clean = self._embed(nets, self._clean)
        outputs, received = [], []
        shared: dict[tuple[bool, ...], Tensor] = {}
        for noisy, conditions in zip(self._noisy, self._conditions, strict=True):
            one, embeddings = self._predict(nets, clean, noisy, conditions, shared)
            outputs.append(one)
            received.append(embeddings)
        return outputs, received[0]

    def _embed(self, nets: Nets, part: PaddedPart) -> dict[str, Tensor]:
        """Embeddings of a part; of models that digest frames, the digests are kept."""
        if not nets.digests:
            return embed(nets, part)
        if id(part) not in self._digests:
            self._digests[id(part)] = digest(nets, part)
        return {
            modality: nets.encode_digest(modality, rows)
            for modality, rows in self._digests[id(part)].items()
        }

    def _padded(self, corruptions: list[CorruptionOfFold]) -> PaddedPart:
        """The parts under one corruption per replica."""
        return PaddedPart.of(
            [
                evaluation_frames(
                    self._frames,
                    replica.normalisers,
                    self._corpus.utterances,
                    replica.parts[self._part],
                    self._part,
                    corruption,
                )
                for replica, corruption in zip(self._replicas, corruptions, strict=True)
            ]
        )

    def _padded_under(self, place: int) -> PaddedPart:
        """The parts under one of the training corruptions."""
        corruptions = [replica.corruptions[place] for replica in self._replicas]
        return self._clean if corruptions[0].is_nothing else self._padded(corruptions)

    def _predict(
        self,
        nets: Nets,
        clean: dict[str, Tensor],
        part: PaddedPart,
        conditions: TrainingConditions,
        shared: dict[tuple[bool, ...], Tensor],
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Outputs on a corrupted part, and the first condition's embeddings.

        ``shared`` collects the outputs that are the same under every corruption, by condition.
        """
        noisy = clean if part is self._clean else self._embed(nets, part)
        outputs = []
        for is_clean in conditions.is_clean:
            condition = tuple(is_clean.tolist())
            output = shared.get(condition)
            if output is None:
                output = nets.predict(*combine(clean, noisy, is_clean))
                if is_clean.all() or (nets.leaves_out_noisy and is_clean.any()):
                    shared[condition] = output
            outputs.append(output)
        received, _ = combine(clean, noisy, conditions.is_clean[0])
        return torch.stack(outputs, dim=1), received
