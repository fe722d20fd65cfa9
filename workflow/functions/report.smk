# What the rules of report.smk ask for tables and the report.


def gaussian_noises(experiment):
    """Gaussian noises that an experiment tests on: what raw corruptions are compared with."""
    return at_snrs(experiment).get("gaussian", [])


def experiment_of(wildcards):
    return settings.experiments[wildcards.experiment]


def experiment_index(wildcards):
    return f"{RESULTS}/{experiment_of(wildcards).corpus}/utterances.csv"


def experiment_folds(wildcards):
    return f"{RESULTS}/{experiment_of(wildcards).corpus}/folds.csv"


def experiment_features(wildcards):
    return features_of(experiment_of(wildcards).corpus)


def experiment_extractors(wildcards):
    return settings.features(experiment_of(wildcards).corpus)


def experiment_normalise(wildcards):
    return settings.normalise(experiment_of(wildcards).corpus)


def experiment_not_finite(wildcards):
    return settings.not_finite(experiment_of(wildcards).corpus)


def noise_snr_code(wildcards):
    return code_identity(
        "robust_mer.evaluation.embeddings", *implementations(noise_params(wildcards))
    )


def calibrated_schedules(wildcards):
    experiment = experiment_of(wildcards)
    return [schedule_of(experiment.corpus, raw) for raw in settings.raw_corruptions(experiment)]


def calibrated_raw(wildcards):
    raws = settings.raw_corruptions(experiment_of(wildcards))
    return {raw: settings.raw_modality(raw) for raw in raws}


def calibrating_noises(wildcards):
    return gaussian_noises(experiment_of(wildcards))


def calibrating_tables(wildcards):
    corpus = experiment_of(wildcards).corpus
    return [
        NOISE_SNR.format(corpus=corpus, corruption=noise) for noise in calibrating_noises(wildcards)
    ]


def calibrated_modalities(wildcards):
    experiment = experiment_of(wildcards)
    return {model: settings.modalities(experiment.corpus, model) for model in experiment.models}


def calibrated_tables():
    """Tables of experiments that test on raw corruptions."""
    return [
        f"{TABLES.format(experiment=name)}_raw.csv"
        for name, experiment in settings.experiments.items()
        if settings.raw_corruptions(experiment)
    ]


def published_names():
    return [os.path.basename(path) for path in published_tables()]


def published_tables():
    """The papers' WA and UA."""
    return published(lambda name: name != SAMPLES)


def published_samples():
    """The paper's numbers of utterances."""
    return published(lambda name: name == SAMPLES)


def published(wanted):
    names = (name for name in os.listdir(PUBLISHED) if name.endswith(".csv"))
    return sorted(f"{PUBLISHED}/{name}" for name in names if wanted(name))


def experiment_predictions(wildcards):
    experiment = settings.experiments[wildcards.experiment]
    return [
        PREDICTIONS.format(
            corpus=experiment.corpus, model=model, trained_on=trained_on, tested_on=tested_on
        )
        for model, trained_on, tested_on in settings.evaluations(experiment)
    ]


def noise_schedules(wildcards):
    """The schedules of noise on features; what raw corruptions leave stands in tables of its own."""
    schedules = schedules_of(settings.experiments[wildcards.experiment])
    return {name: path for name, path in schedules.items() if not settings.raw(name)}


def experiment_corruptions(wildcards):
    return list(noise_schedules(wildcards))


def experiment_schedules(wildcards):
    return list(noise_schedules(wildcards).values())


def named_corruptions(experiment):
    """What the names of ``corruption.named`` in an experiment stand for."""
    names = [*experiment.corruptions, *experiment.tested_on]
    names += [member for name in names for member in settings.members(name)]
    return {name: settings.named(name) for name in names if settings.named(name)}


def experiment_params(wildcards):
    """What tables, figures and report say of an experiment."""
    experiment = settings.experiments[wildcards.experiment]
    corpus = settings.corpus(experiment.corpus)
    return {
        "name": experiment.name,
        "corpus": experiment.corpus,
        "note": corpus.get("note"),
        "published": corpus.get("published"),
        "models": {
            model: settings.described_class(experiment.corpus, model) for model in experiment.models
        },
        "given_mask": [model for model in experiment.models if settings.is_mask_aware(model)],
        "folds": experiment.folds,
        "seeds": experiment.seeds,
        "named": named_corruptions(experiment),
        "one_condition_seed": (
            settings.corruption_seed if experiment.evaluate == "one_per_utterance" else None
        ),
    }


