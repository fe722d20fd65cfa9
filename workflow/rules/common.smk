# What the rules share: the checked config, and the functions that turn it into file names.
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

from snakemake.exceptions import WorkflowError

sys.path.insert(0, os.path.join(workflow.basedir, "src"))
sys.path.append(os.getcwd())  # a user's own modules

from robust_mer.config import ALIGNED, IMPORTED, RATE, Config
from robust_mer.corpora.index import changed_media
from robust_mer.corruption.names import CLEAN, parse_trained_on, read_name
from robust_mer.errors import InputError
from robust_mer.evaluation.figures.registry import FIGURES as DRAWN
from robust_mer.evaluation.layouts import read_layouts, tables_of
from robust_mer.identity import code_identity
from robust_mer.jobs import prepare_jobs
from robust_mer.replicas import replica_name
from robust_mer.settings import load

prepare_jobs()

RESULTS = "results"
CORPUS = f"{RESULTS}/{{corpus}}"
FACES = f"{CORPUS}/faces/faces.h5"
SHEETS = f"{CORPUS}/faces/sheets"
FEATURES = f"{CORPUS}/features/{{extractor}}"
EXTRACTED = f"{CORPUS}/{{extracted}}/{{extractor}}"  # of recordings as they are, or corrupted
SCHEDULE = f"{CORPUS}/corrupted/{{corruption}}/schedule.csv"
NOISE_SNR = f"{CORPUS}/corrupted/{{corruption}}/embedding_snr.csv"
CORRUPTED_FEATURES = f"{CORPUS}/corrupted/{{raw}}/features/{{extractor}}"
MODEL = f"{CORPUS}/models/{{model}}/{{trained_on}}"
TABLES = f"{RESULTS}/tables/{{experiment}}"
FIGURES = f"{RESULTS}/figures/{{experiment}}"
SAMPLES = "nmer_table1_samples.csv"
EXPORTED = f"{CORPUS}/exported/{{model}}/{{trained_on}}/{{replica}}"
PREDICTIONS = f"{CORPUS}/predictions/{{model}}/{{trained_on}}/{{tested_on}}/predictions.parquet"

try:
    settings = Config(config, os.path.join(workflow.basedir, "workflow/schemas/config.schema.yaml"))
except InputError as error:
    raise WorkflowError(str(error))

# By paths that stay the same when the project is moved.
PUBLISHED = os.path.relpath(os.path.join(workflow.basedir, "resources/published"))
LAYOUTS = f"{PUBLISHED}/layouts.yaml"
layouts = read_layouts(LAYOUTS)

# Corruptions of recordings and those of features lie in the same folders.
RAW_NAME = rf"({'|'.join(settings.raw_kinds) or '-'})_-?[0-9.]+(dB|%|px|ms)"


wildcard_constraints:
    corpus="[^/]+",
    extractor=f"(?!{IMPORTED})[^/@]+",
    extracted=rf"(corrupted/{RAW_NAME}/)?features",
    rate=r"[0-9.]+",
    modality="[a-z]+",
    column="|".join(settings.split_columns) or "-",
    figure="|".join(DRAWN),
    model="[^/]+",
    corruption=f"(?!{RAW_NAME}(/|$))[^/]+",
    raw=RAW_NAME,
    trained_on="[^/]+",
    tested_on="[^/]+",
    replica=r"fold\d+_seed\d+",
    experiment="|".join(map(re.escape, settings.experiments)),
    table="|".join(layouts),


def corpus_root(corpus):
    return settings.corpus(corpus)["root"]


def features_of(corpus, model=None):
    """Feature files of a corpus' modalities, in their order; those of a model where one is named."""
    return [
        FEATURES.format(corpus=corpus, extractor=name) + ".h5"
        for name in settings.features(corpus, model).values()
    ]


def schedule_of(corpus, corruption):
    """The noise schedule of a corruption; clean data have none."""
    return [] if corruption == CLEAN else SCHEDULE.format(corpus=corpus, corruption=corruption)


def schedules_of(experiment):
    """The noise schedules behind an experiment, by corruption."""
    return {
        corruption: schedule_of(experiment.corpus, corruption)
        for _, _, corruption in settings.evaluations(experiment)
        if corruption != CLEAN
    }


def corrupted_features_of(corpus, raw):
    """Features of the modality that a raw corruption touches, extracted from what it left."""
    extractor = settings.features(corpus)[settings.raw_modality(raw)]
    return CORRUPTED_FEATURES.format(corpus=corpus, raw=raw, extractor=extractor) + ".h5"


def replica_files(corpus, model, trained_on, replicas, suffix=".safetensors"):
    folder = MODEL.format(corpus=corpus, model=model, trained_on=trained_on)
    return [f"{folder}/{replica_name(fold, seed)}{suffix}" for fold, seed in replicas]


# Index.


def reader_tables(wildcards):
    """The corpus' own tables: labels, transcripts, a manifest. A generated corpus brings them."""
    if settings.generator(wildcards.corpus):
        return []
    reader = settings.reader(wildcards.corpus)
    tables = load(reader["implementation"].replace(":read", ":tables"))
    return tables(Path(corpus_root(wildcards.corpus)), reader["settings"])


