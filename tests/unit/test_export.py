"""Exported models predict as they did in the workflow; exported features are those it tests on."""

import hashlib
import json
import math
import platform
import shutil
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import av
import h5py
import numpy as np
import pandas as pd
import pytest
import skimage.data
import soundfile
from helpers.corpora import reader_of
from helpers.corpus import WIDTHS, modalities, write_corpus
from helpers.films import write_sound
from helpers.layers import add_layers
from helpers.noises import corruption as corruption_of
from helpers.project import warm_python
from helpers.tasks import CLASSIFICATION
from helpers.training import evaluate, model, schedule_of, train
from scipy.stats import gamma
from sklearn.metrics import accuracy_score, recall_score

from robust_mer.corruption.corrupt import read_alpha_bars
from robust_mer.errors import InputError, UtteranceError
from robust_mer.export import predict
from robust_mer.export.clip import Clip, open_clip
from robust_mer.export.export import export_model
from robust_mer.export.folder import load_model
from robust_mer.export.mmin_layout import export_features
from robust_mer.export.predict import Predictor
from robust_mer.export.quality import HIGHEST, estimate_snr
from robust_mer.export.show import as_table
from robust_mer.export.spec import (
    ExportFeaturesFiles,
    ExportFeaturesSpec,
    ExportModelFiles,
    ExportModelSpec,
)
from robust_mer.features.audio import decode_audio
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.models.registry import implementation
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.store import read_features

NOISE = "gaussian_-10dB"
SOFTWARE = {"version": "0.1.0", "commit": "0123456789abcdef", "dirty": True, "snakemake": "9"}


def export(corpus, folder, name="men", condition="clean", tested_on=("clean",), heard=None):
    brief = model(name, epochs_constant=1, epochs_falling=1)
    checkpoint, _ = train(corpus, folder, name, condition, model=brief)
    predictions = {}
    for corruption in tested_on:
        predictions[corruption] = folder / f"{corruption}.parquet"
        evaluate(corpus, folder, checkpoint, corruption).to_parquet(predictions[corruption])
    made = folder / "exported"
    spec = ExportModelSpec(
        name=name,
        implementation=implementation(name),
        corpus="mine",
        note="made up",
        modalities=tuple(
            replace(one, extractor=f"my_{one.name}", features=f"my_{one.name}")
            for one in modalities()
        ),
        extractors={m: Plugin(f"robust_mer.features.{m}:It", {}) for m in WIDTHS},
        recognisers={"text": {"model": heard}} if heard else {},
        transcripts={"text": "recognised"} if heard else {},
        tested_on=tuple(predictions),
        calibrated_on={one: "avl" if one == "missing" else "" for one in predictions},
        config={
            "model": {"tune": {"dropout": [0.3, 0.5]}, "candidates_of_teacher": 3} if heard else {}
        },
        code="test",
    )
    files = ExportModelFiles(
        checkpoint=checkpoint,
        features=list(corpus["features"].values()),
        predictions=list(predictions.values()),
        weights=made / "model.safetensors",
        description=made / "model.json",
        card=made / "card.md",
    )
    export_model(spec, files, Runtime())
    return folder / "exported"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """MEN, exported once."""
    folder = tmp_path_factory.mktemp("men")
    export(write_corpus(folder), folder)
    return folder


@pytest.fixture
def men(exported, tmp_path):
    """A copy for a test to change; the predictions lie in the test's folder."""
    shutil.copy(exported / "clean.parquet", tmp_path)
    return shutil.copytree(exported / "exported", tmp_path / "exported")


