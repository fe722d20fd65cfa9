# What the rules of report.smk ask for figures: which make sense of an experiment, and what they read.


def at_snrs(experiment):
    """An experiment's noises on features, each with its corruptions, that have an SNR."""
    found = {}
    for name in settings.every_corruption(experiment):
        parsed = read_name(name)
        if parsed and parsed.unit == "dB" and not settings.raw(name):
            found.setdefault(parsed.kind, []).append(name)
    return found


def drawn_corruptions(experiment):
    """Corruptions that are drawn beside clean data: noises at two SNRs or more."""
    return [name for names in at_snrs(experiment).values() if len(names) > 1 for name in names]


def drawn_experiment(wildcards):
    """What the picture of embeddings says of its experiment."""
    whole = experiment_params(wildcards)
    return {key: whole[key] for key in ("name", "corpus", "note", "folds")}


def drawn_schedules(wildcards):
    experiment = experiment_of(wildcards)
    return [schedule_of(experiment.corpus, name) for name in drawn_corruptions(experiment)]


def drawn_noises(wildcards):
    experiment = experiment_of(wildcards)
    return {
        name: settings.noises(experiment.corpus, name) for name in drawn_corruptions(experiment)
    }


def embeddings_code(wildcards):
    used = [implementations(noises) for noises in drawn_noises(wildcards).values()]
    return code_identity("robust_mer.evaluation.figures.embeddings", *sorted(set().union(*used)))


def all_figures():
    """All figures, those of raw corruptions and of embeddings under noise among them."""
    figures = []
    for name, experiment in settings.experiments.items():
        figures += [
            f"{FIGURES.format(experiment=name)}_{figure}.svg"
            for figure in drawn_figures(experiment)
        ]
        if settings.raw_corruptions(experiment):
            figures.append(f"{FIGURES.format(experiment=name)}_raw.svg")
        if reconstructing(experiment):
            figures.append(f"{FIGURES.format(experiment=name)}_reconstructions.svg")
        if drawn_corruptions(experiment):
            figures.append(f"{FIGURES.format(experiment=name)}_tsne.svg")
    return figures


def reconstructing(experiment):
    """Models, with what they were trained on, that rebuild what is missing."""
    return list(
        dict.fromkeys(
            (model, trained_on)
            for model, trained_on, _ in settings.evaluations(experiment)
            if settings.reconstructs(model)
        )
    )


def first_replica(wildcards):
    """Fold and seed of an experiment's first replica."""
    experiment = experiment_of(wildcards)
    return experiment.folds[0], experiment.seeds[0]


def reconstruction_checkpoints(wildcards):
    experiment = experiment_of(wildcards)
    return [
        path
        for model, trained_on in reconstructing(experiment)
        for path in replica_files(experiment.corpus, model, trained_on, [first_replica(wildcards)])
    ]


def reconstruction_names(wildcards):
    return [
        model if trained_on == CLEAN else f"{model} ({trained_on})"
        for model, trained_on in reconstructing(experiment_of(wildcards))
    ]


def reconstruction_implementations(wildcards):
    models = {model for model, _ in reconstructing(experiment_of(wildcards))}
    return sorted(settings.model(model)["implementation"] for model in models)


def reconstruction_code(wildcards):
    return code_identity(
        "robust_mer.evaluation.figures.reconstructions",
        *reconstruction_implementations(wildcards),
    )


def learning_models(experiment):
    """An experiment's models that learn in epochs, by what they were trained on."""
    return list(
        dict.fromkeys(
            (model, trained_on)
            for model, trained_on, _ in settings.evaluations(experiment)
            if "epochs_constant" in settings.model(model)["settings"]
        )
    )


def sweep_of(experiment):
    """By hyperparameter, its value in every model: of models of one class that differ from the
    first in one number alone. The first takes part everywhere."""
    base, *others = experiment.models
    sweep = {}
    for other in others:
        if settings.model_class(other) != settings.model_class(base):
            continue
        ours, theirs = (settings.model(model)["settings"] for model in (base, other))
        changed = [key for key in ours if theirs[key] != ours[key]]
        if len(changed) == 1 and isinstance(ours[changed[0]], int | float):
            values = sweep.setdefault(changed[0], {base: ours[changed[0]]})
            values[other] = theirs[changed[0]]
    return sweep


def drawn_figures(experiment):
    """Figures that make sense of an experiment."""
    evaluations = settings.evaluations(experiment)
    there_is = {
        "": True,
        "corruptions": any(tested_on != CLEAN for _, _, tested_on in evaluations),
        "transfer": any(
            tested_on not in (CLEAN, parse_trained_on(trained_on)[0]) and trained_on != CLEAN
            for _, trained_on, tested_on in evaluations
        ),
        "sweep": bool(sweep_of(experiment)),
        "histories": bool(learning_models(experiment)),
    }
    return [name for name, figure in DRAWN.items() if there_is[figure.needs]]


def figure_inputs(wildcards):
    """What a figure reads; see robust_mer.evaluation.figures.registry."""
    experiment = experiment_of(wildcards)
    replicas = [(fold, seed) for fold in experiment.folds for seed in experiment.seeds]
    inputs = {
        "summary": lambda: f"{TABLES}_all.csv".format(**wildcards),
        "reliability": lambda: f"{TABLES}_reliability.csv".format(**wildcards),
        "curves": lambda: f"{TABLES}_risk_coverage.csv".format(**wildcards),
        "predictions": lambda: experiment_predictions(wildcards),
        "utterances": lambda: experiment_index(wildcards),
        "histories": lambda: [
            path
            for model, trained_on in learning_models(experiment)
            for path in replica_files(
                experiment.corpus, model, trained_on, replicas, ".history.csv"
            )
        ],
    }
    return {name: inputs[name]() for name in DRAWN[wildcards.figure].reads}


def figure_implementation(wildcards):
    return DRAWN[wildcards.figure].implementation


def figure_title(wildcards):
    return DRAWN[wildcards.figure].title


def figure_code(wildcards):
    return code_identity(figure_implementation(wildcards))


def figure_experiment(wildcards):
    """What a figure says of its experiment."""
    sweep = {"sweep": sweep_of(experiment_of(wildcards))} if wildcards.figure == "sweep" else {}
    return {**experiment_params(wildcards), **sweep}


def figure_evaluations(wildcards):
    reads = DRAWN[wildcards.figure].reads
    return experiment_evaluations(wildcards) if "predictions" in reads else []


def figure_trainings(wildcards):
    reads = DRAWN[wildcards.figure].reads
    return learning_models(experiment_of(wildcards)) if "histories" in reads else []
