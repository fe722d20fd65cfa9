# Faces: found once for all extractors that look at them, with contact sheets for people to look at.
# Features: extracted, a job per extractor, which works in shards on all the threads that it gets; or
# imported, a job per modality, where the corpus' reader brings published ones; brought to another rate
# or averaged over words, where the corpus asks for it. And the training of DenseFace's network, which
# is asked for by name: snakemake train_denseface.


# Seconds each: on a cluster they run where Snakemake runs.
localrules:
    tabulate_features,


rule find_faces:
    input:
        utterances=f"{CORPUS}/utterances.csv",
    output:
        faces=FACES,
        table=f"{CORPUS}/faces/faces.csv",
        reasons=f"{CORPUS}/faces/reasons.csv",
    log:
        f"{CORPUS}/logs/find_faces.log",
    benchmark:
        f"{CORPUS}/benchmarks/find_faces.tsv"
    conda:
        "../../envs/features.yaml"
    threads: 8
    resources:
        gpu=0 if settings.features_device == "cpu" else 1,
    params:
        faces=settings.faces,
        code=code_identity("robust_mer.features.find_faces"),
    script:
        "../scripts/find_faces.py"


rule draw_contact_sheets:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        faces=FACES,
    output:
        directory(SHEETS),
    log:
        f"{CORPUS}/logs/draw_contact_sheets.log",
    benchmark:
        f"{CORPUS}/benchmarks/draw_contact_sheets.tsv"
    conda:
        "../../envs/features.yaml"
    params:
        code=code_identity("robust_mer.features.contact_sheets"),
    script:
        "../scripts/draw_contact_sheets.py"


rule extract_features:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        faces=faces_seen,
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
    resources:
        gpu=extraction_gpus,
    params:
        extractor=extractor_params,
        code=extraction_code,
    script:
        "../scripts/extract_features.py"


rule resample_features:
    input:
        source=f"{EXTRACTED}.h5",
        source_table=f"{EXTRACTED}.csv",
    output:
        features=f"{EXTRACTED}@{{rate}}{RATE}.h5",
        table=f"{EXTRACTED}@{{rate}}{RATE}.csv",
    log:
        f"{CORPUS}/logs/resample_features/{{extracted}}/{{extractor}}@{{rate}}{RATE}.log",
    benchmark:
        f"{CORPUS}/benchmarks/resample_features/{{extracted}}/{{extractor}}@{{rate}}{RATE}.tsv"
    conda:
        "../../envs/features.yaml"
    params:
        frame_rate=wanted_rate,
        not_finite=extracted_not_finite,
        code=code_identity("robust_mer.features.resampling"),
    script:
        "../scripts/resample_features.py"


rule align_features:
    input:
        source=f"{EXTRACTED}.h5",
        source_table=f"{EXTRACTED}.csv",
        words=f"{CORPUS}/words.csv",
        problems=f"{CORPUS}/words_problems.csv",
        utterances=f"{CORPUS}/utterances.csv",
    output:
        features=f"{EXTRACTED}{ALIGNED}.h5",
        table=f"{EXTRACTED}{ALIGNED}.csv",
    log:
        f"{CORPUS}/logs/align_features/{{extracted}}/{{extractor}}.log",
    benchmark:
        f"{CORPUS}/benchmarks/align_features/{{extracted}}/{{extractor}}.tsv"
    conda:
        "../../envs/features.yaml"
    params:
        modality=extracted_modality,
        not_finite=extracted_not_finite,
        code=code_identity("robust_mer.features.alignment"),
    script:
        "../scripts/align_features.py"


rule import_features:
    input:
        utterances=f"{CORPUS}/utterances.csv",
        source=imported_source,
    output:
        features=f"{CORPUS}/features/imported_{{modality}}.h5",
        table=f"{CORPUS}/features/imported_{{modality}}.csv",
    log:
        f"{CORPUS}/logs/import_features/{{modality}}.log",
    benchmark:
        f"{CORPUS}/benchmarks/import_features/{{modality}}.tsv"
    conda:
        "../../envs/features.yaml"
    params:
        importer=importer_params,
        code=import_code,
    script:
        "../scripts/import_features.py"


rule tabulate_features:
    input:
        tables=feature_logs,
    output:
        csv=f"{CORPUS}/features.csv",
        md=f"{CORPUS}/features.md",
    log:
        f"{CORPUS}/logs/tabulate_features.log",
    benchmark:
        f"{CORPUS}/benchmarks/tabulate_features.tsv"
    conda:
        "../../envs/features.yaml"
    params:
        features=features_by_name,
        code=code_identity("robust_mer.features.table"),
    script:
        "../scripts/tabulate_features.py"


rule train_denseface:
    input:
        faces=denseface_pictures,
    output:
        weights=f"{RESULTS}/denseface/denseface.safetensors",
        card=f"{RESULTS}/denseface/card.md",
    log:
        f"{RESULTS}/logs/train_denseface.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_denseface.tsv"
    conda:
        "../../envs/features.yaml"
    threads: 8
    resources:
        gpu=1,
    params:
        settings=settings.denseface_training,
        code=code_identity("robust_mer.features.train_denseface"),
    script:
        "../scripts/train_denseface.py"
