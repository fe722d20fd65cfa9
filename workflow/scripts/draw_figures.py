from robust_mer.jobs import job

with job(snakemake.log[0], f"draw_figures {snakemake.wildcards.experiment}"):
    from robust_mer.evaluation.figures import draw_snr_curves

    draw_snr_curves(
        snakemake.params.experiment,
        snakemake.input.summary,
        svg=snakemake.output.svg,
        pdf=snakemake.output.pdf,
    )
