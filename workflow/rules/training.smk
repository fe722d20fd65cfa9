# Training: a job per replica (fold and seed); a teacher is a replica like any other.


rule train_model:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        folds=f"{CORPUS}/folds.csv",
        features=model_features,
        schedule=training_schedule,
        teacher=teacher_checkpoint,
    output:
        checkpoint=f"{REPLICA}.safetensors",
        history=f"{REPLICA}.history.csv",
    log:
        f"{CORPUS}/logs/train_model/{{model}}/{{trained_on}}/fold{{fold}}_seed{{seed}}.log",
    benchmark:
        f"{CORPUS}/benchmarks/train_model/{{model}}/{{trained_on}}/fold{{fold}}_seed{{seed}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        gpu=0 if settings.training["device"] == "cpu" else 1,
    params:
        model=model_params,
        normalise=model_normalise,
        noise=training_noise,
        code=training_code,
    script:
        "../scripts/train_model.py"
