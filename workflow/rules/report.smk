# Results: scores, tables and figures of each experiment, and the report.
from robust_mer.report.words.page import SUBCATEGORIES


rule write_summary:
    input:
        unpack(jobs.write_summary.inputs),
    output:
        summary=layout.table("{experiment}", "all"),
    log:
        layout.log("write_summary", "{experiment}", corpus=""),
    benchmark:
        layout.benchmark("write_summary", "{experiment}", corpus="")
    conda:
        "../../envs/report.yaml"
    resources:
        **jobs.write_summary.resources,
    params:
        **jobs.write_summary.params,
    script:
        "../scripts/run.py"


rule compute_statistics:
    input:
        unpack(jobs.compute_statistics.inputs),
    output:
        intervals=layout.table("{experiment}", "intervals"),
        comparisons=layout.table("{experiment}", "comparisons"),
        reliability=layout.table("{experiment}", "reliability"),
        curves=layout.table("{experiment}", "risk_coverage"),
        rankings=layout.table("{experiment}", "rankings"),
    log:
        layout.log("compute_statistics", "{experiment}", corpus=""),
    benchmark:
        layout.benchmark("compute_statistics", "{experiment}", corpus="")
    conda:
        "../../envs/report.yaml"
    resources:
        **jobs.compute_statistics.resources,
    params:
        **jobs.compute_statistics.params,
    script:
        "../scripts/run.py"


rule measure_peeking:
    input:
        unpack(jobs.measure_peeking.inputs),
    output:
        peeking=layout.table("{experiment}", "peeking"),
    log:
        layout.log("measure_peeking", "{experiment}", corpus=""),
    benchmark:
        layout.benchmark("measure_peeking", "{experiment}", corpus="")
    conda:
        "../../envs/report.yaml"
    resources:
        **jobs.measure_peeking.resources,
    params:
        **jobs.measure_peeking.params,
    script:
        "../scripts/run.py"


rule measure_sets:
    input:
        unpack(jobs.measure_sets.inputs),
    output:
        sets=layout.table("{experiment}", "sets"),
    log:
        layout.log("measure_sets", "{experiment}", corpus=""),
    benchmark:
        layout.benchmark("measure_sets", "{experiment}", corpus="")
    conda:
        "../../envs/report.yaml"
    resources:
        **jobs.measure_sets.resources,
    params:
        **jobs.measure_sets.params,
    script:
        "../scripts/run.py"


rule split_tables:
    input:
        unpack(jobs.split_tables.inputs),
    output:
        table=layout.table("{experiment}", "by_{column}"),
    log:
        layout.log("split_tables", "{experiment}_by_{column}", corpus=""),
    benchmark:
        layout.benchmark("split_tables", "{experiment}_by_{column}", corpus="")
    localrule: True  # takes seconds
    conda:
        "../../envs/report.yaml"
    resources:
        **jobs.split_tables.resources,
    params:
        **jobs.split_tables.params,
    script:
        "../scripts/run.py"


rule calibrate_raw:
    input:
        unpack(jobs.calibrate_raw.inputs),
    output:
        calibration=layout.table("{experiment}", "raw"),
    log:
        layout.log("calibrate_raw", "{experiment}", corpus=""),
    benchmark:
        layout.benchmark("calibrate_raw", "{experiment}", corpus="")
    conda:
        "../../envs/report.yaml"
    resources:
        **jobs.calibrate_raw.resources,
    params:
        **jobs.calibrate_raw.params,
    script:
        "../scripts/run.py"


