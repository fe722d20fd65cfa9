# What the rules of export.smk ask.


def tested_on(wildcards):
    """What a model that was trained on something is tested on, in any experiment of the run."""
    w = wildcards
    return settings.tested_on.get((w.corpus, w.model, w.trained_on), [])  # a teacher may have none


def exported_predictions(wildcards):
    return [
        PREDICTIONS.format(**wildcards, tested_on=tested_on) for tested_on in tested_on(wildcards)
    ]


def exported_extractors(wildcards):
    """Per modality of a model, the names of its extractor and feature file and, unless its features
    were imported, implementation and settings."""
    extractors = settings.extractors(wildcards.corpus, wildcards.model)
    read_as = settings.features(wildcards.corpus, wildcards.model)
    return {
        modality: {
            "name": name,
            "read_as": read_as[modality],
            **({} if name.startswith(IMPORTED) else settings.extractor(name)),
        }
        for modality, name in extractors.items()
    }


def exported_config(wildcards):
    """The sections of the config that made a model; where the corpus lies is nobody's business."""
    corpus = settings.corpus(wildcards.corpus)
    return {
        "model": settings.model(wildcards.model),
        "corpus": {key: value for key, value in corpus.items() if key != "root"},
        "corruption": config["corruption"],
    }


def exported_note(wildcards):
    return settings.corpus(wildcards.corpus).get("note")


def exported_schedule(wildcards):
    """The schedule of a corruption whose noisy features are exported; clean ones have none."""
    return schedule_of(wildcards.corpus, wildcards.corruption)


def all_features(wildcards):
    return features_of(wildcards.corpus)


def all_extractors(wildcards):
    return settings.extractors(wildcards.corpus)


def all_normalise(wildcards):
    return settings.normalise(wildcards.corpus)


def all_not_finite(wildcards):
    return settings.not_finite(wildcards.corpus)


def exported_noises(wildcards):
    return settings.noises(wildcards.corpus, wildcards.corruption)


def exported_features_code(wildcards):
    return code_identity(
        "robust_mer.export.mmin_layout", *implementations(exported_noises(wildcards))
    )


def exported_code(wildcards):
    return code_identity(
        "robust_mer.export.export", settings.model(wildcards.model)["implementation"]
    )
