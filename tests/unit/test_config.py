"""A wrong config stops before the first job, with the key and what was expected."""

import copy
import json
from pathlib import Path

import pytest
from helpers.plans import DEFAULT as CONFIG
from helpers.plans import ROOT, Wildcards, plan_of

from robust_mer.errors import InputError
from robust_mer.plan.grid import Training
from robust_mer.plan.models import TrainedOn
from robust_mer.plan.rules.features import resample_features
from robust_mer.plan.schema import schema
from robust_mer.plan.values import without_folders

DEFAULT = copy.deepcopy(CONFIG)
DEFAULT["experiments"]["demo"]["models"] = ["men", "nmer"]


def changed(path: str, value):
    raw = copy.deepcopy(DEFAULT)
    *parents, last = path.split(".")
    section = raw
    for key in parents:
        section = section[key]
    section[last] = value
    return raw


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("runn", ["demo"], ["runn", "did you mean 'run'"]),
        ("run", ["dem"], ["dem", "did you mean 'demo'"]),
        ("run", [], ["run"]),
        ("experiments.demo.corpsu", "demo", ["experiments.demo.corpsu", "did you mean 'corpus'"]),
        ("experiments.demo.corpus", "demos", ["experiments.demo.corpus", "demos"]),
        ("experiments.demo.models", ["nmre"], ["nmre", "did you mean 'nmer'"]),
        ("experiments.demo.corruptions", ["gaussian_10"], ["experiments.demo.corruptions", "dB"]),
        ("experiments.demo.corruptions", ["gausian_1dB"], ["gausian", "did you mean 'gaussian'"]),
        ("experiments.demo.conditions", ["six"], ["experiments.demo.conditions", "partial"]),
        ("experiments.demo.folds", [0], ["experiments.demo.folds"]),
        ("experiments.demo.folds", [1, 9], ["demo.folds: there is no fold 9", "groups"]),
        ("corpora.demo.reader", "iemocup", ["corpora.demo.reader", "iemocap", "manifest"]),
        ("corpora.demo.lables", {}, ["corpora.demo.lables", "did you mean 'labels'"]),
        ("corpora.demo.folds", {"scheme": "kfold"}, ["corpora.demo.folds.scheme", "kfold"]),
        ("corpora.demo.root", "elsewhere", ["corpora.demo.root", "results/demo/raw"]),
        ("corpora.demo.generator", {"class": "demo", "sesions": 1}, ["sesions", "sessions"]),
        ("corpora.demo.modalities.audio.aligned_to", "phones", ["audio.aligned_to", "words"]),
        ("corpora.demo.modalities.audio.frame_rate", 0, ["modalities.audio.frame_rate"]),
        ("corpora.demo.modalities.text.frame_rate", 5, ["text.frame_rate", "no rate"]),
        (
            "corpora.demo.modalities.audio",
            {"extractor": "is13", "normalise": True, "aligned_to": "words", "frame_rate": 5},
            ["modalities.audio", "one of them"],
        ),
        ("features.extractors.is13", {"rate": 1}, ["features.extractors.is13.rate"]),
        ("features.faces", {"sise": 64}, ["features.faces.sise", "did you mean 'size'"]),
        ("features.faces", {"frame_rate": 0}, ["features.faces.frame_rate", "0.01 to 1000"]),
        ("features.extractors.resnet152", {"of": "eye"}, ["resnet152.of", "face, frame"]),
        ("features.extractors.is13", {"frame_rate": "x"}, ["is13.frame_rate", "'x'"]),
        ("features.max_failed_fraction", 2, ["features.max_failed_fraction"]),
        ("features.max_seconds_per_utterance", 0, ["features.max_seconds_per_utterance"]),
        ("corruption.mode", "papr", ["corruption.mode", "exact"]),
        ("corruption.schedule", "cosine", ["corruption.schedule", "scaled_linear"]),
        ("experiments.demo.corruptions", ["gaussian_-101dB"], ["-100 to 100 dB"]),
        ("experiments.demo.corruptions", ["gaussian_-infdB"], ["not a corruption"]),
        ("experiments.demo.corruptions", ["gaussian_10%"], ["gaussian in dB"]),
        ("experiments.demo.corruptions", ["dropped_-10dB"], ["dropped in %"]),
        ("experiments.demo.corruptions", ["dropped_0%"], ["above 0 %"]),
        ("experiments.demo.corruptions", ["dropped_101%"], ["at most 100 %"]),
        ("experiments.demo.corruptions", ["dropped_90to0%"], ["a range such as dropped_0to90%"]),
        ("experiments.demo.corruptions", ["dropped_0to101%"], ["a range such as"]),
        ("experiments.demo.corruptions", ["dropped_0to090%"], ["write dropped_0to90%"]),
        ("experiments.demo.corruptions", ["gaussian_-20to0dB"], ["mode: exact"]),
        ("experiments.demo.corruptions", ["gaussian_0to-20dB"], ["the lower SNR first"]),
        ("experiments.demo.corruptions", ["gaussian_-20to101dB"], ["-100 to 100 dB"]),
        ("corruption.noises.gaussian", {"lost": 0}, ["gaussian.lost is 0", "above 0 and below 1"]),
        ("corruption.noises.gaussian", {"lost": 1}, ["gaussian.lost is 1", "above 0 and below 1"]),
        ("corruption.noises.gaussian", {"lost": 0.3}, ["gaussian.lost needs a range of SNRs"]),
        ("experiments.demo.tested_on", ["blur_3to1px"], ["lower one first; expected blur_1to3px"]),
        ("experiments.demo.tested_on", ["babble_5to90dB"], ["babble is 90 dB", "-40 to 60"]),
        ("experiments.demo.tested_on", ["reverse_100to100%"], ["expected reverse_100%"]),
        (
            "corruption.raw.wer",
            {"deletions": 0.8, "insertions": 0.3},
            ["corruption.raw.wer", "deletions, 0.8, and insertions, 0.3", "exceed 1 together"],
        ),
        (
            "corruption.noises.gaussian",
            {"stretch": [0.5, 0.2]},
            ["gaussian.stretch", "start < end"],
        ),
        ("corruption.noises.gaussian", {"stretch": 0.5}, ["start and end"]),
        ("experiments.demo.conditions", ["random_30"], ["conditions: random_30", "random_30%"]),
        ("experiments.demo.conditions", ["random"], ["eta", "missing"]),
        ("experiments.demo.conditions", ["randm_30%"], ["conditions: randm_30%", "random"]),
        ("experiments.demo.conditions", ["partial_30%"], ["define it in the section protocols"]),
        ("experiments.demo.conditions", ["fixed_x"], ["have no condition x"]),
        ("experiments.demo.tested_under", ["fixed_va"], ["tested_under: fixed_va", "only none"]),
        ("experiments.demo.tested_under", ["shars"], ["did you mean 'shares'"]),
        ("protocols.uneven", {"class": "rates", "audio": 1.5}, ["uneven.audio", "1.5"]),
        ("protocols.uneven", {"class": "shares", "one": 0.6, "two": 0.6}, ["together above 1"]),
        (
            "protocols.uneven",
            {"class": "shares", "three": 0.6},
            ["uneven.three", "Known here: one"],
        ),
        ("protocols.uneven", {"class": "random", "eta": [0.6, 0.2]}, ["the lower end"]),
        ("experiments.demo.tested_on", ["gausian_1dB"], ["demo.tested_on", "gausian"]),
        ("experiments.demo.evaluate", "all", ["demo.evaluate", "one_per_utterance"]),
        ("corruption.noises.dropped", {"rate": 0.3}, ["dropped.rate", "the corruption sets it"]),
        (
            "corruption.noises.gone",
            {"class": "missing"},
            ["noises.gone.class", "cannot have another name"],
        ),
        ("corruption.noises.bursts", {"rate": 1.5}, ["bursts.rate is 1.5"]),
        ("corruption.noises.bursts", {"rate": -0.1}, ["bursts.rate is -0.1"]),
        ("corruption.noises.pink", {"octaves": 0}, ["pink.octaves is 0"]),
        ("corruption.noises.own", {"class": "pnik"}, ["own.class: pnik", "did you mean 'pink'"]),
        ("corruption.noises.own", {"class": "no_such:draw"}, ["own.class", "module 'no_such'"]),
        (
            "corruption.noises.own",
            {"class": "robust_mer.corruption.pink:Pin"},
            ["own.class", "Pin", "did you mean 'Pink'"],
        ),
        ("corruption.named", {"clean": {"audio": "gaussian_0dB"}}, ["another corruption"]),
        ("corruption.named", {"blur_3px": {"audio": "gaussian_0dB"}}, ["another corruption"]),
        ("corruption.named", {"u": {"audio": "clean"}}, ["u.audio", "remove the modality"]),
        ("corruption.named", {"u": {"audio": "gausian_0dB"}}, ["named.u.audio", "gausian"]),
        ("corruption.named", {"u": ["gaussian_0dB"]}, ["corruption.named.u"]),
        ("corruption.named", {"u": "gaussian_0dB"}, ["corruption.named.u"]),
        ("corruption.named", {"u": ["clean", "gaussan_0dB"]}, ["named.u", "gaussan"]),
        (
            "corruption.named",
            {"u": ["clean", "missing"], "w": ["u", "clean"]},
            ["named.w", "u is itself a list"],
        ),
        ("corruption.noises.impulse", {"frequncy": 1}, ["impulse.frequncy", "frequency"]),
        ("models.nmer", {"latnet": 3}, ["models.nmer.latnet", "did you mean 'latent'"]),
        ("models.nmer", {"latent": "big"}, ["models.nmer.latent", "'big'"]),
        ("corruption.noises.impulse", {"frequency": 3}, ["impulse.frequency is 3"]),
        ("corruption.noises.impulse", {"frequency": 0}, ["impulse.frequency is 0"]),
        ("models.nmer", {"kl": "maen"}, ["models.nmer.kl", "sum_latent"]),
        ("models.nmer", {"latent": None}, ["models.nmer.latent is None"]),
        ("models.nmer", {"variant": "relased"}, ["models.nmer.variant", "paper, released"]),
        ("models.nmer", {"variant": ["paper"]}, ["models.nmer.variant is ['paper']"]),
        ("models.nmer", {"tokens": "six"}, ["models.nmer.tokens", "utterance, features"]),
        ("models.men", {"optimiser": "sgd"}, ["models.men.optimiser", "adamw"]),
        ("models.men", {"batch_size": 0}, ["models.men.batch_size is 0"]),
        ("models.men", {"epochs_constant": 0, "epochs_falling": 0}, ["models.men", "one epoch"]),
        ("models.men", {"teacher": "invariance_teacher"}, ["models.men.teacher", "no teacher"]),
        ("models.nmer", {"teacher": "men"}, ["nmer.teacher", "expected invariance_teacher"]),
        ("corpora.demo.folds", {"scheme": "session_groups"}, ["corpora.demo.folds", "groups"]),
        ("corpora.demo.folds", {"scheme": "speaker_groups"}, ["corpora.demo.folds", "groups"]),
        ("corpora.demo.folds", {"scheme": "speakers", "groups": 3}, ["corpora.demo.folds.groups"]),
        (
            "corpora.demo.folds",
            {"scheme": "speakers", "validation": 0.1},
            ["corpora.demo.folds.validation"],
        ),
        ("corpora.demo.folds", {"scheme": "part", "validation": 1}, ["folds.validation"]),
        ("corpora.demo.variant", "five_classes", ["corpora.demo.variant", "six_classes"]),
        ("corpora.demo.max_left_out", 2, ["corpora.demo.max_left_out"]),
        (
            "corpora.demo.modalities.audio",
            {"extractor": "imported_audio", "normalise": True},
            ["corpora.demo.reader: iemocap provides no features", "multibench", "npz"],
        ),
        (
            "corpora.demo.modalities.audio",
            {"extractor": "imported_text", "normalise": True},
            ["corpora.demo.modalities.audio", "expected imported_audio"],
        ),
        ("features.extractors.imported_audio", {}, ["features.extractors.imported_audio"]),
        (
            "corpora.demo.modalities.video",
            {"extractor": "is13", "normalise": True},
            ["corpora.demo.modalities.video", "is13 extracts audio"],
        ),
        ("models.nmer", {"teacher": "mne"}, ["models.nmer.teacher", "did you mean 'men'"]),
        ("models.mine", {"class": "nemr"}, ["models.mine.class", "did you mean 'nmer'"]),
        ("models.momke", {"heads": 4}, ["models.momke.heads is 4", "momke_experts, is 2"]),
        ("models.mplmm", {"segments": 7}, ["models.mplmm.segments is 7", "backbone, is 20"]),
        ("models.mplmm_backbone", {"layers": 3}, ["models.mplmm.layers is 5", "backbone, is 3"]),
        ("models.men", {"modalities": ["smell"]}, ["models.men.modalities", "smell"]),
        ("training.device", "gpu", ["training.device", "cuda"]),
        ("training.folds_per_job", 0, ["training.folds_per_job", "0"]),
        ("training.folds_per_job", "all", ["training.folds_per_job", "'all'", "integer"]),
        ("training.max_replicas", 0, ["training.max_replicas", "0"]),
        ("training.max_replicas", "many", ["training.max_replicas", "'many'", "auto"]),
        (
            "corpora.demo.modalities.audio",
            {"extractor": "covarep", "normalise": True},
            ["corpora.demo.modalities.audio", "creak", "not_finite: 0"],
        ),
        (
            "corpora.demo.modalities.audio.not_finite",
            "zero",
            ["corpora.demo.modalities.audio.not_finite", "'zero'", "refuse"],
        ),
        (
            "corpora.demo.modalities.audio.not_finite",
            float("nan"),
            ["corpora.demo.modalities.audio.not_finite", "nan", "finite"],
        ),
        (
            "corpora.demo.modalities.audio.not_finite",
            True,
            ["corpora.demo.modalities.audio.not_finite", "True"],
        ),
    ],
)
def test_wrong_keys_are_named(path, value, told):
    with pytest.raises(InputError) as error:
        plan_of(changed(path, value))
    for part in told:
        assert part in str(error.value)


