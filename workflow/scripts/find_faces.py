from robust_mer.jobs import job

with job(snakemake, snakemake.rule):
    from robust_mer.features.find_faces import find_faces

    find_faces(
        snakemake.input.utterances,
        # not params: where a corpus lies, how much may fail and the device change no face
        root=snakemake.config["corpora"][snakemake.wildcards.corpus]["root"],
        settings=snakemake.params.faces,
        faces_path=snakemake.output.faces,
        report_path=snakemake.output.table,
        reasons_path=snakemake.output.reasons,
        threads=snakemake.threads,
        max_failed_fraction=snakemake.config["features"]["max_failed_fraction"],
        device=snakemake.config["features"]["device"],
        max_seconds=snakemake.config["features"]["max_seconds_per_utterance"],
    )
