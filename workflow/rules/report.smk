# Results: tables, figures and the report, an experiment at a time.
TABLES = f"{RESULTS}/tables/{{experiment}}"
FIGURES = f"{RESULTS}/figures/{{experiment}}"


def experiment_predictions(wildcards):
    experiment = settings.experiments[wildcards.experiment]
    return [
        PREDICTIONS.format(
            corpus=experiment.corpus, model=model, trained_on=trained_on, tested_on=tested_on
        )
        for model, trained_on, tested_on in settings.evaluations(experiment)
    ]


def experiment_params(wildcards):
    """What tables, figures and report say of an experiment."""
    experiment = settings.experiments[wildcards.experiment]
    corpus = settings.corpus(experiment.corpus)
    return {
        "name": experiment.name,
        "corpus": experiment.corpus,
        "note": corpus.get("note"),
        "published": corpus.get("published"),
        "models": {model: settings.model_class(model) for model in experiment.models},
        "folds": experiment.folds,
        "seeds": experiment.seeds,
    }


def experiment_evaluations(wildcards):
    return settings.evaluations(settings.experiments[wildcards.experiment])


def table_files():
    return [
        f"{TABLES.format(experiment=name)}_{table}"
        for name in settings.experiments
        for table in ("average.csv", "conditions.csv")
    ]


def report_experiments(wildcards):
    return [
        {
            **experiment_params(SimpleNamespace(experiment=name)),
            "extractors": [
                settings.extractor_of(experiment.corpus, modality)
                for modality in settings.modalities(experiment.corpus)
            ],
            "corruptions": experiment.corruptions,
        }
        for name, experiment in settings.experiments.items()
    ]


def report_inputs(wildcards):
    files = table_files()
    for name, experiment in settings.experiments.items():
        corpus = experiment.corpus
        files += [
            f"{TABLES.format(experiment=name)}_all.csv",
            f"{FIGURES.format(experiment=name)}_snr.svg",
            f"{RESULTS}/{corpus}/folds.csv",
            f"{RESULTS}/{corpus}/index_problems.csv",
            *(path.removesuffix(".h5") + ".csv" for path in features_of(corpus)),
            *(SCHEDULE.format(corpus=corpus, corruption=c) for c in experiment.corruptions),
        ]
    return sorted(set(files))


rule write_tables:
    input:
        predictions=experiment_predictions,
        published=sorted(
            os.path.join(workflow.basedir, "resources/published", name)
            for name in os.listdir(os.path.join(workflow.basedir, "resources/published"))
            if name.endswith(".csv")
        ),
    output:
        report(
            multiext(f"{TABLES}_average", ".csv", ".md", ".tex"),
            caption="../report/average.rst",
            category="{experiment}",
            subcategory="Average over the partial conditions",
        ),
        report(
            multiext(f"{TABLES}_conditions", ".csv", ".md", ".tex"),
            caption="../report/conditions.rst",
            category="{experiment}",
            subcategory="Every condition",
        ),
        summary=f"{TABLES}_all.csv",
    log:
        f"{RESULTS}/logs/write_tables/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_tables/{{experiment}}.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        experiment=experiment_params,
        evaluations=experiment_evaluations,
        code=code_identity("robust_mer.evaluation.tables"),
    script:
        "../scripts/write_tables.py"


rule draw_figures:
    input:
        summary=f"{TABLES}_all.csv",
    output:
        svg=report(
            f"{FIGURES}_snr.svg",
            caption="../report/snr.rst",
            category="{experiment}",
            subcategory="Against the SNR",
        ),
        pdf=f"{FIGURES}_snr.pdf",
    log:
        f"{RESULTS}/logs/draw_figures/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_figures/{{experiment}}.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        experiment=experiment_params,
        code=code_identity("robust_mer.evaluation.figures"),
    script:
        "../scripts/draw_figures.py"


rule write_report:
    input:
        report_inputs,
    output:
        html=f"{RESULTS}/report.html",
    log:
        f"{RESULTS}/logs/write_report.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_report.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        experiments=report_experiments,
        code=code_identity("robust_mer.evaluation.report"),
    script:
        "../scripts/write_report.py"
