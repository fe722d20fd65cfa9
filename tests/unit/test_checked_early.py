"""What the index, the folds and the import refuse, so that no training is the first to know."""

import pickle
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from generators.mosei import make_csd, make_mmsa, make_multibench
from helpers.corpora import folds as write_folds
from helpers.corpora import import_modality, index, index_files, plugin, reader_of
from helpers.plans import ROOT, default_config, plan_of
from helpers.tasks import CLASSIFICATION

from robust_mer.corpora.folds import FoldsFiles, FoldsFileSpec, FoldsSpec
from robust_mer.corpora.folds import write_folds as run_folds
from robust_mer.corpora.index import IndexSpec, index_corpus
from robust_mer.errors import InputError
from robust_mer.features.imported import ImportFiles, ImportSpec, import_features
from robust_mer.features.weights import FileName, named_files
from robust_mer.plan.plan import Plan
from robust_mer.plan.rules import corpora, features
from robust_mer.plan.startup import check_files, check_made
from robust_mer.runtime import Runtime
from robust_mer.settings import Settings
from robust_mer.table import read_table

SIZES = {"train": 8, "valid": 3, "test": 4}


def clips(folder, speakers=6, labels=("happy", "sad"), **columns):
    """An indexed manifest with two utterances of every speaker, in two sessions."""
    rows = [
        {
            "utterance": f"p{place}u{n}",
            "session": f"s{place % 2}",
            "speaker": f"p{place}",
            "label": labels[(place + n) % len(labels)],
            **{column: values[(2 * place + n) % len(values)] for column, values in columns.items()},
        }
        for place in range(speakers)
        for n in range(2)
    ]
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    return index("manifest", folder, folder)


@pytest.mark.parametrize(
    "settings",
    [
        {"scheme": "speakers"},
        {"scheme": "speaker_groups", "groups": 3},
        {"scheme": "session_groups", "groups": 3},
        {"scheme": "session_speakers"},
    ],
)
@pytest.mark.parametrize("speakers", [1, 2])
def test_too_few_speakers(tmp_path, settings, speakers):
    clips(tmp_path, speakers)
    with pytest.raises(InputError, match=rf"has {speakers} speakers? .*Use the scheme 'part'"):
        write_folds(tmp_path, **settings)


def test_one_class(tmp_path):
    clips(tmp_path, labels=["happy"])
    with pytest.raises(InputError, match="all 12 utterances have the label 'happy'"):
        write_folds(tmp_path, scheme="speakers")


def test_a_class_that_no_model_of_a_fold_can_learn(tmp_path, caplog):
    labels = ["happy", "sad"] * 5 + ["angry"] * 2  # of one speaker
    clips(tmp_path, label=labels)
    expected = "the train part of fold 5 has no utterance of angry: a model cannot learn it"
    with pytest.raises(InputError, match=expected):
        write_folds(tmp_path, scheme="speakers")
    clips(tmp_path, label=labels, part=["train", "test", "validation"] * 3 + ["test"] * 2 + ["dev"])
    with pytest.raises(InputError, match="the train part of fold 1 has no utterance of angry"):
        write_folds(tmp_path, scheme="part")
    clips(
        tmp_path, label=labels, part=["train"] * 4 + ["test"] * 3 + ["validation"] * 4 + ["Train"]
    )
    write_folds(tmp_path, scheme="part")
    assert "the test part of fold 1 has no utterance of angry" in caplog.text


def test_folds_that_an_experiment_uses_and_nobody_makes(tmp_path):
    clips(tmp_path)
    files = FoldsFiles(
        tmp_path / "utterances.csv",
        tmp_path / "media.csv",
        tmp_path / "folds.csv",
        tmp_path / "fold_checks.csv",
    )
    spec = FoldsFileSpec(FoldsSpec("speakers"), CLASSIFICATION)
    run_folds(spec, files, Runtime(folds=(1, 6)))
    with pytest.raises(InputError, match="use fold 7, but the scheme 'speakers' makes the folds 1"):
        run_folds(
            FoldsFileSpec(FoldsSpec("speakers"), CLASSIFICATION), files, Runtime(folds=(1, 7))
        )


