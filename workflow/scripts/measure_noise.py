from pathlib import Path

from pydantic import TypeAdapter

from robust_mer.jobs import job

with job(snakemake, f"measure_noise {snakemake.wildcards.corruption}"):
    from robust_mer.evaluation.embeddings import NoiseSnrFiles, measure_noise
    from robust_mer.evaluation.spec import NoiseSnrSpec
    from robust_mer.runtime import Runtime

    measure_noise(
        TypeAdapter(NoiseSnrSpec).validate_python(
            {
                "corruption": snakemake.params.corruption,
                "modalities": snakemake.params.modalities,
            }
        ),
        NoiseSnrFiles(
            Path(snakemake.input.utterances),
            Path(snakemake.input.folds),
            list(map(Path, snakemake.input.features)),
            Path(snakemake.input.schedule),
            Path(snakemake.output.measured),
        ),
        Runtime(),
    )
