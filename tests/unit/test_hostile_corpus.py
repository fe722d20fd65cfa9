"""Names that would break a path, a shell line, a table or a page, from the index to the exports."""

import csv
import json

import h5py
import numpy as np
import pandas as pd
import pytest
import soundfile
from helpers.corpora import folds, index
from helpers.corpus import modalities, read
from helpers.experiments import make_experiment
from helpers.figures import figure_files
from helpers.jobs import (
    run_evaluation,
    run_schedule,
    run_training,
    train_files,
    train_spec,
)
from helpers.noises import corruption
from helpers.tasks import CLASSIFICATION
from helpers.training import model

from robust_mer.corpora.index import changed_media
from robust_mer.errors import InputError
from robust_mer.evaluation.scores import SummaryFiles, write_summary
from robust_mer.evaluation.spec import SplitSpec, SummarySpec
from robust_mer.evaluation.split import SplitFiles, write_split
from robust_mer.export.export import export_model
from robust_mer.export.folder import load_model
from robust_mer.export.mmin_layout import export_features
from robust_mer.export.spec import (
    ExportFeaturesFiles,
    ExportFeaturesSpec,
    ExportModelFiles,
    ExportModelSpec,
)
from robust_mer.features.extract import extract_features
from robust_mer.features.registry import EXTRACTORS
from robust_mer.features.specs import ExtractFiles, ExtractSpec
from robust_mer.models.registry import implementation
from robust_mer.report.figures.base import make_figure
from robust_mer.report.figures.registry import FIGURES
from robust_mer.report.spec import FigureSpec, TableFiles, TableSpec
from robust_mer.report.tables.base import make_table
from robust_mer.report.tables.registry import TABLES
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin

NAMES = [
    "two words",
    'it\'s "so"',
    "$(touch pwned)",
    "`touch pwned`",
    ";touch pwned",
    "-rf",
    "..",
    "e\u0301 \u202ertl\u202c ü \U0001f600",
    "a|b*c <b>d",
    "100%_{x}\\y^~#&",
    "x" * 300,
    "=1+1",
    "{{ name }}",
    "NA",
    "null",
    "a,b",
]
SPEAKERS = ["$(touch pwned)", "o'Neill; touch pwned", "../<b>up</b>"]
LABELS = ["-so `touch pwned` $\\frac{", 'an"gry|<i>_%}']
NOISE = "gaussian_-10dB"
MODALITIES = {"audio": "is13", "text": "glove"}
NORMALISE = dict.fromkeys(MODALITIES, True)
NOT_FINITE = dict.fromkeys(MODALITIES, 0.0)
READ_AS = modalities(NORMALISE, NOT_FINITE)


