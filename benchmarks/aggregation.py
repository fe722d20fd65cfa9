"""Time and memory from prediction files to tables and statistics: the papers' full grid, simulated.

    python benchmarks/aggregation.py

It needs Linux, 3 GB of disk and two cores, but no install and no data. README.md explains the
columns.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

if TYPE_CHECKING:
    from robust_mer.report.spec import Experiment

PUBLISHED = ROOT / "resources/published"
LAYOUTS = PUBLISHED / "layouts.yaml"
MODELS = (
    "majority",
    "men",
    "men_augmented",
    "mctn",
    "mmin",
    "if_mmin",
    "nmer",
    "nmer_without_vae",
    "nmer_without_invariance",
)
CLEAN_ONLY = ("majority", "men")
NOISES = [f"{kind}_{snr}dB" for kind, snr in product(("gaussian", "impulse"), (-10, -20, -30, -40))]
CONDITIONS = ["a", "v", "l", "av", "al", "vl", "none"]
FOLDS, SEEDS = list(range(1, 11)), [1, 2, 3]
CORPORA = {
    # published name: test utterances of all folds, speakers, classes, evaluated under one condition
    "IEMOCAP": (5531, 10, ["angry", "happy", "neutral", "sad"], None),
    "CMU-MOSEI": (4643, 1000, ["negative", "positive"], 1),
}


def main() -> None:
    arguments = _parse()
    with tempfile.TemporaryDirectory(prefix="robust-mer-benchmark-", dir=arguments.folder) as name:
        print(f"{'corpus':10} {'step':18} {'seconds':>8} {'cpu s':>8} {'GB':>6}", flush=True)
        totals, highest = np.zeros(2), 0.0
        for corpus in CORPORA:
            folder = Path(name) / corpus
            files = _simulate(folder, corpus, arguments.utterances)
            for step in (_tables, _statistics, _papers, _claims):
                seconds, cpu, peak = _measure(step, folder, corpus, files)
                title = step.__name__.strip("_")
                print(f"{corpus:10} {title:18} {seconds:8.1f} {cpu:8.1f} {peak:6.2f}", flush=True)
                totals += [seconds, cpu]
                highest = max(highest, peak)
        print(f"{'all':10} {'':18} {totals[0]:8.1f} {totals[1]:8.1f} {highest:6.2f}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", help="where to write, e.g. a large disk; default: the system's")
    parser.add_argument(
        "--utterances", type=float, default=1.0, help="share of the corpora's size, for a trial"
    )
    return parser.parse_args()


def _simulate(folder: Path, corpus: str, share: float) -> dict[tuple[str, str, str], Path]:
    """An index, folds, and a file of predictions for each (model, trained on, tested on)."""
    folder.mkdir(parents=True)
    size, speakers, classes, _ = CORPORA[corpus]
    size = int(size * share)
    rng = np.random.default_rng(1)
    speaker = np.arange(size) * speakers // size
    fold = speaker * len(FOLDS) // speakers
    label = rng.integers(0, len(classes), size)
    names = np.array([f"utterance_{number:05}" for number in range(size)])
    pd.DataFrame(
        {
            "utterance": names,
            "session": speaker // 2,
            "speaker": speaker,
            "label": np.array(classes)[label],
        }
    ).to_csv(folder / "utterances.csv", index=False)
    part = {
        k: np.select([fold == k, fold == k ^ 1], ["test", "validation"], "train")
        for k in range(len(FOLDS))
    }
    pd.concat(
        [pd.DataFrame({"fold": k + 1, "part": part[k], "utterance": names}) for k in part]
    ).to_csv(folder / "folds.csv", index=False)
    rows = pd.concat(
        [
            pd.DataFrame(
                {
                    "place": np.flatnonzero(part[k] == part_name),
                    "fold": k + 1,
                    "seed": seed,
                    "part": part_name,
                    "condition": condition,
                }
            )
            for k, seed, part_name, condition in product(
                part, SEEDS, ("validation", "test"), CONDITIONS
            )
        ],
        ignore_index=True,
    )
    files = {}
    for model, noise in product(MODELS, ["clean", *NOISES]):
        trained_on = "clean" if model in CLEAN_ONLY else noise
        files[model, trained_on, noise] = path = folder / f"{model}+{noise}.parquet"
        subset = rows
        if noise == "clean":
            subset = rows[rows["condition"] == "none"].assign(condition="avl")
        scores = rng.standard_normal((len(subset), len(classes)), dtype=np.float32)
        scores[np.arange(len(subset)), label[subset["place"]]] += 0.5 + 0.1 * MODELS.index(model)
        probability = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        pd.DataFrame(
            {
                "utterance": names[subset["place"]],
                **{name: subset[name] for name in ("fold", "seed", "part", "condition")},
                "label": np.array(classes)[label[subset["place"]]],
                "predicted": np.array(classes)[probability.argmax(axis=1)],
                **{
                    f"probability_{c}": probability[:, k].astype(float)
                    for k, c in enumerate(classes)
                },
            }
        ).to_parquet(path, index=False)
    return files


def _experiment(corpus: str, files: dict) -> "Experiment":
    from robust_mer.conditions import read_name
    from robust_mer.metrics.registry import METRICS
    from robust_mer.report.spec import CorruptionFacts, Evaluation, Experiment
    from robust_mer.settings import Plugin
    from robust_mer.tasks.classification import ClassificationSettings
    from robust_mer.tasks.registry import TASKS

    names = {noise: read_name(noise) for noise in NOISES}
    return Experiment(
        task=Plugin(TASKS["classification"], ClassificationSettings().model_dump()),
        metrics=(Plugin(METRICS["wa"], {}), Plugin(METRICS["ua"], {})),
        name="paper",
        corpus=corpus,
        models={model: model for model in MODELS},
        folds=tuple(FOLDS),
        seeds=tuple(SEEDS),
        evaluations=tuple(Evaluation(*key) for key in files),
        corruptions={
            noise: CorruptionFacts(name.kind, name.amount, name.unit, less_is_worse=True)
            for noise, name in names.items()
        },
        published=corpus,
        one_condition_seed=CORPORA[corpus][3],
    )


def _tables(folder: Path, corpus: str, files: dict) -> None:
    from robust_mer.evaluation.scores import SummaryFiles, write_summary
    from robust_mer.evaluation.spec import SummarySpec
    from robust_mer.runtime import Runtime

    experiment = _experiment(corpus, files)
    published = sorted(PUBLISHED.glob("*.csv"))
    summary = _results(folder)["summary"]
    written = SummaryFiles(list(files.values()), [], published, summary)
    write_summary(SummarySpec(experiment, ()), written, Runtime())
    _make(folder, experiment, ["average", "conditions"])


def _statistics(folder: Path, corpus: str, files: dict) -> None:
    from robust_mer.evaluation.scores import ScoresFiles, compute_statistics
    from robust_mer.evaluation.spec import ScoresSpec
    from robust_mer.runtime import Runtime

    experiment, results = _experiment(corpus, files), _results(folder)
    names = ("utterances", "folds", "intervals", "comparisons", "reliability", "curves")
    written = ScoresFiles(list(files.values()), *(results[name] for name in names))
    compute_statistics(ScoresSpec(experiment), written, Runtime())
    _make(folder, experiment, ["comparisons", "reliability"])


def _papers(folder: Path, corpus: str, files: dict) -> None:
    from robust_mer.report.layouts import read_layouts, tables_of

    experiment = _experiment(corpus, files)
    _make(
        folder,
        experiment,
        tables_of(read_layouts(LAYOUTS), experiment.models, experiment.evaluations),
    )


def _claims(folder: Path, corpus: str, files: dict) -> None:
    _make(folder, _experiment(corpus, files), ["claims", "orderings"])


def _make(folder: Path, experiment: "Experiment", names: list[str]) -> None:
    from robust_mer.report.layouts import read_layouts
    from robust_mer.report.spec import Facts, TableFiles, TableSpec
    from robust_mer.report.tables.base import make_table
    from robust_mer.report.tables.registry import tables_of
    from robust_mer.runtime import Runtime

    tables = tables_of(experiment, Facts(), read_layouts(LAYOUTS))
    for name in names:
        path = folder / f"tables/paper_{name}"
        written = {suffix: path.with_suffix(f".{suffix}") for suffix in ("csv", "md", "tex")}
        files = TableFiles(**_results(folder), layouts=LAYOUTS, **written)
        make_table(TableSpec(name, tables[name], experiment), files, Runtime())


def _results(folder: Path) -> dict[str, Path]:
    names = {"summary": "all", "curves": "risk_coverage"}
    scores = ("summary", "intervals", "comparisons", "reliability", "curves")
    return {
        **{name: folder / f"tables/paper_{names.get(name, name)}.csv" for name in scores},
        **{name: folder / f"{name}.csv" for name in ("utterances", "folds")},
    }


def _measure(step: Callable, *arguments: object) -> tuple[float, float, float]:
    """Seconds, processor seconds and peak memory in GB of a step in a separate process."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    started = time.perf_counter()
    process = context.Process(target=_run, args=(queue, step, *arguments))
    process.start()
    process.join()
    seconds = time.perf_counter() - started
    if process.exitcode:
        raise SystemExit(f"{step.__name__} failed")
    return seconds, *queue.get()


def _run(queue: multiprocessing.Queue, step: Callable, *arguments: object) -> None:
    step(*arguments)
    used = resource.getrusage(resource.RUSAGE_SELF)
    queue.put((used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6))


if __name__ == "__main__":
    main()
