# Evaluation: a job per (model, trained on, tested on), for all folds and seeds of the run.


def evaluation_schedule(wildcards):
    return SCHEDULE.format(corpus=wildcards.corpus, corruption=wildcards.tested_on)


def evaluation_checkpoints(wildcards):
    w = wildcards
    return replica_files(w.corpus, w.model, w.trained_on, w.tested_on)


def evaluation_modalities(wildcards):
    return settings.modalities(wildcards.corpus, wildcards.model)


def evaluation_noise(wildcards):
    return settings.noise(wildcards.tested_on)


def evaluation_code(wildcards):
    noise = evaluation_noise(wildcards)
    return code_identity(
        "robust_mer.evaluation.evaluate",
        settings.model(wildcards.model)["implementation"],
        *([noise["implementation"]] if noise else []),
    )


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
        modalities=evaluation_modalities,
        noise=evaluation_noise,
        noise_seed=settings.noise_seed,
        code=evaluation_code,
    script:
        "../scripts/evaluate_model.py"
