# What the rules share: the checked config, the names of files, and the functions that turn the one
# into the other. Those of a single stage lie in workflow/functions/, a file a stage.
import json
import os
import re
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")

sys.path.insert(0, os.path.join(workflow.basedir, "src"))
sys.path.append(os.getcwd())  # a user's own modules

from robust_mer.config import ALIGNED, IMPORTED, RATE, Config
from robust_mer.corpora.index import changed_media
from robust_mer.protocol import CLEAN, parse_trained_on, read_name
from robust_mer.errors import InputError
from robust_mer.corruption.raw.registry import RAW_KINDS
from robust_mer.report.figures.registry import FIGURES as DRAWN, figures_of
from robust_mer.report.layouts import read_layouts, tables_of
from robust_mer.report.spec import (
    CorpusFacts,
    CorruptionFacts,
    Evaluation,
    Experiment,
    Facts,
    Shown,
    TrainedOn,
    Training,
)
from robust_mer.report.tables.registry import TABLES as TABULATED, tables_of as tables_shown
from robust_mer.identity import described_identity as code_identity  # for records: and of what
from robust_mer.jobs import prepare_jobs
from robust_mer.replicas import replica_name
from robust_mer.runs import begin_run, report_killed
from robust_mer.settings import load
from robust_mer.modality import Modality
from robust_mer.protocol import Corruption, NoiseSpec

STAGES = ("corpora", "features", "corruption", "training", "evaluation", "report", "export")

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

prepare_jobs(settings.jobs_per_gpu)

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
    figure="|".join(name for name in DRAWN if name not in ("raw", "tsne", "reconstructions")),
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


def of_corpus(files):
    """Files of a corpus. They lie where its root says, whatever storage keeps the results."""
    return [local(str(file)) for file in files]


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


include: "../functions/corpora.smk"
include: "../functions/features.smk"
include: "../functions/corruption.smk"
include: "../functions/training.smk"
include: "../functions/evaluation.smk"
include: "../functions/export.smk"
include: "../functions/figures.smk"
include: "../functions/report.smk"
include: "../functions/targets.smk"
