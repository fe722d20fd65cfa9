from pathlib import Path

from robust_mer.jobs import job

results = Path(snakemake.output.html).parent
with job(snakemake, "write_report"):
    import yaml

    from robust_mer.evaluation.provenance import stage_costs, training_devices
    from robust_mer.evaluation.report import ExperimentResults, RunFacts, write_report
    from robust_mer.provenance.facts import made_with

    shown = []
    for experiment in snakemake.params.experiments:
        corpus, name = results / experiment["corpus"], experiment["name"]
        shown.append(
            ExperimentResults(
                experiment=experiment,
                summary=results / f"tables/{name}_all.csv",
                figures={
                    title: results / f"figures/{name}_{figure}.svg"
                    for figure, title in experiment["figures"].items()
                },
                features={
                    **{e: corpus / f"features/{e}.csv" for e in experiment["extractors"]},
                    **{
                        f"{extractor} of {raw}": corpus
                        / f"corrupted/{raw}/features/{extractor}.csv"
                        for raw, extractor in experiment["raw"].items()
                    },
                },
                features_table=corpus / "features.csv",
                schedules={
                    c: corpus / f"corrupted/{c}/schedule.csv" for c in experiment["corruptions"]
                },
                folds=corpus / "folds.csv",
                problems=corpus / "index_problems.csv",
                replaced={
                    e: (corpus / f"features/{e}.h5", instead)
                    for e, instead in experiment["not_finite"].items()
                },
                utterances=corpus / "utterances.csv",
                checks=corpus / "fold_checks.csv",
                samples=snakemake.input.samples[0],
                calibration=(
                    results / f"tables/{name}_raw.csv",
                    results / f"figures/{name}_raw.svg",
                )
                if experiment["raw"]
                else None,
                comparisons=results / f"tables/{name}_comparisons.csv",
                audit=results / f"tables/{name}_audit.md",
                papers=[results / f"tables/{name}_{table}.md" for table in experiment["papers"]],
                statistics=[
                    results / f"tables/{name}_{table}.md"
                    for table in ("comparisons", "reliability", "claims", "orderings")
                ],
                reconstructions=(
                    results / f"figures/{name}_reconstructions.svg"
                    if experiment["reconstructed"]
                    else None
                ),
                embeddings=results / f"figures/{name}_tsne.svg" if experiment["drawn"] else None,
            )
        )
    corpora = sorted({experiment["corpus"] for experiment in snakemake.params.experiments})
    run = RunFacts(
        stage_costs(folder / "benchmarks" for folder in (results, *map(results.joinpath, corpora))),
        training_devices(map(Path, snakemake.params.checkpoints)),
        yaml.safe_dump(snakemake.params.config, sort_keys=False, allow_unicode=True),
        made_with(
            results, [path for path in snakemake.input if Path(path).is_relative_to(results)]
        ),
    )
    write_report(snakemake.output.html, shown, run)
