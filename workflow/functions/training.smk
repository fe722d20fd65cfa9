# What the rules of training.smk ask; models' inputs serve evaluation and export too.


# What a model reads, in training and evaluation.


def model_features(wildcards):
    return features_of(wildcards.corpus, wildcards.model)


def model_extractors(wildcards):
    return settings.features(wildcards.corpus, wildcards.model)


def model_normalise(wildcards):
    return settings.normalise(wildcards.corpus, wildcards.model)


def model_encoders(wildcards):
    return settings.encoders(wildcards.corpus, wildcards.model)


def model_implementation(wildcards):
    return settings.model(wildcards.model)["implementation"]


def model_not_finite(wildcards):
    return settings.not_finite(wildcards.corpus, wildcards.model)


# Training. A rule for each set of replicas that jobs train.


def training_rules():
    """The jobs of each rule, by its name. Jobs that train the same replicas of different models are one
    rule's; those of teachers another's, since they go first."""
    alike = {}
    for job in settings.training_jobs:
        kind = "train_teacher" if job.model in settings.teachers else "train_model"
        alike.setdefault((kind, job.folds, tuple(job.replicas)), []).append(job)
    found = {}
    for (kind, folds, _), jobs in alike.items():
        name = f"{kind}_{folds}"
        others = sum(other.partition("_seeds")[0] == name for other in found)
        found[f"{name}_seeds{others + 1}" if others else name] = jobs  # the same folds, other seeds
    return found


def whose_replicas(jobs):
    """A constraint of the wildcard corpus, by which two rules never make a replica that both could:
    what follows is a model that one of these jobs trains, or none of the others'. The shorter of the
    two lists, because Snakemake tries it on every file that it looks for."""
    replicas, ours = set(jobs[0].replicas), set(map(trained_model, jobs))
    others = {
        trained_model(job)
        for job in settings.training_jobs
        if not replicas.isdisjoint(job.replicas)
    } - ours
    if not others:
        return "[^/]+"
    sign, models = ("=", ours) if len(ours) < len(others) else ("!", others)
    return f"(?{sign}({'|'.join(map(re.escape, sorted(models)))})/)[^/]+"


def trained_model(job):
    return f"{job.corpus}/models/{job.model}/{job.trained_on}"


def training_corruptions(wildcards):
    """What a model is trained on, by name, with the seed of its noise in validation data."""
    w = wildcards
    found = {}
    for name in settings.members(parse_trained_on(w.trained_on)[0]):
        noises = settings.noises(w.corpus, name, w.model)
        found[name] = {"noises": noises, "seed": settings.corruption_seed if noises else None}
    return found


def training_schedules(wildcards):
    return [
        schedule_of(wildcards.corpus, name)
        for name, how in training_corruptions(wildcards).items()
        if how["noises"]
    ]


def training_model(wildcards):
    return settings.model(wildcards.model)


def training_teacher(wildcards):
    return settings.teacher(wildcards.model)


def teacher_implementations(wildcards):
    teacher = training_teacher(wildcards)
    return [settings.model(teacher)["implementation"]] if teacher else []


def teacher_checkpoints(replicas):
    """The input function of a rule that trains these replicas."""

    def checkpoints(wildcards):
        teacher = training_teacher(wildcards)
        return replica_files(wildcards.corpus, teacher, CLEAN, replicas) if teacher else []

    return checkpoints


def training_code(wildcards):
    used = [implementations(how["noises"]) for how in training_corruptions(wildcards).values()]
    return code_identity(
        "robust_mer.training.train",
        settings.model(wildcards.model)["implementation"],
        *sorted(set().union(*used)),
    )
