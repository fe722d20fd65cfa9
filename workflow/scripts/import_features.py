from robust_mer.jobs import job

with job(snakemake, f"import_features {snakemake.wildcards.modality}"):
    from robust_mer.features.imported import import_features

    import_features(
        snakemake.input.utterances,
        # not params: where a corpus lies and how much may fail change no feature
        root=snakemake.config["corpora"][snakemake.wildcards.corpus]["root"],
        implementation=snakemake.params.importer["implementation"],
        settings=snakemake.params.importer["settings"],
        modality=snakemake.wildcards.modality,
        features_path=snakemake.output.features,
        report_path=snakemake.output.table,
        max_failed_fraction=snakemake.config["features"]["max_failed_fraction"],
    )
