# Index and folds of the corpora.


rule make_corpus:
    output:
        corpus=directory(layout.raw("{corpus}")),
    log:
        layout.log("make_corpus"),
    benchmark:
        layout.benchmark("make_corpus")
    conda:
        "../../envs/corpora.yaml"
    threads: 8
    resources:
        **jobs.make_corpus.resources,
    params:
        **jobs.make_corpus.params,
    script:
        "../scripts/run.py"


rule index_corpus:
    input:
        unpack(jobs.index_corpus.inputs),
    output:
        utterances=layout.utterances("{corpus}"),
        problems=layout.of_corpus("{corpus}", "index_problems.csv"),
        media=layout.media("{corpus}"),
        recordings=layout.recordings("{corpus}"),
    log:
        layout.log("index_corpus"),
    benchmark:
        layout.benchmark("index_corpus")
    conda:
        "../../envs/corpora.yaml"
    resources:
        **jobs.index_corpus.resources,
    params:
        **jobs.index_corpus.params,
    script:
        "../scripts/run.py"


rule make_folds:
    input:
        unpack(jobs.make_folds.inputs),
    output:
        folds=layout.folds("{corpus}"),
        checks=layout.of_corpus("{corpus}", "fold_checks.csv"),
    log:
        layout.log("make_folds"),
    benchmark:
        layout.benchmark("make_folds")
    localrule: True  # takes seconds
    conda:
        "../../envs/corpora.yaml"
    resources:
        **jobs.make_folds.resources,
    params:
        **jobs.make_folds.params,
    script:
        "../scripts/run.py"


rule index_words:
    input:
        unpack(jobs.index_words.inputs),
    output:
        words=layout.of_corpus("{corpus}", "words.csv"),
        problems=layout.of_corpus("{corpus}", "words_problems.csv"),
    log:
        layout.log("index_words"),
    benchmark:
        layout.benchmark("index_words")
    # Fails before the hours of an extraction if a corpus has none.
    priority: 1
    conda:
        "../../envs/corpora.yaml"
    resources:
        **jobs.index_words.resources,
    params:
        **jobs.index_words.params,
    script:
        "../scripts/run.py"
