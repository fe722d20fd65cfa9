# Index: what lies on disk, and who trains and who tests.


def raw_corpus(wildcards):
    """A generated corpus is made first; real recordings are no inputs (touching one reruns nothing)."""
    return corpus_root(wildcards.corpus) if settings.generator(wildcards.corpus) else []


def generator_params(wildcards):
    generator = settings.generator(wildcards.corpus)
    if generator is None:
        raise InputError(f"{wildcards.corpus} is not a generated corpus")
    return generator


def generator_code(wildcards):
    return code_identity(generator_params(wildcards)["implementation"])


def reader_params(wildcards):
    return settings.reader(wildcards.corpus)


def index_code(wildcards):
    return code_identity(
        "robust_mer.corpora.index", settings.reader(wildcards.corpus)["implementation"]
    )


def fold_params(wildcards):
    return settings.corpus(wildcards.corpus)["folds"]


rule make_corpus:
    output:
        directory(f"{CORPUS}/raw"),
    log:
        f"{CORPUS}/logs/make_corpus.log",
    benchmark:
        f"{CORPUS}/benchmarks/make_corpus.tsv"
    conda:
        "../../envs/corpora.yaml"
    threads: 8
    params:
        generator=generator_params,
        code=generator_code,
    script:
        "../scripts/make_corpus.py"


rule index_corpus:
    input:
        raw=raw_corpus,
    output:
        utterances=f"{CORPUS}/utterances.csv",
        problems=f"{CORPUS}/index_problems.csv",
        media=f"{CORPUS}/media.csv",
    log:
        f"{CORPUS}/logs/index_corpus.log",
    benchmark:
        f"{CORPUS}/benchmarks/index_corpus.tsv"
    conda:
        "../../envs/corpora.yaml"
    params:
        reader=reader_params,
        code=index_code,
    script:
        "../scripts/index_corpus.py"


rule make_folds:
    input:
        utterances=f"{CORPUS}/utterances.csv",
    output:
        folds=f"{CORPUS}/folds.csv",
    log:
        f"{CORPUS}/logs/make_folds.log",
    benchmark:
        f"{CORPUS}/benchmarks/make_folds.tsv"
    conda:
        "../../envs/corpora.yaml"
    params:
        folds=fold_params,
        code=code_identity("robust_mer.corpora.folds"),
    script:
        "../scripts/make_folds.py"
