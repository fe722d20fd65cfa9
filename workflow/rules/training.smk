# Training: a job for some folds of a model, with all their seeds. The rules are made here, one for each
# set of replicas, because an output pattern cannot list the replicas that a job trains.
for name, jobs in training_rules().items():

    rule:
        name:
            name
        input:
            utterances=f"{CORPUS}/utterances.csv",
            folds=f"{CORPUS}/folds.csv",
            features=model_features,
            schedules=training_schedules,
            teachers=teacher_checkpoints(jobs[0].replicas),
        output:
            checkpoints=replica_files("{corpus}", "{model}", "{trained_on}", jobs[0].replicas),
            histories=replica_files(
                "{corpus}", "{model}", "{trained_on}", jobs[0].replicas, ".history.csv"
            ),
        log:
            f"{CORPUS}/logs/train_model/{{model}}/{{trained_on}}/{jobs[0].folds}.log",
        benchmark:
            f"{CORPUS}/benchmarks/train_model/{{model}}/{{trained_on}}/{jobs[0].folds}.tsv"
        wildcard_constraints:
            corpus=whose_replicas(jobs),
        # Teachers first. With one fold's student older than another fold's teacher, a job that trains
        # both folds would be out of date, when `folds_per_job` makes one of them.
        priority: int(name.startswith("train_teacher"))
        conda:
            "../../envs/training.yaml"
        threads: 1
        resources:
            gpu=0 if settings.training["device"] == "cpu" else 1,
        params:
            extractors=model_extractors,
            model=training_model,
            teacher=training_teacher,
            teacher_implementations=teacher_implementations,
            normalise=model_normalise,
            encoders=model_encoders,
            not_finite=model_not_finite,
            corruptions=training_corruptions,
            code=training_code,
        script:
            "../scripts/train_model.py"
