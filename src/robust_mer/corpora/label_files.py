"""Label files of the GCNet line and of MERBench, and what they say of each utterance.

GCNet (Lian et al. 2022) publishes pickles: a list of dicts by video, ``videoIDs, videoLabels,
videoSpeakers, videoSentences``, then the sets of videos for training and test, or for training,
validation and test. MERBench (Lian et al. 2024) publishes ``.npz`` files with an array
``{part}_corpus`` for each part, whose only item is a dict ``{utterance: {emo, val}}``.

Sources: ``gcnet/dataloader_iemocap.py`` and ``dataloader_cmumosi.py`` of zeroQiaoba/GCNet,
``MERBench/toolkit/dataloader`` and ``preprocess`` of zeroQiaoba/MERTools.
"""

import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from robust_mer.corpora.feature_files import part_if_known, text_of
from robust_mer.corpora.pickles import read_pickle, read_pickled
from robust_mer.errors import InputError
from robust_mer.files import naming

_UNKNOWN = -10.0  # MERBench's value of an utterance whose valence nobody rated
_WHOLE = "whole"  # MERBench's part of corpora without a split
_CORPUS = re.compile(r"(\w+)_corpus")
_PICKLED = (".pkl", ".pickle")
_SETS = {2: ("train", "test"), 3: ("train", "validation", "test")}


@dataclass(frozen=True)
class Labelled:
    """What a label file says of an utterance."""

    utterance: str
    emotion: int | str | None
    """A class by its number or its name; None where the file labels the sentiment alone."""
    value: float
    """Valence or sentiment; NaN where unknown."""
    part: str
    """``train``, ``validation``, ``test``, or empty."""
    subset: str
    """The part by the file's own name, e.g. ``test2``."""
    video: str = ""
    """Empty where the file does not say."""
    speaker: str = ""
    """Within the video; empty where the file does not say."""
    text: str = ""


def read_labels(path: Path) -> list[Labelled]:
    """The utterances of a label file of GCNet (``.pkl``) or MERBench (``.npz``), in its order.

    Raises:
        InputError: it is damaged, of another layout, or holds anything but plain containers.
    """
    if path.suffix in _PICKLED:
        content = read_pickle(path)
        with naming(path, "a label file of GCNet"):
            labelled = list(_of_videos(content, path))
    else:
        with naming(path, "a label file of MERBench"):
            labelled = list(_of_parts(path))
    if not labelled:
        raise InputError(f"{path} labels no utterance")
    return labelled


def _of_videos(content: Any, path: Path) -> Iterator[Labelled]:
    """Utterances by part and video."""
    count = len(content) if isinstance(content, list | tuple) else 0
    is_known = count - 4 in _SETS and all(isinstance(one, dict) for one in content[:4])
    if not is_known:
        raise InputError(
            f"{path} holds {_describe(content)}; expected a list of names, labels, speakers and "
            "sentences by video, and of the sets of videos for training, (validation and) test"
        )
    names, labels, speakers, sentences = content[:4]
    for part, videos in zip(_SETS[count - 4], content[4:], strict=True):
        for video in sorted(videos, key=text_of):
            columns = [list(of[video]) for of in (names, labels, speakers, sentences)]
            if len({len(column) for column in columns}) != 1:
                sizes = ", ".join(str(len(column)) for column in columns)
                raise InputError(
                    f"{path}: the video {text_of(video)} has {sizes} names, labels, speakers and "
                    "sentences; expected as many of each"
                )
            for name, label, speaker, sentence in zip(*columns, strict=True):
                is_class = isinstance(label, int | np.integer)
                yield Labelled(
                    utterance=text_of(name),
                    emotion=int(label) if is_class else None,
                    value=math.nan if is_class else float(label),
                    part=part,
                    subset=part,
                    video=text_of(video),
                    speaker=text_of(speaker),
                    text=text_of(sentence),
                )


def _of_parts(path: Path) -> Iterator[Labelled]:
    """Utterances by part; the file labels the sentiment alone if all have the emotion 0."""
    parts = [(name, _dict_in(path, name)) for name in _corpora(path)]
    emotions = {text_of(label["emo"]) for _, corpus in parts for label in corpus.values()}
    for name, corpus in parts:
        part = "" if name == _WHOLE else part_if_known(name.rstrip("0123456789"))
        for utterance, label in corpus.items():
            emotion = label["emo"]
            is_number = isinstance(emotion, int | np.integer)
            named: int | str = int(emotion) if is_number else text_of(emotion)
            yield Labelled(
                utterance=text_of(utterance),
                emotion=None if emotions == {"0"} else named,
                value=_value(label.get("val", "")),
                part=part,
                subset=name,
            )


def _corpora(path: Path) -> list[str]:
    with np.load(path, allow_pickle=False) as file:
        names = [match[1] for name in file.files if (match := _CORPUS.fullmatch(name))]
        if not names:
            raise InputError(
                f"{path} has the arrays {', '.join(file.files) or 'none'}; expected "
                "train_corpus, val_corpus, test_corpus or whole_corpus"
            )
    return names


def _dict_in(path: Path, name: str) -> dict[Any, Any]:
    """The dict that is the only item of an array of objects."""
    with np.load(path, allow_pickle=False) as file:
        member = io.BytesIO(file.zip.read(f"{name}_corpus.npy"))
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        np.lib.format.read_array_header_1_0(member)
    else:
        np.lib.format.read_array_header_2_0(member)
    array = read_pickled(member.read(), path)
    corpus = array.item() if isinstance(array, np.ndarray) and array.size == 1 else array
    if not isinstance(corpus, dict) or not all(
        isinstance(label, dict) and "emo" in label for label in corpus.values()
    ):
        raise InputError(
            f"{path}: {name}_corpus holds {_describe(corpus)}; expected a dict of emo and val for "
            "each utterance"
        )
    return corpus


def _value(given: Any) -> float:
    """A valence; NaN where it is empty or stands for an unknown one."""
    value = float(given) if given != "" else math.nan
    return math.nan if value == _UNKNOWN else value


def _describe(content: Any) -> str:
    if isinstance(content, Sequence) and not isinstance(content, str):
        kinds = ", ".join(type(one).__name__ for one in content[:8])
        return f"a {type(content).__name__} of {len(content)} items ({kinds or 'none'})"
    return f"a {type(content).__name__}"
