# What leaves the workflow, asked for by name: snakemake exported, snakemake exported_features.


rule exported:
    input:
        exported_files(),


rule exported_features:
    input:
        exported_feature_files(),


rule export_model:
    input:
        checkpoint=f"{MODEL}/{{replica}}.safetensors",
        features=model_features,
        predictions=exported_predictions,
    output:
        weights=f"{EXPORTED}/model.safetensors",
        description=f"{EXPORTED}/model.json",
        card=f"{EXPORTED}/card.md",
    log:
        f"{CORPUS}/logs/export_model/{{model}}/{{trained_on}}/{{replica}}.log",
    benchmark:
        f"{CORPUS}/benchmarks/export_model/{{model}}/{{trained_on}}/{{replica}}.tsv"
    conda:
        "../../envs/training.yaml"
    params:
        extractors=exported_extractors,
        normalise=model_normalise,
        not_finite=model_not_finite,
        tested_on=tested_on,
        config=exported_config,
        implementation=model_implementation,
        note=exported_note,
        code=exported_code,
    script:
        "../scripts/export_model.py"


rule export_features:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        folds=f"{CORPUS}/folds.csv",
        features=all_features,
        schedule=exported_schedule,
    output:
        readme=f"{CORPUS}/exported_features/{{corruption}}/fold{{fold}}/README.md",
        features=directory(f"{CORPUS}/exported_features/{{corruption}}/fold{{fold}}/features"),
    log:
        f"{CORPUS}/logs/export_features/{{corruption}}/fold{{fold}}.log",
    benchmark:
        f"{CORPUS}/benchmarks/export_features/{{corruption}}/fold{{fold}}.tsv"
    conda:
        "../../envs/training.yaml"
    params:
        extractors=all_extractors,
        normalise=all_normalise,
        not_finite=all_not_finite,
        noises=exported_noises,
        seed=settings.corruption_seed,
        code=exported_features_code,
    script:
        "../scripts/export_features.py"
