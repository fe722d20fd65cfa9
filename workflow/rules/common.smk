# What the rules share: the checked config, and the functions that turn it into file names.
import os
import sys
from types import SimpleNamespace

from snakemake.exceptions import WorkflowError

# Jobs import the package from here, installed or not, in whatever environment they run.
SRC = os.path.join(workflow.basedir, "src")
sys.path.insert(0, SRC)
os.environ["PYTHONPATH"] = os.pathsep.join(
    [SRC, *filter(None, [os.environ.get("PYTHONPATH", "").removeprefix(SRC).lstrip(os.pathsep)])]
)

from robust_mer.config import Config
from robust_mer.corpora.index import changed_media
from robust_mer.corruption.names import parse_trained_on
from robust_mer.errors import InputError
from robust_mer.identity import code_identity

RESULTS = "results"
CORPUS = f"{RESULTS}/{{corpus}}"
FEATURES = f"{CORPUS}/features/{{extractor}}"
SCHEDULE = f"{CORPUS}/corrupted/{{corruption}}/schedule.csv"
REPLICA = f"{CORPUS}/models/{{model}}/{{trained_on}}/fold{{fold}}_seed{{seed}}"
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
    fold=r"\d+",
    seed=r"\d+",


onstart:
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


def corpus_root(corpus):
    return settings.corpus(corpus)["root"]


def features_of(corpus, model=None):
    """Feature files of a corpus' modalities, in their order; those of a model where one is named."""
    return [
        FEATURES.format(corpus=corpus, extractor=settings.extractor_of(corpus, modality)) + ".h5"
        for modality in settings.modalities(corpus, model)
    ]


def replica_files(corpus, model, trained_on, tested_on):
    return [
        REPLICA.format(corpus=corpus, model=model, trained_on=trained_on, fold=fold, seed=seed)
        + ".safetensors"
        for fold, seed in settings.replicas[corpus, model, trained_on, tested_on]
    ]


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
        {
            SCHEDULE.format(corpus=experiment.corpus, corruption=corruption)
            for experiment in settings.experiments.values()
            for corruption in experiment.corruptions
        }
    )


def checkpoint_files():
    return sorted({path for key in settings.replicas for path in replica_files(*key)})
