# What the rules of evaluation.smk ask.


def evaluation_schedule(wildcards):
    """The schedule of noise on features; a raw corruption's only says what was measured."""
    raw = settings.raw(wildcards.tested_on)
    return [] if raw else schedule_of(wildcards.corpus, wildcards.tested_on)


def evaluation_raw(wildcards):
    """The modality that a raw corruption touches, where the model uses it."""
    w = wildcards
    touched = [settings.raw_modality(w.tested_on)] if settings.raw(w.tested_on) else []
    return [modality for modality in touched if modality in settings.modalities(w.corpus, w.model)]


def evaluation_corrupted(wildcards):
    w = wildcards
    return [corrupted_features_of(w.corpus, w.tested_on) for _ in evaluation_raw(w)]


def evaluation_replicas(wildcards):
    w = wildcards
    return settings.replicas[w.corpus, w.model, w.trained_on, w.tested_on]


def evaluation_checkpoints(wildcards):
    w = wildcards
    return replica_files(w.corpus, w.model, w.trained_on, evaluation_replicas(w))


def evaluation_noises(wildcards):
    return settings.noises(wildcards.corpus, wildcards.tested_on, wildcards.model)


def evaluation_seed(wildcards):
    return settings.corruption_seed if evaluation_noises(wildcards) else None


def evaluation_code(wildcards):
    return code_identity(
        "robust_mer.evaluation.evaluate",
        settings.model(wildcards.model)["implementation"],
        *implementations(evaluation_noises(wildcards)),
    )
