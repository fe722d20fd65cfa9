"""Mistakes that people make in a config, each named before the first job."""

import sys

import pytest
from helpers.plans import default_config, plan_of

from robust_mer.errors import InputError
from robust_mer.plan.config_files import check_config_files
from robust_mer.plan.startup import check_device

AUDIO = ["audio"]


def changed(**sections):
    """The default config with sections updated: a dictionary goes into the one that is there."""
    raw = default_config()

    def update(old, new):
        for key, value in new.items():
            if isinstance(value, dict) and isinstance(old.get(key), dict):
                update(old[key], value)
            else:
                old[key] = value

    update(raw, sections)
    return raw


def with_model(name, settings, **experiment):
    demo = {"models": [name], **experiment}
    return {"models": {name: settings}, "experiments": {"demo": demo}}


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        (
            {"models": {"nmer": {"learning_rate": "1e-4"}}},
            r"nmer\.learning_rate is '1e-4', expected a number \(1\.0e-09 to 10\); YAML reads 1e-4 "
            r"as text, so write 1\.0e-4$",
        ),
        ({"models": {"nmer": {"learning_rate": "2e3"}}}, r"so write 2\.0e\+3$"),
        ({"models": {"nmer": {"learning_rate": "fast"}}}, r"to 10\)$"),
        (
            {"corpora": {"demo": {"labels": {False: "neutral"}}}},
            r"config: corpora\.demo\.labels has the key False, expected text; YAML reads the words",
        ),
        (
            {"corpora": {"demo": {"reader": False}}},
            r"expected text; YAML reads the words no, off and false so",
        ),
        (
            {"pathvars": {"result": "out"}},
            r"pathvars\.result does not exist; did you mean 'results'",
        ),
        (
            {"corpora": {"demo": {"labels": {"angry": "angry", "sad": "sad"}}}},
            r"has no 'angry', only",
        ),
        (
            {"features": {"extractors": {"is13": {"sound": {"min_level": -60}}}}},
            r"extractors\.is13\.sound: all extractors share .* move them to features\.sound",
        ),
        (
            {"features": {"extractors": {"minilm": {"faces": {}}}}},
            r"extractors\.minilm\.faces: all extractors share .* move them to features\.faces",
        ),
        ({"features": {"asr": {"sound": {}}}}, r"features\.asr\.sound: .* features\.sound"),
        (
            with_model("one", {"class": "mctn", "modalities": AUDIO}),
            r"mctn needs 2 or more, not audio",
        ),
        (
            with_model("one", {"class": "cm_arr", "modalities": AUDIO}, conditions=["none"]),
            r"models\.one\.modalities: cm_arr needs 2 or more, not audio alone",
        ),
        (
            with_model("backbone", {"class": "mplmm_backbone", "modalities": AUDIO}),
            r"mplmm_backbone needs 2 or more",
        ),
        (
            with_model(
                "men",
                {"modalities": ["video"]},
                corruptions=["babble_5dB"],
                conditions=["random_30%"],
                audit={"peeking": True},
            ),
            r"babble_5dB corrupts audio",
        ),
        (
            {"corruption": {"noises": {"bursts": {"rate": 0.9}}}},
            r"mean_length of at least 10 frames",
        ),
        ({"experiments": {"demo": {"tested_on": ["missing_50%"]}}}, r"expected missing alone"),
        (
            {
                "corruption": {"noises": {"dropped": {"lost": 0.1}}},
                "experiments": {"demo": {"tested_on": ["dropped_50%"]}},
            },
            r"noises\.dropped\.lost: dropped has no SNR",
        ),
        (
            {"experiments": {"demo": {"corruptions": ["babble_5dB"], "conditions": ["fixed_av"]}}},
            r"babble_5dB corrupts audio: the protocol fixed_av has no such condition",
        ),
        (
            with_model(
                "text",
                {"class": "men_augmented", "modalities": ["text"]},
                corruptions=["named_one"],
                conditions=["every"],
            )
            | {"corruption": {"named": {"named_one": {"audio": "gaussian_0dB"}}}},
            r"corrupts none: the protocol every has no such condition",
        ),
        (
            {"features": {"extractors": {"minilm": {"max_tokens": 2}}}},
            r"max_tokens is 2, expected at",
        ),
        (
            {"features": {"extractors": {"minilm": {"model": ""}}}},
            r"minilm\.model is '', expected at",
        ),
        (
            {"features": {"extractors": {"minilm": {"layers": [-1, -1], "combine": "mean"}}}},
            r"layers lists a layer twice",
        ),
        (
            {"features": {"extractors": {"resnet152": {"weights": "IMAGENET1K_V9"}}}},
            r"resnet152\.weights is 'IMAGENET1K_V9': expected IMAGENET1K_V1, IMAGENET1K_V2,",
        ),
        (
            with_model(
                "one",
                {"class": "men_augmented", "modalities": AUDIO},
                conditions=["random_30%"],
                corruptions=["missing"],
                audit={"peeking": True},
            ),
            r"the protocol random_30% has no such condition",
        ),
        ({"features": {"denseface_training": {"epoch": 3}}}, r"epoch does not exist; did you mean"),
        (
            {
                "features": {
                    "extractors": {"opensmile": {"level": "functionals", "frame_rate": 5.0}}
                }
            },
            r"functionals are one frame per utterance; remove frame_rate",
        ),
        ({"corruption": {"named": {"twice": ["clean", "clean"]}}}, r"'clean' is listed twice"),
        (
            {
                "corpora": {
                    "demo": {"task": "regression", "target": ["fold"], "target_range": [0, 1]}
                }
            },
            r"demo\.target is \['fold'\]: fold is no target, but a column of the predictions",
        ),
        (
            {
                "corpora": {
                    "demo": {"task": "regression", "target": "condition", "target_range": [0, 1]}
                }
            },
            r"condition is no target",
        ),
        ({"corpora": {"demo": {"target": ["a", "b", "a"]}}}, r"demo\.target .*: a is listed twice"),
        (
            {"models": {"my": {"batch_size": 3}}},
            r"models\.my\.class: my does not exist.*or models\.my\.class is missing: without it",
        ),
        ({"tables": {"best": {}}}, r"or tables\.best\.class is missing"),
        (
            {"models": {"my": {"class": "own.Model"}}},
            r"A class of your own is written module:Class$",
        ),
        (
            {"features": {"extractors": {"minilm": {"weights_sha256": "AB" * 32}}}},
            r"64 hexadecimal digits in lower case",
        ),
        (
            {
                "corpora": {
                    "demo": {"modalities": {"vocal": {"extractor": "is13", "normalise": True}}}
                }
            },
            r"config: corpora\.demo\.modalities: modalities .* need different first letters",
        ),
        (
            {"corpora": {"demo": {"root": "clips"}}},
            r"the corpus has a generator, which always writes",
        ),
    ],
)
def test_a_mistake_is_named(sections, problem):
    with pytest.raises(InputError, match=problem):
        plan_of(changed(**sections))


