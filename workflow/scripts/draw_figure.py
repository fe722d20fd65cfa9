from robust_mer.jobs import job

wildcards = snakemake.wildcards
with job(snakemake, f"draw_figure {wildcards.experiment} {wildcards.figure}") as record:
    from robust_mer.provenance.origin import origin
    from robust_mer.settings import load

    files = dict(snakemake.input.items())
    trainings = list(map(tuple, snakemake.params.trainings))
    if "predictions" in files:
        evaluations = map(tuple, snakemake.params.evaluations)
        files["predictions"] = dict(zip(evaluations, files["predictions"], strict=True))
    if "histories" in files:
        paths = list(files["histories"])
        share = len(paths) // len(trainings)
        files["histories"] = {
            key: paths[place * share : (place + 1) * share] for place, key in enumerate(trainings)
        }
    draw = load(snakemake.params.implementation)
    draw(
        {**snakemake.params.experiment, "origin": origin(record)},
        svg=snakemake.output.svg,
        pdf=snakemake.output.pdf,
        **files,
    )
