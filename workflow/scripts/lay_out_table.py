from pathlib import Path

from robust_mer.jobs import job

wildcards = snakemake.wildcards
with job(snakemake, f"lay_out_table {wildcards.experiment} {wildcards.table}") as record:
    from robust_mer.evaluation.papers import FILES, write_paper_table
    from robust_mer.evaluation.signature import sign_tables
    from robust_mer.provenance.origin import origin

    write_paper_table(
        snakemake.params.experiment,
        wildcards.table,
        results={name: snakemake.input[name] for name in FILES},
        layouts_yaml=snakemake.input.layouts,
        folder=Path(snakemake.output[0]).parent,
    )
    sign_tables(snakemake.output, origin(record))
