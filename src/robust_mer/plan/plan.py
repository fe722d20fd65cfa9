"""The plan of a run: everything that the config describes, resolved and checked."""

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from robust_mer.conditions import CLEAN, Corruption
from robust_mer.errors import InputError
from robust_mer.modality import Modality
from robust_mer.plan.checks import Checks
from robust_mer.plan.config import ExperimentConfig, read_config
from robust_mer.plan.corpora import CorpusPlan, plan_corpora
from robust_mer.plan.corruptions import Corruptions
from robust_mer.plan.extractors import (
    plan_denseface_training,
    plan_extractors,
    plan_faces,
    plan_recogniser,
)
from robust_mer.plan.grid import ChoosingJob, Grid, Training, TrainingJob, check_names
from robust_mer.plan.joined import with_joined
from robust_mer.plan.layout import CHECKPOINT, Layout
from robust_mer.plan.models import plan_models
from robust_mer.plan.protocols import plan_protocols
from robust_mer.plan.report import ReportPlan
from robust_mer.plan.values import without_folders
from robust_mer.replicas import Replica


class Plan:
    """A checked config, for the rules.

    Args:
        raw: The config as Snakemake merged it.
        results: The folder for everything that a run makes.
        published: The folder of the papers' numbers.
        has_gpu: Whether the machine that runs the jobs has a GPU, as far as is known. It is asked
            when jobs are planned. ``device: auto`` counts as a GPU only then.

    Raises:
        InputError: with the key, what is there and what was expected.
    """

    def __init__(
        self,
        raw: dict[str, Any],
        results: str = "results",
        published: str = "resources/published",
        has_gpu: Callable[[], bool] = lambda: True,
    ) -> None:
        self.raw = raw
        self.config = read_config(raw)
        if results.startswith("~"):
            raise InputError(
                f"config: pathvars.results is {results!r}, and ~ does not stand for your home "
                "here; write its path"
            )
        if "{" in results or "}" in results:
            raise InputError(
                f"config: pathvars.results is {results!r}, but braces are Snakemake's wildcards; "
                "write the name of a folder"
            )
        if not Path(results).name:
            raise InputError(
                f"config: pathvars.results is {results!r}, expected a folder with a name, which "
                "holds nothing else"
            )
        self.layout = Layout(results)
        self.has_gpu = has_gpu
        self.faces = plan_faces(self.config.features)
        self.recogniser = plan_recogniser(self.config.features)
        self.denseface_training = plan_denseface_training(self.config.features)
        self.extractors = plan_extractors(self.config.features, self.faces)
        plans = plan_corpora(self.config, self.extractors, self.layout)
        self.corpora = with_joined(plans, self.config, self.extractors)
        self.corruptions = Corruptions(self.config.corruption)
        models = plan_models(self.config.models)
        self.protocols = plan_protocols(self.config)
        protocols = {name: one.plugin.build() for name, one in self.protocols.items()}
        parts = self.corpora, models, self.corruptions, protocols, self.extractors
        Checks(self.config, *parts).check()
        candidates = chain.from_iterable(model.candidates for model in models.values())
        # Candidates of tuned models beside those of the config: their trainings are like any other.
        self.models = {**models, **{one.name: one for one in candidates}}
        self.grid = Grid(self.config, self.models, self.corruptions, self.protocols)
        check_names(self.grid)
        self.report = ReportPlan(self, published)

    @property
    def portable(self) -> dict[str, Any]:
        """The config without places on this machine."""
        corpora = {
            name: {key: value for key, value in section.items() if key != "root"}
            for name, section in self.raw["corpora"].items()
        }
        return {
            **self.raw,
            "corpora": corpora,
            "corruption": self.corruptions.without_places(self.raw["corruption"]),
            "features": without_folders(self.raw["features"]),
        }

    # -- for several stages ----------------------------------------------------------------------

    @cached_property
    def run_corpora(self) -> list[CorpusPlan]:
        """The corpora of the run."""
        return [self.corpora[name] for name in self.grid.corpora]

    @cached_property
    def recorded_corpora(self) -> list[CorpusPlan]:
        """The corpora whose recordings the run reads; of joined ones their members."""
        recorded = {one.name: one for corpus in self.run_corpora for one in corpus.recorded}
        return list(recorded.values())

    def recording(self, corpus: str, path: str) -> Path:
        """A recording by its path in the index."""
        if not self.corpora[corpus].members:
            return Path(self.corpora[corpus].config.root, path)
        member, _, path = path.partition("/")
        return Path(self.corpora[member].config.root, path)

    def modalities(self, corpus: str, model: str | None = None) -> tuple[Modality, ...]:
        """The modalities of a corpus, or of a model on it."""
        names = self.models[model].modalities if model is not None else None
        return self.corpora[corpus].of_model(names)

    def corruption(self, corpus: str, name: str, model: str | None = None) -> Corruption:
        """What a corruption does to the modalities of a corpus, or of a model on it."""
        names = [modality.name for modality in self.modalities(corpus, model)]
        return self.corruptions.resolve(name, names, self.corpora[corpus].heard)

    def trained_on(self, corpus: str, model: str, trained_on: str) -> tuple[Corruption, ...]:
        """The corruptions that a model is trained on, in alternation if there are several."""
        name = self.grid.parse_trained_on(trained_on).corruption
        return tuple(
            self.corruption(corpus, member, model) for member in self.corruptions.members(name)
        )

    def scheduled(self, experiment: ExperimentConfig) -> list[str]:
        """The corruptions of an experiment that have a schedule, or a measured SNR."""
        tested = [one.tested_on for one in self.grid.evaluations(experiment)]
        return [
            name
            for name in dict.fromkeys(tested)
            if name != CLEAN and self.corruptions.has_schedule(name)
        ]

    def training_constraint(self, jobs: Sequence[TrainingJob]) -> str:
        """A constraint of the wildcard corpus, so that no two rules make the same replica.

        A rule's output pattern names its replicas, not their models. The constraint lists either
        the models that these jobs train, or those with the same replicas that only other jobs
        train; whichever list is shorter, because Snakemake tries it on every file.
        """
        replicas = set(jobs[0].replicas)
        allowed = {_folder(job.training) for job in jobs}
        made = [(job.training, job.replicas) for job in self.grid.training_jobs]
        excluded = {
            _folder(training)
            for training, others in (*made, *self.grid.tuned_trainings.items())
            if not replicas.isdisjoint(others)
        } - allowed
        if not excluded:
            return "[^/]+"
        sign, models = ("=", allowed) if len(allowed) < len(excluded) else ("!", excluded)
        return f"(?{sign}({'|'.join(map(re.escape, sorted(models)))})/)[^/]+"

    def choosing_constraint(self, jobs: Sequence[ChoosingJob]) -> str:
        """A constraint of the wildcard corpus to the trainings whose replicas these jobs choose."""
        folders = sorted(_folder(job.training) for job in jobs)
        return f"(?=({'|'.join(map(re.escape, folders))})/)[^/]+"

    @cached_property
    def split_columns(self) -> list[str]:
        """Columns by which results are split, of all corpora of the run."""
        return sorted({column for c in self.run_corpora for column in c.config.split_by})

    def feature_files(self, corpus: str, modalities: Sequence[Modality]) -> list[str]:
        """Feature files of some modalities, in their order."""
        return [self.layout.features(corpus, modality.features) for modality in modalities]

    def checkpoints(
        self,
        corpus: str,
        model: str,
        trained_on: str,
        replicas: Sequence[Replica],
        suffix: str = CHECKPOINT,
    ) -> list[str]:
        """Files of some replicas of a model."""
        return [
            self.layout.checkpoint(corpus, model, trained_on, replica.name, suffix)
            for replica in replicas
        ]

    def corrupted_features(
        self, corpus: str, modality: str, raw: str, suffix: str = ".h5", draw: int = 1
    ) -> str:
        """Features of a modality from corrupted recordings, or their table."""
        features = self.corpora[corpus].modality(modality).features
        folder = self.layout.corrupted_folder(raw, draw)
        return self.layout.features(corpus, features, suffix, folder)

    @property
    def trains_on_gpu(self) -> bool:
        """Whether training may use a GPU."""
        return self._takes_gpu(self.config.training.device)

    @property
    def extracts_on_gpu(self) -> bool:
        """Whether extraction may use a GPU."""
        return self._takes_gpu(self.config.features.device)

    def _takes_gpu(self, device: str) -> bool:
        return device == "cuda" or (device == "auto" and self.has_gpu())


def _folder(training: Training) -> str:
    return f"{training.corpus}/models/{training.model}/{training.trained_on}"
