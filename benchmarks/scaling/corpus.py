"""Cost of the stages on corpora of growing size, with tiny recordings and narrow features."""

import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from scaling.measure import Cost, exponent, of_function, print_head, print_row

if TYPE_CHECKING:
    from robust_mer.report.spec import Experiment

_OF_A_SPEAKER = 100  # utterances
_GROUPS, _SEEDS = 10, [1, 2, 3]
_FRAMES, _WIDTHS = 10, {"audio": 64, "text": 32}
_WORDS = 10
_MODELS, _CORRUPTIONS = ("men_augmented", "nmer"), ("clean", "gaussian_-10dB")
_CONDITIONS = ["a", "l", "none"]
_TOLD_SECONDS, _TOLD_MEGABYTES = 0.1, 5  # smaller differences are noise
_CLASSES = ["angry", "happy", "neutral", "sad"]


def measure_corpus(folder: Path, sizes: list[int], only: list[str] | None) -> None:
    """Print the cost of every step on corpora of growing size.

    Args:
        folder: Working folder.
        sizes: Numbers of utterances.
        only: Names of steps; None: all. Index and folds are always made.
    """
    print("\nUtterances\n")
    print_head(["step", "utterances", "seconds", "cpu s", "MB", "cpu: exponent", "MB: exponent"])
    costs: dict[str, dict[int, Cost]] = {}
    for size in sizes:
        place = folder / f"corpus{size}"
        made = set()
        for name, (make, step) in _STEPS.items():
            if only and name not in (*only, "index", "folds"):
                continue
            if make and make not in made:
                of_function(make, place, size)
                made.add(make)
            cost = of_function(step, place)
            of_step = costs.setdefault(name, {})
            of_step[size] = cost
            print_row([name, size, cost.seconds, cost.cpu, cost.megabytes, *_growth(of_step)])
        shutil.rmtree(place)


def _growth(costs: dict[int, Cost]) -> list[object]:
    """Exponents between the two largest sizes, after subtracting the cost of the smallest."""
    if len(costs) < 3:
        return ["", ""]
    (least, base), *_ = costs.items()
    (smaller, less), (larger, more) = list(costs.items())[-2:]
    sizes = smaller - least, larger - least
    cpu = less.cpu - base.cpu, more.cpu - base.cpu
    megabytes = less.megabytes - base.megabytes, more.megabytes - base.megabytes
    return [
        exponent(sizes, cpu) if cpu[0] > _TOLD_SECONDS else "",
        exponent(sizes, megabytes) if megabytes[0] > _TOLD_MEGABYTES else "",
    ]


# Inputs of the steps, made in a separate process and not counted.


def _names(size: int) -> list[str]:
    return [f"u{number:07}" for number in range(size)]


def _make_manifest(folder: Path, size: int) -> None:
    import pandas as pd

    root = folder / "root"
    names = _names(size)
    audio = [f"audio/{number // 1000}/{name}.wav" for number, name in enumerate(names)]
    for number, (name, path) in enumerate(zip(names, audio, strict=True)):
        if number % 1000 == 0:
            (root / path).parent.mkdir(parents=True)
        (root / path).write_text(name)
    speaker = [f"speaker{number // _OF_A_SPEAKER:05}" for number in range(size)]
    pd.DataFrame(
        {
            "utterance": names,
            "session": speaker,
            "speaker": speaker,
            "label": [_CLASSES[number % len(_CLASSES)] for number in range(size)],
            "audio": audio,
            "text": "3",
        }
    ).to_csv(root / "manifest.csv", index=False)


def _make_npz(folder: Path, size: int) -> None:
    import numpy as np

    values = np.random.default_rng(1).standard_normal((size, 74), dtype=np.float32)
    names = np.array(_names(size))
    np.savez(folder / "root/features.npz", utterance=names, audio=values)


def _make_stores(folder: Path, size: int) -> None:
    import numpy as np

    from robust_mer.store import write_features

    rng = np.random.default_rng(1)
    for modality, width in _WIDTHS.items():
        frames = (rng.standard_normal((_FRAMES, width), dtype=np.float32) for _ in range(size))
        names = [f"{modality}{number}" for number in range(width)]
        write_features(folder / f"{modality}.h5", _names(size), frames, names, 10.0, {}, "")


