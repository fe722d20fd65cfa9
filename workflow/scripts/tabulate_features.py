from robust_mer.jobs import job

with job(snakemake, f"tabulate_features {snakemake.wildcards.corpus}"):
    from robust_mer.features.table import write_features_table

    write_features_table(
        snakemake.output.csv,
        snakemake.output.md,
        modalities=list(snakemake.params.features.values()),
        tables=snakemake.input.tables,
    )
