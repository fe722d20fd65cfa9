# Evaluation: a job per (model, trained on, tested on), for all folds and seeds of the run; and the true
# SNR of the evaluated data.


rule evaluate_model:
    input:
        unpack(jobs.evaluate_model.inputs),
    output:
        predictions=layout.predictions("{corpus}", "{model}", "{trained_on}", "{tested_on}"),
    log:
        layout.log("evaluate_model", "{model}", "{trained_on}", "{tested_on}"),
    benchmark:
        layout.benchmark("evaluate_model", "{model}", "{trained_on}", "{tested_on}")
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        **jobs.evaluate_model.resources,
        gpu=jobs.evaluate_model.gpu,
    params:
        **jobs.evaluate_model.params,
    script:
        "../scripts/run.py"


rule measure_noise:
    input:
        unpack(jobs.measure_noise.inputs),
    output:
        measured=layout.embedding_snr("{corpus}", "{corruption}"),
    log:
        layout.log("measure_noise", "{corruption}"),
    benchmark:
        layout.benchmark("measure_noise", "{corruption}")
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        **jobs.measure_noise.resources,
    params:
        **jobs.measure_noise.params,
    script:
        "../scripts/run.py"