def test_a_column_to_split_by_that_the_index_lacks(tmp_path):
    clips(tmp_path, Mood_2=["up", "down"])
    spec, root = IndexSpec(plugin("manifest"), CLASSIFICATION), str(tmp_path)
    index_corpus(spec, index_files(tmp_path), Runtime(root=root, columns=("Mood_2", "speaker")))
    with pytest.raises(InputError, match=r"split_by names script, which .* columns utterance"):
        index_corpus(spec, index_files(tmp_path), Runtime(root=root, columns=("script",)))


def test_the_plan_asks_for_these_checks(tmp_path):
    raw = default_config()
    raw["corpora"]["mine"] = {
        "reader": "npz",
        "root": str(tmp_path),
        "folds": {"scheme": "speakers"},
        "split_by": ["Script_2"],
        "modalities": {
            "audio": {"extractor": "imported_audio", "normalise": True},
            "text": {"extractor": "imported_text", "normalise": True, "not_finite": 0},
        },
    }
    raw["experiments"]["mine"] = {
        "corpus": "mine",
        "models": ["majority"],
        "conditions": ["partial"],
        "corruptions": ["clean"],
        "folds": [1, 4],
        "seeds": [1],
    }
    plan = plan_of({**raw, "run": ["mine"]})
    of_corpus = SimpleNamespace(corpus="mine")
    assert corpora.index_corpus(plan, of_corpus).runtime.columns == ("Script_2",)
    assert corpora.make_folds(plan, of_corpus).runtime.folds == (1, 4)
    for modality, is_refused in (("audio", True), ("text", False)):
        job = features.import_features(plan, SimpleNamespace(corpus="mine", modality=modality))
        assert job.runtime.refuse_not_finite == is_refused


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"happy": 0, "sad": 1}, r"labels\.happy is 0, expected text"),
        ({"happy": True}, r"labels\.happy is True, expected text"),
        ({"happy": None}, r"labels\.happy is None, expected text"),
        ({"happy": "good", "sad": "good "}, r"labels is .* it has one label"),
        ({"happy": "good", "sad": " "}, r"labels is .* the label of 'sad' is empty"),
        ({"happy": "good", "happy ": "bad"}, r"labels is .* differ in blanks or accents only"),
    ],
)
@pytest.mark.parametrize("reader", ["manifest", "npz", "iemocap", "msp_improv"])
def test_maps_of_labels(tmp_path, reader, labels, expected):
    with pytest.raises(InputError, match=rf"config: corpora\.test\.{expected}"):
        reader_of(reader, tmp_path, labels=labels)


def make_dialogue(root, name):
    """Six turns with labels, texts and recordings; returns the label file."""
    session = root / f"Session{name[4]}"
    folders = ("dialog/EmoEvaluation", "dialog/transcriptions", f"sentences/wav/{name}")
    evaluation, transcriptions, wav = (session / folder for folder in folders)
    for folder in (evaluation, transcriptions, wav):
        folder.mkdir(parents=True, exist_ok=True)
    turns = [f"{name}_{who}00{n}" for who in "FM" for n in range(3)]
    labels = [f"[{n}.0 - {n}.5]\t{turn}\tneu\t[2.5, 2.5, 2.5]\n\n" for n, turn in enumerate(turns)]
    texts = [f"{turn} [00{n}.0-00{n}.5]: Well.\n" for n, turn in enumerate(turns)]
    (evaluation / f"{name}.txt").write_text("% [START_TIME - END_TIME]\n\n" + "".join(labels))
    (transcriptions / f"{name}.txt").write_text("".join(texts))
    for turn in turns:
        (wav / f"{turn}.wav").touch()
    return evaluation / f"{name}.txt"


@pytest.mark.parametrize("kept", [0, 1, 100, 150])
@pytest.mark.parametrize("without", ["transcriptions", "wav"])
def test_a_label_file_that_broke_off_is_a_loss(tmp_path, kept, without):
    names = ["Ses01F_impro01", "Ses01M_impro01", "Ses02F_impro01", "Ses02M_impro01"]
    first, *_ = [make_dialogue(tmp_path, name) for name in names]
    files = index("iemocap", tmp_path, tmp_path)
    assert len(read_table(files.utterances)) == 24
    first.write_bytes(first.read_bytes()[:kept])
    for path in tmp_path.rglob(f"{without}/Ses01F_impro01*"):  # what is left still tells
        path.rename(path.with_name("elsewhere"))
    lost = {0: 6, 1: 6, 100: 6, 150: 5}[kept]  # a line that was cut has no name and counts twice
    told = rf"{lost} of 2[45] utterances were left out.*labels of Ses01F"
    with pytest.raises(InputError, match=told):
        index("iemocap", tmp_path, tmp_path, max_left_out=0.1)
    files = index("iemocap", tmp_path, tmp_path, max_left_out=0.3)
    problems = read_table(files.problems)
    named = problems.loc[problems["file"] == str(first), "problem"]
    assert named.str.startswith("has no labels").any() == (kept < 2)


