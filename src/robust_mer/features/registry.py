"""Extractors by name."""

EXTRACTORS = {
    "is13": "robust_mer.features.is13:IS13",
    "opensmile": "robust_mer.features.opensmile:OpenSmile",
    "covarep": "robust_mer.features.covarep:Covarep",
    "audio_encoder": "robust_mer.features.audio_encoder:AudioEncoder",
    "mini_xception": "robust_mer.features.mini_xception:MiniXception",
    "denseface": "robust_mer.features.denseface:DenseFace",
    "resnet152": "robust_mer.features.resnet:ResNet152",
    "efficientnet": "robust_mer.features.efficientnet:EfficientNetLite0",
    "image_encoder": "robust_mer.features.image_encoder:ImageEncoder",
    "openface": "robust_mer.features.openface:OpenFace",
    "bert": "robust_mer.features.bert:Bert",
    "glove": "robust_mer.features.glove:Glove",
}
