# Training: a job for several folds of a model, with all their seeds. There is a rule for each set of
# replicas, because an output pattern cannot list the replicas that a job trains.
for name, trainings in plan.grid.training_rules.items():
    job = jobs.training(trainings)

    rule:
        name:
            name
        input:
            unpack(job.inputs),
        output:
            **{
                output: plan.checkpoints(
                    "{corpus}", "{model}", "{trained_on}", trainings[0].replicas, suffix
                )
                for output, suffix in trainings[0].outputs.items()
            },
        log:
            layout.log("train_model", "{model}", "{trained_on}", trainings[0].folds),
        benchmark:
            layout.benchmark("train_model", "{model}", "{trained_on}", trainings[0].folds)
        wildcard_constraints:
            corpus=plan.training_constraint(trainings),
        # Teachers first. Otherwise one fold's student could be older than another fold's teacher, and a
        # job that trains both folds, after a change of `folds_per_job`, would be out of date.
        priority: int(name.startswith("train_teacher"))
        conda:
            "../../envs/training.yaml"
        threads: 1
        resources:
            **job.resources,
            gpu=job.gpu,
        params:
            **job.params,
        script:
            "../scripts/run.py"