def refusing(reader, root, folder, modality, **given):
    """Import a modality of which nothing replaces NaN."""
    files = ImportFiles(
        folder / "utterances.csv", [], folder / "imported.h5", folder / "imported.csv"
    )
    runtime = Runtime(root=str(root), refuse_not_finite=True)
    import_features(ImportSpec(plugin(reader, **given), modality), files, runtime)
    return read_table(files.table)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_stop_the_import(tmp_path, value):
    columns = dict.fromkeys(("utterance", "speaker", "label"), "n")
    values = np.ones((4, 3))
    names = np.array(list("abcd"))
    np.savez(tmp_path / "features.npz", n=names, audio=values, video=values)
    index("npz", tmp_path, tmp_path, columns=columns)
    assert set(refusing("npz", tmp_path, tmp_path, "audio", columns=columns)["status"]) == {"ok"}
    values[2, 1] = value
    np.savez(tmp_path / "features.npz", n=names, audio=values, video=values)
    with pytest.raises(InputError, match=r"1 of 4 utterances .* NaN or infinite, e\.g\. c"):
        refusing("npz", tmp_path, tmp_path, "audio", columns=columns)


def test_the_audio_of_multibench_says_so_at_its_import(tmp_path):
    make_multibench(tmp_path / "mosei_senti_data.pkl", SIZES, negative=3)
    index("multibench", tmp_path, tmp_path)
    with pytest.raises(InputError, match=r"values of audio that are NaN.*not_finite: 0"):
        refusing("multibench", tmp_path, tmp_path, "audio")
    refusing("multibench", tmp_path, tmp_path, "video")


def test_masks_that_are_all_zero_end_the_import(tmp_path):
    path = tmp_path / "unaligned_50.pkl"
    make_mmsa(path, SIZES, 3, aligned=False)
    index("mmsa", tmp_path, tmp_path)
    content = pickle.loads(path.read_bytes())
    for split in content.values():
        split["text_bert"][:, 1] = 0
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match=r"none of 15 utterances has a frame of text: .*masks"):
        import_modality("mmsa", tmp_path, tmp_path, "text")


def test_many_empty_utterances_are_a_warning(tmp_path, caplog):
    columns = dict.fromkeys(("utterance", "speaker", "label"), "n")
    values = np.zeros((4, 3))
    values[0] = 1
    np.savez(tmp_path / "features.npz", n=np.array(list("abcd")), audio=values)
    index("npz", tmp_path, tmp_path, columns=columns)
    import_modality("npz", tmp_path, tmp_path, "audio", columns=columns)
    assert "NO FRAMES of audio in 3 of 4 utterances (75 %)" in caplog.text
    np.savez(tmp_path / "features.npz", n=np.array(list("abcd")), audio=0 * values)
    with pytest.raises(InputError, match="none of 4 utterances has a frame of audio"):
        import_modality("npz", tmp_path, tmp_path, "audio", columns=columns)


def test_further_columns_of_an_npz_are_kept(tmp_path):
    columns = {
        **dict.fromkeys(("utterance", "speaker", "label"), "n"),
        "script": "s",
        "rating": "r",
    }
    arrays = {"n": np.array(list("abc")), "s": np.array(["01", "NA", "x"]), "r": np.arange(3) / 2}
    np.savez(tmp_path / "features.npz", **arrays)
    table = read_table(index("npz", tmp_path, tmp_path, columns=columns).utterances)
    assert table.columns.tolist()[-2:] == ["script", "rating"]
    assert table["script"].tolist() == ["01", "NA", "x"]
    assert table["rating"].tolist() == ["0.0", "0.5", "1.0"]


