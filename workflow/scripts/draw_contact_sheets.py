from robust_mer.jobs import job

with job(snakemake, snakemake.rule):
    from pathlib import Path

    from robust_mer.features.contact_sheets import draw_contact_sheets

    draw_contact_sheets(
        snakemake.input.utterances, snakemake.input.faces, Path(snakemake.output[0])
    )
