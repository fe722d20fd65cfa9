"""Trainings and evaluations of the experiments: which replicas, in which jobs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple, TypeVar

from robust_mer.conditions import CLEAN, PARTIAL
from robust_mer.errors import InputError
from robust_mer.plan.config import Config, ExperimentConfig
from robust_mer.plan.corruptions import Corruptions
from robust_mer.plan.layout import CANDIDATES, CHECKPOINT, HISTORY, PEEKED
from robust_mer.plan.models import ModelPlan, TrainedOn
from robust_mer.replicas import Replica


class Evaluation(NamedTuple):
    """A model, what it is trained on and what it is tested on."""

    model: str
    trained_on: str
    tested_on: str


class Training(NamedTuple):
    """One model of a corpus, trained on one corruption under one protocol."""

    corpus: str
    model: str
    trained_on: str


@dataclass(frozen=True)
class ReplicasJob:
    """The replicas of a model that one job makes: all seeds of some folds."""

    training: Training
    replicas: tuple[Replica, ...]

    @property
    def folds(self) -> str:
        """The folds in a name, e.g. ``fold1`` or ``folds1-3``."""
        first, last = self.replicas[0].fold, self.replicas[-1].fold
        return f"fold{first}" if first == last else f"folds{first}-{last}"


@dataclass(frozen=True)
class TrainingJob(ReplicasJob):
    """The replicas that one job trains."""

    peeks: bool = False
    """Whether it keeps the answers for the test part after every epoch, for an audit."""

    @property
    def outputs(self) -> dict[str, str]:
        """What it writes for each replica: the suffix of the file, by the name of the output."""
        peeked = {"peeked": PEEKED} if self.peeks else {}
        return {"checkpoints": CHECKPOINT, "histories": HISTORY, **peeked}


@dataclass(frozen=True)
class ChoosingJob(ReplicasJob):
    """The replicas of a tuned model that one job chooses among its candidates."""

    @property
    def outputs(self) -> dict[str, str]:
        """As of `TrainingJob`."""
        return {"checkpoints": CHECKPOINT, "histories": HISTORY, "candidates": CANDIDATES}


J = TypeVar("J", bound=ReplicasJob)


class Grid:
    """All trainings and evaluations of a run.

    Args:
        config: The checked config.
        models: Its models.
        corruptions: Its corruptions.
        protocols: Names of its protocols.
    """

    def __init__(
        self,
        config: Config,
        models: Mapping[str, ModelPlan],
        corruptions: Corruptions,
        protocols: Iterable[str],
    ) -> None:
        self._models, self._corruptions = models, corruptions
        self._folds_per_job = config.training.folds_per_job
        self._protocols = sorted(set(protocols) - {PARTIAL}, key=len, reverse=True)
        self.experiments: dict[str, ExperimentConfig] = {
            name: config.experiments[name] for name in dict.fromkeys(config.run)
        }
        """The experiments of ``run``, by name."""

    @property
    def corpora(self) -> list[str]:
        """The corpora of ``run``."""
        return list(dict.fromkeys(e.corpus for e in self.experiments.values()))

    def folds_of(self, corpus: str) -> list[int]:
        """The folds of a corpus that experiments of ``run`` use."""
        used = {f for e in self.experiments.values() if e.corpus == corpus for f in e.folds}
        return sorted(used)

    def replicas_of(self, experiment: ExperimentConfig) -> list[Replica]:
        """An experiment's replicas, by fold, then seed, in the order of the config."""
        return [Replica(f, s) for f in experiment.folds for s in experiment.seeds]

    def trained_on(self, experiment: ExperimentConfig, model: str) -> list[TrainedOn]:
        """What a model is trained on in an experiment."""
        if (once := self._models[model].trained_once) is not None:
            return [once]
        return [
            TrainedOn(corruption, protocol)
            for corruption in experiment.corruptions
            for protocol in ([PARTIAL] if corruption == CLEAN else experiment.conditions)
        ]

    def parse_trained_on(self, name: str) -> TrainedOn:
        """The inverse of ``str(TrainedOn(...))``."""
        for protocol in self._protocols:
            if name.endswith(f"_{protocol}"):
                return TrainedOn(name.removesuffix(f"_{protocol}"), protocol)
        return TrainedOn(name)

    def evaluations(self, experiment: ExperimentConfig) -> list[Evaluation]:
        """What an experiment evaluates.

        A model is tested on the corruption that it was trained on, or on every corruption if it is
        trained on the same data in every experiment; and on ``tested_on`` of the experiment.
        """
        evaluations: list[Evaluation] = []
        for model in experiment.models:
            trained_once = self._models[model].trained_once is not None
            for training in self.trained_on(experiment, model):
                same = experiment.corruptions if trained_once else [training.corruption]
                tested_on = self.members([*same, *experiment.tested_on])
                evaluations += [Evaluation(model, str(training), name) for name in tested_on]
        return evaluations

    def trained_apart(self, experiment: ExperimentConfig) -> list[str]:
        """What models of an experiment are trained on without its asking, but for clean data."""
        once = [self._models[model].trained_once for model in experiment.models]
        names = dict.fromkeys(one.corruption for one in once if one is not None)
        return [name for name in names if name != CLEAN]

    def every_corruption(self, experiment: ExperimentConfig) -> list[str]:
        """What an experiment lists, with lists of corruptions expanded."""
        return self.members([*experiment.corruptions, *experiment.tested_on])

    def members(self, corruptions: Sequence[str]) -> list[str]:
        """Single corruptions, each once, with lists of corruptions expanded."""
        return list(
            dict.fromkeys(
                member for name in corruptions for member in self._corruptions.members(name)
            )
        )

    @cached_property
    def replicas(self) -> dict[tuple[Training, str], list[Replica]]:
        """The replicas of ``run``, by training and what they are tested on.

        Several experiments may share them.
        """
        requested: dict[tuple[Training, str], set[Replica]] = {}
        for experiment in self.experiments.values():
            replicas = self.replicas_of(experiment)
            for model, trained_on, tested_on in self.evaluations(experiment):
                training = Training(experiment.corpus, model, trained_on)
                requested.setdefault((training, tested_on), set()).update(replicas)
        return {key: sorted(replica_set) for key, replica_set in requested.items()}

    @cached_property
    def tested_on(self) -> dict[Training, list[str]]:
        """What each training is tested on, in any experiment of the run."""
        tested: dict[Training, list[str]] = {}
        for training, tested_on in self.replicas:
            tested.setdefault(training, []).append(tested_on)
        return tested

    @cached_property
    def _requested(self) -> dict[Training, set[Replica]]:
        """All replicas to train or to choose, by training.

        Those of `replicas`, their teachers, and candidates of tuned models.
        """
        requested: dict[Training, set[Replica]] = {}

        def request(training: Training, replicas: Iterable[Replica]) -> None:
            requested.setdefault(training, set()).update(replicas)
            if (teacher := self.teacher_of(training)) is not None:
                request(teacher, replicas)
            for candidate in self.candidates_of(training):
                request(candidate, replicas)

        for (training, _), replicas in self.replicas.items():
            request(training, replicas)
        return requested

    @cached_property
    def tuned_trainings(self) -> dict[Training, list[Replica]]:
        """The replicas that are chosen among candidates, by training."""
        return {
            training: sorted(replicas)
            for training, replicas in self._requested.items()
            if self._models[training.model].candidates
        }

    @cached_property
    def final_trainings(self) -> dict[Training, list[Replica]]:
        """All replicas but those of candidates."""
        return {
            training: sorted(replicas)
            for training, replicas in self._requested.items()
            if self._models[training.model].tuned_model is None
        }

    def candidates_of(self, training: Training) -> list[Training]:
        """The trainings that one of a tuned model is chosen from; none of another model."""
        names = [one.name for one in self._models[training.model].candidates]
        return [training._replace(model=name) for name in names]

    @cached_property
    def training_jobs(self) -> list[TrainingJob]:
        """The jobs that train these replicas, ``folds_per_job`` at a time."""
        return [
            TrainingJob(training, replicas, training in self.peeked)
            for training, every in self._requested.items()
            if training not in self.tuned_trainings
            for replicas in _by_folds(every, self._folds_per_job)
        ]

    @cached_property
    def choosing_jobs(self) -> list[ChoosingJob]:
        """The jobs that choose replicas of tuned models.

        Each has one fold, however many a training has: a choice of several could be older than the
        candidates of one of them, after a change of ``folds_per_job``, and would be made again.
        """
        return [
            ChoosingJob(training, replicas)
            for training, every in self.tuned_trainings.items()
            for replicas in _by_folds(every, 1)
        ]

    @cached_property
    def peeked(self) -> set[Training]:
        """The trainings that an experiment with ``audit: {peeking: true}`` evaluates."""
        return {
            Training(experiment.corpus, model, trained_on)
            for experiment in self.experiments.values()
            if experiment.audit.peeking
            for model, trained_on, _ in self.evaluations(experiment)
        }

    def teacher_of(self, training: Training) -> Training | None:
        """The training that must come first, on clean data; None without a teacher."""
        teacher = self._models[training.model].teacher
        return None if teacher is None else Training(training.corpus, teacher, CLEAN)

    @cached_property
    def teachers(self) -> set[str]:
        """The models that teach others of the run, candidates of tuned ones among them."""
        plans = [self._models[job.training.model] for job in self.training_jobs]
        teachers = {plan.teacher for plan in plans}
        return {plan.name for plan in plans if (plan.tuned_model or plan.name) in teachers}


