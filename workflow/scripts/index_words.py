from robust_mer.jobs import job

corpus = snakemake.config["corpora"][snakemake.wildcards.corpus]
with job(snakemake, "index_words"):
    from pathlib import Path

    from robust_mer.corpora.words import WordsFiles, WordsSpec, index_words
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    index_words(
        WordsSpec(Plugin(**snakemake.params.reader)),
        WordsFiles(
            words=Path(snakemake.output.words),
            problems=Path(snakemake.output.problems),
            utterances=Path(snakemake.input.utterances),
            tables=[Path(path) for path in snakemake.input.tables],
        ),
        Runtime(root=corpus["root"], max_left_out=corpus.get("max_left_out", 0.1)),
    )
