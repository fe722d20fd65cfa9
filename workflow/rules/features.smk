# Faces: detected once for all extractors of faces, with contact sheets for inspection.
# Words: recognised from the sound, once for all extractors that receive them.
# Features: extracted by a job per extractor, in shards on all its threads; or imported by a job per
# modality, if the corpus' reader provides published ones; then resampled or averaged over words, if the
# corpus requires it. DenseFace's network is trained only on request: snakemake train_denseface.
EXTRACTED = layout.of_corpus("{corpus}", "{extracted}/{extractor}")  # as recorded, or corrupted
RESAMPLED = resampled(EXTRACTED, "{rate}")


rule find_faces:
    input:
        unpack(jobs.find_faces.inputs),
    output:
        faces=layout.faces("{corpus}"),
        table=layout.of_corpus("{corpus}", "faces/faces.csv"),
        reasons=layout.of_corpus("{corpus}", "faces/reasons.csv"),
    log:
        layout.log("find_faces"),
    benchmark:
        layout.benchmark("find_faces")
    conda:
        "../../envs/features.yaml"
    threads: 8
    resources:
        **jobs.find_faces.resources,
        gpu=jobs.find_faces.gpu,
    params:
        **jobs.find_faces.params,
    script:
        "../scripts/run.py"


rule draw_contact_sheets:
    input:
        unpack(jobs.draw_contact_sheets.inputs),
    output:
        sheets=directory(layout.contact_sheets("{corpus}")),
    log:
        layout.log("draw_contact_sheets"),
    benchmark:
        layout.benchmark("draw_contact_sheets")
    conda:
        "../../envs/features.yaml"
    resources:
        **jobs.draw_contact_sheets.resources,
    params:
        **jobs.draw_contact_sheets.params,
    script:
        "../scripts/run.py"


rule extract_features:
    input:
        unpack(jobs.extract_features.inputs),
    output:
        features=layout.features("{corpus}", "{extractor}"),
        table=layout.features("{corpus}", "{extractor}", ".csv"),
    log:
        layout.log("extract_features", "{extractor}"),
    benchmark:
        layout.benchmark("extract_features", "{extractor}")
    conda:
        "../../envs/features.yaml"
    threads: 8
    resources:
        **jobs.extract_features.resources,
        gpu=jobs.extract_features.gpu,
    params:
        **jobs.extract_features.params,
    script:
        "../scripts/run.py"


rule recognise_words:
    input:
        unpack(jobs.recognise_words.inputs),
    output:
        texts=layout.recognised("{corpus}", "texts.csv"),
        words=layout.recognised("{corpus}", "words.csv"),
    log:
        layout.log("recognise_words"),
    benchmark:
        layout.benchmark("recognise_words")
    conda:
        "../../envs/features.yaml"
    threads: 8
    resources:
        **jobs.recognise_words.resources,
        gpu=jobs.recognise_words.gpu,
    params:
        **jobs.recognise_words.params,
    script:
        "../scripts/run.py"


rule resample_features:
    input:
        unpack(jobs.resample_features.inputs),
    output:
        features=f"{RESAMPLED}.h5",
        table=f"{RESAMPLED}.csv",
    log:
        layout.log("resample_features", "{extracted}", resampled("{extractor}", "{rate}")),
    benchmark:
        layout.benchmark("resample_features", "{extracted}", resampled("{extractor}", "{rate}"))
    conda:
        "../../envs/features.yaml"
    resources:
        **jobs.resample_features.resources,
    params:
        **jobs.resample_features.params,
    script:
        "../scripts/run.py"


rule align_features:
    input:
        unpack(jobs.align_features.inputs),
    output:
        features=f"{EXTRACTED}{ALIGNED}.h5",
        table=f"{EXTRACTED}{ALIGNED}.csv",
    log:
        layout.log("align_features", "{extracted}", "{extractor}"),
    benchmark:
        layout.benchmark("align_features", "{extracted}", "{extractor}")
    conda:
        "../../envs/features.yaml"
    resources:
        **jobs.align_features.resources,
    params:
        **jobs.align_features.params,
    script:
        "../scripts/run.py"


rule import_features:
    input:
        unpack(jobs.import_features.inputs),
    output:
        features=layout.features("{corpus}", f"{IMPORTED}{{modality}}"),
        table=layout.features("{corpus}", f"{IMPORTED}{{modality}}", ".csv"),
    log:
        layout.log("import_features", "{modality}"),
    benchmark:
        layout.benchmark("import_features", "{modality}")
    conda:
        "../../envs/features.yaml"
    resources:
        **jobs.import_features.resources,
    params:
        **jobs.import_features.params,
    script:
        "../scripts/run.py"


rule tabulate_features:
    input:
        unpack(jobs.tabulate_features.inputs),
    output:
        csv=layout.of_corpus("{corpus}", "features.csv"),
        md=layout.of_corpus("{corpus}", "features.md"),
    log:
        layout.log("tabulate_features"),
    benchmark:
        layout.benchmark("tabulate_features")
    localrule: True  # takes seconds
    conda:
        "../../envs/features.yaml"
    resources:
        **jobs.tabulate_features.resources,
    params:
        **jobs.tabulate_features.params,
    script:
        "../scripts/run.py"


rule train_denseface:
    input:
        unpack(jobs.train_denseface.inputs),
    output:
        weights=layout.denseface("denseface.safetensors"),
        card=layout.denseface("card.md"),
    log:
        layout.log("train_denseface", corpus=""),
    benchmark:
        layout.benchmark("train_denseface", corpus="")
    conda:
        "../../envs/features.yaml"
    threads: 8
    resources:
        **jobs.train_denseface.resources,
        gpu=int(plan.extracts_on_gpu),
    params:
        **jobs.train_denseface.params,
    script:
        "../scripts/run.py"