def test_features_of_a_modality_that_the_reader_has_no_file_of_are_named():
    modalities = {
        name: {"extractor": f"imported_{name}", "normalise": True} for name in ("audio", "text")
    }
    imported = {
        "reader": "npz",
        "root": "x",
        "file": "x.npz",
        "arrays": {"adio": "a", "text": "t"},
        "folds": {"scheme": "speakers"},
        "modalities": modalities,
    }
    with pytest.raises(InputError, match=r"corpora\.mine\.arrays\.audio .* did you mean 'adio'"):
        plan_of(changed(corpora={"mine": imported}))


@pytest.mark.parametrize(
    ("reader", "modality", "extractor", "problem"),
    [
        ("emo_db", "video", "resnet152", r"reader emo_db has no video .*; remove it$"),
        ("mmin", "audio", "is13", r"has no audio .* use its features, imported_audio, or remove"),
        ("npz", "audio", "is13", r"has no audio .* use its features, imported_audio, or remove"),
    ],
)
def test_recordings_that_a_reader_does_not_have_are_named(reader, modality, extractor, problem):
    other = "audio" if modality == "video" else "text"
    own = {"extractor": "minilm" if other == "text" else "is13", "normalise": True}
    if other == "text" and reader == "mmin":
        own["extractor"] = "imported_text"
    modalities = {modality: {"extractor": extractor, "normalise": True}, other: own}
    section = {"reader": reader, "root": "x", "folds": {"scheme": "speakers"}}
    section |= {"modalities": modalities, **({"file": "x.npz"} if reader == "npz" else {})}
    with pytest.raises(InputError, match=rf"modalities\.{modality}\.extractor: .*{problem}"):
        plan_of(changed(corpora={"mine": section}))


