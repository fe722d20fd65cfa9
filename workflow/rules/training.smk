# Training: a job for several folds of a model, with all their seeds. There is a rule for each set of
# replicas, because an output pattern cannot list the replicas that a job trains.
for name, trainings in training_rules(plan.grid).items():
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


# The best candidate of each replica of a tuned model.
for name, choices in choosing_rules(plan.grid).items():
    job = jobs.choosing(choices)

    rule:
        name:
            name
        input:
            unpack(job.inputs),
        output:
            **{
                output: plan.checkpoints(
                    "{corpus}", "{model}", "{trained_on}", choices[0].replicas, suffix
                )
                for output, suffix in choices[0].outputs.items()
            },
        log:
            layout.log("choose_model", "{model}", "{trained_on}", choices[0].folds),
        benchmark:
            layout.benchmark("choose_model", "{model}", "{trained_on}", choices[0].folds)
        wildcard_constraints:
            corpus=plan.choosing_constraint(choices),
        # Before students, as for teachers.
        priority: 1
        conda:
            "../../envs/training.yaml"
        resources:
            **job.resources,
        params:
            **job.params,
        script:
            "../scripts/run.py"
