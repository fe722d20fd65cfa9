from pathlib import Path

from pydantic import TypeAdapter

from robust_mer.jobs import job

with job(snakemake, f"draw_embeddings {snakemake.wildcards.experiment}") as record:
    from robust_mer.provenance.origin import origin
    from robust_mer.report.figures.embeddings import EmbeddingsFiles, draw_embeddings
    from robust_mer.report.spec import EmbeddingsSpec
    from robust_mer.runtime import Runtime

    params, inputs, outputs = snakemake.params, snakemake.input, snakemake.output
    draw_embeddings(
        TypeAdapter(EmbeddingsSpec).validate_python(
            {
                "experiment": params.experiment,
                "corruptions": params.corruptions,
                "modalities": params.modalities,
            }
        ),
        EmbeddingsFiles(
            Path(inputs.utterances),
            Path(inputs.folds),
            list(map(Path, inputs.features)),
            list(map(Path, inputs.schedules)),
            Path(outputs.svg),
            Path(outputs.pdf),
            Path(outputs.distances),
        ),
        Runtime(origin=origin(record)),
    )