def make(root, names, recording="sound of $(touch pwned) `x` '{}'.wav"):
    """A manifest with these utterances, each with a recording of its own."""
    (root / "my; audio").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = []
    for number, name in enumerate(names):
        path = f"my; audio/{recording.format(number)}"
        soundfile.write(root / path, rng.uniform(-0.3, 0.3, 8000), 16_000)
        speaker = SPEAKERS[number // 2 % 3]
        rows.append([name, speaker, speaker, LABELS[number % 2], path, f"well, $(no)\n`{number}`"])
    with (root / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["utterance", "session", "speaker", "label", "audio", "text"])
        writer.writerows(rows)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in; what a shell made of a name would lie in it."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert not list(tmp_path.rglob("pwned"))


def test_from_the_index_to_the_exports(folder):
    root, made = folder / "a corpus; $(touch pwned)", folder / "made"
    make(root, NAMES)
    made.mkdir()
    index("manifest", root, made)
    table = pd.read_csv(made / "utterances.csv", dtype=str, keep_default_na=False)
    assert set(table["utterance"]) == set(NAMES)
    assert set(table["speaker"]) == set(SPEAKERS)
    assert set(table["label"]) == set(LABELS)
    assert changed_media(made / "media.csv", root) == []
    folds(made, scheme="speakers")
    (folder / "vectors.txt").write_text("well 1 2\nno 3 4\n, 5 6\n")
    settings = {
        "is13": {"frame_rate": 10.0},
        "glove": {"vectors": str(folder / "vectors.txt"), "lower_case": True},
    }
    features = {}
    for modality, extractor in MODALITIES.items():
        features[modality] = made / f"{extractor}.h5"
        extract_features(
            ExtractSpec(Plugin(EXTRACTORS[extractor], settings[extractor])),
            ExtractFiles(made / "utterances.csv", features[modality], made / f"{extractor}.csv"),
            Runtime(root=str(root)),
        )
    corpus = {
        "utterances_csv": made / "utterances.csv",
        "folds_csv": made / "folds.csv",
        "features": features,
    }
    assert set(read(corpus, NOT_FINITE, NORMALISE).utterances) == set(NAMES)
    noise = corruption(NOISE, list(MODALITIES))
    schedule = run_schedule(corpus, made / "schedule.csv", noise, read_as=READ_AS)
    quick = model("men", epochs_constant=1, epochs_falling=0)
    spec = train_spec(quick, "clean", [corruption("clean")], modalities=READ_AS)
    checkpoints = run_training(spec, train_files(corpus, made, [(1, 1)])).values()
    predicted = run_evaluation(
        corpus, made / "predictions.parquet", checkpoints, noise, schedule, read_as=READ_AS
    )
    assert set(predicted["predicted"]) <= set(LABELS)
    check_tables(made, {("men", "clean", NOISE): made / "predictions.parquet"})
    check_exports(made, corpus, noise, schedule)


def check_tables(made, predictions):
    experiment = make_experiment(
        list(predictions),
        name="hostile",
        corpus="hostile",
        note="<b>note</b> $x$",
        models={"men": "men"},
        folds=[1],
        seeds=[1],
    )
    paths = list(predictions.values())
    summary, index = made / "tables/hostile_all.csv", made / "utterances.csv"
    files = SummaryFiles(paths, [made / "schedule.csv"], [], summary)
    write_summary(SummarySpec(experiment, (NOISE,)), files, Runtime())
    assert pd.read_csv(summary)["wa_mean"].between(0, 1).all()
    for name in ("average", "conditions"):
        written = {s: made / f"tables/hostile_{name}.{s}" for s in ("csv", "md", "tex")}
        spec = TableSpec(name, Plugin(TABLES[name], {}), experiment)
        make_table(spec, TableFiles(summary=summary, **written), Runtime())
    path = made / "by_label.csv"
    write_split(SplitSpec(experiment, "label"), SplitFiles(paths, index, path), Runtime())
    assert set(pd.read_csv(path)["label"]) == set(LABELS)
    drawn = figure_files(made, predictions=paths)
    make_figure(FigureSpec("x", Plugin(FIGURES["confusion"], {}), experiment), drawn, Runtime())
    assert "<i>" not in (drawn.svg).read_text(encoding="utf-8")


def tree_files(folder, corpus, schedule):
    return ExportFeaturesFiles(
        utterances=corpus["utterances_csv"],
        folds=corpus["folds_csv"],
        features=list(corpus["features"].values()),
        schedule=schedule,
        tree=folder / "tree",
        readme=folder / "README.md",
    )


def check_exports(made, corpus, noise, schedule):
    export_features(
        ExportFeaturesSpec(tuple(READ_AS), noise, CLASSIFICATION, fold=1),
        tree_files(made, corpus, schedule),
        Runtime(),
    )
    with h5py.File(made / "tree/A/comparE.h5") as file:
        assert set(file) == set(NAMES)
    names = np.load(made / "tree/target/1/tst_int2name.npy", allow_pickle=False)
    assert {name.decode() for name in names.ravel()} < set(NAMES)
    folder = made / "exported"
    spec = ExportModelSpec(
        name="men",
        implementation=implementation("men"),
        corpus="hostile",
        note=None,
        modalities=tuple(READ_AS),
        extractors={},
        recognisers={},
        transcripts={},
        tested_on=(NOISE,),
        config={"model": {}},
        code="test",
        calibrated_on={},
    )
    files = ExportModelFiles(
        checkpoint=made / "fold1_seed1.safetensors",
        features=list(corpus["features"].values()),
        predictions=[made / "predictions.parquet"],
        weights=folder / "model.safetensors",
        description=folder / "model.json",
        card=folder / "card.md",
    )
    export_model(spec, files, Runtime())
    assert sorted(load_model(made / "exported").model.task.classes) == sorted(LABELS)
    assert json.loads((made / "exported/model.json").read_text())["classes"] == sorted(LABELS)


@pytest.mark.parametrize("name", ["line\nfeed", "tab\there", "bell\x07", "nul\0", "ne\x85xt"])
def test_control_characters_are_refused_by_name_at_the_index(folder, name):
    make(folder / "corpus", [f"{name}!", *NAMES])
    with pytest.raises(InputError, match=r"utterance '.*' has a control character; left out"):
        index("manifest", folder / "corpus", folder)
    index("manifest", folder / "corpus", folder, 0.5)
    assert len(pd.read_csv(folder / "utterances.csv")) == len(NAMES)


@pytest.mark.parametrize("path", ["../outside.wav", "/etc/passwd", "a/../../outside.wav"])
def test_paths_that_leave_the_corpus_are_refused(folder, path):
    (folder / "corpus").mkdir()
    (folder / "outside.wav").write_bytes(b"RIFF")
    (folder / "corpus/manifest.csv").write_text(
        f"utterance,session,speaker,label,audio\nu,s,p,l,{path}\n"
    )
    with pytest.raises(InputError, match="is outside the corpus' folder"):
        index("manifest", folder / "corpus", folder)


@pytest.mark.parametrize("name", ["a/b", "/abs", ".", "../up"])
def test_names_that_no_dataset_can_have_are_refused_by_name(folder, corpus, name):
    """Where features are exported in MMIN's layout, whose datasets have the utterances' names."""
    for key in ("utterances_csv", "folds_csv"):
        table = pd.read_csv(corpus[key])
        table["utterance"] = table["utterance"].replace("u00", name)
        table.to_csv(corpus[key], index=False)
    for path in corpus["features"].values():
        with h5py.File(path, "a") as file:
            utterances = file["utterance"][:]
            utterances[0] = name
            file["utterance"][:] = utterances
    with pytest.raises(InputError, match=rf"utterance '{name}'.*rename it in the corpus"):
        export_features(
            ExportFeaturesSpec(tuple(modalities()), corruption("clean"), CLASSIFICATION, fold=1),
            tree_files(folder, corpus, None),
            Runtime(),
        )
    assert not (folder / "tree").exists()
