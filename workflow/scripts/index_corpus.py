from robust_mer.jobs import job

corpus = snakemake.config["corpora"][snakemake.wildcards.corpus]
with job(snakemake, "index_corpus"):
    from pathlib import Path

    from robust_mer.corpora.index import IndexFiles, IndexSpec, index_corpus
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    index_corpus(
        IndexSpec(Plugin(**snakemake.params.reader)),
        IndexFiles(
            utterances=Path(snakemake.output.utterances),
            problems=Path(snakemake.output.problems),
            media=Path(snakemake.output.media),
            tables=[Path(path) for path in snakemake.input.tables],
        ),
        Runtime(root=corpus["root"], max_left_out=corpus.get("max_left_out", 0.1)),
    )
