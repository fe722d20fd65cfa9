# What the rules of report.smk ask for tables and the report.


def gaussian_noises(experiment):
    """Gaussian noises that an experiment tests on: what raw corruptions are compared with."""
    return at_snrs(experiment).get("gaussian", [])


def as_params(value):
    """A dataclass of builtin types alone: Snakemake records no others."""
    return json.loads(json.dumps(asdict(value)))


def experiment_of(wildcards):
    return settings.experiments[wildcards.experiment]


def experiment_index(wildcards):
    return f"{RESULTS}/{experiment_of(wildcards).corpus}/utterances.csv"


def experiment_folds(wildcards):
    return f"{RESULTS}/{experiment_of(wildcards).corpus}/folds.csv"


def experiment_features(wildcards):
    return features_of(experiment_of(wildcards).corpus)


def modalities_of(corpus, names=None):
    """Modalities of a corpus as values: all of them, or those that are named."""
    extractors, features = settings.extractors(corpus), settings.features(corpus)
    normalise, not_finite = settings.normalise(corpus), settings.not_finite(corpus)
    return [
        as_params(
            Modality(
                name, extractors[name], features[name], bool(normalise[name]), not_finite[name]
            )
        )
        for name in (features if names is None else names)
    ]


def experiment_modalities(wildcards):
    return modalities_of(experiment_of(wildcards).corpus)


def noise_modalities(wildcards):
    return modalities_of(wildcards.corpus, noise_params(wildcards))


def noise_spec(wildcards):
    """A noise on features as a value."""
    noises = {m: NoiseSpec(**how) for m, how in noise_params(wildcards).items()}
    return as_params(Corruption(wildcards.corruption, noises, settings.corruption_seed))


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
    return as_params(experiment_value(wildcards.experiment))


def corruption_facts(name):
    """What a corruption's name stands for; None for one without an amount."""
    parsed = read_name(name)
    if parsed is None:
        return None
    is_raw = bool(settings.raw(name))
    of_rest = parsed.kind in RAW_KINDS and RAW_KINDS[parsed.kind].of_rest
    less_is_worse = parsed.unit == "dB" or of_rest
    return CorruptionFacts(parsed.kind, parsed.amount, parsed.unit, less_is_worse, is_raw)


@cache
def experiment_value(name):
    """An experiment as tables, figures and report see it."""
    experiment = settings.experiments[name]
    corpus = settings.corpus(experiment.corpus)
    evaluations = [Evaluation(*one) for one in settings.evaluations(experiment)]
    named = named_corruptions(experiment)
    members = [
        member
        for one in named.values()
        for member in (one.values() if isinstance(one, dict) else one)
    ]
    trainings = {one.trained_on: parse_trained_on(one.trained_on) for one in evaluations}
    names = [corruption for corruption, _ in trainings.values()]
    names += [one.tested_on for one in evaluations] + members
    facts = {name: corruption_facts(name) for name in dict.fromkeys(names)}
    return Experiment(
        name=experiment.name,
        corpus=experiment.corpus,
        models={
            model: settings.described_class(experiment.corpus, model) for model in experiment.models
        },
        folds=tuple(experiment.folds),
        seeds=tuple(experiment.seeds),
        evaluations=tuple(evaluations),
        corruptions={name: fact for name, fact in facts.items() if fact},
        trainings={name: TrainedOn(*pair) for name, pair in trainings.items()},
        note=corpus.get("note"),
        published=corpus.get("published"),
        is_mask_aware=tuple(model for model in experiment.models if settings.given_mask(model)),
        named=named,
        one_condition_seed=(
            settings.corruption_seed if experiment.evaluate == "one_per_utterance" else None
        ),
    )


@cache
def experiment_facts(name):
    """What else is known of an experiment."""
    experiment = settings.experiments[name]
    corpus = settings.corpus(experiment.corpus)
    own = [corpus["published"]] if "published" in corpus else []
    extractors = settings.extractors(experiment.corpus).values()
    return Facts(
        sweep=sweep_of(experiment),
        learning=tuple(Training(*pair) for pair in learning_models(experiment)),
        reconstructing=tuple(Training(*pair) for pair in reconstructing(experiment)),
        drawn=tuple(drawn_corruptions(experiment)),
        data=CorpusFacts(
            generated=settings.generator(experiment.corpus) is not None,
            contains=tuple(corpus.get("contains", own)),
            extractors={e: settings.trained_on_of(e) for e in extractors},
        ),
    )


def audit_facts(wildcards):
    return as_params(experiment_facts(wildcards.experiment).only(("data",)))


def table_code(*tables):
    """Code of the scores that a rule computes, and of tables that it lays out."""
    return code_identity("robust_mer.report.tables.base", *tables)


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


def experiment_checks(wildcards):
    return f"{RESULTS}/{experiment_of(wildcards).corpus}/fold_checks.csv"


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


def shown_experiment(name):
    """What the report shows of an experiment."""
    experiment, value = settings.experiments[name], experiment_value(name)
    facts = experiment_facts(name)
    raw = settings.raw_corruptions(experiment)
    features = settings.features(experiment.corpus)
    of_raw = (f"{features[settings.raw_modality(one)]} of {one}" for one in raw)
    return Shown(
        experiment=value,
        facts=facts.only(("data",)),
        tables=tables_shown(value, facts, layouts),
        figures=figures_shown(experiment),
        has_calibration=bool(raw),
        logs=(*features_by_name(experiment), *of_raw),
        scheduled=tuple(experiment_corruptions(SimpleNamespace(experiment=name))),
        replaced=replacements(experiment.corpus),
    )


def report_experiments(wildcards):
    return [as_params(shown_experiment(name)) for name in settings.experiments]


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


def report_files():
    """The report's files by the names of robust_mer.report.page.ReportFiles, in its order."""
    files = {}

    def add(kind, *paths):
        files.setdefault(kind, []).extend(paths)

    for name, experiment in settings.experiments.items():
        shown, corpus = shown_experiment(name), f"{RESULTS}/{experiment.corpus}"
        tables, figures = TABLES.format(experiment=name), FIGURES.format(experiment=name)
        add("summaries", f"{tables}_all.csv")
        add("comparisons", f"{tables}_comparisons.csv")
        add("calibrations", *([f"{tables}_raw.csv"] if shown.has_calibration else []))
        add("tables", *(f"{tables}_{table}.md" for table in shown.tables))
        add("figures", *(f"{figures}_{figure}.svg" for figure in shown.figures))
        logs = feature_logs(experiment) + [
            corrupted_features_of(experiment.corpus, raw).removesuffix(".h5") + ".csv"
            for raw in settings.raw_corruptions(experiment)
        ]
        add("logs", *logs)
        add("replaced", *(f"{corpus}/features/{one}.h5" for one in shown.replaced))
        add("schedules", *noise_schedules(SimpleNamespace(experiment=name)).values())
        add("features", f"{corpus}/features.csv")
        add("utterances", f"{corpus}/utterances.csv")
        add("folds", f"{corpus}/folds.csv")
        add("checks", f"{corpus}/fold_checks.csv")
        add("problems", f"{corpus}/index_problems.csv")
        add("others", *schedules_of(experiment).values())
    add("others", *table_files(), *all_figures())
    return files


def report_inputs(wildcards):
    return report_files()
