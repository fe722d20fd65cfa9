"""Jobs on joined corpora, which take the place of reading, extracting and importing."""

from collections.abc import Callable

from robust_mer.corpora.joined import JoinSpec, JoinWordsSpec, Member
from robust_mer.features.specs import JoinFeaturesSpec
from robust_mer.plan.corpora import CorpusPlan
from robust_mer.plan.job import Job
from robust_mer.plan.layout import IMPORTED
from robust_mer.plan.plan import Plan
from robust_mer.runtime import Runtime


def join_corpora(plan: Plan, corpus: CorpusPlan) -> Job:
    """The index, from the members' indices."""
    assert corpus.joined is not None
    members = [
        Member(
            name=member.name,
            part="train" if member.name in corpus.joined.train else "test",
            labels=corpus.joined.labels.get(member.name, {}),
            target_range=member.config.target_range,
        )
        for member in corpus.members
    ]
    config, layout = corpus.config, plan.layout
    validation = config.folds.validation
    assert validation is not None  # as checked
    spec = JoinSpec(
        members=members,
        task=corpus.task.plugin,
        validation=validation,
        target_range=config.target_range,
        keeps_unlabelled=config.unlabelled == "keep",
    )
    return Job(
        "robust_mer.corpora.joined:join_corpora",
        spec,
        inputs={
            "member_utterances": _of_members(corpus, layout.utterances),
            "member_problems": _of_members(
                corpus, lambda name: layout.of_corpus(name, "index_problems.csv")
            ),
            "member_media": _of_members(corpus, layout.media),
        },
        uses=(corpus.task.plugin.implementation,),
        runtime=Runtime(columns=tuple(config.split_by)),
    )


def join_words(plan: Plan, corpus: CorpusPlan) -> Job:
    """Times of words, from those of the members."""
    of_corpus = plan.layout.of_corpus
    return Job(
        "robust_mer.corpora.joined:join_words",
        JoinWordsSpec([member.name for member in corpus.members]),
        inputs={
            "utterances": plan.layout.utterances(corpus.name),
            "member_words": _of_members(corpus, lambda name: of_corpus(name, "words.csv")),
            "member_problems": _of_members(
                corpus, lambda name: of_corpus(name, "words_problems.csv")
            ),
        },
    )


def join_features(plan: Plan, corpus: CorpusPlan, name: str, folder: str = "features") -> Job:
    """Features, from those of the members, of recordings as they are or corrupted."""

    def files(suffix: str) -> list[str]:
        return _of_members(corpus, lambda one: plan.layout.features(one, name, suffix, folder))

    return Job(
        "robust_mer.features.joined:join_features",
        JoinFeaturesSpec([member.name for member in corpus.members], name.startswith(IMPORTED)),
        inputs={
            "utterances": plan.layout.utterances(corpus.name),
            "member_features": files(".h5"),
            "member_tables": files(".csv"),
        },
    )


def _of_members(corpus: CorpusPlan, path: Callable[[str], str]) -> list[str]:
    return [path(member.name) for member in corpus.members]
