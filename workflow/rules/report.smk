# Results: tables, figures and the report, an experiment at a time.


# Seconds each: on a cluster they run where Snakemake runs.
localrules:
    lay_out_table,
    check_claims,
    audit_experiment,
    split_tables,
    write_report,


rule write_tables:
    input:
        predictions=experiment_predictions,
        schedules=experiment_schedules,
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
        corruptions=experiment_corruptions,
        published=published_names(),
        code=table_code("robust_mer.evaluation.scores", TABULATED["average"], TABULATED["conditions"]),
    script:
        "../scripts/write_tables.py"


rule compute_statistics:
    input:
        predictions=experiment_predictions,
        utterances=experiment_index,
        folds=experiment_folds,
    output:
        intervals=f"{TABLES}_intervals.csv",
        comparisons=report(
            multiext(f"{TABLES}_comparisons", ".csv", ".md"),
            caption="../report/comparisons.rst",
            category="{experiment}",
            subcategory="Statistics",
        ),
        reliability=report(
            multiext(f"{TABLES}_reliability", ".csv", ".md"),
            caption="../report/reliability.rst",
            category="{experiment}",
            subcategory="Statistics",
        ),
        curves=f"{TABLES}_risk_coverage.csv",
    log:
        f"{RESULTS}/logs/compute_statistics/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/compute_statistics/{{experiment}}.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        experiment=experiment_params,
        code=table_code(
            "robust_mer.evaluation.scores", TABULATED["comparisons"], TABULATED["reliability"]
        ),
    script:
        "../scripts/compute_statistics.py"


rule lay_out_table:
    input:
        summary=f"{TABLES}_all.csv",
        intervals=f"{TABLES}_intervals.csv",
        comparisons=f"{TABLES}_comparisons.csv",
        utterances=experiment_index,
        folds=experiment_folds,
        layouts=LAYOUTS,
        published=published(bool),
    output:
        report(
            multiext(f"{TABLES}_{{table}}", ".csv", ".md", ".tex"),
            caption="../report/papers.rst",
            category="{experiment}",
            subcategory="The papers' tables",
        ),
    log:
        f"{RESULTS}/logs/lay_out_table/{{experiment}}_{{table}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/lay_out_table/{{experiment}}_{{table}}.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        experiment=experiment_params,
        code=table_code("robust_mer.report.tables.papers"),
    script:
        "../scripts/lay_out_table.py"


rule check_claims:
    input:
        summary=f"{TABLES}_all.csv",
        intervals=f"{TABLES}_intervals.csv",
        comparisons=f"{TABLES}_comparisons.csv",
        utterances=experiment_index,
        folds=experiment_folds,
        layouts=LAYOUTS,
        published=published(bool),
    output:
        report(
            multiext(f"{TABLES}_claims", ".csv", ".md"),
            caption="../report/claims.rst",
            category="{experiment}",
            subcategory="The papers' claims",
        ),
        report(
            multiext(f"{TABLES}_orderings", ".csv", ".md"),
            caption="../report/claims.rst",
            category="{experiment}",
            subcategory="The papers' claims",
        ),
    log:
        f"{RESULTS}/logs/check_claims/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/check_claims/{{experiment}}.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        experiment=experiment_params,
        code=table_code(TABULATED["claims"]),
    script:
        "../scripts/check_claims.py"


rule audit_experiment:
    input:
        checks=experiment_checks,
        folds=experiment_folds,
        utterances=experiment_index,
        intervals=f"{TABLES}_intervals.csv",
    output:
        report(
            multiext(f"{TABLES}_audit", ".csv", ".md"),
            caption="../report/audit.rst",
            category="{experiment}",
            subcategory="Validity",
        ),
    log:
        f"{RESULTS}/logs/audit_experiment/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/audit_experiment/{{experiment}}.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        experiment=experiment_params,
        facts=audit_facts,
        code=table_code(TABULATED["audit"]),
    script:
        "../scripts/audit_experiment.py"


rule split_tables:
    input:
        predictions=experiment_predictions,
        utterances=experiment_index,
    output:
        table=f"{TABLES}_by_{{column}}.csv",
    log:
        f"{RESULTS}/logs/split_tables/{{experiment}}_by_{{column}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/split_tables/{{experiment}}_by_{{column}}.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        experiment=experiment_params,
        code=code_identity("robust_mer.evaluation.split"),
    script:
        "../scripts/split_tables.py"


