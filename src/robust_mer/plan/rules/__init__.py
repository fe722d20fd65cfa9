"""Makes the job of a rule from its wildcards: a module per stage, a function per rule."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from robust_mer.plan.grid import ChoosingJob, TrainingJob
from robust_mer.plan.job import Job, Rule
from robust_mer.plan.plan import Plan
from robust_mer.plan.rules import corpora, corruption, evaluation, export, features, report
from robust_mer.plan.rules.training import choose_model, train_model

_STAGES = (corpora, features, corruption, evaluation, report, export)


class Rules:
    """The rules of the workflow, each an attribute by its name.

    Args:
        plan: Of the run.
        local: Marks a file that lies outside the storage of the results.
    """

    def __init__(self, plan: Plan, local: Callable[[str], str] = str) -> None:
        self._plan, self._local = plan, local
        self._rules: dict[str, Rule] = {}

    def __getattr__(self, name: str) -> Rule:
        if name not in self._rules:
            makers: list[Callable[[Plan, Any], Job]] = [
                vars(stage)[name] for stage in _STAGES if name in vars(stage)
            ]
            if not makers or name.startswith("_"):
                raise AttributeError(f"there is no rule {name}")
            self._rules[name] = self._rule(makers[0])
        return self._rules[name]

    def training(self, jobs: Sequence[TrainingJob]) -> Rule:
        """The rule that trains the replicas of these jobs."""
        return self._rule(train_model(jobs))

    def choosing(self, jobs: Sequence[ChoosingJob]) -> Rule:
        """The rule that chooses the replicas of these jobs."""
        return self._rule(choose_model(jobs))

    def _rule(self, make: Callable[[Plan, Any], Job]) -> Rule:
        return Rule(partial(make, self._plan), self._local, self._plan.layout.results)
