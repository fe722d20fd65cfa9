"""What training computes once of the clean training utterances: teachers' targets, and digests."""

from collections import defaultdict

import torch
from torch import Tensor

from robust_mer.data import LabelledCorpus
from robust_mer.engine.corruption import NO_CORRUPTION, evaluation_frames
from robust_mer.engine.frames import Frames
from robust_mer.engine.nets import Nets
from robust_mer.engine.predict import PaddedPart, digest_clean, embed
from robust_mer.engine.replica import ReplicaData
from robust_mer.models.model import Model


def teach(
    teachers: list[Model],
    replicas: list[ReplicaData],
    corpus: LabelledCorpus,
    frames: dict[str, Frames],
    device: torch.device,
) -> dict[str, list[Tensor]]:
    """Targets of each teacher on the clean training part of its student.

    Teachers run one by one, because running all at once would need a copy of the corpus for each.

    Args:
        teachers: One per replica; empty if the model has no teacher.
        replicas: The students' data.
        corpus: Utterances and folds.
        frames: All frames of the corpus on the device.
        device: Of the computation.

    Returns:
        By name, a tensor [n, ...] per replica.
    """
    targets = defaultdict(list)
    for replica, teacher in zip(replicas, teachers, strict=bool(teachers)):
        net = Nets([teacher], device)
        part = PaddedPart.of([_clean_part(replica, corpus, frames)])
        of_zeros = embed(net, part.silent())
        for name, value in net.teach(embed(net, part), of_zeros).items():
            targets[name].append(value[0])
    return targets


def digest_clean_parts(
    nets: Nets, replicas: list[ReplicaData], corpus: LabelledCorpus, frames: dict[str, Frames]
) -> dict[str, list[Tensor]]:
    """What each of the replicas needs of its clean training part; see `Model.digest_clean`.

    Returns:
        By modality, a tensor [n, F] per replica.
    """
    digests = defaultdict(list)
    for place, replica in enumerate(replicas):
        one = Nets([nets.model(nets.weights[place])], nets.device)
        clean = _clean_part(replica, corpus, frames)
        for modality, rows in digest_clean(one, clean).items():
            digests[modality].append(rows[0])
    return digests


def _clean_part(
    replica: ReplicaData, corpus: LabelledCorpus, frames: dict[str, Frames]
) -> dict[str, Frames]:
    """The clean training part of a replica."""
    rows = replica.parts["train"]
    return evaluation_frames(
        frames, replica.normalisers, corpus.utterances, rows, "train", NO_CORRUPTION
    )