rule draw_figure:
    input:
        unpack(figure_inputs),
    output:
        svg=report(
            f"{FIGURES}_{{figure}}.svg",
            caption="../report/figure.rst",
            category="{experiment}",
            subcategory="Figures",
        ),
        pdf=f"{FIGURES}_{{figure}}.pdf",
    log:
        f"{RESULTS}/logs/draw_figure/{{experiment}}_{{figure}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_figure/{{experiment}}_{{figure}}.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        experiment=experiment_params,
        facts=figure_facts,
        code=figure_code,
    script:
        "../scripts/draw_figure.py"


rule calibrate_raw:
    input:
        summary=f"{TABLES}_all.csv",
        schedules=calibrated_schedules,
        noises=calibrating_tables,
    output:
        report(
            multiext(f"{TABLES}_raw", ".csv", ".md", ".tex"),
            caption="../report/raw.rst",
            category="{experiment}",
            subcategory="Corruptions of recordings",
        ),
    log:
        f"{RESULTS}/logs/calibrate_raw/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/calibrate_raw/{{experiment}}.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        experiment=experiment_params,
        raw=calibrated_raw,
        gaussian=calibrating_noises,
        modalities=calibrated_modalities,
        code=table_code("robust_mer.evaluation.calibration", TABULATED["raw"]),
    script:
        "../scripts/calibrate_raw.py"


rule draw_calibration:
    input:
        calibration=f"{TABLES}_raw.csv",
    output:
        svg=report(
            f"{FIGURES}_raw.svg",
            caption="../report/raw.rst",
            category="{experiment}",
            subcategory="Corruptions of recordings",
        ),
        pdf=f"{FIGURES}_raw.pdf",
    log:
        f"{RESULTS}/logs/draw_calibration/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_calibration/{{experiment}}.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        experiment=experiment_params,
        code=code_identity(DRAWN["raw"], "robust_mer.report.figures.base"),
    script:
        "../scripts/draw_calibration.py"


rule draw_embeddings:
    input:
        utterances=experiment_index,
        folds=experiment_folds,
        features=experiment_features,
        schedules=drawn_schedules,
    output:
        svg=report(
            f"{FIGURES}_tsne.svg",
            caption="../report/tsne.rst",
            category="{experiment}",
            subcategory="Clean and noisy embeddings",
        ),
        pdf=f"{FIGURES}_tsne.pdf",
        distances=f"{TABLES}_tsne.csv",
    log:
        f"{RESULTS}/logs/draw_embeddings/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_embeddings/{{experiment}}.tsv"
    conda:
        "../../envs/embeddings.yaml"
    threads: 1
    params:
        experiment=heading,
        modalities=experiment_modalities,
        corruptions=drawn_specs,
        code=embeddings_code,
    script:
        "../scripts/draw_embeddings.py"


rule draw_reconstructions:
    input:
        utterances=experiment_index,
        folds=experiment_folds,
        features=experiment_features,
        checkpoints=reconstruction_checkpoints,
    output:
        svg=report(
            f"{FIGURES}_reconstructions.svg",
            caption="../report/reconstructions.rst",
            category="{experiment}",
            subcategory="Rebuilt representations",
        ),
        pdf=f"{FIGURES}_reconstructions.pdf",
        distances=f"{TABLES}_reconstructions.csv",
    log:
        f"{RESULTS}/logs/draw_reconstructions/{{experiment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_reconstructions/{{experiment}}.tsv"
    conda:
        "../../envs/embeddings.yaml"
    threads: 1
    params:
        experiment=drawn_experiment,
        names=reconstruction_names,
        modalities=experiment_modalities,
        code=reconstruction_code,
    script:
        "../scripts/draw_reconstructions.py"


rule write_report:
    input:
        unpack(report_inputs),
        samples=published_samples(),
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
        # No inputs: they would be thousands, and predictions hang on them already.
        checkpoints=checkpoint_files(),
        config=report_config(),
        code=code_identity("robust_mer.report.page", *TABULATED.values()),
    script:
        "../scripts/write_report.py"
