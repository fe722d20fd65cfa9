from robust_mer.jobs import job

with job(snakemake, f"extract_features {snakemake.wildcards.extractor}"):
    from robust_mer.features.extract import extract_features

    extract_features(
        snakemake.input.utterances,
        # not params: where a corpus lies, how much may fail and the device change no feature
        root=snakemake.config["corpora"][snakemake.wildcards.corpus]["root"],
        implementation=snakemake.params.extractor["implementation"],
        settings=snakemake.params.extractor["settings"],
        features_path=snakemake.output.features,
        report_path=snakemake.output.table,
        threads=snakemake.threads,
        max_failed_fraction=snakemake.config["features"]["max_failed_fraction"],
        faces=snakemake.input.faces or None,
        weights_sha256=snakemake.params.extractor["weights_sha256"],
        device=snakemake.config["features"]["device"],
        max_seconds=snakemake.config["features"]["max_seconds_per_utterance"],
    )
