"""Extractors by name: one line each."""

from typing import NamedTuple


class Entry(NamedTuple):
    """What the workflow must know of an extractor before it imports it."""

    implementation: str
    modality: str  # audio, video or text
    faces: bool = False  # looks at faces, unless its setting `of` is frame
    # Collections that what it carries was trained on; none: nothing was trained; None: not known.
    trained_on: tuple[str, ...] | None = None


def _visual(implementation: str, trained_on: tuple[str, ...] | None = None) -> Entry:
    return Entry(f"robust_mer.features.{implementation}", "video", True, trained_on)


EXTRACTORS = {
    "is13": Entry("robust_mer.features.is13:IS13", modality="audio", trained_on=()),
    "covarep": Entry("robust_mer.features.covarep:Covarep", modality="audio", trained_on=()),
    "mini_xception": _visual("mini_xception:MiniXception", ("FER2013",)),
    "denseface": _visual("denseface:DenseFace"),
    "resnet152": _visual("resnet:ResNet152"),
    "efficientnet": _visual("efficientnet:EfficientNetLite0", ("ImageNet",)),
    "image_encoder": _visual("image_encoder:ImageEncoder"),
    "bert": Entry("robust_mer.features.bert:Bert", modality="text"),
}
