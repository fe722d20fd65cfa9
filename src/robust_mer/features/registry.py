"""Extractors by name: one line each."""

from typing import NamedTuple


class Entry(NamedTuple):
    """What the workflow must know of an extractor before it imports it."""

    implementation: str
    modality: str  # audio, video or text
    faces: bool = False  # looks at faces, unless its setting `of` is frame


def _visual(implementation: str) -> Entry:
    return Entry(f"robust_mer.features.{implementation}", modality="video", faces=True)


EXTRACTORS = {
    "is13": Entry("robust_mer.features.is13:IS13", modality="audio"),
    "covarep": Entry("robust_mer.features.covarep:Covarep", modality="audio"),
    "mini_xception": _visual("mini_xception:MiniXception"),
    "denseface": _visual("denseface:DenseFace"),
    "resnet152": _visual("resnet:ResNet152"),
    "efficientnet": _visual("efficientnet:EfficientNetLite0"),
    "image_encoder": _visual("image_encoder:ImageEncoder"),
    "bert": Entry("robust_mer.features.bert:Bert", modality="text"),
}
