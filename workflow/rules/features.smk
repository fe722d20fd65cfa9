# Extraction: a job per extractor, which works in shards on all the threads that it gets.


rule extract_features:
    input:
        utterances=f"{CORPUS}/utterances.csv",
    output:
        features=f"{FEATURES}.h5",
        table=f"{FEATURES}.csv",
    log:
        f"{CORPUS}/logs/extract_features/{{extractor}}.log",
    benchmark:
        f"{CORPUS}/benchmarks/extract_features/{{extractor}}.tsv"
    conda:
        "../../envs/features.yaml"
    threads: 8
    params:
        extractor=extractor_params,
        code=extraction_code,
    script:
        "../scripts/extract_features.py"
