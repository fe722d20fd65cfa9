from pathlib import Path

from robust_mer.jobs import job

with job(snakemake, f"check_claims {snakemake.wildcards.experiment}") as record:
    from robust_mer.evaluation.claims import write_claims
    from robust_mer.evaluation.papers import FILES
    from robust_mer.evaluation.signature import sign_tables
    from robust_mer.provenance.origin import origin

    write_claims(
        snakemake.params.experiment,
        snakemake.params.tables,
        results={name: snakemake.input[name] for name in FILES},
        layouts_yaml=snakemake.input.layouts,
        folder=Path(snakemake.output[0]).parent,
    )
    sign_tables(snakemake.output, origin(record))
