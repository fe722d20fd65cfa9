# Corruption: where on the noise schedule every fold and modality reaches a target SNR.


rule schedule_noise:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        folds=f"{CORPUS}/folds.csv",
        features=corpus_features,
    output:
        schedule=SCHEDULE,
    log:
        f"{CORPUS}/logs/schedule_noise/{{corruption}}.log",
    benchmark:
        f"{CORPUS}/benchmarks/schedule_noise/{{corruption}}.tsv"
    conda:
        "../../envs/corruption.yaml"
    params:
        extractors=corpus_extractors,
        normalise=corpus_normalise,
        not_finite=corpus_not_finite,
        mode=settings.corruption_mode,
        noise=noise_params,
        code=schedule_code,
    script:
        "../scripts/schedule_noise.py"
