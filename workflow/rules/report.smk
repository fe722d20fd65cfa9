# Results: tables, figures and the report, an experiment at a time.


rule write_tables:
    input:
        predictions=experiment_predictions,
        published=published_tables(),
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
        published=published_names(),
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
