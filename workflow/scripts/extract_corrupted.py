from robust_mer.jobs import job

wildcards = snakemake.wildcards
with job(snakemake, f"extract_corrupted {wildcards.raw} {wildcards.extractor}"):
    from pathlib import Path

    from robust_mer.features.extract import extract_features
    from robust_mer.features.specs import ExtractFiles, ExtractSpec, RawSpec
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    extractor, raw = snakemake.params.extractor, snakemake.params.raw
    extract_features(
        ExtractSpec(
            Plugin(extractor["implementation"], extractor["settings"]),
            extractor["weights_sha256"],
            RawSpec(
                raw["kind"],
                Plugin(raw["implementation"], raw["settings"]),
                raw["amount"],
                raw["seed"],
            ),
        ),
        ExtractFiles(
            utterances=Path(snakemake.input.utterances),
            folds=Path(snakemake.input.folds) if snakemake.input.folds else None,
            features=Path(snakemake.output.features),
            table=Path(snakemake.output.table),
        ),
        Runtime(
            threads=snakemake.threads,
            root=snakemake.config["corpora"][snakemake.wildcards.corpus]["root"],
            device=snakemake.config["features"]["device"],
            max_failed_fraction=snakemake.config["features"]["max_failed_fraction"],
            max_seconds=snakemake.config["features"]["max_seconds_per_utterance"],
        ),
    )