def test_joined_corpora_have_one_fold():
    joined = {
        "reader": "joined",
        "train": ["demo"],
        "test": ["other"],
        "folds": {"scheme": "part", "validation": 0.2},
    }
    raw = default_config()
    raw["corpora"]["other"] = {k: v for k, v in raw["corpora"]["demo"].items() if k != "root"}
    both = {**joined, "modalities": raw["corpora"]["demo"]["modalities"]}
    raw["corpora"]["both"] = both
    raw["experiments"]["demo"] |= {"corpus": "both", "folds": [1, 2]}
    both["max_left_out"] = 0.2
    with pytest.raises(InputError, match=r"both\.max_left_out: utterances are left out of the"):
        plan_of(raw)
    del both["max_left_out"]
    with pytest.raises(InputError, match=r"demo\.folds: there is no fold 2: joined corpora have"):
        plan_of(raw)


def test_results_in_the_home_folder_need_its_path():
    from robust_mer.plan.plan import Plan

    with pytest.raises(InputError, match=r"pathvars\.results is '~/out', and ~ does not stand"):
        Plan(default_config(), "~/out")
    with pytest.raises(InputError, match=r"results is 'out/\{corpus\}', but braces are Snakemake"):
        Plan(default_config(), "out/{corpus}")


@pytest.mark.parametrize(
    ("drawn", "problem"),
    [
        (
            {"va": 0.5, "l": 0.5},
            r"strange draws va, which does not exist; .* Known here: none, a, v, l, av",
        ),
        ({"v": 0.5, "l": 0.2}, r"strange draws conditions with the probabilities \[0\.5, 0\.2\]"),
        ({"v": 1.5, "l": -0.5}, r"which do not add up to 1"),
    ],
)
def test_a_protocol_of_ones_own_draws_conditions_that_there_are(
    tmp_path, monkeypatch, drawn, problem
):
    text = f"""
from robust_mer.protocols.protocol import Protocol

class Strange(Protocol):
    def distribution(self, modalities, touched):
        return {drawn}
"""
    (tmp_path / "strange_protocol.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "strange_protocol", raising=False)
    own = {"strange": {"class": "strange_protocol:Strange"}}
    experiment = {"demo": {"conditions": ["strange"]}}
    with pytest.raises(InputError, match=problem):
        plan_of(changed(protocols=own, experiments=experiment))


@pytest.mark.parametrize("rule", ["train_model_fold1", "train_teacher_fold1"])
def test_a_gpu_that_is_insisted_on_must_be_there_before_training(rule):
    plan = plan_of(changed(training={"device": "cuda"}))
    plan.has_gpu = lambda: False
    check_device(plan, [("extract_features", "demo", "is13")])
    with pytest.raises(
        InputError, match=r"training\.device is cuda, but this machine shows no GPU"
    ):
        check_device(plan, [(rule, "demo", None)])
    plan.has_gpu = lambda: True
    check_device(plan, [(rule, "demo", None)])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("models: {}\nrun: [a]\nmodels: {}\n", r"models is there twice, in lines 1 and 3;"),
        (
            "models:\n  a: {x: 1}\n  b: {}\n  a: {}\n",
            r"models\.a is there twice, in lines 2 and 4;",
        ),
        ("list:\n  - {a: 1, a: 2}\n", r"list\.0\.a is there twice, in lines 2 and 2;"),
        ('{"a": 1,\n"a": 2}', r"a is there twice, in lines 1 and 2;"),
        ("note: Speech: acted\n", r"cannot be read as YAML: mapping values .* line 1, column 13"),
        ("a: [1, 2\n", r"cannot be read as YAML: .* line 2"),
        ("a:\n\tb: 1\n", r"cannot be read as YAML: .* line 2"),
    ],
)
def test_a_file_of_the_config_that_yaml_would_misread_is_named(tmp_path, text, problem):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"mine\.yaml:? .*{problem}"):
        check_config_files([path])


def test_files_that_yaml_reads_as_they_are_written_pass(tmp_path):
    path = tmp_path / "mine.yaml"
    anchors = "a: &x {b: 1, c: 2}\nd: {<<: *x, <<: *x, b: 3}\ne: [*x, *x]\nf: &self [*self]\n"
    tabs = '{\n\t"a": 1\n}'  # JSON, and no YAML
    for text in (anchors, tabs, "", "__use_yte__: true\n?if a:\n  b: 1\n?if a:\n  b: 2\n", "[1]"):
        path.write_text(text, encoding="utf-8")
        check_config_files([path])
    path.write_bytes("note: Größe\n".encode("latin-1"))
    with pytest.raises(InputError, match="cannot be read as YAML"):
        check_config_files([path])
