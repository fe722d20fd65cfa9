from robust_mer.jobs import job

with job(snakemake, f"measure_corrupted {snakemake.wildcards.raw}"):
    from robust_mer.corruption.raw.measure import write_measured

    write_measured(
        snakemake.output.schedule,
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        modality=snakemake.params.modality,
        clean=snakemake.input.clean,
        corrupted=snakemake.input.corrupted,
        not_finite=snakemake.params.not_finite,
    )
