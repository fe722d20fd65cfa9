"""Published features: the readers' index and the import into the feature store."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from unittest import mock

import numpy as np
from generators import gcnet, mmin, mosei
from helpers.corpora import import_modality, reader_of

from fuzz.engine import Target
from fuzz.mutate import Files
from fuzz.targets.corpora import indexes, small_mosei
from fuzz.targets.files import made
from robust_mer.errors import InputError
from robust_mer.features.imported import take

_SIZES = {"train": 3, "valid": 2, "test": 2}
_NARROW = {"vision": 2, "audio": 4, "text": 3}


def _looks(reader: str, modalities: tuple[str, ...], **settings) -> Callable[[Path, Path], None]:
    """Read the index and the frames of all utterances of each modality, each on its own."""
    utterances: list[str] = []  # the seeds'

    def read(root: Path, results: Path) -> None:
        refused = None
        corpus = reader_of(reader, root, **settings)
        try:
            reading = corpus.read()
            if len(utterances) < 30:
                utterances.extend(row["utterance"] for row in reading.rows)
        except InputError as error:
            refused = error
        for modality in modalities:
            try:
                source = corpus.features(modality)
                for utterance in utterances[:20]:
                    with suppress(KeyError):  # of another seed
                        take(source, utterance)
            except InputError as error:
                refused = error
        if refused:
            raise refused

    return read


def _imports(reader: str, modality: str, **settings) -> Callable[[Path, Path], None]:
    """Index a folder, then import a modality."""

    def read(root: Path, results: Path) -> None:
        indexes(reader, **settings)(root, results)
        import_modality(reader, root, results, modality, max_failed=0.9, **settings)

    return read


def _mmin() -> list[Files]:
    found = []
    for names in (
        [f"Ses0{n % 3 + 1}F_impro01_{'FM'[n % 2]}00{n}" for n in range(9)],
        [f"MSP-IMPROV-S01A-F0{n % 3 + 1}-S-FM0{n}" for n in range(9)],
    ):
        labels = {name: n % 2 for n, name in enumerate(names)}
        folds = {n: {"trn": names[:4], "val": names[4:6], "tst": names[6:]} for n in (1, 2)}
        narrow = {path: 3 for path in mmin.WIDTHS}
        with mock.patch.object(mmin, "WIDTHS", narrow):
            found.append(made(lambda root, x=labels, f=folds: mmin.make_mmin(root, x, f)))
    return found


def _multibench() -> list[Files]:
    with mock.patch.multiple(mosei, WIDTHS=_NARROW, WORDS=4):
        return [
            made(
                lambda root, p=protocol: mosei.make_multibench(
                    root / "mosei_senti_data.pkl", _SIZES, 2, protocol=p
                )
            )
            for protocol in (2, 4, 5)
        ]


def _mmsa() -> list[Files]:
    with mock.patch.multiple(mosei, WIDTHS=_NARROW, WORDS=4):
        return [
            made(lambda root, a=aligned: mosei.make_mmsa(root / "unaligned_50.pkl", _SIZES, 2, a))
            for aligned in (True, False)
        ]


def _npy() -> list[Files]:
    videos = {f"v{n}": [f"v{n}_{clip}" for clip in range(2)] for n in range(4)}
    labels = {name: place % 2 for place, name in enumerate(n for v in videos.values() for n in v)}

    def make(root: Path) -> None:
        gcnet.write_pickle(root / "labels.pkl", videos, labels, [{"v0", "v1"}, {"v2"}, {"v3"}])
        gcnet.write_features(root, labels)

    return [made(make)]


def _merbench() -> list[Files]:
    def make(root: Path) -> None:
        labels = {f"v{n // 2}_{n}": n % 2 for n in range(8)}
        parts: dict[str, dict[str, dict[str, float]]] = {"train": {}, "val": {}, "test1": {}}
        for part, (name, label) in zip(3 * list(parts), labels.items(), strict=False):
            parts[part][name] = {"emo": label, "val": label / 2 - 10}
        gcnet.write_npz(root / "labels.npz", parts)
        gcnet.write_features(root, labels)

    return [made(make)]


def _npz() -> list[Files]:
    def make(root: Path) -> None:
        rng = np.random.default_rng(0)
        np.savez(
            root / "features.npz",
            utterance=np.array([f"u{n}" for n in range(7)]),
            speaker=np.array([f"p{n % 4}" for n in range(7)]),
            label=np.array(["sad", "angry", "sad", "angry", "sad", "angry", "sad"]),
            audio=rng.standard_normal((7, 3)).astype("f4"),
            video=rng.standard_normal((7, 2, 3)),
        )

    return [made(make)]


def _target(
    name: str,
    seeds: Callable[[], list[Files]],
    modalities: tuple[str, ...],
    mutable: tuple[str, ...] = (),
    reader: str = "",
    **settings,
) -> Target:
    reader = reader or name
    return Target(
        name,
        seeds,
        _looks(reader, modalities, **settings),
        _imports(reader, modalities[0], **settings),
        mutable,
        names=("folds:", "utterances have no word times", "input/target"),
    )


TARGETS = [
    _target(
        "mmin",
        _mmin,
        ("audio", "text"),
        ("A/comparE.h5", "L/*.h5", "*.npy"),
        classes=["sad", "angry"],
    ),
    _target("multibench", _multibench, ("audio",)),
    _target("mmsa", _mmsa, ("audio", "text")),
    _target(
        "npy_pickle",
        _npy,
        ("audio", "video"),
        reader="npy",
        file="labels.pkl",
        classes=["sad", "angry"],
    ),
    _target(
        "npy_npz",
        _merbench,
        ("audio", "video"),
        reader="npy",
        file="labels.npz",
        classes=["sad", "angry"],
    ),
    _target("npz", _npz, ("audio", "video")),
    _target(
        "csd",
        lambda: [made(small_mosei)],
        ("audio",),
        ("*COVAREP.csd", "*Words.csd", "*Labels.csd"),
        "cmu_mosei",
        split="split.csv",
    ),
]
