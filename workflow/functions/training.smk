# What the rules of training.smk ask; models' inputs serve evaluation and export too.


# What a model reads, in training and evaluation. These ask wildcards, or a training job, for the
# corpus and the model.


def model_features(wildcards):
    return features_of(wildcards.corpus, wildcards.model)


def model_extractors(wildcards):
    return settings.features(wildcards.corpus, wildcards.model)


def model_normalise(wildcards):
    return settings.normalise(wildcards.corpus, wildcards.model)


def model_not_finite(wildcards):
    return settings.not_finite(wildcards.corpus, wildcards.model)


# Training. Its rules are made from the config, one for each job, and have no wildcards.


def training_folder(job, kind):
    return f"{RESULTS}/{job.corpus}/{kind}/train_model/{job.model}/{job.trained_on}"


def training_corruptions(job):
    """What a model is trained on, by name, with the seed of its noise in validation data."""
    found = {}
    for name in settings.members(parse_trained_on(job.trained_on)[0]):
        noises = settings.noises(job.corpus, name, job.model)
        found[name] = {"noises": noises, "seed": settings.corruption_seed if noises else None}
    return found


def training_schedules(job):
    return [
        schedule_of(job.corpus, name)
        for name, how in training_corruptions(job).items()
        if how["noises"]
    ]


def trained_files(job, suffix):
    return replica_files(job.corpus, job.model, job.trained_on, job.replicas, suffix)


def teacher_checkpoints(job):
    teacher = settings.teacher(job.model)
    return replica_files(job.corpus, teacher, CLEAN, job.replicas) if teacher else []


def training_priority(job):
    """Teachers first. With one fold's student older than another fold's teacher, a job that trains
    both folds would be out of date, when `folds_per_job` makes one of them."""
    return int(job.model in {settings.teacher(other.model) for other in settings.training_jobs})


def training_code(job):
    used = [implementations(how["noises"]) for how in training_corruptions(job).values()]
    return code_identity(
        "robust_mer.training.train",
        settings.model(job.model)["implementation"],
        *sorted(set().union(*used)),
    )
