from robust_mer.jobs import job

with job(snakemake, f"extract_features {snakemake.wildcards.extractor}"):
    from pathlib import Path

    from robust_mer.features.extract import extract_features
    from robust_mer.features.specs import ExtractFiles, ExtractSpec
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    extractor = snakemake.params.extractor
    extract_features(
        ExtractSpec(
            Plugin(extractor["implementation"], extractor["settings"]), extractor["weights_sha256"]
        ),
        ExtractFiles(
            utterances=Path(snakemake.input.utterances),
            faces=Path(snakemake.input.faces) if snakemake.input.faces else None,
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
