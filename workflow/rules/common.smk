# What the rules share: the checked config, and the functions that turn it into file names.
import os
import sys
from pathlib import Path
from types import SimpleNamespace

from snakemake.exceptions import WorkflowError

sys.path.insert(0, os.path.join(workflow.basedir, "src"))

from robust_mer.config import Config
from robust_mer.corpora.index import changed_media
from robust_mer.corruption.names import CLEAN, parse_trained_on
from robust_mer.errors import InputError
from robust_mer.identity import code_identity
from robust_mer.jobs import prepare_jobs
from robust_mer.replicas import replica_name
from robust_mer.settings import load

prepare_jobs()

RESULTS = "results"
CORPUS = f"{RESULTS}/{{corpus}}"
FEATURES = f"{CORPUS}/features/{{extractor}}"
SCHEDULE = f"{CORPUS}/corrupted/{{corruption}}/schedule.csv"
MODEL = f"{CORPUS}/models/{{model}}/{{trained_on}}"
TABLES = f"{RESULTS}/tables/{{experiment}}"
FIGURES = f"{RESULTS}/figures/{{experiment}}"
PREDICTIONS = f"{CORPUS}/predictions/{{model}}/{{trained_on}}/{{tested_on}}/predictions.parquet"

try:
    settings = Config(config, os.path.join(workflow.basedir, "workflow/schemas/config.schema.yaml"))
except InputError as error:
    raise WorkflowError(str(error))


wildcard_constraints:
    corpus="[^/]+",
    extractor="[^/]+",
    model="[^/]+",
    corruption="[^/]+",
    trained_on="[^/]+",
    tested_on="[^/]+",
    experiment="[^/]+",


def corpus_root(corpus):
    return settings.corpus(corpus)["root"]


def features_of(corpus, model=None):
    """Feature files of a corpus' modalities, in their order; those of a model where one is named."""
    return [
        FEATURES.format(corpus=corpus, extractor=extractor) + ".h5"
        for extractor in settings.extractors(corpus, model).values()
    ]


def schedule_of(corpus, corruption):
    """The noise schedule of a corruption; clean data have none."""
    return [] if corruption == CLEAN else SCHEDULE.format(corpus=corpus, corruption=corruption)


def schedules_of(experiment):
    return {
        corruption: schedule_of(experiment.corpus, corruption)
        for corruption in experiment.corruptions
        if corruption != CLEAN
    }


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


def fold_params(wildcards):
    return settings.corpus(wildcards.corpus)["folds"]


# Extraction.


def extractor_params(wildcards):
    return settings.extractor(wildcards.extractor)


def extraction_code(wildcards):
    return code_identity(
        "robust_mer.features.extract", settings.extractor(wildcards.extractor)["implementation"]
    )


def denseface_pictures(wildcards):
    files = settings.denseface_training
    return [files[key] for key in ("faces", "votes") if files[key]]


# Corruption.


def corpus_features(wildcards):
    return features_of(wildcards.corpus)


def corpus_extractors(wildcards):
    return settings.extractors(wildcards.corpus)


def corpus_normalise(wildcards):
    return settings.normalise(wildcards.corpus)


def corpus_not_finite(wildcards):
    return settings.not_finite(wildcards.corpus)


def noise_params(wildcards):
    return settings.noise(wildcards.corruption)


def schedule_code(wildcards):
    noise = settings.noise(wildcards.corruption)
    return code_identity("robust_mer.corruption.corrupt", noise["implementation"])


# What a model reads, in training and evaluation. These ask wildcards, or a training job, for the
# corpus and the model.


def model_features(wildcards):
    return features_of(wildcards.corpus, wildcards.model)


def model_extractors(wildcards):
    return settings.extractors(wildcards.corpus, wildcards.model)


def model_normalise(wildcards):
    return settings.normalise(wildcards.corpus, wildcards.model)


def model_not_finite(wildcards):
    return settings.not_finite(wildcards.corpus, wildcards.model)


# Training. Its rules are made from the config, one for each job, and have no wildcards.