def test_a_missing_corpus_folder_is_named_before_the_first_job():
    raw = changed("corpora.mine", {**DEFAULT["corpora"]["demo"], "root": "no/such/folder"})
    del raw["corpora"]["mine"]["generator"]
    plan_of(raw)  # an experiment that is not run needs no folder
    raw["experiments"]["demo"]["corpus"] = "mine"
    with pytest.raises(InputError, match=r"corpora\.mine\.root.*no/such/folder"):
        plan_of(raw)


def test_what_is_trained_and_tested():
    raw = changed("experiments.demo.conditions", ["partial", "none"])
    raw["experiments"]["demo"]["corruptions"] = ["clean", "gaussian_-10dB"]
    config = plan_of(raw)
    assert config.grid.evaluations(config.grid.experiments["demo"]) == [
        ("men", "clean", "clean"),
        ("men", "clean", "gaussian_-10dB"),
        ("nmer", "clean", "clean"),
        ("nmer", "gaussian_-10dB", "gaussian_-10dB"),
        ("nmer", "gaussian_-10dB_none", "gaussian_-10dB"),
    ]
    assert config.grid.replicas[Training("demo", "nmer", "clean"), "clean"] == [(1, 1), (2, 1)]
    assert config.models["nmer"].teacher == "invariance_teacher"
    assert config.models["men"].teacher is None


