from robust_mer.jobs import job

with job(snakemake, snakemake.rule):
    from pathlib import Path

    from robust_mer.features.find_faces import find_faces
    from robust_mer.features.specs import FacesFiles, FacesSpec
    from robust_mer.runtime import Runtime

    find_faces(
        FacesSpec(snakemake.params.faces),
        FacesFiles(
            utterances=Path(snakemake.input.utterances),
            faces=Path(snakemake.output.faces),
            table=Path(snakemake.output.table),
            reasons=Path(snakemake.output.reasons),
        ),
        Runtime(
            threads=snakemake.threads,
            root=snakemake.config["corpora"][snakemake.wildcards.corpus]["root"],
            device=snakemake.config["features"]["device"],
            max_failed_fraction=snakemake.config["features"]["max_failed_fraction"],
            max_seconds=snakemake.config["features"]["max_seconds_per_utterance"],
        ),
    )
