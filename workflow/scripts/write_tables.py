from pathlib import Path

from robust_mer.jobs import job

with job(snakemake.log[0], f"write_tables {snakemake.wildcards.experiment}"):
    from robust_mer.evaluation.tables import write_tables

    evaluations = map(tuple, snakemake.params.evaluations)
    write_tables(
        snakemake.params.experiment,
        predictions=dict(zip(evaluations, snakemake.input.predictions, strict=True)),
        schedules=dict(zip(snakemake.params.corruptions, snakemake.input.schedules, strict=True)),
        published_dir=Path(snakemake.input.published[0]).parent,
        folder=Path(snakemake.output.summary).parent,
    )
