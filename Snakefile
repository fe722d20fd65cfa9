# robust-mer: from raw corpora to tables of WA and UA. Start reading here.
configfile: "config.yaml"


include: "workflow/rules/common.smk"


for stage in STAGES:

    include: f"workflow/rules/{stage}.smk"


onstart:
    start_run()


onerror:
    report_killed(log)


# Targets: each runs everything up to and including one stage.
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
