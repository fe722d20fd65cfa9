from robust_mer.jobs import job

with job(snakemake, snakemake.rule):
    from pathlib import Path

    from robust_mer.features.contact_sheets import draw_contact_sheets
    from robust_mer.features.specs import SheetsFiles, SheetsSpec
    from robust_mer.runtime import Runtime

    draw_contact_sheets(
        SheetsSpec(),
        SheetsFiles(
            utterances=Path(snakemake.input.utterances),
            faces=Path(snakemake.input.faces),
            sheets=Path(snakemake.output[0]),
        ),
        Runtime(),
    )