NAMED = {
    "uneven": {"audio": "gaussian_-10dB", "text": "impulse_-5dB"},
    "alone": {"text": "dropped_30%"},
    "range": ["gaussian_-10dB", "gaussian_-20dB", "uneven"],
}


def named(corruptions, **experiment):
    raw = changed("corruption.named", NAMED)
    raw["experiments"]["demo"] |= {"corruptions": corruptions, **experiment}
    return raw


def test_what_a_corruption_does_to_each_modality():
    config = plan_of(named(["clean"]))
    assert config.corruption("demo", "clean").noises == {}
    assert list(config.corruption("demo", "gaussian_-10dB").noises) == ["audio", "video", "text"]
    uneven = config.corruption("demo", "uneven").noises
    assert {m: (how.kind, how.target_snr_db) for m, how in uneven.items()} == {
        "audio": ("gaussian", -10),
        "text": ("impulse", -5),
    }
    assert uneven["text"].settings == {"frequency": 0.3}
    (how,) = config.corruption("demo", "alone").noises.values()
    assert (how.target_snr_db, how.settings, how.is_mask) == (
        None,
        {"rate": 0.3, "highest": None},
        True,
    )
    with pytest.raises(InputError, match="range means several"):
        config.corruption("demo", "range")


def test_a_range_of_snrs_has_its_middle_as_target_and_its_width_beside_it():
    raw = named(["clean", "gaussian_-40to10dB", "faint_-20to-10dB"])
    raw["corruption"]["mode"] = "exact"
    raw["corruption"]["noises"] |= {"faint": {"class": "impulse", "lost": 0.3}}
    plan = plan_of(raw)
    for name, expected in (
        ("gaussian_-40to10dB", (-15, 50, None)),
        ("faint_-20to-10dB", (-15, 10, 0.3)),
        ("gaussian_-10dB", (-10, 0, None)),
    ):
        how = plan.corruption("demo", name).noises["video"]
        assert (how.target_snr_db, how.snr_span_db, how.lost) == expected


