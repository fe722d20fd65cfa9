"""Extractors by name: one line each."""

from typing import NamedTuple


class Entry(NamedTuple):
    """What the workflow must know of an extractor before it imports it."""

    implementation: str
    modality: str  # audio, video or text


EXTRACTORS = {
    "is13": Entry("robust_mer.features.is13:IS13", modality="audio"),
    "covarep": Entry("robust_mer.features.covarep:Covarep", modality="audio"),
    "mini_xception": Entry("robust_mer.features.mini_xception:MiniXception", modality="video"),
    "bert": Entry("robust_mer.features.bert:Bert", modality="text"),
}
