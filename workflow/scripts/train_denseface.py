from robust_mer.jobs import job

with job(snakemake, snakemake.rule):
    from pathlib import Path

    from robust_mer.features.train_denseface import train_denseface
    from robust_mer.identity import parse_identity

    train_denseface(
        snakemake.output.weights,
        snakemake.output.card,
        Path(snakemake.output.weights).with_name(".progress.safetensors"),
        settings=snakemake.params.settings,
        code=parse_identity(snakemake.params.code)[0],
        threads=snakemake.threads,
    )
