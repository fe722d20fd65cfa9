from robust_mer.jobs import job

with job(snakemake, snakemake.rule):
    from pathlib import Path

    from robust_mer.features.specs import DenseFaceFiles, DenseFaceSpec
    from robust_mer.features.train_denseface import train_denseface
    from robust_mer.runtime import Runtime

    train_denseface(
        DenseFaceSpec(snakemake.params.settings),
        DenseFaceFiles(
            faces=list(map(Path, snakemake.input.faces)),
            weights=Path(snakemake.output.weights),
            card=Path(snakemake.output.card),
        ),
        Runtime(threads=snakemake.threads),
    )
