from robust_mer.jobs import job

with job(snakemake.log[0], snakemake.rule):
    from pathlib import Path

    from robust_mer.features.train_denseface import train_denseface

    train_denseface(
        snakemake.output.weights,
        snakemake.output.card,
        Path(snakemake.output.weights).with_name(".progress.safetensors"),
        settings=snakemake.params.settings,
        code=snakemake.params.code,
        threads=snakemake.threads,
    )
