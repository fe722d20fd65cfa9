from pathlib import Path

from robust_mer.jobs import job

with job(snakemake, f"calibrate_raw {snakemake.wildcards.experiment}") as record:
    from robust_mer.evaluation.calibration import calibrate
    from robust_mer.evaluation.signature import sign_tables
    from robust_mer.provenance.origin import origin

    modality = snakemake.params.raw
    calibrate(
        snakemake.params.experiment,
        snakemake.input.summary,
        raw={
            name: (modality[name], path)
            for name, path in zip(modality, snakemake.input.schedules, strict=True)
        },
        gaussian=dict(zip(snakemake.params.gaussian, snakemake.input.noises, strict=True)),
        modalities=snakemake.params.modalities,
        folder=Path(snakemake.output[0]).parent,
    )
    sign_tables(snakemake.output, origin(record))
