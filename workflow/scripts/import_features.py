from robust_mer.jobs import job

with job(snakemake, f"import_features {snakemake.wildcards.modality}"):
    from pathlib import Path

    from robust_mer.features.imported import ImportFiles, ImportSpec, import_features
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    import_features(
        ImportSpec(Plugin(**snakemake.params.importer), snakemake.wildcards.modality),
        ImportFiles(
            utterances=Path(snakemake.input.utterances),
            source=[Path(path) for path in snakemake.input.source],
            features=Path(snakemake.output.features),
            table=Path(snakemake.output.table),
        ),
        Runtime(
            root=snakemake.config["corpora"][snakemake.wildcards.corpus]["root"],
            max_failed_fraction=snakemake.config["features"]["max_failed_fraction"],
        ),
    )