@pytest.mark.parametrize("protocol", ["natural", "random_30%"])
def test_scores_read_features_where_a_protocol_depends_on_them(protocol):
    raw = changed("experiments.demo.conditions", [protocol])
    files = plan_of(raw).report.inputs("demo", ["presence"])["presence"]
    names = [Path(path).stem for path in files]
    assert names == (["is13", "mini_xception", "minilm"] if protocol == "natural" else [])


def test_a_list_is_trained_on_and_its_members_are_tested_on():
    config = plan_of(named(["clean", "range"], tested_on=["missing", "uneven"]))
    members = NAMED["range"]
    assert config.corruptions.members("range") == members
    assert config.grid.evaluations(config.grid.experiments["demo"]) == [
        *[("men", "clean", name) for name in ("clean", *members, "missing")],
        *[("nmer", "clean", name) for name in ("clean", "missing", "uneven")],
        *[("nmer", "range", name) for name in (*members, "missing")],
    ]
    trained = {job.training[1:] for job in config.grid.training_jobs}
    assert trained == {
        ("men", "clean"),
        ("nmer", "clean"),
        ("nmer", "range"),
        ("invariance_teacher", "clean"),
    }


def trained_apart(model="nmer", **section):
    raw = named(["clean", "gaussian_-10dB"], tested_on=["missing"])
    raw["models"][model] |= section
    return raw


def test_a_model_that_is_trained_on_one_corruption_is_tested_on_all():
    plan = plan_of(trained_apart(trained_on="range", trained_under="every"))
    demo = plan.grid.experiments["demo"]
    tests = ("clean", "gaussian_-10dB", "missing")
    assert plan.grid.evaluations(demo) == [
        *[("men", "clean", name) for name in tests],
        *[("nmer", "range_every", name) for name in tests],
    ]
    jobs = [job for job in plan.grid.training_jobs if job.training.model == "nmer"]
    assert {job.training.trained_on for job in jobs} == {"range_every"}
    (one, *_) = plan.trained_on("demo", "nmer", "range_every")
    assert one.name == "gaussian_-10dB"
    experiment = plan.report.experiment("demo")
    assert experiment.trained_once == ("nmer",)
    assert experiment.trained_on("range_every") == ("range", "every")
    assert experiment.named["range"] == NAMED["range"]


