from robust_mer.jobs import job

with job(snakemake.log[0], "index_corpus"):
    from robust_mer.corpora.index import index_corpus

    index_corpus(
        snakemake.output.utterances,
        snakemake.output.problems,
        snakemake.output.media,
        root=snakemake.config["corpora"][snakemake.wildcards.corpus]["root"],
        reader=snakemake.params.reader,
    )
