# Evaluation: a job per (model, trained on, tested on), for all folds and seeds of the run.


rule evaluate_model:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        folds=f"{CORPUS}/folds.csv",
        features=model_features,
        schedule=evaluation_schedule,
        checkpoints=evaluation_checkpoints,
    output:
        predictions=PREDICTIONS,
    log:
        f"{CORPUS}/logs/evaluate_model/{{model}}/{{trained_on}}/{{tested_on}}.log",
    benchmark:
        f"{CORPUS}/benchmarks/evaluate_model/{{model}}/{{trained_on}}/{{tested_on}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        gpu=0 if settings.training["device"] == "cpu" else 1,
    params:
        replicas=evaluation_replicas,
        extractors=model_extractors,
        not_finite=model_not_finite,
        noise=evaluation_noise,
        code=evaluation_code,
    script:
        "../scripts/evaluate_model.py"
