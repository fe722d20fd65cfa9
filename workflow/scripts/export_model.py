from pathlib import Path

from robust_mer.jobs import job

wildcards = snakemake.wildcards
with job(snakemake, f"export_model {wildcards.model} {wildcards.trained_on}"):
    from robust_mer.export.export import export_model
    from robust_mer.identity import parse_identity
    from robust_mer.provenance.checkout import checkout
    from robust_mer.provenance.origin import training_of

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
        code=parse_identity(params.code)[0],
        software=checkout(),
        training=training_of(snakemake.input.checkpoint),
        trusted=[params.implementation],
    )
