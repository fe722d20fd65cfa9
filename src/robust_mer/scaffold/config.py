"""The text of a first config, with a comment for each decision."""

import json
from collections.abc import Sequence
from pathlib import Path

from robust_mer.corpora.registry import READERS
from robust_mer.errors import InputError
from robust_mer.files import write_text
from robust_mer.scan.write import corpus_name

_EXTRACTORS = {
    "audio": "{extractor: is13, normalise: true}",
    "video": "{extractor: denseface, normalise: true}",
    "text": "{extractor: minilm, normalise: false}",
}
_FEATURES = ("mmin", "multibench", "mmsa", "npz", "npy")
_SCHEMES = {
    "iemocap": ("{scheme: session_speakers}", "holds out one speaker of a session"),
    "msp_improv": ("{scheme: session_speakers}", "holds out one speaker of a session"),
    "meld": ("{scheme: part}", "the parts that the corpus brings"),
    "cmu_mosei": ("{scheme: part}", "the parts that the corpus brings"),
}
_BY_SPEAKERS = ("{scheme: speaker_groups, groups: 5}", "no speaker is in two parts")

_TEXT = """\
# A first config, written by robust-mer new. It overrides config.yaml, which explains every key.

# Names of the experiments to run.
run: [{name}]

experiments:
  {name}:
    corpus: {name}
    # Two baselines and a network; docs/models.md describes the others.
    models: [majority, logistic_regression, men]
    # A model is trained on each of these and tested on the same.
    corruptions: [clean, gaussian_-10dB]
    # A training sample keeps some modalities clean.
    conditions: [partial]
    # One fold and one seed for a first look. More of both make smaller differences visible.
    folds: [1]
    seeds: [1]

corpora:
  {name}:
    # docs/corpora/ describes the reader and its options.
    reader: {reader}
    root: {root}
    # {why}.
    folds: {folds}
    modalities:
{modalities}
"""


def write_config(path: Path, root: Path, reader: str, modalities: Sequence[str]) -> None:
    """Write a config that runs.

    Raises:
        InputError: the reader or a modality is unknown, or the reader brings features.
    """
    if reader not in READERS:
        raise InputError(f"--reader is {reader}, expected one of {', '.join(READERS)}")
    if reader in _FEATURES:
        raise InputError(
            f"--reader is {reader}, which reads published features: what a config needs depends on "
            "the files. docs/corpora/published_features.md has a config to copy"
        )
    if unknown := [one for one in modalities if one not in _EXTRACTORS]:
        raise InputError(
            f"--modalities names {unknown[0]}, expected some of {', '.join(_EXTRACTORS)}"
        )
    if not modalities:
        raise InputError(f"--modalities is empty, expected some of {', '.join(_EXTRACTORS)}")
    folds, why = _SCHEMES.get(reader, _BY_SPEAKERS)
    lines = [f"      {one}: {text}" for one, text in _EXTRACTORS.items() if one in modalities]
    text = _TEXT.format(
        name=corpus_name(root),
        reader=reader,
        root=json.dumps(str(root.resolve()), ensure_ascii=False),  # YAML reads JSON's strings
        why=f"How test speakers are chosen: {why}",
        folds=folds,
        modalities="\n".join(lines),
    )
    write_text(path, text)
