from robust_mer.jobs import job

corpus = snakemake.config["corpora"][snakemake.wildcards.corpus]
with job(snakemake, "index_words"):
    from robust_mer.corpora.words import index_words

    index_words(
        snakemake.output.words,
        snakemake.output.problems,
        snakemake.input.utterances,
        # not params: where a corpus lies and how much may be left out change no words
        root=corpus["root"],
        implementation=snakemake.params.reader["implementation"],
        settings=snakemake.params.reader["settings"],
        max_left_out=corpus.get("max_left_out", 0.1),
    )