def experiment_evaluations(wildcards):
    return settings.evaluations(settings.experiments[wildcards.experiment])


def table_files():
    return [
        f"{TABLES.format(experiment=name)}_{table}.csv"
        for name, experiment in settings.experiments.items()
        for table in (
            "average",
            "conditions",
            "reliability",
            "claims",
            "audit",
            *paper_tables(experiment),
            *split_names(experiment.corpus),
        )
    ] + calibrated_tables()


def paper_tables(experiment):
    """The papers' tables of which an experiment has a cell."""
    classes = {
        model: settings.described_class(experiment.corpus, model) for model in experiment.models
    }
    return tables_of(layouts, classes, settings.evaluations(experiment))


def experiment_tables(wildcards):
    return paper_tables(experiment_of(wildcards))


def experiment_checks(wildcards):
    return f"{RESULTS}/{experiment_of(wildcards).corpus}/fold_checks.csv"


def audited_corpus(wildcards):
    """What a corpus and the networks behind its features were made from."""
    name = experiment_of(wildcards).corpus
    corpus = settings.corpus(name)
    own = [corpus["published"]] if "published" in corpus else []
    return {
        "generated": settings.generator(name) is not None,
        "contains": corpus.get("contains", own),
        "extractors": {e: settings.trained_on_of(e) for e in settings.extractors(name).values()},
    }


def split_names(corpus):
    return [f"by_{column}" for column in settings.corpus(corpus).get("split_by", [])]


def replacements(corpus):
    """By extractor, what takes the place of values that are not finite, where that is allowed."""
    instead = settings.not_finite(corpus)
    return {
        extractor: instead[modality]
        for modality, extractor in settings.extractors(corpus).items()
        if instead[modality] is not None
    }


def report_experiments(wildcards):
    return [
        {
            **experiment_params(SimpleNamespace(experiment=name)),
            "extractors": list(features_by_name(experiment)),
            "not_finite": replacements(experiment.corpus),
            "corruptions": experiment_corruptions(SimpleNamespace(experiment=name)),
            "raw": {
                raw: settings.features(experiment.corpus)[settings.raw_modality(raw)]
                for raw in settings.raw_corruptions(experiment)
            },
            "figures": {name: DRAWN[name].title for name in drawn_figures(experiment)},
            "drawn": bool(drawn_corruptions(experiment)),
            "reconstructed": bool(reconstructing(experiment)),
            "papers": paper_tables(experiment),
        }
        for name, experiment in settings.experiments.items()
    ]


def report_config():
    """The config of the run, without what it does not use, where it lies, how wide it is and how
    much of it may fail."""
    used = {key: value for key, value in config.items() if key not in ("training", "gpu")}
    used["features"] = {key: config["features"].get(key, {}) for key in ("faces", "extractors")}
    models = {job.model for job in settings.training_jobs}
    used["experiments"] = {name: config["experiments"][name] for name in settings.experiments}
    used["models"] = {name: how for name, how in config["models"].items() if name in models}
    used["corpora"] = {
        name: {key: value for key, value in config["corpora"][name].items() if key != "root"}
        for name in settings.corpora
    }
    return used


def report_inputs(wildcards):
    files = table_files() + all_figures()
    for name, experiment in settings.experiments.items():
        corpus, tables = experiment.corpus, TABLES.format(experiment=name)
        shown = ("comparisons", "reliability", "claims", "orderings", "audit")
        files += [
            f"{tables}_all.csv",
            f"{tables}_comparisons.csv",
            *(f"{tables}_{table}.md" for table in (*shown, *paper_tables(experiment))),
            f"{RESULTS}/{corpus}/folds.csv",
            f"{RESULTS}/{corpus}/fold_checks.csv",
            f"{RESULTS}/{corpus}/utterances.csv",
            f"{RESULTS}/{corpus}/index_problems.csv",
            f"{RESULTS}/{corpus}/features.csv",
            *feature_logs(experiment),
            *(f"{FEATURES.format(corpus=corpus, extractor=e)}.h5" for e in replacements(corpus)),
            *(
                corrupted_features_of(corpus, raw).removesuffix(".h5") + ".csv"
                for raw in settings.raw_corruptions(experiment)
            ),
            *schedules_of(experiment).values(),
        ]
    return sorted(set(files))
