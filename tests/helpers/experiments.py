"""Experiments as the plan would describe them, for tests of scores, tables and figures."""

from helpers.tasks import CLASSIFICATION, WA_UA
from robust_mer.conditions import NONE, PARTIAL, read_name
from robust_mer.corruption.raw.registry import RAW_KINDS
from robust_mer.report.spec import CorruptionFacts, Evaluation, Experiment, TrainedOn
from robust_mer.settings import load


def corruption_facts(name, raw=()):
    """What a corruption's name says; None for one without an amount."""
    parsed = read_name(name)
    if parsed is None:
        return None
    of_rest = parsed.kind in RAW_KINDS and load(RAW_KINDS[parsed.kind]).of_rest
    less_is_worse = parsed.unit == "dB" or of_rest
    return CorruptionFacts(parsed.kind, parsed.amount, parsed.unit, less_is_worse, name in raw)


def parse_trained_on(name, protocols=()):
    """The corruption and the protocol: ``none``, one of ``protocols``, otherwise ``partial``."""
    for protocol in (NONE, *protocols):
        if name.endswith(f"_{protocol}"):
            return name.removesuffix(f"_{protocol}"), protocol
    return name, PARTIAL


def make_experiment(evaluations=(), corruptions=(), raw=(), **fields):
    """An experiment that knows every corruption that it names.

    Args:
        evaluations: (model, trained on, tested on) of each.
        corruptions: Further names.
        raw: Names that are corruptions of recordings.
        **fields: Of `Experiment`; ``folds`` and the like may be lists.
    """
    evaluations = tuple(Evaluation(*one) for one in evaluations)
    protocols = fields.get("tested_under", ())
    trainings = {one.trained_on: parse_trained_on(one.trained_on, protocols) for one in evaluations}
    trainings |= {name: parse_trained_on(name) for name in corruptions}
    names = [*corruptions, *raw, *(one.tested_on for one in evaluations)]
    names += [corruption for corruption, _ in trainings.values()]
    for named in fields.get("named", {}).values():
        names += named.values() if isinstance(named, dict) else named
    facts = {name: corruption_facts(name, raw) for name in names}
    for field in ("folds", "seeds", "is_mask_aware"):
        if field in fields:
            fields[field] = tuple(fields[field])
    return Experiment(
        evaluations=evaluations,
        corruptions={name: fact for name, fact in facts.items() if fact},
        trainings={name: TrainedOn(*pair) for name, pair in trainings.items()},
        **{"task": CLASSIFICATION, "metrics": WA_UA, **fields},
    )