def _make_predictions(folder: Path, size: int) -> None:
    """Predictions as evaluation writes them: both parts of every fold, seed and condition."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    folds = pd.read_csv(folder / "folds.csv")
    labels = pd.read_csv(folder / "utterances.csv").set_index("utterance")["label"]
    for (_, corruption), path in _predictions(folder).items():
        conditions = ["al"] if corruption == "clean" else _CONDITIONS
        writer = None
        for fold, seed in product(range(1, _GROUPS + 1), _SEEDS):
            own = folds[(folds["fold"] == fold) & (folds["part"] != "train")]
            rows = pd.concat([own.assign(condition=c) for c in conditions], ignore_index=True)
            label = rows["utterance"].map(labels)
            scores = rng.random((len(rows), len(_CLASSES)))
            scores[np.arange(len(rows)), [_CLASSES.index(one) for one in label]] += 0.2
            chances = scores / scores.sum(axis=1, keepdims=True)
            table = pa.Table.from_pandas(
                pd.DataFrame(
                    {
                        "utterance": rows["utterance"],
                        "fold": fold,
                        "seed": seed,
                        "part": rows["part"],
                        "condition": rows["condition"],
                        "label": label,
                        "predicted": np.array(_CLASSES)[chances.argmax(axis=1)],
                        **{f"probability_{c}": chances[:, k] for k, c in enumerate(_CLASSES)},
                    }
                ),
                preserve_index=False,
            )
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
        writer.close()


def _predictions(folder: Path) -> dict[tuple[str, str], Path]:
    return {
        (model, corruption): folder / f"{model}+{corruption}.parquet"
        for model, corruption in product(_MODELS, _CORRUPTIONS)
    }


# The steps, as the workflow calls them.


def _index(folder: Path) -> None:
    from helpers.corpora import index

    index("manifest", folder / "root", folder)


def _folds(folder: Path) -> None:
    from helpers.corpora import folds

    folds(folder, scheme="speaker_groups", groups=_GROUPS)


def _changed(folder: Path) -> None:
    from robust_mer.corpora.index import changed_media

    if changed_media(folder / "media.csv", folder / "root"):
        raise RuntimeError("recordings changed")


def _words(folder: Path) -> None:
    from robust_mer.corpora.words import WordsFiles, WordsSpec, index_words
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    files = WordsFiles(
        words=folder / "words.csv",
        problems=folder / "words_problems.csv",
        utterances=folder / "utterances.csv",
    )
    spec = WordsSpec(Plugin("scaling.words:SameWords", {"count": _WORDS}))
    index_words(spec, files, Runtime(root=str(folder / "root")))


def _import(folder: Path) -> None:
    from helpers.corpora import import_modality

    import_modality("npz", folder / "root", folder, "audio")


def _extract(folder: Path) -> None:
    from robust_mer.features.extract import extract_features
    from robust_mer.features.specs import ExtractFiles, ExtractSpec
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    settings = {"log": str(folder / "extraction.log")}
    extract_features(
        ExtractSpec(Plugin("numbers_extractor:Numbers", settings)),
        ExtractFiles(folder / "utterances.csv", folder / "numbers.h5", folder / "numbers.csv"),
        Runtime(threads=2, root=str(folder / "root")),
    )


def _stores(folder: Path) -> dict[str, Path]:
    return {modality: folder / f"{modality}.h5" for modality in _WIDTHS}


def _schedule(folder: Path) -> None:
    from robust_mer.conditions import Corruption, NoiseSpec
    from robust_mer.corruption.corrupt import write_schedule
    from robust_mer.corruption.specs import ScheduleFiles, ScheduleSpec
    from robust_mer.modality import Modality
    from robust_mer.runtime import Runtime

    noise = NoiseSpec(
        "gaussian", -10.0, "robust_mer.corruption.gaussian:Gaussian", {}, is_mask=False
    )
    write_schedule(
        ScheduleSpec(
            Corruption("gaussian_-10dB", dict.fromkeys(_WIDTHS, noise)),
            tuple(Modality(name, name, name, True, None) for name in _WIDTHS),
            "paper",
            "linear",
        ),
        ScheduleFiles(
            folder / "utterances.csv",
            folder / "folds.csv",
            list(_stores(folder).values()),
            folder / "schedule.csv",
        ),
        Runtime(),
    )


def _training(folder: Path) -> None:
    """The work before the first epoch: reads and normalises the features of one fold."""
    import torch

    from robust_mer.data import fit_normalisers, read_corpus
    from robust_mer.engine.frames import load_frames
    from robust_mer.modality import Modality

    tables = folder / "utterances.csv", folder / "folds.csv"
    modalities = [Modality(name, name, name, True, None) for name in _WIDTHS]
    corpus = read_corpus(*tables, modalities, list(_stores(folder).values()))
    fit_normalisers(corpus, 1)
    load_frames(corpus, torch.device("cpu"))


def _experiment(folder: Path) -> "Experiment":
    from robust_mer.conditions import read_name
    from robust_mer.metrics.registry import METRICS
    from robust_mer.report.spec import CorruptionFacts, Evaluation, Experiment
    from robust_mer.settings import Plugin
    from robust_mer.tasks.classification import ClassificationSettings
    from robust_mer.tasks.registry import TASKS

    keys = list(_files(folder))
    names = {tested_on: read_name(tested_on) for _, _, tested_on in keys}
    return Experiment(
        task=Plugin(TASKS["classification"], ClassificationSettings().model_dump()),
        metrics=(Plugin(METRICS["wa"], {}), Plugin(METRICS["ua"], {})),
        name="scale",
        corpus="scale",
        models={model: model for model in _MODELS},
        folds=tuple(range(1, _GROUPS + 1)),
        seeds=tuple(_SEEDS),
        evaluations=tuple(Evaluation(*key) for key in keys),
        corruptions={
            name: CorruptionFacts(parsed.kind, parsed.amount, parsed.unit, less_is_worse=True)
            for name, parsed in names.items()
            if parsed
        },
    )


def _files(folder: Path) -> dict[tuple[str, str, str], Path]:
    return {(m, c, c): path for (m, c), path in _predictions(folder).items()}


def _tables(folder: Path) -> None:
    from robust_mer.evaluation.scores import SummaryFiles, write_summary
    from robust_mer.evaluation.spec import SummarySpec
    from robust_mer.runtime import Runtime

    summary = folder / "tables/scale_all.csv"
    files = SummaryFiles(list(_files(folder).values()), [], [], summary)
    write_summary(SummarySpec(_experiment(folder), ()), files, Runtime())
    _make(folder, "average", "csv", "md", "tex")
    _make(folder, "conditions", "csv", "md", "tex")


def _statistics(folder: Path) -> None:
    from robust_mer.evaluation.scores import ScoresFiles, compute_statistics
    from robust_mer.evaluation.spec import ScoresSpec
    from robust_mer.runtime import Runtime

    results = _results(folder)
    names = ("utterances", "folds", "intervals", "comparisons", "reliability", "curves")
    files = ScoresFiles(list(_files(folder).values()), *(results[name] for name in names))
    compute_statistics(ScoresSpec(_experiment(folder)), files, Runtime())
    _make(folder, "comparisons", "md")
    _make(folder, "reliability", "md")


def _audit(folder: Path) -> None:
    """The audit, and the report's counts of the index and the folds."""
    from robust_mer.report.parts import fold_sizes, shared, target_sizes
    from robust_mer.tasks.classification import Classification, ClassificationSettings

    _make(folder, "audit", "csv", "md")
    index, folds, checks = (folder / f"{n}.csv" for n in ("utterances", "folds", "fold_checks"))
    target_sizes(Classification(ClassificationSettings()), index, folds, None)
    fold_sizes(folds, None)
    shared(checks)


