# What the rules of corruption.smk ask, for noise on features and for corrupted recordings.


# Corruption.


def noise_params(wildcards):
    return settings.noises(wildcards.corpus, wildcards.corruption)


def corrupted_modalities(values, wildcards):
    """Of what a corpus has per modality, that of those that a corruption touches."""
    return {modality: values[modality] for modality in noise_params(wildcards)}


def corrupted_extractors(wildcards):
    return corrupted_modalities(settings.features(wildcards.corpus), wildcards)


def corrupted_features(wildcards):
    return [
        FEATURES.format(corpus=wildcards.corpus, extractor=name) + ".h5"
        for name in corrupted_extractors(wildcards).values()
    ]


def corrupted_normalise(wildcards):
    return corrupted_modalities(settings.normalise(wildcards.corpus), wildcards)


def corrupted_not_finite(wildcards):
    return corrupted_modalities(settings.not_finite(wildcards.corpus), wildcards)


def implementations(noises):
    return sorted({how["implementation"] for how in noises.values()})


def schedule_code(wildcards):
    return code_identity("robust_mer.corruption.corrupt", *implementations(noise_params(wildcards)))


# Raw corruption.


def raw_params(wildcards):
    return settings.raw(wildcards.raw)


def raw_folds(wildcards):
    """Folds, for corruptions that draw on other speakers: they say who trains."""
    needs = settings.raw_needs_others(wildcards.raw)
    return f"{RESULTS}/{wildcards.corpus}/folds.csv" if needs else []


def corrupted_extraction_code(wildcards):
    return code_identity(
        "robust_mer.features.extract",
        "robust_mer.corruption.raw.signals",
        settings.extractor(wildcards.extractor)["implementation"],
        settings.raw(wildcards.raw)["implementation"],
    )


def raw_modality(wildcards):
    return settings.raw_modality(wildcards.raw)


def raw_not_finite(wildcards):
    return settings.not_finite(wildcards.corpus)[raw_modality(wildcards)]


def raw_extractor(wildcards):
    return settings.features(wildcards.corpus)[raw_modality(wildcards)]


def clean_features(wildcards):
    """Features of the modality that a raw corruption touches, as recorded."""
    extractor = raw_extractor(wildcards)
    return FEATURES.format(corpus=wildcards.corpus, extractor=extractor) + ".h5"


def raw_features(wildcards):
    return corrupted_features_of(wildcards.corpus, wildcards.raw)
