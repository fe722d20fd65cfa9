# Corruption: of features, where on the noise schedule every fold and modality reaches a target SNR;
# of recordings and transcripts, features of what it leaves and how much that is.


rule schedule_noise:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        folds=f"{CORPUS}/folds.csv",
        features=corrupted_features,
    output:
        schedule=SCHEDULE,
    log:
        f"{CORPUS}/logs/schedule_noise/{{corruption}}.log",
    benchmark:
        f"{CORPUS}/benchmarks/schedule_noise/{{corruption}}.tsv"
    conda:
        "../../envs/corruption.yaml"
    params:
        extractors=corrupted_extractors,
        normalise=corrupted_normalise,
        not_finite=corrupted_not_finite,
        mode=settings.corruption_mode,
        schedule=settings.corruption_schedule,
        noises=noise_params,
        code=schedule_code,
    script:
        "../scripts/schedule_noise.py"


rule extract_corrupted:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        folds=raw_folds,
    output:
        features=f"{CORRUPTED_FEATURES}.h5",
        table=f"{CORRUPTED_FEATURES}.csv",
    log:
        f"{CORPUS}/logs/extract_corrupted/{{raw}}/{{extractor}}.log",
    benchmark:
        f"{CORPUS}/benchmarks/extract_corrupted/{{raw}}/{{extractor}}.tsv"
    conda:
        "../../envs/features.yaml"
    threads: 8
    resources:
        gpu=extraction_gpus,
    params:
        extractor=extractor_params,
        raw=raw_params,
        code=corrupted_extraction_code,
    script:
        "../scripts/extract_corrupted.py"


rule measure_corrupted:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        folds=f"{CORPUS}/folds.csv",
        clean=clean_features,
        corrupted=raw_features,
    output:
        schedule=f"{CORPUS}/corrupted/{{raw}}/schedule.csv",
    log:
        f"{CORPUS}/logs/measure_corrupted/{{raw}}.log",
    benchmark:
        f"{CORPUS}/benchmarks/measure_corrupted/{{raw}}.tsv"
    conda:
        "../../envs/corruption.yaml"
    params:
        modality=raw_modality,
        extractor=raw_extractor,
        not_finite=raw_not_finite,
        code=code_identity("robust_mer.corruption.raw.measure"),
    script:
        "../scripts/measure_corrupted.py"
