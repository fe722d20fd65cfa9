"""Checks of an experiment's protocols against its corpus and its models."""

import math
from collections.abc import Mapping, Sequence

from robust_mer.conditions import NONE, conditions
from robust_mer.errors import InputError
from robust_mer.evaluation.experiment import AVERAGE, POOLED
from robust_mer.plan.config import ExperimentConfig
from robust_mer.plan.corpora import CorpusPlan
from robust_mer.plan.messages import unknown
from robust_mer.plan.models import ModelPlan
from robust_mer.protocols.protocol import Protocol, is_met
from robust_mer.tasks.task import PEEKED_KEYS


def distribution_of(
    protocol: Protocol, place: str, name: str, modalities: list[str], touched: list[str]
) -> dict[str, float]:
    """The probability of each condition under a protocol.

    Raises:
        InputError: with the key, if the protocol does not fit the modalities, or a user's protocol
            returns no distribution over their conditions.
    """
    try:
        drawn = protocol.distribution(modalities, touched)
    except InputError as error:
        raise InputError(f"config: {place}: {name}: {error}") from None
    every = conditions(modalities)
    for condition in drawn:
        if condition not in every:
            raise InputError(unknown(f"{place}: {name} draws {condition}, which", condition, every))
    if drawn and (
        min(drawn.values()) < 0 or not math.isclose(sum(drawn.values()), 1, abs_tol=1e-6)
    ):
        raise InputError(
            f"config: {place}: {name} draws conditions with the probabilities "
            f"{list(drawn.values())}, which do not add up to 1"
        )
    return drawn


def check_protocols_of_tests(
    place: str, experiment: ExperimentConfig, corpus: CorpusPlan, protocols: Mapping[str, Protocol]
) -> None:
    """Check that protocols fit the corpus, and that tables can tell them from conditions.

    Raises:
        InputError: with the key that is wrong.
    """
    rows = {*conditions(corpus.names), AVERAGE, POOLED}
    for name in experiment.protocols_of_tests:
        key = "tested_under" if name in experiment.tested_under else "conditions"
        if name == NONE:
            raise InputError(
                f"config: {place}.{key}: every test has a row {NONE} without this; remove it"
            )
        if name in rows:
            raise InputError(
                f"config: {place}.{key}: {name} is the name of another row of the tables of "
                f"{corpus.name}; rename protocols.{name}"
            )
        where = f"{place}.{key}"
        if not distribution_of(protocols[name], where, name, corpus.names, corpus.names):
            raise InputError(
                f"config: {where}: {name} has no condition for {', '.join(corpus.names)}"
            )


def check_untuned(place: str, models: Sequence[ModelPlan]) -> None:
    """Check that no audited model is tuned.

    Raises:
        InputError: one is.
    """
    for model in models:
        if model.candidates:
            raise InputError(
                f"config: {place}: the audit cannot measure tuned models ({model.name}); move it "
                "to an experiment without the audit"
            )


def check_audit(
    place: str,
    experiment: ExperimentConfig,
    corpus: CorpusPlan,
    modalities: Mapping[str, list[str]],
    trained_under: Mapping[str, Sequence[str]],
    protocols: Mapping[str, Protocol],
) -> None:
    """Check that answers to the test part can be kept as the tables of scores need them.

    They are kept under the conditions that a model is trained under. A test draws them for all
    modalities of the corpus, which may leave a model that uses some of them with nothing.

    Args:
        place: The key.
        experiment: With an audit.
        corpus: Its corpus.
        modalities: Of each model.
        trained_under: The protocols that each model is trained under.
        protocols: By name.

    Raises:
        InputError: they cannot.
    """
    taken = set(PEEKED_KEYS).intersection(corpus.predicts.answer_columns)
    if taken:
        raise InputError(
            f"config: {place}: the target {min(taken)} of {corpus.name} has the name of another "
            "column of the audited answers; rename the target's column"
        )
    for model, own in modalities.items():
        for name in set(trained_under[model]).intersection(experiment.protocols_of_tests):
            trained = distribution_of(protocols[name], place, name, own, own)
            drawn = distribution_of(protocols[name], place, name, corpus.names, corpus.names)
            unmet = [one for one in drawn if not is_met(one, trained)]
            if unmet:
                raise InputError(
                    f"config: {place}: {model} uses {', '.join(own)} alone, and {name} draws "
                    f"{unmet[0]} for some utterances, in which it never trains; move it to an "
                    "experiment without the audit"
                )
