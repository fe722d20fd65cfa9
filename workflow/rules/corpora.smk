# Index: what lies on disk, and who trains and who tests.


# Seconds each: on a cluster they run where Snakemake runs.
localrules:
    make_folds,


rule make_corpus:
    output:
        corpus=directory(f"{CORPUS}/raw"),
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
        tables=reader_tables,
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
        tables=reader_tables,
        code=index_code,
    script:
        "../scripts/index_corpus.py"


rule make_folds:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        media=f"{CORPUS}/media.csv",
    output:
        folds=f"{CORPUS}/folds.csv",
        checks=f"{CORPUS}/fold_checks.csv",
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


rule index_words:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        tables=word_tables,
    output:
        words=f"{CORPUS}/words.csv",
        problems=f"{CORPUS}/words_problems.csv",
    log:
        f"{CORPUS}/logs/index_words.log",
    benchmark:
        f"{CORPUS}/benchmarks/index_words.tsv"
    # Before the hours of an extraction: a corpus may turn out to have none.
    priority: 1
    conda:
        "../../envs/corpora.yaml"
    params:
        reader=words_params,
        code=words_code,
    script:
        "../scripts/index_words.py"
