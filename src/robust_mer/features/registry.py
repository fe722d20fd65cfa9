"""Extractors by name: one line each."""

from typing import NamedTuple


class Entry(NamedTuple):
    """What the workflow must know of an extractor before it imports it."""

    implementation: str
    modality: str  # audio, video or text
    faces: bool = False  # looks at faces, unless its setting `of` is frame
    uses_gpu: bool = False  # where there is one
    # Collections that what it carries was trained on; none: nothing was trained; None: not known.
    trained_on: tuple[str, ...] | None = None


def _acoustic(implementation: str, **more) -> Entry:
    return Entry(f"robust_mer.features.{implementation}", modality="audio", **more)


def _visual(implementation: str, **more) -> Entry:
    name = f"robust_mer.features.{implementation}"
    return Entry(name, modality="video", faces=True, uses_gpu=True, **more)


def _lexical(implementation: str, **more) -> Entry:
    return Entry(f"robust_mer.features.{implementation}", modality="text", **more)


EXTRACTORS = {
    "is13": _acoustic("is13:IS13", trained_on=()),
    "opensmile": _acoustic("opensmile:OpenSmile", trained_on=()),
    "covarep": _acoustic("covarep:Covarep", trained_on=()),
    "audio_encoder": _acoustic("audio_encoder:AudioEncoder", uses_gpu=True),
    "mini_xception": _visual("mini_xception:MiniXception", trained_on=("FER2013",)),
    "denseface": _visual("denseface:DenseFace", trained_on=("FER2013 without composite's faces",)),
    "resnet152": _visual("resnet:ResNet152"),
    "efficientnet": _visual("efficientnet:EfficientNetLite0", trained_on=("ImageNet",)),
    "image_encoder": _visual("image_encoder:ImageEncoder"),
    "bert": _lexical("bert:Bert", uses_gpu=True),
    "glove": _lexical("glove:Glove"),
}
