# robust-mer: from raw corpora to tables of WA and UA. Start reading here.
from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/corpora.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/corruption.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/export.smk"


onstart:
    start_run()


onerror:
    report_killed(log)


# Targets: each brings a run up to and including one stage.
rule all:
    default_target: True
    input:
        table_files(),
        sheet_folders(),
        f"{RESULTS}/report.html",


rule index:
    input:
        index_files(),


rule features:
    input:
        feature_files(),
        sheet_folders(),


rule corrupted:
    input:
        schedule_files(),


rule models:
    input:
        checkpoint_files(),


rule tables:
    input:
        table_files(),


rule report:
    input:
        f"{RESULTS}/report.html",
