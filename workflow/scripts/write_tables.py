from pathlib import Path

from robust_mer.jobs import job

with job(snakemake, f"write_tables {snakemake.wildcards.experiment}") as record:
    from robust_mer.evaluation.signature import sign_tables
    from robust_mer.evaluation.tables import write_tables
    from robust_mer.provenance.origin import origin

    evaluations = map(tuple, snakemake.params.evaluations)
    write_tables(
        snakemake.params.experiment,
        predictions=dict(zip(evaluations, snakemake.input.predictions, strict=True)),
        schedules=dict(zip(snakemake.params.corruptions, snakemake.input.schedules, strict=True)),
        published_dir=Path(snakemake.input.published[0]).parent,
        folder=Path(snakemake.output.summary).parent,
    )
    sign_tables(snakemake.output, origin(record))
