"""What a run leaves behind, from synthetic predictions, for tests of the report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from helpers.experiments import make_experiment
from helpers.tasks import CLASSIFICATION, metrics
from robust_mer.evaluation.scores import (
    ScoresFiles,
    SummaryFiles,
    compute_statistics,
    write_summary,
)
from robust_mer.evaluation.spec import ScoresSpec, SummarySpec
from robust_mer.provenance.facts import MadeWith
from robust_mer.report.figures.base import write_caption_and_chart
from robust_mer.report.figures.registry import FIGURES
from robust_mer.report.figures.style import in_style
from robust_mer.report.page import ExperimentFiles, RunFacts, page
from robust_mer.report.spec import (
    Facts,
    FigureFiles,
    FigureSpec,
    Shown,
    TableFiles,
    TableSpec,
    Training,
)
from robust_mer.report.tables.base import make_table
from robust_mer.report.tables.registry import TABLES
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin, load

_UTTERANCES = 24
_PUBLISHED = Path(__file__).parents[2] / "resources/published"


@dataclass
class SyntheticRun:
    """One experiment: predictions by chance and by class, and all that is made from them."""

    folder: Path
    models: tuple[str, ...] = ("men", "nmer", "mmin")
    corruptions: tuple[str, ...] = ("clean", "gaussian_0dB", "gaussian_-10dB", "gaussian_-40dB")
    classes: tuple[str, ...] = ("angry", "happy", "neutral", "sad")
    modalities: str = "avl"
    folds: int = 2
    has_statistics: bool = False
    task: Plugin = CLASSIFICATION
    evaluations: tuple[tuple[str, str, str], ...] = ()
    """Model, trained on, tested on; by default each model on each corruption."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the experiment."""

    @cached_property
    def experiment(self):
        """The first model is trained on clean data, the others on what they meet."""
        evaluations = self.evaluations or [
            (model, "clean" if model == self.models[0] else corruption, corruption)
            for model in self.models
            for corruption in self.corruptions
        ]
        return make_experiment(
            evaluations,
            name="synthetic",
            corpus="corpus",
            note="Synthetic: no evidence about people.",
            models=dict.fromkeys(self.models, "men"),
            folds=list(range(self.folds)),
            seeds=[1],
            is_mask_aware=list(self.models[2:3]),
            task=self.task,
            metrics=metrics(*self.task.build().measured),
            **self.more,
        )

    @cached_property
    def learning(self):
        """What was trained."""
        return tuple(
            dict.fromkeys(
                Training(one.model, one.trained_on) for one in self.experiment.evaluations
            )
        )

    def _write_corpus(self):
        names = [f"u{number}" for number in range(_UTTERANCES)]
        targets = self._targets()
        speakers = [f"speaker{number % 4}" for number in range(_UTTERANCES)]
        index = {"utterance": names, "session": speakers, "speaker": speakers, **targets}
        pd.DataFrame(index).to_csv(self.folder / "utterances.csv", index=False)
        rows = [
            (fold, part, f"u{number}")
            for fold in range(self.folds)
            for number in range(_UTTERANCES)
            for part in (["test"] if number % max(self.folds, 2) == fold else ["train"])
        ]
        folds = pd.DataFrame(rows, columns=["fold", "part", "utterance"])
        folds.to_csv(self.folder / "folds.csv", index=False)
        checks = {"fold": [0], "parts": ["train and test"], "shared": "texts", "count": 0}
        pd.DataFrame(checks).assign(promised="").to_csv(self.folder / "checks.csv", index=False)
        pd.DataFrame(columns=["file", "line", "problem"]).to_csv(
            self.folder / "problems.csv", index=False
        )
        return folds[folds["part"] == "test"]

    def _targets(self):
        """Columns of the index: classes in turn, or numbers on the whole of their scale."""
        number = np.arange(_UTTERANCES)
        if self.task == CLASSIFICATION:
            return {"label": [self.classes[n % len(self.classes)] for n in number]}
        low, high = self.task.settings.get("target_range", (0, 1))
        columns = self.task.build().columns
        shares = {name: number * (k + 3) % 7 / 6 for k, name in enumerate(columns)}
        if self.task.build().encoding == "label":
            shares = {name: share > 0.5 for name, share in shares.items()}
        return {name: low + (high - low) * share for name, share in shares.items()}

    def _conditions(self, corruption):
        if corruption == "clean":
            return [self.modalities]
        sizes = range(1, len(self.modalities) + 1)
        return ["none", *("".join(c) for n in sizes for c in combinations(self.modalities, n))]

    def _write_predictions(self):
        tested = self._write_corpus()
        draws = np.random.default_rng(0)
        paths = []
        for number, one in enumerate(self.experiment.evaluations):
            table = tested.merge(
                pd.DataFrame({"condition": self._conditions(one.tested_on)}), how="cross"
            )
            sure = 0.3 + 0.5 * self.corruptions[::-1].index(one.tested_on) / len(self.corruptions)
            if self.task == CLASSIFICATION:
                table = self._with_classes(table, sure, draws)
            else:
                table = self._with_numbers(table, sure, draws)
            paths.append(self.folder / f"{number}.parquet")
            table.assign(seed=1).to_parquet(paths[-1])
        return paths

    def _with_numbers(self, table, sure, draws):
        """Predictions of numbers or labels, the nearer to the targets the surer they are."""
        place = table["utterance"].str[1:].astype(int).to_numpy()
        target = np.stack(list(self._targets().values()), axis=1)[place].astype(np.float32)
        task = self.task.build()
        low, high = self.task.settings.get("target_range", (0, 1))
        right = 2 * (target - low) / (high - low) - 1
        output = sure * right + (1 - sure) * draws.normal(size=target.shape)
        return table.assign(**task.prediction_columns(target, torch.as_tensor(output)))

    def _with_classes(self, table, sure, draws):
        """Predictions of classes, right the more often the surer they are."""
        weight = draws.uniform(size=(len(table), len(self.classes)))
        number = table["utterance"].str[1:].astype(int)
        table["label"] = [self.classes[n % len(self.classes)] for n in number]
        right = table["label"].map(self.classes.index).to_numpy()
        weight[np.arange(len(table)), right] += 2 * sure * (draws.uniform(size=len(table)) < sure)
        probability = weight / weight.sum(axis=1, keepdims=True)
        return table.assign(
            predicted=[self.classes[place] for place in probability.argmax(axis=1)],
            **{f"probability_{n}": probability[:, k] for k, n in enumerate(self.classes)},
        )

    def _write_histories(self):
        paths = []
        for number, _ in enumerate(self.learning):
            for fold in range(self.folds):
                epochs = np.arange(1, 21)
                table = {"epoch": epochs, "loss": 2 / epochs + 0.02 * (number + fold)}
                table[f"validation_{self.experiment.main.name}"] = (
                    0.25 + 0.02 * epochs + 0.01 * (number % 5)
                )
                paths.append(self.folder / f"history{number}_{fold}.csv")
                pd.DataFrame(table).to_csv(paths[-1], index=False)
        return paths

    @cached_property
    def results(self):
        """The scores; with ``has_statistics`` also how much chance there is in them."""
        predictions = self._write_predictions()
        made = {name: self.folder / f"{name}.csv" for name in ("summary", "utterances", "folds")}
        summary = SummaryFiles(predictions, [], [], made["summary"])
        write_summary(SummarySpec(self.experiment, ()), summary, Runtime())
        if self.has_statistics:
            names = ("intervals", "comparisons", "reliability", "curves", "rankings")
            paths = {name: self.folder / f"{name}.csv" for name in names}
            corpus = {name: made[name] for name in ("utterances", "folds")}
            scores = ScoresFiles(predictions=predictions, **corpus, **paths)
            compute_statistics(ScoresSpec(self.experiment), scores, Runtime())
            made |= paths
        return {"predictions": predictions, "histories": self._write_histories(), **made}

    def figures(self, names, with_svg=True):
        """Draw some figures, as far as they apply; their files by name."""
        made = {name: self._figure(name, with_svg) for name in names}
        return {name: files for name, files in made.items() if files is not None}

    def _figure(self, name, with_svg):
        plugin, facts = Plugin(FIGURES[name], {}), Facts(learning=self.learning)
        if not load(plugin.implementation).applies(self.experiment, facts):
            return None
        suffixes = {"svg": "svg", "pdf": "pdf", "caption": "txt", "chart": "vl.json"}
        drawn = {one: self.folder / f"{name}.{end}" for one, end in suffixes.items()}
        spec = FigureSpec(name, plugin, self.experiment, facts)
        figure, files = plugin.build(), FigureFiles(**self.results, **drawn)
        data = figure.read(spec, files)
        if with_svg:
            with in_style(name):
                figure.draw(spec, data).savefig(files.svg)
        about, chart = figure.about(spec, data), figure.chart(spec, data)
        write_caption_and_chart(self.experiment, files, about, chart)
        return files

    def page(self, figures):
        """The report that shows some figures, as drawn by `figures`; its path."""
        names = ["average", "conditions"]
        names += ["comparisons", "reliability", "targets"] if self.has_statistics else []
        applies = {n: load(TABLES[n]).applies(self.experiment, Facts()) for n in names}
        names = [name for name in names if applies[name]]
        for name in names:
            files = {end: self.folder / f"{name}_table.{end}" for end in ("md", "tex", "csv")}
            spec = TableSpec(name, Plugin(TABLES[name], {}), self.experiment)
            make_table(spec, TableFiles(**self.results, **files), Runtime())
        shown = Shown(
            self.experiment,
            tables={name: Plugin(TABLES[name], {}) for name in names},
            figures={name: Plugin(FIGURES[name], {}) for name in figures},
        )
        files = ExperimentFiles(
            summary=self.results["summary"],
            comparisons=self.results.get("comparisons"),
            tables={name: self.folder / f"{name}_table.md" for name in names},
            figures={name: one.svg for name, one in figures.items()},
            captions={name: one.caption for name, one in figures.items()},
            charts={name: one.chart for name, one in figures.items()},
            logs={},
            replaced={},
            schedules={},
            folds=self.folder / "folds.csv",
            problems=self.folder / "problems.csv",
            utterances=self.folder / "utterances.csv",
            checks=self.folder / "checks.csv",
            samples=_PUBLISHED / "nmer_table1_samples.csv",
        )
        run = RunFacts([], [], "run: [synthetic]\n", MadeWith([], [], [], 0))
        path = self.folder / "report.html"
        path.write_text(page([(shown, files)], run), encoding="utf-8")
        return path