@pytest.mark.parametrize(
    ("model", "section", "message"),
    [
        ("nmer", {"trained_on": "rnge"}, r"models\.nmer\.trained_on: .*rnge"),
        ("nmer", {"trained_on": "range", "trained_under": "evry"}, r"trained_under: evry.*'every'"),
        (
            "nmer",
            {"trained_on": "range", "trained_under": "none"},
            r"nmer\.trained_under: .*uneven",
        ),
        ("nmer", {"trained_on": "clean", "trained_under": "every"}, "no corrupted modality"),
        ("nmer", {"trained_under": "every"}, r"trained_on, which is missing"),
        ("men", {"trained_on": "range"}, r"models\.men\.trained_on: .*always trained on clean"),
    ],
)
def test_a_wrong_training_of_a_model_is_refused(model, section, message):
    with pytest.raises(InputError, match=message):
        plan_of(trained_apart(model, **section))


@pytest.mark.parametrize(
    ("corruption", "protocol"), [("missing", "random_30%"), ("dropped_30%", "every")]
)
def test_a_model_can_be_trained_on_and_under_names_with_a_rate(corruption, protocol):
    plan = plan_of(trained_apart(trained_on=corruption, trained_under=protocol))
    name = f"{corruption}_{protocol}"
    assert ("nmer", name, "missing") in plan.grid.evaluations(plan.grid.experiments["demo"])
    assert plan.grid.parse_trained_on(name) == TrainedOn(corruption, protocol)


SHARES = {"class": "shares", "one": 0.3, "two": 0.3}


@pytest.mark.parametrize(
    ("protocols", "experiment", "message"),
    [
        (
            {"average": SHARES},
            {"tested_under": ["average"]},
            "tested_under: average is the name of",
        ),
        ({"a": SHARES}, {"conditions": ["a"]}, r"conditions: a is the name of.*protocols\.a"),
        ({"pooled": SHARES}, {"tested_under": ["pooled"]}, "pooled is the name of another row"),
        ({"partial": SHARES}, {}, r"protocols\.partial: partial is another protocol already"),
        ({}, {"tested_under": ["none"]}, "every test has a row none without this"),
        ({}, {"conditions": ["fixed_xy"], "models": ["men"]}, r"conditions: fixed_xy.*none, a, v"),
    ],
)
def test_protocols_that_tables_could_not_show_are_refused(protocols, experiment, message):
    raw = changed("protocols", protocols)
    raw["experiments"]["demo"] |= experiment
    with pytest.raises(InputError, match=message):
        plan_of(raw)


@pytest.mark.parametrize(
    ("corruptions", "conditions"),
    [
        (["uneven_none"], ["partial"]),
        (["missing", "missing_a"], ["p", "a_p"]),
    ],
)
def test_trainings_of_one_name_are_refused(corruptions, conditions):
    """missing_a under p, and missing under a_p."""
    raw = changed("protocols", {"p": SHARES, "a_p": SHARES})
    mapping = {"audio": "missing", "text": "missing"}
    raw["corruption"]["named"] = {"missing_a": mapping, "uneven_none": mapping}
    raw["experiments"]["demo"] |= {"corruptions": corruptions, "conditions": conditions}
    with pytest.raises(InputError, match=r"experiments\.demo: .* would have the same name, "):
        plan_of(raw)


def test_conditions_that_a_corruption_does_not_have_are_refused():
    plan_of(named(["uneven", "alone", "range"]))
    with pytest.raises(InputError, match=r"uneven corrupts audio, text.*has no such condition"):
        plan_of(named(["uneven"], conditions=["none"]))
    with pytest.raises(InputError, match="uneven corrupts"):  # a member of the list
        plan_of(named(["range"], conditions=["partial", "none"]))
    raw = named(["alone"])
    raw["models"]["augmented"] = {"class": "men_augmented", "modalities": ["audio", "video"]}
    raw["experiments"]["demo"]["models"] = ["augmented"]
    with pytest.raises(InputError, match="alone corrupts none"):
        plan_of(raw)
    raw["experiments"]["demo"] |= {"corruptions": ["clean"], "tested_on": ["alone"]}
    plan_of(raw)
    raw["corruption"]["named"] = {"alone": {"gaze": "gaussian_0dB"}}
    with pytest.raises(InputError, match=r"demo\.tested_on.*named\.alone\.gaze"):
        plan_of(raw)


OWN_NOISE = """\
from typing import Annotated

from pydantic import Field

from robust_mer.corruption.noise import Noise
from robust_mer.settings import Settings


class ScaledSettings(Settings):
    scale: Annotated[float, Field(gt=0)] = 2.0


class Scaled(Noise):
    settings_class = ScaledSettings

    def draw(self, shape, draws, lengths):
        raise SystemExit


class Other:
    pass
"""
OWN_MASK = """

class Mask(Scaled):
    unit = "%"
    is_mask = True
"""


