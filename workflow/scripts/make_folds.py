from robust_mer.jobs import job

with job(snakemake, "make_folds"):
    from robust_mer.corpora.folds import write_folds

    write_folds(
        snakemake.output.folds,
        snakemake.output.checks,
        snakemake.input.utterances,
        snakemake.input.media,
        snakemake.params.folds,
    )
