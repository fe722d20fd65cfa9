from robust_mer.jobs import job

with job(snakemake, f"tabulate_features {snakemake.wildcards.corpus}"):
    from pathlib import Path

    from robust_mer.features.specs import FeaturesTableFiles, FeaturesTableSpec
    from robust_mer.features.table import write_features_table
    from robust_mer.runtime import Runtime

    write_features_table(
        FeaturesTableSpec(tuple(snakemake.params.features.values())),
        FeaturesTableFiles(
            tables=list(map(Path, snakemake.input.tables)),
            csv=Path(snakemake.output.csv),
            md=Path(snakemake.output.md),
        ),
        Runtime(),
    )