def _by_folds(every: Iterable[Replica], folds: int) -> Iterator[tuple[Replica, ...]]:
    """The replicas of so many folds at a time."""
    by_fold = [list(group) for _, group in groupby(sorted(every), key=attrgetter("fold"))]
    for first in range(0, len(by_fold), folds):
        yield tuple(chain.from_iterable(by_fold[first : first + folds]))


def check_names(grid: Grid) -> None:
    """Check that what models are trained on can be read from its name, which becomes a path.

    Raises:
        InputError: the name of a corruption ends like that of a protocol.
    """
    for name, experiment in grid.experiments.items():
        for training in chain.from_iterable(
            grid.trained_on(experiment, model) for model in experiment.models
        ):
            read = grid.parse_trained_on(str(training))
            if read != training:
                raise InputError(
                    f"config: experiments.{name}: {training.corruption} under "
                    f"{training.protocol} and {read.corruption} under {read.protocol} would "
                    f"have the same name, {training}; rename a corruption or a protocol"
                )


def training_rules(grid: Grid) -> dict[str, list[TrainingJob]]:
    """The jobs of each training rule, by the rule's name.

    An output pattern cannot list the replicas that a job trains, so there is a rule for each
    set of replicas. Teachers have separate rules, because they are trained first, and so have
    audited trainings, because they write more files.
    """

    def kind(job: TrainingJob) -> str:
        role = "train_teacher" if job.training.model in grid.teachers else "train_model"
        return f"{role}_{job.folds}{'_peeking' * job.peeks}"

    return _rules(grid.training_jobs, kind)


def choosing_rules(grid: Grid) -> dict[str, list[ChoosingJob]]:
    """The jobs of each rule that chooses replicas of tuned models, by the rule's name."""
    return _rules(grid.choosing_jobs, lambda job: f"choose_model_{job.folds}")


def _rules(jobs: Iterable[J], name_of: Callable[[J], str]) -> dict[str, list[J]]:
    """A rule for each set of replicas and kind of job, by the rule's name."""
    alike: dict[tuple[str, tuple[Replica, ...]], list[J]] = {}
    for job in jobs:
        alike.setdefault((name_of(job), job.replicas), []).append(job)
    rules: dict[str, list[J]] = {}
    for (name, _), group in alike.items():
        namesakes = sum(other.partition("_seeds")[0] == name for other in rules)
        # namesakes have the same folds and other seeds
        rules[f"{name}_seeds{namesakes + 1}" if namesakes else name] = group
    return rules