# Tables: a rule for each section of the report and each set of file formats.
for name, (kind, tables) in plan.report.table_rules.items():

    rule:
        name:
            name
        input:
            unpack(jobs.make_table.inputs),
        output:
            **{
                suffix: report(
                    layout.table("{experiment}", "{table}", f".{suffix}"),
                    caption=f"../report/{kind.section}.rst",
                    category="{experiment}",
                    subcategory=SUBCATEGORIES[kind.section],
                    labels={"table": "{table}", "format": suffix},
                )
                for suffix in kind.writes
            },
        log:
            layout.log("make_table", "{experiment}_{table}", corpus=""),
        benchmark:
            layout.benchmark("make_table", "{experiment}_{table}", corpus="")
        wildcard_constraints:
            table="|".join(map(re.escape, tables)),
        localrule: True
        conda:
            "../../envs/report.yaml"
        resources:
            **jobs.make_table.resources,
        params:
            **jobs.make_table.params,
        script:
            "../scripts/run.py"


rule make_figure:
    input:
        unpack(jobs.make_figure.inputs),
    output:
        svg=report(
            layout.figure("{experiment}", "{figure}"),
            caption="../report/figure.rst",
            category="{experiment}",
            subcategory="Figures",
            labels={"figure": "{figure}"},
        ),
        pdf=layout.figure("{experiment}", "{figure}", ".pdf"),
        caption=layout.figure("{experiment}", "{figure}", ".txt"),
        chart=layout.figure("{experiment}", "{figure}", ".vl.json"),
    log:
        layout.log("make_figure", "{experiment}_{figure}", corpus=""),
    benchmark:
        layout.benchmark("make_figure", "{experiment}_{figure}", corpus="")
    conda:
        "../../envs/report.yaml"
    resources:
        **jobs.make_figure.resources,
    params:
        **jobs.make_figure.params,
    script:
        "../scripts/run.py"


rule draw_embeddings:
    input:
        unpack(jobs.draw_embeddings.inputs),
    output:
        svg=report(
            layout.figure("{experiment}", "tsne"),
            caption="../report/tsne.rst",
            category="{experiment}",
            subcategory="Clean and noisy embeddings",
            labels={"figure": "tsne"},
        ),
        pdf=layout.figure("{experiment}", "tsne", ".pdf"),
        caption=layout.figure("{experiment}", "tsne", ".txt"),
        chart=layout.figure("{experiment}", "tsne", ".vl.json"),
        distances=layout.table("{experiment}", "tsne"),
    log:
        layout.log("draw_embeddings", "{experiment}", corpus=""),
    benchmark:
        layout.benchmark("draw_embeddings", "{experiment}", corpus="")
    conda:
        "../../envs/embeddings.yaml"
    threads: 1
    resources:
        **jobs.draw_embeddings.resources,
    params:
        **jobs.draw_embeddings.params,
    script:
        "../scripts/run.py"


rule draw_reconstructions:
    input:
        unpack(jobs.draw_reconstructions.inputs),
    output:
        svg=report(
            layout.figure("{experiment}", "reconstructions"),
            caption="../report/reconstructions.rst",
            category="{experiment}",
            subcategory="Rebuilt representations",
            labels={"figure": "reconstructions"},
        ),
        pdf=layout.figure("{experiment}", "reconstructions", ".pdf"),
        caption=layout.figure("{experiment}", "reconstructions", ".txt"),
        chart=layout.figure("{experiment}", "reconstructions", ".vl.json"),
        distances=layout.table("{experiment}", "reconstructions"),
    log:
        layout.log("draw_reconstructions", "{experiment}", corpus=""),
    benchmark:
        layout.benchmark("draw_reconstructions", "{experiment}", corpus="")
    conda:
        "../../envs/embeddings.yaml"
    threads: 1
    resources:
        **jobs.draw_reconstructions.resources,
    params:
        **jobs.draw_reconstructions.params,
    script:
        "../scripts/run.py"


rule write_report:
    input:
        unpack(jobs.write_report.inputs),
    output:
        html=layout.report,
    log:
        layout.log("write_report", corpus=""),
    benchmark:
        layout.benchmark("write_report", corpus="")
    localrule: True  # takes seconds
    conda:
        "../../envs/report.yaml"
    resources:
        **jobs.write_report.resources,
    params:
        **jobs.write_report.params,
    script:
        "../scripts/run.py"
