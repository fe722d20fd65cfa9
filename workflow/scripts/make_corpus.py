from pathlib import Path

from robust_mer.jobs import job

with job(snakemake, "make_corpus"):
    from robust_mer.corpora.generator import GeneratorFiles, GeneratorSpec, make_corpus
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    make_corpus(
        GeneratorSpec(Plugin(**snakemake.params.generator)),
        GeneratorFiles(Path(snakemake.output.corpus)),
        Runtime(threads=snakemake.threads),
    )