def test_a_users_noise_is_loaded_and_its_settings_are_checked(tmp_path, monkeypatch):
    (tmp_path / "own_noise.py").write_text(OWN_NOISE)
    (tmp_path / "own_broken.py").write_text("class Scaled(:\n")
    (tmp_path / "own_lacking.py").write_text("import no_such_package\n\nclass Scaled:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    raw = changed("corruption.noises.own", {"class": "own_noise:Scaled", "scale": 3.0})
    raw["experiments"]["demo"]["corruptions"] = ["own_-10dB"]
    noise = plan_of(raw).corruption("demo", "own_-10dB").noises["video"]
    assert noise.implementation == "own_noise:Scaled"
    assert noise.settings == {"scale": 3.0}
    for own, message in (
        ({"class": "own_noise:Scaled", "scael": 3.0}, r"own\.scael.*did you mean 'scale'"),
        (
            {"class": "own_noise:Scaled", "scale": -1},
            r"noises\.own\.scale is -1, expected above 0",
        ),
        ({"class": "own_noise:Scaeld"}, r"noises\.own\.class.*Scaeld.*did you mean 'Scaled'"),
        ({"class": "own_noise:Other"}, r"own\.class.*not a subclass of robust_mer.*Noise"),
        ({"class": "own_broken:Scaled"}, r"noises\.own\.class.*own_broken\.py cannot be read"),
        ({"class": "own_lacking:Scaled"}, r"own\.class.*cannot be imported.*no_such_package"),
    ):
        with pytest.raises(InputError, match=message):
            plan_of(changed("corruption.noises.own", own))


def test_a_users_mask_takes_its_rate_from_the_name(tmp_path, monkeypatch):
    (tmp_path / "own_mask.py").write_text(OWN_NOISE.replace("scale", "rate") + OWN_MASK)
    monkeypatch.syspath_prepend(str(tmp_path))
    raw = changed("corruption.noises.own", {"class": "own_mask:Mask"})
    raw["experiments"]["demo"]["corruptions"] = ["own_30%"]
    noise = plan_of(raw).corruption("demo", "own_30%").noises["video"]
    assert (noise.settings, noise.is_mask) == ({"rate": 0.3}, True)
    raw["experiments"]["demo"]["corruptions"] = ["own_-10dB"]
    with pytest.raises(InputError, match="the amount of own in %"):
        plan_of(raw)


def test_experiments_share_replicas():
    raw = copy.deepcopy(DEFAULT)
    raw["experiments"]["more"] = {**raw["experiments"]["demo"], "folds": [2, 5]}
    raw["run"] = ["demo", "more"]
    config = plan_of(raw)
    assert config.grid.replicas[Training("demo", "men", "clean"), "clean"] == [
        (1, 1),
        (2, 1),
        (5, 1),
    ]


def test_the_folds_of_a_corpus_are_those_that_its_experiments_of_the_run_use():
    raw = copy.deepcopy(DEFAULT)
    demo = raw["experiments"]["demo"]
    raw["corpora"]["other"] = {**raw["corpora"]["demo"], "root": "results/other/raw"}
    folds = {"demo": [5, 1], "more": [2, 5], "not_run": [3]}
    raw["experiments"] = {name: {**demo, "folds": some} for name, some in folds.items()}
    raw["experiments"]["elsewhere"] = {**demo, "corpus": "other", "folds": [4]}
    raw["run"] = ["demo", "more", "elsewhere"]
    grid = plan_of(raw).grid
    assert grid.folds_of("demo") == [1, 2, 5]
    assert grid.folds_of("other") == [4]


def jobs_of(raw):
    return {
        (job.training.model, job.training.trained_on, job.folds): list(job.replicas)
        for job in plan_of(raw).grid.training_jobs
    }


def test_jobs_train_the_replicas_asked_for_some_folds_at_a_time():
    raw = changed("experiments.demo.corruptions", ["clean", "gaussian_-10dB"])
    raw["experiments"]["demo"]["folds"] = [1, 2, 5]
    raw["experiments"]["more"] = {**raw["experiments"]["demo"], "models": ["nmer"], "folds": [2]}
    raw["experiments"]["more"]["seeds"] = [2]
    raw["run"] = ["demo", "more"]
    one_each = jobs_of(raw)
    trained = [
        ("men", "clean"),
        ("nmer", "clean"),
        ("nmer", "gaussian_-10dB"),
        ("invariance_teacher", "clean"),
    ]
    folds = ("fold1", "fold2", "fold5")
    assert set(one_each) == {(*model, fold) for model in trained for fold in folds}
    assert one_each["men", "clean", "fold2"] == [(2, 1)]
    # a teacher is trained for the folds and seeds of its students
    for model, trained_on in trained[1:]:
        assert one_each[model, trained_on, "fold1"] == [(1, 1)]
        assert one_each[model, trained_on, "fold2"] == [(2, 1), (2, 2)]
    raw["training"]["folds_per_job"] = 2
    two_each = jobs_of(raw)
    assert set(two_each) == {(*model, fold) for model in trained for fold in ("folds1-2", "fold5")}
    assert two_each["invariance_teacher", "clean", "folds1-2"] == [(1, 1), (2, 1), (2, 2)]
    raw["training"]["folds_per_job"] = 10
    assert {folds for _, _, folds in jobs_of(raw)} == {"folds1-5"}


def test_values_that_are_not_finite_are_refused_unless_a_number_replaces_them():
    raw = changed("corpora.demo.modalities.video.not_finite", -1)
    raw["corpora"]["demo"]["modalities"]["text"]["not_finite"] = "refuse"
    raw["models"]["men"]["modalities"] = ["video", "text"]
    config = plan_of(raw)
    assert {m.name: m.not_finite for m in config.modalities("demo")} == {
        "audio": None,
        "video": -1.0,
        "text": None,
    }
    assert {m.name: m.not_finite for m in config.modalities("demo", "men")} == {
        "video": -1.0,
        "text": None,
    }


def test_an_extractor_that_leaves_features_empty_is_taken_with_a_number_for_them():
    audio = {"extractor": "covarep", "normalise": True, "not_finite": 0}
    config = plan_of(changed("corpora.demo.modalities.audio", audio))
    assert {m.name: m.not_finite for m in config.modalities("demo")}["audio"] == 0


def test_settings_are_the_defaults_with_what_the_config_changes():
    raw = changed("models.small", {"class": "nmer", "latent": 8, "learning_rate": 1})
    settings = plan_of(raw).models["small"].settings
    assert settings["latent"] == 8
    assert settings["learning_rate"] == 1
    assert settings["heads"] == 16


def test_a_variant_changes_defaults_and_the_config_what_it_likes():
    raw = changed("models.small", {"class": "nmer", "variant": "released", "heads": 4})
    settings = plan_of(raw).models["small"].settings
    assert (settings["optimiser"], settings["beta1"], settings["kl"]) == ("adam", 0.5, "sum")
    assert (settings["heads"], settings["latent"]) == (4, 64)


def test_a_model_of_one_modality():
    raw = changed("models.unimodal", {})
    raw["experiments"]["demo"] |= {"models": ["unimodal"], "conditions": ["none"]}
    with pytest.raises(InputError, match=r"unimodal takes 1 .* not audio, video, text"):
        plan_of(raw)
    raw["models"]["unimodal"]["modalities"] = ["video"]
    config = plan_of(raw)
    assert ("unimodal", "gaussian_-10dB_none", "gaussian_-10dB") in config.grid.evaluations(
        config.grid.experiments["demo"]
    )
    raw["experiments"]["demo"]["conditions"] = ["partial", "none"]
    with pytest.raises(InputError, match=r"demo\.conditions: unimodal uses video, of which"):
        plan_of(raw)
    raw["experiments"]["demo"]["corruptions"] = ["clean"]
    plan_of(raw)


def test_extractors_of_faces_have_the_settings_of_faces():
    raw = changed("features.faces", {"frame_rate": 3.0})
    raw["features"]["extractors"]["whole"] = {"class": "efficientnet", "of": "frame"}
    config = plan_of(raw)
    assert config.extractors["mini_xception"].resolved.settings["faces"] == config.faces
    assert config.faces["frame_rate"] == 3.0
    assert "faces" not in config.extractors["is13"].resolved.settings
    looks = {
        name: config.extractors[name].looks_at_faces for name in ("denseface", "whole", "is13")
    }
    assert looks == {"denseface": True, "whole": False, "is13": False}


ALIGNED = {
    "audio": {"extractor": "is13", "normalise": True, "aligned_to": "words"},
    "video": {"extractor": "mini_xception", "normalise": True},
    "text": {"extractor": "minilm", "normalise": False},
}


def test_how_models_read_features_stands_in_their_files_names():
    config = plan_of(changed("corpora.demo.modalities", ALIGNED))
    slower = changed("corpora.demo.modalities.audio.frame_rate", 2.5)
    assert plan_of(slower).modalities("demo")[0].features == "is13@2.5Hz"
    assert {m.name: m.features for m in config.modalities("demo")} == {
        "audio": "is13@words",
        "video": "mini_xception",
        "text": "minilm",
    }
    assert config.modalities("demo")[0].extractor == "is13"
    assert (
        config.corpora["demo"].reader.plugin.implementation == "robust_mer.corpora.iemocap:IEMOCAP"
    )


def test_alignment_needs_times_of_words():
    raw = changed("corpora.demo.modalities", copy.deepcopy(ALIGNED))
    raw["corpora"]["demo"] |= {"reader": "msp_improv", "root": "."}
    del raw["corpora"]["demo"]["generator"]
    told = r"demo.modalities.audio.aligned_to: msp_improv has no word times.*iemocap"
    with pytest.raises(InputError, match=told):
        plan_of(raw)
    raw["corpora"]["demo"]["reader"] = "cmu_mosei"
    raw["corpora"]["demo"]["modalities"]["audio"]["extractor"] = "imported_audio"
    with pytest.raises(InputError, match=r"aligned_to: the times of published frames are"):
        plan_of(raw)


def test_corrupted_words_are_not_aligned():
    text = {"extractor": "minilm", "normalise": False, "aligned_to": "words"}
    raw = changed("corpora.demo.modalities", {**ALIGNED, "text": text})
    raw["experiments"]["demo"]["tested_on"] = ["wer_20%"]
    with pytest.raises(InputError, match=r"demo.tested_on: wer_20% changes words"):
        plan_of(raw)
    raw["experiments"]["demo"]["tested_on"] = ["babble_5dB"]
    plan_of(raw)


def test_the_schema_for_editors_is_that_of_the_config():
    path = ROOT / "workflow/schemas/config.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == schema(), (
        f"make it anew: python -m robust_mer.plan.schema > {path.relative_to(ROOT)}"
    )


