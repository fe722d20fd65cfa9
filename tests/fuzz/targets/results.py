"""Files that stages hand on: tables, the feature store, faces, schedules, predictions, layouts."""

from pathlib import Path

import numpy as np
import pandas as pd
from helpers.tasks import CLASSIFICATION

from fuzz.engine import Target
from fuzz.mutate import Files
from fuzz.targets.files import FOLDS, NAMES, made, utterances
from robust_mer.corruption.corrupt import read_alpha_bars
from robust_mer.data import read_corpus
from robust_mer.evaluation.answers import read_answers, read_held_out
from robust_mer.evaluation.published import read_published
from robust_mer.evaluation.summary import PredictionFile
from robust_mer.features.extract import read_utterances
from robust_mer.features.face_file import NAMES as FACE_NAMES
from robust_mer.features.face_file import FaceFile, write_face_file
from robust_mer.modality import Modality
from robust_mer.report.layouts import read_layouts, tables_of
from robust_mer.report.spec import Evaluation
from robust_mer.store import read_features, read_weights_sha256, write_features

_INDEX = utterances(NAMES).encode()
_PUBLISHED = Path(__file__).parents[3] / "resources/published"


def _frames(width: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal((n % 3, width)).astype("f4") for n in range(1, len(NAMES) + 1)]


def write_store(path: Path, width: int = 3, **more) -> None:
    """A file of the feature store."""
    write_features(
        path,
        NAMES,
        _frames(width),
        [f"f{n}" for n in range(width)],
        10.0,
        {"a": [1, {"b": 2}]},
        "00",
        {"numpy": "2"},
        **more,
    )


def _store() -> list[Files]:
    where = [np.arange(len(one), dtype="f4") for one in _frames(3)]
    return [
        made(lambda root: write_store(root / "x.h5")),
        made(lambda root: write_store(root / "x.h5", positions=where)),
    ]


def _read_store(root: Path, results: Path) -> None:
    features = read_features(root / "x.h5")
    for row in features.row_of().values():
        features.frames(row)
        if features.positions is not None or features.frame_rate:
            features.starts(row)
    features.count_not_finite()
    read_weights_sha256(root / "x.h5")


def _faces() -> list[Files]:
    def make(root: Path) -> None:
        frames = []
        for n in range(len(NAMES)):
            one = np.zeros((n % 3, len(FACE_NAMES)), "f4")
            one[:, -1] = 5  # bytes of a crop
            frames.append(one)
        crops = {}
        for n, name in enumerate(NAMES):
            crops[name] = root / f"{name}.jpg"
            crops[name].write_bytes(b"\xff" * 5 * (n % 3))
        report = pd.DataFrame(
            {
                "utterance": NAMES,
                "looked_at": 3,
                "seconds": 1.5,
                "status": ["failed"] + ["ok"] * 6,
                "reason": "why",
            }
        )
        write_face_file(
            root / "x.h5",
            report,
            crops,
            NAMES,
            frames,
            FACE_NAMES,
            10.0,
            {"a": 1},
            "",
            {},
            positions=None,
        )
        for path in root.glob("*.jpg"):
            path.unlink()

    return [made(make)]


def _read_faces(root: Path, results: Path) -> None:
    file = FaceFile(root / "x.h5")
    for name in NAMES[1:]:
        file.read(name)


def _corpus() -> list[Files]:
    more = made(lambda root: write_store(root / "audio.h5"))
    return [{"utterances.csv": _INDEX, "folds.csv": FOLDS.encode(), **more}]


def _read_corpus(root: Path, results: Path) -> None:
    audio = Modality("audio", "is13", "is13", normalise=False, not_finite=0.0)
    read_corpus(root / "utterances.csv", root / "folds.csv", [audio], [root / "audio.h5"])


def _read_utterances(root: Path, results: Path) -> None:
    read_utterances(root / "utterances.csv", root)


_SCHEDULE = (
    b"fold,modality,target_snr_db,variance,steps,alpha_bar,reached_snr_db,true_snr_db\n"
    b"1,audio,-10.0,1.0,46,0.09,-10.1,-10.0\n1,video,,,,,,\n2,audio,-10.0,1.0,46,0.09,-10.1,-10.0\n"
)


def _predictions() -> list[Files]:
    rows = [
        {
            "utterance": name,
            "fold": 1,
            "seed": 1,
            "part": "test",
            "condition": condition,
            "label": "sad",
            "predicted": "angry",
            "probability_angry": 0.7,
            "probability_sad": 0.3,
        }
        for name in NAMES[5:]
        for condition in ("a", "v", "av", "none")
    ]
    return [
        {"utterances.csv": _INDEX, "folds.csv": FOLDS.encode()}
        | made(
            lambda root: pd.DataFrame(rows).to_parquet(root / "predictions.parquet", index=False)
        )
    ]


_TESTED = ("men", "clean", "gaussian_-10dB")


def _read_predictions(root: Path, results: Path) -> None:
    tested = read_held_out(root / "utterances.csv", root / "folds.csv", [1], CLASSIFICATION.build())
    file = PredictionFile(*_TESTED, root / "predictions.parquet")
    read_answers(file, tested, [1], one_condition_seed=1)


_LAYOUT = b"""
two: {paper: P, caption: c, numbers: n.csv, labels: [A], measures: {wa: WA},
  cell: {condition: average, trained_on: "{tested_on}"},
  rows: [{label: M, class: men, published: {model: M}}],
  columns: [{head: [a], tested_on: clean, published: {noise: x}}]}
one: {paper: P, kind: samples, caption: c, numbers: n.csv, labels: [A], columns: {samples: S}}
"""


def _read_layouts(root: Path, results: Path) -> None:
    tables_of(
        read_layouts(root / "layouts.yaml"), {"m": "men"}, [Evaluation("m", "clean", "clean")]
    )


def _published() -> list[Files]:
    return [
        {
            p.name: p.read_bytes()[:600].rpartition(b"\n")[0] + b"\n"
            for p in _PUBLISHED.glob("*.csv")
        }
    ]


def _read_published(root: Path, results: Path) -> None:
    read_published(root, "IEMOCAP")


TARGETS = [
    Target("store", _store, _read_store),
    Target("faces", _faces, _read_faces, utterance_errors=True),
    Target("corpus", _corpus, _read_corpus, names=("training part",)),
    Target("utterances", lambda: [{"utterances.csv": _INDEX}], _read_utterances),
    Target(
        "schedule",
        lambda: [{"schedule.csv": _SCHEDULE}],
        lambda root, results: read_alpha_bars(root / "schedule.csv"),
    ),
    Target("predictions", _predictions, _read_predictions),
    Target("layouts", lambda: [{"layouts.yaml": _LAYOUT}], _read_layouts),
    Target("published", _published, _read_published, names=("published numbers",)),
]
