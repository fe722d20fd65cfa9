"""What teachers set their students."""

from collections import defaultdict

import torch
from torch import Tensor

from robust_mer.data import Corpus
from robust_mer.engine.corruption import NO_CORRUPTION, evaluation_frames
from robust_mer.engine.frames import Frames
from robust_mer.engine.nets import Nets
from robust_mer.engine.predict import PaddedPart, embed
from robust_mer.engine.replica import ReplicaData
from robust_mer.models.model import Model


def teach(
    teachers: list[Model],
    replicas: list[ReplicaData],
    corpus: Corpus,
    frames: dict[str, Frames],
    device: torch.device,
) -> dict[str, list[Tensor]]:
    """What each teacher says of its training part when that is clean; computed once.

    One teacher after the other: all at once would need a copy of the corpus for each.

    Args:
        teachers: One a replica; none where the model has no teacher.
        replicas: The students' data.
        corpus: Utterances and folds.
        frames: All frames of the corpus on the device.
        device: Where the teachers compute.

    Returns:
        By name, a tensor [n, ...] a replica.
    """
    taught = defaultdict(list)
    for replica, teacher in zip(replicas, teachers, strict=bool(teachers)):
        net = Nets([teacher], device)
        values = evaluation_frames(
            frames,
            replica.normalisers,
            corpus.utterances,
            replica.parts["train"],
            "train",
            NO_CORRUPTION,
        )
        part = PaddedPart.of([values])
        of_zeros = embed(net, part.silent())
        for name, value in net.teach(embed(net, part), of_zeros).items():
            taught[name].append(value[0])
    return taught