def test_of_two_rows_of_one_name_the_first_counts_in_the_index_and_in_the_features(tmp_path):
    columns = {"utterance": "n", "speaker": "n", "label": "l"}
    names, labels = np.array(["a", "b", "a ", "c"]), np.array(["x", "y", "z", "x"])
    np.savez(tmp_path / "features.npz", n=names, l=labels, audio=np.arange(1.0, 5)[:, None])
    index("npz", tmp_path, tmp_path, max_left_out=0.5, columns=columns)
    files = import_modality("npz", tmp_path, tmp_path, "audio", columns=columns)
    with h5py.File(files.features) as file:
        assert file["values"][:, 0].tolist() == [1, 2, 4]


def test_videos_that_the_standard_split_does_not_name(tmp_path):
    root = tmp_path / "mosi"
    root.mkdir()
    make_csd(root, SIZES, 3, written=("Labels",))
    problems = read_table(index("cmu_mosei", root, tmp_path).problems)["problem"]
    (what,) = problems[problems.str.contains("split")]
    assert what.startswith("0 of 4 videos are in the standard split; name a csv")
    with pytest.raises(InputError, match="0 of 15 utterances, of 4 sessions, have a part"):
        write_folds(tmp_path, scheme="part")
    lines = ["video;part", *(f"{video} ; Train" for video in ("tr00000-_", "tr00001-_"))]
    (root / "own.csv").write_text("\n".join(lines))
    problems = read_table(index("cmu_mosei", root, tmp_path, split="own.csv").problems)["problem"]
    assert problems.str.contains("of 4 videos are in the split own.csv").sum() == 1


def test_labels_and_texts_of_arrays(tmp_path):
    columns = {"utterance": "n", "speaker": "n", "label": "l", "text": "t"}
    texts = [b"caf\xe9", "né".encode(), "您".encode("gbk"), b"x"]
    np.savez(
        tmp_path / "features.npz",
        n=np.array(list("abcd")),
        l=np.array([0, 1, 0, np.nan]),
        t=np.array(texts),
    )
    files = index("npz", tmp_path, tmp_path, max_left_out=0.3, columns=columns)
    table = read_table(files.utterances)
    assert table["label"].tolist() == ["0.0", "1.0", "0.0"]  # NaN is no class
    assert table["text"].tolist()[:2] == ["café", "né"]
    problems = read_table(files.problems)["problem"]
    assert "d has no label; left out" in problems.tolist()
    assert problems.str.contains(r"1 text has .* lost characters, e\.g\. c").sum() == 1


def test_tables_of_an_earlier_run_are_checked_unless_they_are_made_again(tmp_path):
    """A change of the config alone makes neither the index nor the folds again."""
    raw = default_config()
    raw["experiments"]["demo"]["folds"] = [1, 3]
    raw["corpora"]["demo"]["split_by"] = ["scirpt"]
    plan = Plan(raw, str(tmp_path), str(ROOT / "resources/published"))
    check_made(plan, set())  # there are none
    index, folds = Path(plan.layout.utterances("demo")), Path(plan.layout.folds("demo"))
    index.parent.mkdir(parents=True, exist_ok=True)
    index.write_text("utterance,speaker,script\nu,s,x\n")
    folds.write_text("fold,part,utterance\n1,test,u\n2,test,u\n")
    with pytest.raises(InputError, match=r"split_by names scirpt, .* columns utterance, speaker"):
        check_made(plan, set())
    with pytest.raises(InputError, match=r"use fold 3, but the scheme .* makes the folds 1, 2 of"):
        check_made(plan, {("index_corpus", "demo", None)})
    check_made(plan, {("index_corpus", "demo", None), ("make_folds", "demo", None)})


def test_failures_of_an_earlier_extraction_are_compared_with_a_new_limit(tmp_path):
    raw = default_config()
    raw["features"]["max_failed_fraction"] = 0.5
    table = tmp_path / "demo/features/is13.csv"
    table.parent.mkdir(parents=True)
    table.write_text("utterance,status,reason\nu,ok,\nv,failed,no sound\n")
    check_made(Plan(raw, str(tmp_path), str(ROOT / "resources/published")), set())
    raw["features"]["max_failed_fraction"] = 0.4
    plan = Plan(raw, str(tmp_path), str(ROOT / "resources/published"))
    with pytest.raises(InputError, match=r"1 of 2 utterances .*is13\.csv, more .*: v: no sound"):
        check_made(plan, {("extract_features", "demo", "minilm")})
    check_made(plan, {("extract_features", "demo", "is13")})


