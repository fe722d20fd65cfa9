from pathlib import Path

from pydantic import TypeAdapter

from robust_mer.jobs import job

with job(snakemake, f"draw_reconstructions {snakemake.wildcards.experiment}") as record:
    from robust_mer.provenance.origin import origin
    from robust_mer.report.figures.reconstructions import (
        ReconstructionsFiles,
        draw_reconstructions,
    )
    from robust_mer.report.spec import ReconstructionsSpec
    from robust_mer.runtime import Runtime

    params, inputs, outputs = snakemake.params, snakemake.input, snakemake.output
    draw_reconstructions(
        TypeAdapter(ReconstructionsSpec).validate_python(
            {
                "experiment": params.experiment,
                "names": params.names,
                "modalities": params.modalities,
            }
        ),
        ReconstructionsFiles(
            Path(inputs.utterances),
            Path(inputs.folds),
            list(map(Path, inputs.features)),
            list(map(Path, inputs.checkpoints)),
            Path(outputs.svg),
            Path(outputs.pdf),
            Path(outputs.distances),
        ),
        Runtime(origin=origin(record)),
    )
