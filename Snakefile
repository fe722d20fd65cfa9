# robust-mer: from raw corpora to tables of WA and UA. Start reading here.
configfile: workflow.current_basedir.join("config.yaml").get_path_or_uri(secret_free=True)


# A folder of runs in the layout of the workflow catalogue: --directory FOLDER.
if workflow.modifier.is_main_snakefile() and os.path.exists("config/config.yaml"):

    configfile: "config/config.yaml"


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


onsuccess:
    end_run()


onerror:
    report_killed(log)


# Targets: each runs everything up to and including one stage.
rule all:
    default_target: True
    input:
        targets.tables,
        targets.contact_sheets,
        layout.report,


rule index:
    input:
        targets.index,


rule features:
    input:
        targets.features,
        targets.contact_sheets,


rule corrupted:
    input:
        targets.corrupted,


rule models:
    input:
        targets.checkpoints,


rule tables:
    input:
        targets.tables,


rule report:
    input:
        layout.report,
