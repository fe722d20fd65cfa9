# Corruption of features: the step of the noise schedule that reaches a target SNR, per fold and modality.
# Corruption of recordings and transcripts: the features of the corrupted data and their true SNR;
# where words are recognised, those that are heard in the corrupted sound.
HEARD = layout.corrupted_folder("{raw}", content="recognised")


rule schedule_noise:
    input:
        unpack(jobs.schedule_noise.inputs),
    output:
        schedule=layout.schedule("{corpus}", "{corruption}"),
    log:
        layout.log("schedule_noise", "{corruption}"),
    benchmark:
        layout.benchmark("schedule_noise", "{corruption}")
    conda:
        "../../envs/corruption.yaml"
    resources:
        **jobs.schedule_noise.resources,
    params:
        **jobs.schedule_noise.params,
    script:
        "../scripts/run.py"


rule extract_corrupted:
    input:
        unpack(jobs.extract_corrupted.inputs),
    output:
        features=layout.features("{corpus}", "{extractor}", ".h5", layout.corrupted_folder("{raw}")),
        table=layout.features("{corpus}", "{extractor}", ".csv", layout.corrupted_folder("{raw}")),
    log:
        layout.log("extract_corrupted", "{raw}", "{extractor}"),
    benchmark:
        layout.benchmark("extract_corrupted", "{raw}", "{extractor}")
    wildcard_constraints:
        raw=f"{RAW_NAME}(/{DRAW})?",
    conda:
        "../../envs/features.yaml"
    threads: 8
    resources:
        **jobs.extract_corrupted.resources,
        gpu=jobs.extract_corrupted.gpu,
    params:
        **jobs.extract_corrupted.params,
    script:
        "../scripts/run.py"


rule recognise_corrupted:
    input:
        unpack(jobs.recognise_corrupted.inputs),
    output:
        texts=layout.recognised("{corpus}", "texts.csv", HEARD),
        words=layout.recognised("{corpus}", "words.csv", HEARD),
    log:
        layout.log("recognise_corrupted", "{raw}"),
    benchmark:
        layout.benchmark("recognise_corrupted", "{raw}")
    wildcard_constraints:
        raw=f"{RAW_NAME}(/{DRAW})?",
    conda:
        "../../envs/features.yaml"
    threads: 8
    resources:
        **jobs.recognise_corrupted.resources,
        gpu=jobs.recognise_corrupted.gpu,
    params:
        **jobs.recognise_corrupted.params,
    script:
        "../scripts/run.py"


# On request: frees their disk once all results exist. Nothing reruns; a new model extracts them again.
rule discard_corrupted:
    input:
        targets.tables,
        layout.report,
    log:
        layout.log("discard_corrupted", corpus=""),
    localrule: True
    run:
        features = [*targets.corrupted_features, *targets.corrupted_sources]
        discard(features, layout.results, log[0])


rule measure_corrupted:
    input:
        unpack(jobs.measure_corrupted.inputs),
    output:
        schedule=layout.schedule("{corpus}", "{raw}"),
    log:
        layout.log("measure_corrupted", "{raw}"),
    benchmark:
        layout.benchmark("measure_corrupted", "{raw}")
    conda:
        "../../envs/corruption.yaml"
    resources:
        **jobs.measure_corrupted.resources,
    params:
        **jobs.measure_corrupted.params,
    script:
        "../scripts/run.py"
