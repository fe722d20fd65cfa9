from pathlib import Path

from robust_mer.jobs import job

wildcards = snakemake.wildcards
with job(snakemake.log[0], f"export_model {wildcards.model} {wildcards.trained_on}"):
    from robust_mer.export.export import export_model

    params = snakemake.params
    export_model(
        Path(snakemake.output.description).parent,
        checkpoint=snakemake.input.checkpoint,
        features=dict(zip(params.extractors, snakemake.input.features, strict=True)),
        extractors=params.extractors,
        normalise=params.normalise,
        not_finite=params.not_finite,
        predictions=dict(zip(params.tested_on, snakemake.input.predictions, strict=True)),
        name=wildcards.model,
        corpus=wildcards.corpus,
        note=params.note,
        config=params.config,
        code=params.code,
    )
