from robust_mer.jobs import job

wildcards = snakemake.wildcards
with job(snakemake, f"extract_corrupted {wildcards.raw} {wildcards.extractor}"):
    from robust_mer.corruption.raw.signals import RawCorruption
    from robust_mer.features.extract import extract_features

    # not params: where a corpus lies, how much may fail and the device change no feature
    root = snakemake.config["corpora"][wildcards.corpus]["root"]
    tables = (snakemake.input.utterances, snakemake.input.folds, root)
    extract_features(
        snakemake.input.utterances,
        root=root,
        implementation=snakemake.params.extractor["implementation"],
        settings=snakemake.params.extractor["settings"],
        features_path=snakemake.output.features,
        report_path=snakemake.output.table,
        threads=snakemake.threads,
        max_failed_fraction=snakemake.config["features"]["max_failed_fraction"],
        weights_sha256=snakemake.params.extractor["weights_sha256"],
        device=snakemake.config["features"]["device"],
        max_seconds=snakemake.config["features"]["max_seconds_per_utterance"],
        corruption=RawCorruption(
            **snakemake.params.raw,
            code=snakemake.params.raw_code,
            others=tables if snakemake.input.folds else None,
        ),
    )
