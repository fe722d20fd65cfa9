"""Jobs of workflow/rules/corpora.smk."""

from dataclasses import replace
from typing import Any

from robust_mer.corpora.folds import FoldsFileSpec, FoldsSpec
from robust_mer.corpora.generator import GeneratorSpec
from robust_mer.corpora.index import IndexSpec
from robust_mer.corpora.reader import WordReader
from robust_mer.corpora.words import WordsSpec
from robust_mer.errors import InputError
from robust_mer.plan.corpora import CorpusPlan
from robust_mer.plan.job import Job, Paths
from robust_mer.plan.plan import Plan
from robust_mer.plan.rules.joined import join_corpora, join_words
from robust_mer.runtime import Runtime


def make_corpus(plan: Plan, wildcards: Any) -> Job:
    """A generated corpus."""
    generator = plan.corpora[wildcards.corpus].generator
    if generator is None:
        raise InputError(f"{wildcards.corpus} is not a generated corpus")
    return Job(
        "robust_mer.corpora.generator:make_corpus",
        GeneratorSpec(generator.plugin),
        uses=(generator.plugin.implementation,),
    )


def index_corpus(plan: Plan, wildcards: Any) -> Job:
    """The index. A generated corpus is made first; recordings are not inputs."""
    corpus = plan.corpora[wildcards.corpus]
    if corpus.members:
        return join_corpora(plan, corpus)
    tables = [] if corpus.generator else sorted(map(str, corpus.open_reader().tables()))
    return Job(
        "robust_mer.corpora.index:index_corpus",
        IndexSpec(corpus.plugin, corpus.task.plugin, corpus.config.unlabelled == "keep"),
        inputs={"raw": corpus.config.root if corpus.generator else []},
        corpus_files={"tables": tables},
        chosen=_chosen(corpus, tables),
        uses=(corpus.plugin.implementation, corpus.task.plugin.implementation),
        runtime=replace(_runtime(corpus), columns=tuple(corpus.config.split_by)),
    )


def make_folds(plan: Plan, wildcards: Any) -> Job:
    """The folds."""
    corpus = plan.corpora[wildcards.corpus]
    folds = corpus.config.folds
    validation = None if corpus.members else folds.validation  # a joined index has such a part
    return Job(
        "robust_mer.corpora.folds:write_folds",
        FoldsFileSpec(FoldsSpec(folds.scheme, folds.groups, validation), corpus.task.plugin),
        inputs={
            "utterances": plan.layout.utterances(wildcards.corpus),
            "media": plan.layout.media(wildcards.corpus),
        },
        uses=(corpus.task.plugin.implementation,),
        runtime=Runtime(folds=tuple(plan.grid.folds_of(wildcards.corpus))),
    )


def index_words(plan: Plan, wildcards: Any) -> Job:
    """Times of words."""
    corpus = plan.corpora[wildcards.corpus]
    if corpus.members:
        return join_words(plan, corpus)
    reader = corpus.open_reader()
    if not isinstance(reader, WordReader):
        raise InputError(f"the reader of {corpus.name} has no word times")
    tables = [] if corpus.generator else sorted(map(str, reader.word_tables()))
    return Job(
        "robust_mer.corpora.words:index_words",
        WordsSpec(corpus.plugin),
        inputs={"utterances": plan.layout.utterances(wildcards.corpus)},
        corpus_files={"tables": tables},
        chosen=_chosen(corpus, tables),
        uses=(corpus.plugin.implementation,),
        runtime=_runtime(corpus),
    )


def _chosen(corpus: CorpusPlan, tables: list[str]) -> dict[str, Paths]:
    """Which corpus is read: its tables, or its folder if it has none."""
    if tables or corpus.generator:
        return {"tables": tables}
    return {"root": corpus.config.root}


def _runtime(corpus: CorpusPlan) -> Runtime:
    return Runtime(root=corpus.config.root, max_left_out=corpus.config.max_left_out)