def test_a_model_says_what_made_it(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("robust_mer.export.export.checkout", lambda: SOFTWARE)
    record = {"rule": "train_model_fold1"}
    monkeypatch.setattr("robust_mer.export.export.training_of", lambda checkpoint: record)
    folder = export(corpus, tmp_path, heard="heard/by")
    description = json.loads((folder / "model.json").read_text())
    assert description["modalities"]["text"]["recogniser"] == {"model": "heard/by"}
    assert description["modalities"]["audio"]["recogniser"] is None
    assert description["config"]["model"]["settings"]["dropout"] == 0.3
    card = (folder / "card.md").read_text()
    assert "`my_text`, words recognised by `heard/by`" in card
    assert "- Tuned on the validation part, best of 2: dropout 0.3. Prediction sets" in card
    assert "- Its teacher was tuned on the validation part, best of 3\n" in card
    weights = hashlib.sha256(
        (tmp_path / "men_clean/fold1_seed1.safetensors").read_bytes()
    ).hexdigest()
    assert description["weights_sha256"] == weights
    assert description["code"] == "test"
    assert description["robust_mer"] == {
        "version": "0.1.0",
        "commit": "0123456789abcdef",
        "dirty": True,
    }
    assert description["training"] == {"rule": "train_model_fold1"}
    assert description["versions"]["Python"] == platform.python_version()


class FromStore:
    """An extractor that finds the frames of the utterance that the text names."""

    weights_sha256 = ""

    def __init__(self, path):
        self._store = read_features(path)
        self.names = self._store.names

    def extract(self, utterance):
        values = self._store.frames(self._store.row_of()[utterance.text])
        return Extraction(values, looked_at=len(values), note="" if len(values) else "nothing")


@pytest.fixture
def stored(corpus, monkeypatch):
    """Clips whose features lie in the corpus' store."""
    paths = {f"robust_mer.features.{m}:It": path for m, path in corpus["features"].items()}
    monkeypatch.setattr(
        predict,
        "Plugin",
        lambda name, settings: SimpleNamespace(build=lambda: FromStore(paths[name])),
    )
    monkeypatch.setattr(predict, "read_audio", lambda utterance: np.zeros(9))

    def clip(utterance, *modalities):
        given = {m: "here" for m in ("audio", "video") if m in modalities}
        return Clip(text=utterance, **given)

    return clip


@pytest.mark.parametrize("name", ["men", "cm_arr"])
def test_a_clip_gets_what_the_workflow_gave_the_utterance(request, corpus, tmp_path, stored, name):
    if name == "men":
        folder = request.getfixturevalue("men")
    else:
        folder = export(corpus, tmp_path, name, "missing")
    known = pd.read_parquet(tmp_path / "clean.parquet").query("part == 'test'")
    predictor = Predictor(folder)
    assert len(known) == 16
    for row in known.to_dict("records"):
        if name == "cm_arr" and row["utterance"] == "u90":
            continue  # nothing was found in its video: here CM-ARR is told so
        found = predictor(stored(row["utterance"], "audio", "video"))
        for emotion, probability in found.probabilities.items():
            assert probability == pytest.approx(row[f"probability_{emotion}"], abs=1e-5)
        assert found.value == {"emotion": row["predicted"]}
        assert list(found.probabilities.values()) == sorted(
            found.probabilities.values(), reverse=True
        )


def own_scores(predictions):
    """By class, the sorted scores of the validation utterances of which only text is there."""
    part = predictions.query("part == 'validation' and condition == 'l'")
    return {name: sorted(1 - some[f"probability_{name}"]) for name, some in part.groupby("label")}


def expected_set(probabilities, scores, coverage):
    """By the definition: at most the ceil((n + 1) coverage)-th smallest score of the class."""
    first = next(iter(probabilities))
    ranks = {name: math.ceil((len(some) + 1) * coverage) for name, some in scores.items()}
    return [
        name
        for name, probability in probabilities.items()
        if name == first
        or ranks[name] > len(scores[name])
        or 1 - probability <= scores[name][ranks[name] - 1]
    ]


def test_a_clip_with_learned_layers_gets_what_the_workflow_gave_it(corpus, tmp_path, stored):
    predictor = Predictor(export(add_layers(corpus), tmp_path))
    known = pd.read_parquet(tmp_path / "clean.parquet").query("part == 'test'")
    for row in known.head(3).to_dict("records"):
        found = predictor(stored(row["utterance"], "audio", "video"))
        for emotion, probability in found.probabilities.items():
            assert probability == pytest.approx(row[f"probability_{emotion}"], abs=1e-5)


def test_a_model_is_told_what_is_not_there(corpus, tmp_path, stored):
    """CM-ARR told that the others are missing: as on `missing` with the text clean."""
    folder = export(corpus, tmp_path, "cm_arr", "missing", ["missing"])
    known = pd.read_parquet(tmp_path / "missing.parquet").query(
        "part == 'test' and condition == 'l'"
    )
    predictor = Predictor(folder, coverage=0.5)
    scores = own_scores(pd.read_parquet(tmp_path / "missing.parquet"))
    for row in known.to_dict("records"):
        found = predictor(stored(row["utterance"]))
        assert found.set.classes == expected_set(found.probabilities, scores, 0.5)
        assert found.modalities["audio"].note == found.modalities["video"].note == "not given"
        for emotion, probability in found.probabilities.items():
            assert probability == pytest.approx(row[f"probability_{emotion}"], abs=1e-5)


def test_a_clip_in_which_nothing_was_found_is_refused(men, stored, monkeypatch):
    predictor = Predictor(men)

    def fail(*_):
        raise UtteranceError("torn")

    monkeypatch.setattr(FromStore, "extract", fail)
    with pytest.raises(InputError, match="audio: torn; video: not given; text: torn"):
        predictor(stored("u00", "audio"))


def test_other_weights_of_an_extractor_are_refused(men, stored, monkeypatch):
    predictor = Predictor(men)
    monkeypatch.setattr(FromStore, "weights_sha256", "abc")
    with pytest.raises(InputError, match="my_text with other weights: SHA-256 none, here abc"):
        predictor(stored("u00"))


def test_another_reading_of_features_is_refused(men, stored):
    description = json.loads((men / "model.json").read_text())
    description["modalities"]["text"]["read_as"] = "my_text@words"
    (men / "model.json").write_text(json.dumps(description))
    with pytest.raises(InputError, match="trained on my_text@words: text features"):
        Predictor(men)(stored("u00"))


def test_the_card_names_no_folder_of_a_recogniser(corpus, tmp_path):
    card = (export(corpus, tmp_path, heard="/home/me/whisper") / "card.md").read_text()
    assert "words recognised by `whisper`" in card
    assert "/home/me" not in card


def test_the_card_says_what_the_replica_reaches(corpus, tmp_path):
    card = (export(corpus, tmp_path, tested_on=["clean", NOISE]) / "card.md").read_text()
    table = pd.read_parquet(tmp_path / f"{NOISE}.parquet").query("part == 'test'")
    assert "made up" in card
    assert "docs/limits.md" in card
    assert table["condition"].nunique() == 8
    for condition, rows in table.groupby("condition"):
        wa = accuracy_score(rows["label"], rows["predicted"])
        ua = recall_score(rows["label"], rows["predicted"], average="macro")
        assert f"| {NOISE} | {condition} | 16 | {wa:.3f} | {ua:.3f} |" in card


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(format=2), "has format 2"),
        (lambda d: d.pop("modalities"), "not as this version writes it"),
        (lambda d: d.update(weights_sha256="0"), "its SHA-256 differs"),
        (lambda d: d["modalities"]["audio"].update(features=7), "other modalities or widths"),
        (lambda d: d["modalities"]["audio"].update(implementation="os:system"), "code outside"),
    ],
)
def test_a_folder_that_was_changed_is_refused(men, change, message):
    description = json.loads((men / "model.json").read_text())
    change(description)
    (men / "model.json").write_text(json.dumps(description))
    with pytest.raises(InputError, match=message):
        load_model(men)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no model.safetensors and no model.json. `snakemake"):
        load_model(tmp_path)


# Clips.


@pytest.fixture
def sound(tmp_path):
    rate = 44_100
    t = np.arange(rate) / rate
    both = np.stack([0.3 * np.sin(2 * np.pi * 220 * t), 0.1 * np.sin(2 * np.pi * 330 * t)], 1)
    soundfile.write(tmp_path / "sound.wav", both, rate, "FLOAT")
    return tmp_path / "sound.wav"


@pytest.fixture
def film(tmp_path, sound):
    """A second of the astronaut, with sound."""
    picture = np.ascontiguousarray(skimage.data.astronaut()[20:180, 140:300])
    samples, rate = soundfile.read(sound, dtype="float32")
    with av.open(str(tmp_path / "film.mkv"), "w") as container:
        pictures = container.add_stream("mjpeg", rate=10)
        pictures.width = pictures.height = 160
        pictures.pix_fmt = "yuvj420p"
        track = container.add_stream("pcm_f32le", rate=rate, layout="stereo")
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(pictures.encode(frame))
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples.reshape(1, -1)), format="flt", layout="stereo"
        )
        frame.sample_rate = rate
        container.mux(track.encode(frame))
        container.mux(pictures.encode(None))
        container.mux(track.encode(None))
    return tmp_path / "film.mkv"


def test_the_sound_of_a_film_is_what_went_in(film, sound):
    with open_clip(film, text="hello") as clip:
        assert clip.video == film
        assert clip.text == "hello"
        heard = decode_audio(clip.utterance())
    with open_clip(sound) as alone:
        np.testing.assert_array_equal(heard.signal, decode_audio(alone.utterance()).signal)


def test_sound_and_text_come_alone(sound, tmp_path):
    with open_clip(sound) as clip:
        assert clip.video is None
        assert clip.audio.is_file()
        assert not clip.text
    (tmp_path / "said.txt").write_text("Hello\n", encoding="utf-8")
    with open_clip(tmp_path / "said.txt") as clip:
        assert clip == Clip(text="Hello")


def test_a_recording_of_its_own_goes_before_the_sound_of_a_film(film, tmp_path):
    soundfile.write(tmp_path / "short.wav", np.zeros(800), 8000)
    with open_clip(film, tmp_path / "short.wav") as clip:
        assert soundfile.info(clip.audio).samplerate == 8000
        assert clip.video == film


def test_what_is_no_clip_is_refused(film, sound, tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"\0" * 99)
    (tmp_path / "latin.txt").write_bytes("很开心".encode("gbk"))
    (tmp_path / "said.txt").write_text("Hello", encoding="utf-8")
    for files, message in (
        ([tmp_path / "none.mp4"], "does not exist"),
        ([tmp_path / "broken.mp4"], "cannot be decoded as video or audio"),
        ([tmp_path / "latin.txt"], "not UTF-8"),
        ([film, film], "both contain pictures"),
        ([sound, sound], "both contain sound"),
    ):
        with pytest.raises(InputError, match=message), open_clip(*files):
            pass
    twice = open_clip(tmp_path / "said.txt", text="Hello")
    with pytest.raises(InputError, match="both contain a text"), twice:
        pass


@pytest.mark.parametrize(
    ("start", "end"), [(-1, 1), (1, -1), (math.nan, 1), (0, math.inf), (2, 1), (1, 1), (None, 0)]
)
def test_times_that_are_none_of_a_recording_are_refused(sound, start, end):
    with pytest.raises(InputError, match=r"(start|end) is .*, (expected|but start is)"):
        Clip(sound, start=start, end=end)
    with pytest.raises(InputError), open_clip(sound, start=start, end=end):
        pass


@pytest.mark.parametrize("name", ["late", "tracks", "damaged"])
def test_a_clip_is_decoded_as_an_utterance_of_a_corpus(tmp_path, name):
    t = np.arange(48_000) / 16_000
    tone = 0.2 * np.sin(2 * np.pi * 220 * t) * np.sin(2 * np.pi * t) ** 2
    pictures = [np.full((32, 32, 3), 2 * i, np.uint8) for i in range(100)]
    path, times = tmp_path / "a.mp4", {}
    if name == "late":
        write_sound(path, tone, starts=[1.0], pictures=pictures)
        times = {"start": 1.5, "end": 3.0}
    elif name == "tracks":
        write_sound(path, np.zeros(48_000), tone, default=1, pictures=pictures)
    else:
        write_sound(path, tone, pictures=pictures)
        with av.open(str(path)) as container:
            (place, size) = [(p.pos, p.size) for p in container.demux(audio=0) if p.size][20]
        content = bytearray(path.read_bytes())
        content[place : place + size] = b"\xff" * size
        path.write_bytes(content)
    with open_clip(path, text="hello", **times) as clip:
        assert (clip.audio, clip.video) == (path, path)
        heard = decode_audio(clip.utterance())
    expected = decode_audio(
        Utterance("u", path, path, "", times.get("start"), times.get("end"), "", False)
    )
    np.testing.assert_array_equal(heard.signal, expected.signal)
    assert np.abs(heard.signal).max() > 0.1
    kinds = {"late": "", "tracks": "2 tracks of sound", "damaged": "damaged: 1 packets of sound"}
    assert heard.note.startswith(kinds[name])


def test_a_file_that_is_no_recording_says_what_it_is(tmp_path):
    (tmp_path / "clip.mp4").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(InputError, match="a pointer of Git LFS"), open_clip(tmp_path / "clip.mp4"):
        pass


def test_a_prediction_reads_well(men, stored):
    predictor = Predictor(men)
    lines = as_table(predictor.description, predictor(stored("u81", "video"))).splitlines()
    assert lines[:2] == ["men, trained on mine (clean, fold 1, seed 1)", "made up"]
    assert sum("%" in line for line in lines) == 5
    answer = "cannot tell (90% coverage); never calibrated with video and text only"
    assert any(line.startswith(answer) for line in lines)
    assert "not used: not given" in lines[-5]
    assert "a face in" in lines[-4]
    assert "tokens" in lines[-3]
    assert "docs/limits.md" in lines[-1]


def test_the_command_says_errors_in_a_line(tmp_path):
    done = subprocess.run(
        [warm_python(), "-m", "robust_mer.cli", "predict", "x.wav", "--model", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert not done.stdout
    assert done.stderr.startswith("robust-mer: ")
    assert done.stderr.count("\n") == 1


# Quality.


@pytest.mark.parametrize("snr", [-10, -5, 0, 5, 10, 15])
def test_the_snr_of_what_the_method_assumes_is_found(snr):
    rng = np.random.default_rng(3)
    speech = gamma.rvs(0.4, size=200_000, random_state=4) * rng.choice([-1, 1], 200_000)
    power = np.mean(speech**2) / 10 ** (snr / 10)
    noisy = speech + rng.standard_normal(200_000) * power**0.5
    tolerance = 2.5 if snr < -5 else 1.0  # the statistic is flat where noise is all
    assert estimate_snr(0.01 * noisy) == pytest.approx(snr, abs=tolerance)
    assert estimate_snr(np.zeros(100)) is None
    assert estimate_snr(speech) == HIGHEST


# Features for others.


@pytest.mark.parametrize("corruption", ["clean", NOISE])
def test_exported_features_are_read_as_mmin_s(corpus, tmp_path, corruption):
    tree, readme = tmp_path / "features", tmp_path / "README.md"
    schedule = None
    if corruption != "clean":
        schedule = schedule_of(corpus, tmp_path, corruption)
    export_features(
        ExportFeaturesSpec(
            tuple(modalities(extractor="mine")), corruption_of(corruption), CLASSIFICATION, fold=1
        ),
        ExportFeaturesFiles(
            utterances=corpus["utterances_csv"],
            folds=corpus["folds_csv"],
            features=list(corpus["features"].values()),
            schedule=schedule,
            tree=tree,
            readme=readme,
        ),
        Runtime(),
    )
    reader = reader_of("mmin", tree, classes=["angry", "happy", "neutral", "sad"])
    reading = reader.read()
    table = pd.read_csv(corpus["utterances_csv"]).set_index("utterance")
    folds = pd.read_csv(corpus["folds_csv"]).set_index("utterance")
    rows = {row["utterance"]: row for row in reading.rows}
    assert set(rows) == set(table.index)
    for utterance, row in rows.items():
        assert row["label"] == table.loc[utterance, "label"]
        assert row["part_1"] == folds.loc[utterance, "part"]
    source = reader.features("audio")
    store = read_features(corpus["features"]["audio"])
    train_rows = [store.row_of()[u] for u in folds.index[folds["part"] == "train"]]
    training = np.concatenate([store.frames(row) for row in train_rows]).astype(np.float64)
    clean, noisy = [], []
    for utterance, row in store.row_of().items():
        clean.append((store.frames(row) - training.mean(0)) / training.std(0))
        noisy.append(source.frames(utterance)[0])
    clean, noisy = np.concatenate(clean), np.concatenate(noisy)
    if corruption == "clean":
        np.testing.assert_allclose(noisy, clean, atol=1e-5)
    else:
        share = read_alpha_bars(schedule)[1, "audio"] ** 0.5
        noise = noisy - share * clean
        assert noise.std() == pytest.approx((1 - share**2) ** 0.5, rel=0.05)
        assert abs(np.corrcoef(noise.ravel(), clean.ravel())[0, 1]) < 0.1
    with h5py.File(tree / "A" / "comparE_mean_std.h5") as file:
        assert not file["1/mean"][:].any()
        assert (file["1/std"][:] == 1).all()
    with h5py.File(tree / "V" / "denseface.h5") as file:
        assert file["u90"].shape == (1, WIDTHS["video"])  # nothing was found in it
    assert "| video | `V/denseface.h5` | `mine` | no | 2 |" in readme.read_text()