def warn_of_changed_media():
    """Say which recordings are no longer what the index saw; that alone reruns nothing."""
    for corpus in settings.corpora:
        media = f"{RESULTS}/{corpus}/media.csv"
        changed = changed_media(media, corpus_root(corpus)) if os.path.exists(media) else []
        if changed:
            print(
                f"{corpus}: {len(changed)} recordings are not what the index saw, the first: "
                f"{changed[0]}. To take them in: snakemake --forcerun index_corpus "
                f"extract_features ...",
                file=sys.stderr,
            )


if workflow.is_main_process:  # not in the jobs of a cluster
    warn_of_changed_media()


def raw_corpus(wildcards):
    """A generated corpus is made first; real recordings are no inputs (touching one reruns nothing)."""
    return corpus_root(wildcards.corpus) if settings.generator(wildcards.corpus) else []


def generator_params(wildcards):
    generator = settings.generator(wildcards.corpus)
    if generator is None:
        raise InputError(f"{wildcards.corpus} is not a generated corpus")
    return generator


def generator_code(wildcards):
    return code_identity(generator_params(wildcards)["implementation"])


def reader_params(wildcards):
    return settings.reader(wildcards.corpus)


def index_code(wildcards):
    return code_identity(
        "robust_mer.corpora.index", settings.reader(wildcards.corpus)["implementation"]
    )


def words_params(wildcards):
    return settings.words(wildcards.corpus)


def word_tables(wildcards):
    """The corpus' own tables of word times. A generated corpus brings them."""
    if settings.generator(wildcards.corpus):
        return []
    source = settings.words(wildcards.corpus)
    tables = load(source["implementation"].replace(":words", ":tables"))
    return tables(Path(corpus_root(wildcards.corpus)), source["settings"])


def words_code(wildcards):
    return code_identity(
        "robust_mer.corpora.words", settings.words(wildcards.corpus)["implementation"]
    )


def fold_params(wildcards):
    return settings.corpus(wildcards.corpus)["folds"]


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
    importer = settings.importer(wildcards.corpus)
    sources = load(importer["implementation"].replace(":features", ":sources"))
    return sources(Path(corpus_root(wildcards.corpus)), importer["settings"], wildcards.modality)


def importer_params(wildcards):
    return settings.importer(wildcards.corpus)


def import_code(wildcards):
    return code_identity(
        "robust_mer.features.imported", importer_params(wildcards)["implementation"]
    )


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


def raw_code(wildcards):
    return code_identity(settings.raw(wildcards.raw)["implementation"])


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


# Evaluation.


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


# Export.


def tested_on(wildcards):
    """What a model that was trained on something is tested on, in any experiment of the run."""
    w = wildcards
    return [
        tested_on
        for corpus, model, trained_on, tested_on in settings.replicas
        if (corpus, model, trained_on) == (w.corpus, w.model, w.trained_on)
    ]


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


# Results.


def at_snrs(experiment):
    """An experiment's noises on features, each with its corruptions, that have an SNR."""
    found = {}
    for name in settings.every_corruption(experiment):
        parsed = read_name(name)
        if parsed and parsed.unit == "dB" and not settings.raw(name):
            found.setdefault(parsed.kind, []).append(name)
    return found


def gaussian_noises(experiment):
    """Gaussian noises that an experiment tests on: what raw corruptions are compared with."""
    return at_snrs(experiment).get("gaussian", [])


def drawn_corruptions(experiment):
    """Corruptions that are drawn beside clean data: noises at two SNRs or more."""
    return [name for names in at_snrs(experiment).values() if len(names) > 1 for name in names]


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
        "robust_mer.evaluation.figures.reconstructions",
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
        "given_mask": [model for model in experiment.models if settings.given_mask(model)],
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
    used = {key: value for key, value in config.items() if key != "training"}
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
        corpus = experiment.corpus
        files += [
            f"{TABLES.format(experiment=name)}_all.csv",
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


# What the target rules ask for.


def index_files():
    return [
        f"{RESULTS}/{corpus}/{table}.csv"
        for corpus in settings.corpora
        for table in ("utterances", "folds")
    ]


def feature_files():
    files = {path for corpus in settings.corpora for path in features_of(corpus)}
    return sorted(files) + [f"{RESULTS}/{corpus}/features.csv" for corpus in settings.corpora]


def schedule_files():
    return sorted(
        {path for e in settings.experiments.values() for path in schedules_of(e).values()}
    )


def checkpoint_files():
    return sorted(
        path for job in settings.training_jobs for path in trained_files(job, ".safetensors")
    )


def exported_files():
    """Model folders of all replicas of the run, by the file that describes them."""
    description = f"{EXPORTED}/model.json"
    return sorted(
        description.format(
            corpus=job.corpus,
            model=job.model,
            trained_on=job.trained_on,
            replica=replica_name(fold, seed),
        )
        for job in settings.training_jobs
        for fold, seed in job.replicas
    )


def exported_feature_files():
    """Trees of corrupted features, one a corpus, corruption and fold of the run."""
    return sorted(
        {
            f"{RESULTS}/{experiment.corpus}/exported_features/{corruption}/fold{fold}/README.md"
            for experiment in settings.experiments.values()
            for _, _, corruption in settings.evaluations(experiment)
            if not settings.raw(corruption)
            for fold in experiment.folds
        }
    )
