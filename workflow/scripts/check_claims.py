from pathlib import Path

from robust_mer.jobs import job

with job(snakemake.log[0], f"check_claims {snakemake.wildcards.experiment}"):
    from robust_mer.evaluation.claims import write_claims
    from robust_mer.evaluation.papers import FILES

    write_claims(
        snakemake.params.experiment,
        snakemake.params.tables,
        results={name: snakemake.input[name] for name in FILES},
        layouts_yaml=snakemake.input.layouts,
        folder=Path(snakemake.output[0]).parent,
    )
