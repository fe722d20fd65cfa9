# Exports, only on request: snakemake exported, snakemake exported_features.


rule exported:
    input:
        targets.exported,


rule exported_features:
    input:
        targets.exported_features,


rule export_model:
    input:
        unpack(jobs.export_model.inputs),
    output:
        weights=layout.exported(
            "{corpus}", "{model}", "{trained_on}", "{replica}", "model.safetensors"
        ),
        description=layout.exported(
            "{corpus}", "{model}", "{trained_on}", "{replica}", "model.json"
        ),
        card=layout.exported("{corpus}", "{model}", "{trained_on}", "{replica}", "card.md"),
    log:
        layout.log("export_model", "{model}", "{trained_on}", "{replica}"),
    benchmark:
        layout.benchmark("export_model", "{model}", "{trained_on}", "{replica}")
    conda:
        "../../envs/training.yaml"
    resources:
        **jobs.export_model.resources,
    params:
        **jobs.export_model.params,
    script:
        "../scripts/run.py"


rule export_features:
    input:
        unpack(jobs.export_features.inputs),
    output:
        readme=layout.exported_features("{corpus}", "{corruption}", "{fold}", "README.md"),
        tree=directory(layout.exported_features("{corpus}", "{corruption}", "{fold}", "features")),
    log:
        layout.log("export_features", "{corruption}", "fold{fold}"),
    benchmark:
        layout.benchmark("export_features", "{corruption}", "fold{fold}")
    conda:
        "../../envs/training.yaml"
    resources:
        **jobs.export_features.resources,
    params:
        **jobs.export_features.params,
    script:
        "../scripts/run.py"
