# Training: a job per replica (fold and seed); a teacher is a replica like any other.


def training_corruption(wildcards):
    return parse_trained_on(wildcards.trained_on)[0]


def training_schedule(wildcards):
    return SCHEDULE.format(corpus=wildcards.corpus, corruption=training_corruption(wildcards))


def model_features(wildcards):
    return features_of(wildcards.corpus, wildcards.model)


def teacher_checkpoint(wildcards):
    teacher = settings.teacher(wildcards.model)
    if teacher is None:
        return []
    replica = {**dict(wildcards.items()), "model": teacher, "trained_on": "clean"}
    return REPLICA.format(**replica) + ".safetensors"


def model_params(wildcards):
    return settings.model(wildcards.model)


def model_normalise(wildcards):
    return settings.normalise(wildcards.corpus, wildcards.model)


def training_noise(wildcards):
    return settings.noise(training_corruption(wildcards))


def training_code(wildcards):
    noise = training_noise(wildcards)
    return code_identity(
        "robust_mer.training.train",
        settings.model(wildcards.model)["implementation"],
        *([noise["implementation"]] if noise else []),
    )


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
        noise_seed=settings.noise_seed,
        code=training_code,
    script:
        "../scripts/train_model.py"
