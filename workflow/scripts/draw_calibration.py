from robust_mer.jobs import job

with job(snakemake.log[0], f"draw_calibration {snakemake.wildcards.experiment}"):
    from robust_mer.evaluation.figures.raw_corruptions import draw_calibration

    draw_calibration(
        snakemake.params.experiment,
        snakemake.input.calibration,
        svg=snakemake.output.svg,
        pdf=snakemake.output.pdf,
    )
