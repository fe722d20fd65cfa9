from pathlib import Path

from robust_mer.jobs import job

with job(snakemake.log[0], f"compute_statistics {snakemake.wildcards.experiment}"):
    from robust_mer.evaluation.statistics import write_statistics

    evaluations = map(tuple, snakemake.params.evaluations)
    write_statistics(
        snakemake.params.experiment,
        predictions=dict(zip(evaluations, snakemake.input.predictions, strict=True)),
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        folder=Path(snakemake.output.intervals).parent,
    )
