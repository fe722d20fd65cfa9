from pathlib import Path

from robust_mer.jobs import job

with job(snakemake, f"audit_experiment {snakemake.wildcards.experiment}") as record:
    from robust_mer.evaluation.audit import write_audit
    from robust_mer.evaluation.signature import sign_tables
    from robust_mer.provenance.origin import origin

    write_audit(
        snakemake.params.experiment,
        snakemake.params.corpus,
        checks_csv=snakemake.input.checks,
        folds_csv=snakemake.input.folds,
        utterances_csv=snakemake.input.utterances,
        intervals_csv=snakemake.input.intervals,
        folder=Path(snakemake.output[0]).parent,
    )
    sign_tables(snakemake.output, origin(record))
