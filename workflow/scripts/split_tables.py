from robust_mer.jobs import job

with job(snakemake, f"split_tables {snakemake.wildcards.experiment}"):
    from robust_mer.evaluation.split import write_split

    evaluations = map(tuple, snakemake.params.evaluations)
    write_split(
        snakemake.output.table,
        snakemake.params.experiment,
        predictions=dict(zip(evaluations, snakemake.input.predictions, strict=True)),
        utterances_csv=snakemake.input.utterances,
        column=snakemake.wildcards.column,
    )
