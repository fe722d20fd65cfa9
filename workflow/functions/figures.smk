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


def heading(wildcards):
    """What a picture says of its experiment that shows none of its models."""
    names = tuple(drawn_corruptions(experiment_of(wildcards)))
    return as_params(experiment_value(wildcards.experiment).heading(names))


def drawn_experiment(wildcards):
    return as_params(experiment_value(wildcards.experiment).heading())


def drawn_specs(wildcards):
    """The noises of the picture of embeddings, as values."""
    seed = settings.corruption_seed
    return [
        as_params(Corruption(name, {m: NoiseSpec(**how) for m, how in noises.items()}, seed))
        for name, noises in drawn_noises(wildcards).items()
    ]


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
    return code_identity("robust_mer.report.figures.embeddings", *sorted(set().union(*used)))


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


def reconstruction_code(wildcards):
    models = {model for model, _ in reconstructing(experiment_of(wildcards))}
    return code_identity(
        "robust_mer.report.figures.reconstructions",
        *sorted(settings.model(model)["implementation"] for model in models),
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
    """Figures that make sense of an experiment, those with rules of their own left out."""
    return [
        name
        for name in figures_shown(experiment)
        if name not in ("raw", "tsne", "reconstructions")
    ]


def figures_shown(experiment):
    return figures_of(experiment_value(experiment.name), experiment_facts(experiment.name))


def figure_inputs(wildcards):
    """What a figure reads; see robust_mer.report.spec.Results."""
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
    return {name: inputs[name]() for name in figure_class(wildcards).reads}


def figure_class(wildcards):
    return load(DRAWN[wildcards.figure])


def figure_code(wildcards):
    return code_identity(DRAWN[wildcards.figure], "robust_mer.report.figures.base")


def figure_facts(wildcards):
    """What a figure uses of what is known of its experiment."""
    facts = experiment_facts(wildcards.experiment)
    return as_params(facts.only(figure_class(wildcards).uses))
