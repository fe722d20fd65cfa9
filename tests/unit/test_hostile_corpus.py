"""Names that would break a path, a shell line, a table or a page, from the index to the exports."""

import csv
import json

import h5py
import numpy as np
import pandas as pd
import pytest
import soundfile
from helpers.noises import noises, trained_on
from helpers.training import model

from robust_mer.corpora import manifest
from robust_mer.corpora.folds import write_folds
from robust_mer.corpora.index import changed_media, index_corpus
from robust_mer.corruption.corrupt import read_alpha_bars, write_schedule
from robust_mer.data import read_corpus
from robust_mer.errors import InputError
from robust_mer.evaluation.evaluate import evaluate_replicas
from robust_mer.evaluation.figures.confusion import draw_confusion
from robust_mer.evaluation.split import write_split
from robust_mer.evaluation.tables import write_tables
from robust_mer.export.export import export_model
from robust_mer.export.folder import load_model
from robust_mer.export.mmin_layout import export_features
from robust_mer.features.extract import extract_features
from robust_mer.training.train import train_replicas

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


def index(folder, root, max_left_out=0.0):
    index_corpus(
        folder / "utterances.csv",
        folder / "problems.csv",
        folder / "media.csv",
        root,
        {"implementation": "robust_mer.corpora.manifest:read", "settings": manifest.SETTINGS},
        max_left_out,
    )


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
    index(made, root)
    table = pd.read_csv(made / "utterances.csv", dtype=str, keep_default_na=False)
    assert set(table["utterance"]) == set(NAMES)
    assert set(table["speaker"]) == set(SPEAKERS)
    assert set(table["label"]) == set(LABELS)
    assert changed_media(made / "media.csv", root) == []
    write_folds(
        made / "folds.csv",
        made / "checks.csv",
        made / "utterances.csv",
        made / "media.csv",
        {"scheme": "speakers"},
    )
    (folder / "vectors.txt").write_text("well 1 2\nno 3 4\n, 5 6\n")
    settings = {
        "is13": {"frame_rate": 10.0},
        "glove": {"vectors": str(folder / "vectors.txt"), "lower_case": True},
    }
    classes = {"is13": "robust_mer.features.is13:IS13", "glove": "robust_mer.features.glove:Glove"}
    features = {}
    for modality, extractor in MODALITIES.items():
        features[modality] = made / f"{extractor}.h5"
        extract_features(
            made / "utterances.csv",
            root,
            classes[extractor],
            settings[extractor],
            features[modality],
            made / f"{extractor}.csv",
            1,
            0.0,
        )
    corpus = {
        "utterances_csv": made / "utterances.csv",
        "folds_csv": made / "folds.csv",
        "features": features,
    }
    assert set(read_corpus(**corpus, not_finite=NOT_FINITE).utterances) == set(NAMES)
    of_noise = {m: how for m, how in noises(NOISE).items() if m in MODALITIES}
    write_schedule(
        made / "schedule.csv",
        NOISE,
        **corpus,
        normalise=NORMALISE,
        not_finite=NOT_FINITE,
        mode="exact",
        schedule="linear",
        noises=of_noise,
    )
    bars = read_alpha_bars(made / "schedule.csv")
    key = (1, 1)
    train_replicas(
        {key: made / "men.safetensors"},
        {key: made / "men.csv"},
        **corpus,
        corruptions=trained_on("clean"),
        alpha_bars={},
        teachers={},
        trained_on="clean",
        model=model("men", epochs_constant=1, epochs_falling=0),
        normalise=NORMALISE,
        not_finite=NOT_FINITE,
        code="test",
        device="cpu",
        max_replicas=None,
        threads=1,
    )
    evaluate_replicas(
        made / "predictions.parquet",
        [made / "men.safetensors"],
        **corpus,
        noises=of_noise,
        seed=1,
        not_finite=NOT_FINITE,
        alpha_bars=bars,
        device="cpu",
        threads=1,
    )
    predicted = pd.read_parquet(made / "predictions.parquet")
    assert set(predicted["predicted"]) <= set(LABELS)
    check_tables(made, {("men", "clean", NOISE): made / "predictions.parquet"})
    check_exports(made, corpus, of_noise, bars)