def _make(folder: Path, name: str, *suffixes: str) -> None:
    from robust_mer.report.spec import CorpusFacts, Facts, TableFiles, TableSpec
    from robust_mer.report.tables.base import make_table
    from robust_mer.report.tables.registry import TABLES
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    facts = Facts(data=CorpusFacts(generated=True))
    spec = TableSpec(name, Plugin(TABLES[name], {}), _experiment(folder), facts)
    written = {suffix: folder / f"tables/scale_{name}.{suffix}" for suffix in suffixes}
    make_table(spec, TableFiles(**_results(folder), **written), Runtime())


def _results(folder: Path) -> dict[str, Path]:
    scores = ("intervals", "comparisons", "reliability")
    return {
        "summary": folder / "tables/scale_all.csv",
        "curves": folder / "tables/scale_risk_coverage.csv",
        "checks": folder / "fold_checks.csv",
        **{name: folder / f"tables/scale_{name}.csv" for name in scores},
        **{name: folder / f"{name}.csv" for name in ("utterances", "folds")},
    }


# By name: a function that makes the step's input, and the step.
_STEPS: dict[str, tuple[Callable | None, Callable]] = {
    "index": (_make_manifest, _index),
    "folds": (None, _folds),
    "changed media": (None, _changed),
    "words": (None, _words),
    "import": (_make_npz, _import),
    "extraction": (None, _extract),
    "schedule": (_make_stores, _schedule),
    "training set-up": (_make_stores, _training),
    "tables": (_make_predictions, _tables),
    "statistics": (_make_predictions, _statistics),
    "audit and report": (_make_predictions, _audit),
}
