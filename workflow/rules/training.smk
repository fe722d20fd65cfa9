# Training: a job for some folds of a model, with all their seeds. The rules are made here, one a job,
# because an output pattern cannot list the replicas that a job trains.
for job in settings.training_jobs:

    rule:
        name:
            f"train_model+{job.corpus}+{job.model}+{job.trained_on}+{job.folds}"
        input:
            utterances=f"{RESULTS}/{job.corpus}/utterances.csv",
            folds=f"{RESULTS}/{job.corpus}/folds.csv",
            features=model_features(job),
            schedules=training_schedules(job),
            teachers=teacher_checkpoints(job),
        output:
            checkpoints=trained_files(job, ".safetensors"),
            histories=trained_files(job, ".history.csv"),
        log:
            f"{training_folder(job, 'logs')}/{job.folds}.log",
        benchmark:
            f"{training_folder(job, 'benchmarks')}/{job.folds}.tsv"
        priority: training_priority(job)
        conda:
            "../../envs/training.yaml"
        threads: 1
        resources:
            gpu=0 if settings.training["device"] == "cpu" else 1,
        params:
            extractors=model_extractors(job),
            model=settings.model(job.model),
            teacher=settings.teacher(job.model),
            trained_on=job.trained_on,
            normalise=model_normalise(job),
            not_finite=model_not_finite(job),
            corruptions=training_corruptions(job),
            code=training_code(job),
        script:
            "../scripts/train_model.py"