def test_utterances_left_out_of_an_earlier_index_are_compared_with_a_new_limit(tmp_path):
    raw = default_config()
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "utterances.csv").write_text("utterance\nu\nv\nw\n")
    (folder / "index_problems.csv").write_text(
        "file,line,problem\na.csv,3,x has no label; left out\na.csv,4,odd\n"
    )
    for limit in (0.25, 0.24):
        raw["corpora"]["demo"]["max_left_out"] = limit
        plan = Plan(raw, str(tmp_path), str(ROOT / "resources/published"))
        check_made(plan, {("index_corpus", "demo", None)})
        if limit == 0.25:
            check_made(plan, set())
    with pytest.raises(InputError, match=r"demo: 1 of 4 .* 0\.24 .*: a\.csv:3 x has no label"):
        check_made(plan, set())


@pytest.mark.parametrize(
    ("extractor", "settings", "job", "problem"),
    [
        (
            "denseface",
            {"weights": "none.st"},
            "extract_features",
            r"denseface\.weights is 'none\.st'",
        ),
        ("glove", {"vectors": "/none.txt"}, "extract_corrupted", r"glove\.vectors is '/none\.txt'"),
        (
            "minilm",
            {"class": "bert", "model": "./none"},
            "extract_features",
            r"minilm\.model is '\./n",
        ),
        (
            "of",
            {"class": "openface", "folder": "none"},
            "extract_features",
            r"of\.folder is 'none'",
        ),
    ],
)
def test_missing_files_of_extractors_end_a_run_that_needs_them(
    tmp_path, extractor, settings, job, problem
):
    raw = default_config()
    raw["features"]["extractors"][extractor] = settings
    plan = Plan(raw, str(tmp_path), str(ROOT / "resources/published"))
    with pytest.raises(InputError, match=rf"config: features\.extractors\.{problem}"):
        check_files(plan, {(job, "demo", extractor)})
    check_files(plan, {("train_model_fold1", "demo", None)})


def test_missing_files_of_the_recogniser_end_a_run_that_needs_them(tmp_path):
    raw = default_config()
    raw["features"]["asr"] = {"model": "/none"}
    plan = Plan(raw, str(tmp_path), str(ROOT / "resources/published"))
    with pytest.raises(InputError, match=r"features\.asr\.model is '/none': there is no such file"):
        check_files(plan, {("recognise_words", "demo", None)})
    check_files(plan, {("extract_features", "demo", "is13")})


def test_a_package_that_is_not_installed_is_named(tmp_path):
    raw = default_config()
    raw["features"]["extractors"]["minilm"]["model"] = "package:none/model"
    plan = Plan(raw, str(tmp_path), str(ROOT / "resources/published"))
    with pytest.raises(InputError, match=r"the package none is not installed"):
        check_files(plan, {("extract_features", "demo", "minilm")})


class OptionalFile(Settings):
    vectors: FileName | None = None
    others: tuple[FileName, ...] = ()


def test_a_file_that_may_be_left_out_is_looked_for_where_it_is_named():
    assert list(named_files(OptionalFile())) == []
    assert list(named_files(OptionalFile(vectors="here"))) == [("vectors", "here")]


def test_names_on_a_hub_are_no_files(tmp_path):
    raw = default_config()
    raw["features"]["extractors"]["minilm"]["model"] = "bert-large-uncased"
    plan = Plan(raw, str(tmp_path), str(ROOT / "resources/published"))
    check_files(plan, {("extract_features", "demo", "minilm")})


