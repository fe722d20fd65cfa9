from pathlib import Path

from robust_mer.jobs import job

with job(snakemake, "make_corpus"):
    from robust_mer.settings import load

    generator = snakemake.params.generator
    make = load(generator["implementation"])
    make(Path(snakemake.output[0]), generator["settings"], snakemake.threads)
