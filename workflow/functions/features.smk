# What the rules of features.smk ask, extraction, reading and import apart.


# Extraction.


def extractor_params(wildcards):
    return settings.extractor(wildcards.extractor)


def faces_seen(wildcards):
    """The faces of a corpus, for an extractor that looks at them."""
    looks = settings.looks_at_faces(wildcards.extractor)
    return FACES.format(corpus=wildcards.corpus) if looks else []


def sheet_folders():
    """Contact sheets of the corpora whose faces are looked at."""
    return [
        SHEETS.format(corpus=corpus)
        for corpus in settings.corpora
        if any(map(settings.looks_at_faces, settings.extractors(corpus).values()))
    ]


def extraction_gpus(wildcards):
    return settings.extraction_gpus(wildcards.extractor)


def extraction_code(wildcards):
    return code_identity(
        "robust_mer.features.extract", settings.extractor(wildcards.extractor)["implementation"]
    )


def denseface_pictures(wildcards):
    files = settings.denseface_training
    return [files[key] for key in ("faces", "votes") if files[key]]


# Reading: features at another rate, or averaged over words.


def extracted_modality(wildcards):
    return settings.extracted_modality(wildcards.extractor)


def extracted_not_finite(wildcards):
    return settings.not_finite(wildcards.corpus)[extracted_modality(wildcards)]


def wanted_rate(wildcards):
    return float(wildcards.rate)


def features_by_name(wildcards):
    """Modality of a corpus' feature files, by their names: as extracted, then as they are read."""
    every = (settings.extractors(wildcards.corpus), settings.features(wildcards.corpus))
    return {name: modality for names in every for modality, name in names.items()}


def feature_logs(wildcards):
    """What extraction, import or reading said of every utterance."""
    return [
        FEATURES.format(corpus=wildcards.corpus, extractor=name) + ".csv"
        for name in features_by_name(wildcards)
    ]


# Import.


def imported_source(wildcards):
    """The files that a modality of published features comes from."""
    return of_corpus(reader_of(wildcards.corpus).sources(wildcards.modality))


def importer_params(wildcards):
    return settings.importer(wildcards.corpus)


def import_code(wildcards):
    return code_identity(
        "robust_mer.features.imported", importer_params(wildcards)["implementation"]
    )