OWN_MODEL = """
from typing import Annotated, ClassVar

from pydantic import Field

from robust_mer.models.model import Model
from robust_mer.models.optimisation import Optimisation


class MineSettings(Optimisation):
    teacher: ClassVar[str | None] = "men"
    is_mask_aware: ClassVar[bool] = True

    width: Annotated[int, Field(ge=1, le=9)] = 4


class Mine(Model):
    settings_class = MineSettings

    def encode(self, modality, frames, lengths):
        return frames.mean(dim=1)

    def forward(self, embeddings):
        return sum(embeddings.values())

    def loss(self, batch):
        return {}


class Unfinished(Model):
    settings_class = MineSettings

    def encode(self, modality, frames, lengths):
        return frames.mean(dim=1)


class Bare:
    pass


class Strange(Mine):
    settings_class = dict
"""


@pytest.fixture
def own_model(tmp_path, monkeypatch):
    (tmp_path / "own_model_of_config.py").write_text(OWN_MODEL, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return "own_model_of_config"


def test_a_model_of_the_users_own_is_planned_by_its_settings_class(own_model):
    raw = changed("models.mine", {"class": f"{own_model}:Mine", "width": 9})
    mine = plan_of(raw).models["mine"]
    assert mine.plugin.implementation == f"{own_model}:Mine"
    assert mine.settings["width"] == 9
    assert mine.settings["batch_size"] == 128
    assert mine.teacher == "men"
    assert mine.facts.is_mask_aware


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"class": "{}:Mine", "widht": 3}, r"models\.mine\.widht .* did you mean 'width'"),
        ({"class": "{}:Mine", "width": 0}, r"models\.mine\.width is 0, expected 1 to 9"),
        ({"class": "{}:Mine", "teacher": "nmer"}, r"mine\.teacher: nmer .* expected men"),
        ({"class": "{}:Nobody"}, r"models\.mine\.class: .*:Nobody does not exist"),
        ({"class": "{}:Bare"}, r"models\.mine\.class: .*:Bare is not a subclass"),
        ({"class": "{}:Strange"}, r"models\.mine\.class: .*:Strange: its settings_class"),
        ({"class": "{}:Unfinished"}, r"models\.mine\.class: .*:Unfinished lacks forward, loss; "),
        ({"class": "nowhere_at_all:Mine"}, r"models\.mine\.class: .* there is no module"),
        ({"class": ":Mine"}, r"models\.mine\.class: :Mine: there is no module"),
    ],
)
def test_a_wrong_model_of_the_users_own_is_named(own_model, settings, message):
    settings = {**settings, "class": settings["class"].format(own_model)}
    with pytest.raises(InputError, match=message):
        plan_of(changed("models.mine", settings))


@pytest.mark.parametrize("rate", [5.0, 10 / 3, 1.6666667])
def test_a_job_gets_the_frame_rate_that_the_config_has(rate):
    raw = copy.deepcopy(DEFAULT)
    raw["corpora"]["demo"]["modalities"]["audio"]["frame_rate"] = rate
    plan = plan_of(raw)
    name = plan.corpora["demo"].modality("audio").features
    extractor, _, rest = name.partition("@")
    wildcards = Wildcards(
        corpus="demo", extracted="features", extractor=extractor, rate=rest.removesuffix("Hz")
    )
    assert resample_features(plan, wildcards).spec.frame_rate == rate


def test_no_config_that_is_passed_on_names_a_folder_of_the_machine():
    raw = copy.deepcopy(DEFAULT)
    raw["features"]["extractors"]["mine"] = {"class": "glove", "vectors": "/home/jane/vectors.txt"}
    raw["features"]["faces"]["detector"] = "~/nets/yunet.onnx"
    portable = without_folders(raw["features"])
    assert portable["extractors"]["mine"]["vectors"] == "vectors.txt"
    assert portable["faces"]["detector"] == "yunet.onnx"