def training_folder(job, kind):
    return f"{RESULTS}/{job.corpus}/{kind}/train_model/{job.model}/{job.trained_on}"


def training_corruption(job):
    return parse_trained_on(job.trained_on)[0]


def training_schedule(job):
    return schedule_of(job.corpus, training_corruption(job))


def trained_files(job, suffix):
    return replica_files(job.corpus, job.model, job.trained_on, job.replicas, suffix)


def teacher_checkpoints(job):
    teacher = settings.teacher(job.model)
    return replica_files(job.corpus, teacher, CLEAN, job.replicas) if teacher else []


def training_priority(job):
    """Teachers first. With one fold's student older than another fold's teacher, a job that trains
    both folds would be out of date, when `folds_per_job` makes one of them."""
    return int(job.model in {settings.teacher(other.model) for other in settings.training_jobs})


def training_noise(job):
    return settings.seeded_noise(training_corruption(job))


def training_code(job):
    noise = training_noise(job)
    return code_identity(
        "robust_mer.training.train",
        settings.model(job.model)["implementation"],
        *([noise["implementation"]] if noise else []),
    )


# Evaluation.


def evaluation_schedule(wildcards):
    return schedule_of(wildcards.corpus, wildcards.tested_on)


def evaluation_replicas(wildcards):
    w = wildcards
    return settings.replicas[w.corpus, w.model, w.trained_on, w.tested_on]


def evaluation_checkpoints(wildcards):
    w = wildcards
    return replica_files(w.corpus, w.model, w.trained_on, evaluation_replicas(w))


def evaluation_noise(wildcards):
    return settings.seeded_noise(wildcards.tested_on)


def evaluation_code(wildcards):
    noise = evaluation_noise(wildcards)
    return code_identity(
        "robust_mer.evaluation.evaluate",
        settings.model(wildcards.model)["implementation"],
        *([noise["implementation"]] if noise else []),
    )


# Results.


def published_names():
    return [os.path.basename(path) for path in published_tables()]


def published_tables():
    """The papers' numbers, by paths that stay the same when the project is moved."""
    folder = os.path.relpath(os.path.join(workflow.basedir, "resources/published"))
    return sorted(f"{folder}/{name}" for name in os.listdir(folder) if name.endswith(".csv"))


def experiment_predictions(wildcards):
    experiment = settings.experiments[wildcards.experiment]
    return [
        PREDICTIONS.format(
            corpus=experiment.corpus, model=model, trained_on=trained_on, tested_on=tested_on
        )
        for model, trained_on, tested_on in settings.evaluations(experiment)
    ]


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
    }


def experiment_evaluations(wildcards):
    return settings.evaluations(settings.experiments[wildcards.experiment])


def table_files():
    return [
        f"{TABLES.format(experiment=name)}_{table}"
        for name in settings.experiments
        for table in ("average.csv", "conditions.csv")
    ]


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
            "extractors": list(settings.extractors(experiment.corpus).values()),
            "not_finite": replacements(experiment.corpus),
            "corruptions": list(schedules_of(experiment)),
        }
        for name, experiment in settings.experiments.items()
    ]


def report_inputs(wildcards):
    files = table_files()
    for name, experiment in settings.experiments.items():
        corpus = experiment.corpus
        files += [
            f"{TABLES.format(experiment=name)}_all.csv",
            f"{FIGURES.format(experiment=name)}_snr.svg",
            f"{RESULTS}/{corpus}/folds.csv",
            f"{RESULTS}/{corpus}/index_problems.csv",
            *(path.removesuffix(".h5") + ".csv" for path in features_of(corpus)),
            *(f"{FEATURES.format(corpus=corpus, extractor=e)}.h5" for e in replacements(corpus)),
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
    return sorted({path for corpus in settings.corpora for path in features_of(corpus)})


def schedule_files():
    return sorted(
        {path for e in settings.experiments.values() for path in schedules_of(e).values()}
    )


def checkpoint_files():
    return sorted(
        path for job in settings.training_jobs for path in trained_files(job, ".safetensors")
    )