@pytest.mark.parametrize(
    ("section", "settings", "problem"),
    [
        (
            "features",
            {"class": "opensmile", "feature_set": "GeMAPSv01b", "level": "lld_deltas"},
            r"features\.extractors\.tried: level is lld_deltas, but GeMAPSv01b has no deltas",
        ),
        (
            "features",
            {"class": "opensmile", "frame_rate": 33.3333},
            r"tried\.frame_rate is 33\.3333: .* cannot be converted to 33\.3333",
        ),
        ("features", {"class": "is13", "frame_rate": 33.3333}, r"tried\.frame_rate is 33\.3333"),
        (
            "models",
            {"class": "nmer", "heads": 7},
            r"models\.tried: heads is 7, which does not divide 768 \(the model has 3 modalities\)",
        ),
        (
            "models",
            {"class": "nmer", "heads": 12, "tokens": "features"},
            r"heads is 12, which does not divide 128",
        ),
        (
            "models",
            {"class": "nmer_without_invariance", "heads": 5},
            r"heads is 5, which does not divide 768",
        ),
    ],
)
def test_settings_that_exclude_each_other_are_found_by_planning(
    tmp_path, section, settings, problem
):
    raw = default_config()
    if section == "features":
        raw["features"]["extractors"]["tried"] = settings
    else:
        raw["models"]["tried"] = settings
        raw["experiments"]["demo"]["models"] = ["tried"]
    with pytest.raises(InputError, match=problem):
        Plan(raw, str(tmp_path), str(ROOT / "resources/published"))


@pytest.mark.parametrize(
    ("modality", "settings", "rate", "problem"),
    [
        ("audio", {"class": "is13"}, 20.0, r"10 frames per second cannot be converted to 20"),
        ("audio", {"class": "covarep"}, 200.0, r"100 frames per second cannot be converted"),
        ("audio", {"class": "opensmile", "level": "functionals"}, 1.0, r"tried do not follow each"),
        ("audio", {"class": "audio_encoder", "output": "dimensions"}, 1.0, r"at one rate; remove"),
        ("video", {"class": "denseface"}, 1.0, r"remove it and set features\.faces\.frame_rate"),
        ("video", {"class": "openface", "folder": "x"}, 1.0, r"at one rate; remove it$"),
    ],
)
def test_rates_that_features_cannot_have_are_found_by_planning(
    tmp_path, modality, settings, rate, problem
):
    raw = default_config()
    raw["features"]["extractors"]["tried"] = settings
    read = {"extractor": "tried", "normalise": True, "not_finite": 0.0, "frame_rate": rate}
    raw["corpora"]["demo"]["modalities"][modality] = read
    with pytest.raises(InputError, match=rf"demo\.modalities\.{modality}\.frame_rate: .*{problem}"):
        Plan(raw, str(tmp_path), str(ROOT / "resources/published"))


def test_rates_that_only_a_network_tells_are_planned(tmp_path):
    raw = default_config()
    raw["features"]["extractors"]["tried"] = {"class": "audio_encoder"}
    read = {"extractor": "tried", "normalise": True, "frame_rate": 20.0}
    raw["corpora"]["demo"]["modalities"]["audio"] = read
    plan = Plan(raw, str(tmp_path), str(ROOT / "resources/published"))
    assert plan.modalities("demo")[0].features == "tried@20Hz"


def test_a_name_whose_first_row_has_an_unknown_label_is_left_out(tmp_path):
    """Its features would be those of that row."""
    columns = {"utterance": "n", "speaker": "n", "label": "l"}
    names, labels = np.array(["a", "a", "b", "c"]), np.array(["odd", "x", "y", "x"])
    np.savez(tmp_path / "features.npz", n=names, l=labels, audio=np.arange(1.0, 5)[:, None])
    given = {"columns": columns, "labels": {"x": "x", "y": "y"}}
    files = index("npz", tmp_path, tmp_path, max_left_out=0.5, **given)
    assert read_table(files.utterances)["utterance"].tolist() == ["b", "c"]
    assert "a has an earlier row" in " ".join(read_table(files.problems)["problem"])


def test_other_columns_that_begin_as_part_are_no_parts(tmp_path):
    parts = ["train", "train", "validation", "test"]
    clips(tmp_path, speakers=4, part=parts, part_of_day=["dawn"])
    assert set(read_table(write_folds(tmp_path, scheme="part").folds)["fold"]) == {"1"}


def test_two_columns_for_the_same_fold(tmp_path):
    parts = ["train", "train", "validation", "test"]
    clips(tmp_path, speakers=4, part=parts, part_1=parts)
    with pytest.raises(InputError, match="columns part, part_1 are for the same fold"):
        write_folds(tmp_path, scheme="part")


def test_one_training_speaker_cannot_validate(tmp_path):
    clips(tmp_path, speakers=2, part=["train", "train", "test", "test"])
    with pytest.raises(InputError, match=r"one training speaker, 'p0'.*name validation utterances"):
        write_folds(tmp_path, scheme="part", validation=0.1)
