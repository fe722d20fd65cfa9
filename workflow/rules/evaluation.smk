# Evaluation: a job per (model, trained on, tested on), for all folds and seeds of the run; and what
# noise leaves of the data that is evaluated.


rule evaluate_model:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        folds=f"{CORPUS}/folds.csv",
        features=model_features,
        corrupted=evaluation_corrupted,
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
        raw=evaluation_raw,
        noises=evaluation_noises,
        seed=evaluation_seed,
        code=evaluation_code,
    script:
        "../scripts/evaluate_model.py"


rule measure_noise:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        folds=f"{CORPUS}/folds.csv",
        features=corrupted_features,
        schedule=SCHEDULE,
    output:
        measured=NOISE_SNR,
    log:
        f"{CORPUS}/logs/measure_noise/{{corruption}}.log",
    benchmark:
        f"{CORPUS}/benchmarks/measure_noise/{{corruption}}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: 1
    params:
        corruption=noise_spec,
        modalities=noise_modalities,
        code=noise_snr_code,
    script:
        "../scripts/measure_noise.py"
