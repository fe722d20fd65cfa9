from robust_mer.jobs import job

with job(snakemake, f"draw_calibration {snakemake.wildcards.experiment}") as record:
    from robust_mer.evaluation.figures.raw_corruptions import draw_calibration
    from robust_mer.provenance.origin import origin

    draw_calibration(
        {**snakemake.params.experiment, "origin": origin(record)},
        snakemake.input.calibration,
        svg=snakemake.output.svg,
        pdf=snakemake.output.pdf,
    )
