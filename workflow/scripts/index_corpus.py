from robust_mer.jobs import job

corpus = snakemake.config["corpora"][snakemake.wildcards.corpus]
with job(snakemake, "index_corpus"):
    from robust_mer.corpora.index import index_corpus

    index_corpus(
        snakemake.output.utterances,
        snakemake.output.problems,
        snakemake.output.media,
        # not params: where a corpus lies and how much may be left out change no index
        root=corpus["root"],
        reader=snakemake.params.reader,
        max_left_out=corpus.get("max_left_out", 0.1),
    )
