from pathlib import Path

from robust_mer.jobs import job

with job(snakemake, f"compute_statistics {snakemake.wildcards.experiment}") as record:
    from robust_mer.evaluation.signature import sign_tables
    from robust_mer.evaluation.statistics import write_statistics
    from robust_mer.provenance.origin import origin

    evaluations = map(tuple, snakemake.params.evaluations)
    write_statistics(
        snakemake.params.experiment,
        predictions=dict(zip(evaluations, snakemake.input.predictions, strict=True)),
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        folder=Path(snakemake.output.intervals).parent,
    )
    sign_tables(snakemake.output, origin(record))