def check_tables(made, predictions):
    experiment = {
        "name": "hostile",
        "corpus": "hostile",
        "note": "<b>note</b> $x$",
        "published": None,
        "models": {"men": "men"},
        "folds": [1],
        "seeds": [1],
    }
    schedules = {NOISE: made / "schedule.csv"}
    write_tables(experiment, predictions, schedules, made, made / "tables")
    assert pd.read_csv(made / "tables/hostile_all.csv")["wa_mean"].between(0, 1).all()
    path = made / "by_label.csv"
    write_split(path, experiment, predictions, made / "utterances.csv", "label")
    assert set(pd.read_csv(path)["label"]) == set(LABELS)
    draw_confusion(experiment, made / "x.svg", made / "x.pdf", predictions)
    assert "<i>" not in (made / "x.svg").read_text(encoding="utf-8")


def check_exports(made, corpus, of_noise, bars):
    export_features(
        made / "tree",
        made / "README.md",
        **corpus,
        extractors=MODALITIES,
        normalise=NORMALISE,
        not_finite=NOT_FINITE,
        noises=of_noise,
        alpha_bars=bars,
        corruption=NOISE,
        fold=1,
        seed=1,
    )
    with h5py.File(made / "tree/A/comparE.h5") as file:
        assert set(file) == set(NAMES)
    names = np.load(made / "tree/target/1/tst_int2name.npy", allow_pickle=False)
    assert {name.decode() for name in names.ravel()} < set(NAMES)
    export_model(
        made / "exported",
        made / "men.safetensors",
        corpus["features"],
        {m: {"name": name, "read_as": name} for m, name in MODALITIES.items()},
        NORMALISE,
        NOT_FINITE,
        {NOISE: made / "predictions.parquet"},
        name="men",
        corpus="hostile",
        note=None,
        config={},
        code="test",
        software=dict.fromkeys(("version", "commit", "dirty", "snakemake")),
        training=None,
    )
    assert sorted(load_model(made / "exported").facts["classes"]) == sorted(LABELS)
    assert json.loads((made / "exported/model.json").read_text())["classes"] == sorted(LABELS)


@pytest.mark.parametrize("name", ["line\nfeed", "tab\there", "bell\x07", "nul\0", "ne\x85xt"])
def test_control_characters_are_refused_by_name_at_the_index(folder, name):
    make(folder / "corpus", [f"{name}!", *NAMES])
    with pytest.raises(InputError, match=r"utterance '.*' has a control character; left out"):
        index(folder, folder / "corpus")
    index(folder, folder / "corpus", 0.5)
    assert len(pd.read_csv(folder / "utterances.csv")) == len(NAMES)


@pytest.mark.parametrize("path", ["../outside.wav", "/etc/passwd", "a/../../outside.wav"])
def test_paths_that_leave_the_corpus_are_refused(folder, path):
    (folder / "corpus").mkdir()
    (folder / "outside.wav").write_bytes(b"RIFF")
    (folder / "corpus/manifest.csv").write_text(
        f"utterance,session,speaker,label,audio\nu,s,p,l,{path}\n"
    )
    with pytest.raises(InputError, match="leaves the corpus' folder"):
        index(folder, folder / "corpus")


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
            folder / "tree",
            folder / "README.md",
            **corpus,
            extractors=dict.fromkeys(corpus["features"], "x"),
            normalise=dict.fromkeys(corpus["features"], False),
            not_finite=dict.fromkeys(corpus["features"]),
            noises={},
            alpha_bars={},
            corruption="clean",
            fold=1,
            seed=1,
        )
    assert not (folder / "tree").exists()
