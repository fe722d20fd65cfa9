"""Joined corpora of the config: models are trained on some corpora and tested on others."""

from collections.abc import Mapping

from robust_mer.corpora.joined import JOINED, JoinedSettings, has_classes
from robust_mer.errors import InputError
from robust_mer.plan.config import Config, CorpusConfig
from robust_mer.plan.corpora import CorpusPlan, plan_task
from robust_mer.plan.extractors import ExtractorPlan
from robust_mer.plan.messages import unknown
from robust_mer.plan.modalities import heard, plan_modalities
from robust_mer.plan.plugins import checked_settings

_NOT_JOINED = {
    "root": "joined corpora have the roots of their own sections",
    "generator": "joined corpora are not generated, but may be of generated ones",
    "max_left_out": "utterances are left out of the corpora that are joined",
    "published": "the papers' numbers are not those of joined corpora",
}


def with_joined(
    plans: Mapping[str, CorpusPlan], config: Config, extractors: Mapping[str, ExtractorPlan]
) -> dict[str, CorpusPlan]:
    """All corpora of the config by name, in its order.

    Args:
        plans: Those that are not joined.
        config: With every section.
        extractors: By name.

    Raises:
        InputError: with the key that is wrong.
    """
    return {
        name: _plan_joined(name, section, extractors, plans, config.corpora)
        if section.reader == JOINED
        else plans[name]
        for name, section in config.corpora.items()
    }


def _plan_joined(
    name: str,
    section: CorpusConfig,
    extractors: Mapping[str, ExtractorPlan],
    plans: Mapping[str, CorpusPlan],
    sections: Mapping[str, CorpusConfig],
) -> CorpusPlan:
    """Corpora that are joined.

    Args:
        name: Of the section.
        section: Of the config.
        extractors: Those of the config.
        plans: All corpora that are not joined.
        sections: All corpora of the config.
    """
    place = f"corpora.{name}"
    joined = JoinedSettings(**checked_settings(JoinedSettings, section.settings, place))
    for key in _NOT_JOINED:
        if getattr(section, key) and key in section.model_fields_set:
            raise InputError(f"config: {place}.{key}: {_NOT_JOINED[key]}; remove {key}")
    if section.folds.scheme != "part" or section.folds.validation is None:
        raise InputError(
            f"config: {place}.folds: joined corpora have one fold, of which train and test are "
            "given; expected {scheme: part, validation: 0.15}, the fraction of the training "
            "corpora that validates"
        )
    for member in joined.names:
        key = f"{place}.{'train' if member in joined.train else 'test'}: {member}"
        if member in sections and member not in plans:
            raise InputError(f"config: {key} is itself joined; name the corpora that it joins")
        if member not in plans:
            raise InputError(unknown(key, member, plans))
    members = tuple(plans[member] for member in joined.names)
    readers = [member.reader for member in members if member.reader is not None]
    task = plan_task(place, section)
    modalities = plan_modalities(place, section, readers, extractors)
    plan = CorpusPlan(
        name,
        section,
        None,
        None,
        modalities,
        task,
        joined,
        members,
        heard=heard(modalities, extractors),
    )
    _check_members(place, plan)
    return plan


def _check_members(place: str, corpus: CorpusPlan) -> None:
    """Check that joined corpora have the same targets and all modalities."""
    if corpus.joined and corpus.joined.labels and not has_classes(corpus.predicts):
        raise InputError(
            f"config: {place}.labels: the targets are not the classes of one column; remove labels"
        )
    for member in corpus.members:
        target, other = corpus.predicts, member.predicts
        if member.config.task != corpus.config.task or other.columns != target.columns:
            raise InputError(
                f"config: {place} predicts {', '.join(target.columns)} ({corpus.config.task}), but "
                f"corpora.{member.name}, which it joins, {', '.join(other.columns)} "
                f"({member.config.task}); give both the same task and target"
            )
        for modality in corpus.names:
            if modality not in member.names:
                raise InputError(
                    f"config: {place}.modalities.{modality}: corpora.{member.name}, which it "
                    f"joins, has no {modality}, only {', '.join(member.names)}; remove it here, or "
                    "add it there"
                )
