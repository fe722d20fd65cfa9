"""Raw corruptions in the config: errors are reported before any job, with the key."""

import copy

import pytest
import yaml
from helpers.plans import ROOT, Wildcards, default_config, plan_of
from pydantic import TypeAdapter

from robust_mer.conditions import CorruptionName, read_name
from robust_mer.corruption.raw.registry import RAW_KINDS
from robust_mer.errors import InputError
from robust_mer.features.registry import EXTRACTORS
from robust_mer.features.specs import ExtractSpec
from robust_mer.identity import closure
from robust_mer.plan.plan import Plan
from robust_mer.plan.rules.corruption import schedule_noise
from robust_mer.plan.rules.evaluation import evaluate_model
from robust_mer.plan.rules.export import export_features
from robust_mer.plan.rules.features import draw_seed, extract_corrupted
from robust_mer.plan.targets import Targets

DEFAULT = default_config()
DEFAULT["experiments"]["demo"] |= {"models": ["men", "nmer"], "corruptions": ["gaussian_-10dB"]}
EVERY = [
    "whitenoise_-5dB",
    "pinknoise_0dB",
    "babble_2.5dB",
    "reverb_600ms",
    "clip_20%",
    "packetloss_10%",
    "blur_3px",
    "lowlight_20%",
    "lowres_25%",
    "frameloss_30%",
    "occlude_50%",
    "mask_30%",
    "unknown_30%",
    "swap_30%",
    "reverse_100%",
    "wer_20%",
]


def config(tested_on, corruptions=None, **changes) -> Plan:
    raw = copy.deepcopy(DEFAULT)
    raw["experiments"]["demo"]["tested_on"] = tested_on
    if corruptions:
        raw["experiments"]["demo"]["corruptions"] = corruptions
    raw["corruption"]["raw"] |= changes.pop("raw", {})
    for name in changes.pop("without", []):
        del raw["corpora"]["demo"]["modalities"][name]
    return plan_of(raw)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("babble_5", ["tested_on", "babble_5"]),
        ("babble_5%", ["tested_on", "babble_5%", "in dB, not %"]),
        ("blur_3dB", ["tested_on", "blur_3dB", "in px, not dB"]),
        ("reverb_0.6s", ["tested_on", "reverb_0.6s"]),
        ("clip_100%", ["tested_on", "clip_100%", "0 to 99"]),
        ("blur_-3px", ["tested_on", "blur_-3px", "0 to 100"]),
        ("lowres_0%", ["tested_on", "lowres_0%", "1 to 100"]),
        ("wer_120%", ["tested_on", "wer_120%", "0 to 100"]),
        ("reverse_50%", ["tested_on", "reverse_50%", "expected 100"]),
        ("babble_05dB", ["tested_on", "babble_05dB", "write babble_5dB"]),
        ("bable_5dB", ["tested_on", "bable", "did you mean 'babble'"]),
        ("blurr_3px", ["tested_on", "blurr", "did you mean 'blur'"]),
    ],
)
def test_wrong_amounts_and_units(name, told):
    with pytest.raises(InputError) as error:
        config([name])
    for words in told:
        assert words in str(error.value)
    assert str(error.value).count("config:") == 1


def test_a_modality_that_the_corpus_does_not_have():
    with pytest.raises(InputError) as error:
        config(["blur_3px"], without=["video"])
    assert "experiments.demo.tested_on: blur_3px corrupts video" in str(error.value)
    assert "corpora.demo.modalities" in str(error.value)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"babble": {"talker": 3}}, ["corruption.raw.babble.talker", "did you mean 'talkers'"]),
        ({"babble": {"talkers": 0}}, ["corruption.raw.babble.talkers is 0", "1 to 100"]),
        ({"loss": {"class": "packetlos"}}, ["corruption.raw.loss.class", "'packetloss'"]),
        ({"packetloss": {"concealment": "guess"}}, ["packetloss.concealment", "zero, repeat"]),
        ({"gaussian": {"class": "blur"}}, ["corruption.raw.gaussian", "corruption.noises"]),
        ({"lowlight": {"read_noise": "much"}}, ["corruption.raw.lowlight.read_noise", "'much'"]),
    ],
)
def test_wrong_sections(section, told):
    with pytest.raises(InputError) as error:
        config(["blur_3px"], raw=section)
    for words in told:
        assert words in str(error.value)


def test_every_kind_stands_in_the_default_config():
    settings = config(EVERY)
    raws = {name: settings.corruptions.raw(name) for name in EVERY}
    assert [raw.kind for raw in raws.values()] == settings.corruptions.raw_kinds
    assert {raw.modality for raw in raws.values()} == {"audio", "video", "text"}
    assert [name for name, raw in raws.items() if raw.resolved.kind.needs_others] == [
        "babble_2.5dB",
        "wer_20%",
    ]
    loss = raws["packetloss_10%"].resolved.settings
    assert loss == {"packet_ms": 20, "concealment": "zero"}


def test_a_kind_of_ones_own_settings_has_its_own_name():
    settings = config(["crowd_5dB"], raw={"crowd": {"class": "babble", "talkers": 20}})
    raw = settings.corruptions.raw("crowd_5dB")
    assert (raw.kind, raw.resolved.settings) == ("crowd", {"talkers": 20})
    assert (raw.amount, raw.modality) == (5.0, "audio")


def test_a_range_of_amounts_reaches_the_job_and_the_report():
    settings = config(["babble_-10to-5dB"])
    wildcards = Wildcards(corpus="demo", raw="babble_-10to-5dB", extractor="is13")
    job = extract_corrupted(settings, wildcards)
    spec = TypeAdapter(ExtractSpec).validate_json(TypeAdapter(ExtractSpec).dump_json(job.spec))
    assert spec.corruption.amount == (-10.0, -5.0)
    assert settings.report.experiment("demo").has_raw


def test_what_is_tested_on_is_not_trained_on():
    settings = config(["clean", "babble_5dB"])
    (experiment,) = settings.grid.experiments.values()
    assert settings.grid.evaluations(experiment) == [
        ("men", "clean", "gaussian_-10dB"),
        ("men", "clean", "clean"),
        ("men", "clean", "babble_5dB"),
        ("nmer", "gaussian_-10dB", "gaussian_-10dB"),
        ("nmer", "gaussian_-10dB", "clean"),
        ("nmer", "gaussian_-10dB", "babble_5dB"),
    ]
    assert {job.training.trained_on for job in settings.grid.training_jobs} == {
        "clean",
        "gaussian_-10dB",
    }
    assert settings.corruption(experiment.corpus, "babble_5dB").noises == {}


def test_names():
    assert read_name("reverb_600ms") == CorruptionName("reverb", 600.0, "ms")
    assert read_name("babble_-2.5dB") == CorruptionName("babble", -2.5, "dB")
    for name in ("clean", "missing", "babble", "babble_dB", "babble_5", "a/b_5dB", "b_5dB/x"):
        assert read_name(name) is None


def test_kinds_are_no_part_of_what_clean_features_and_other_kinds_hang_on():
    kinds = {kind.partition(":")[0] for kind in RAW_KINDS.values()}
    clean = [
        "robust_mer.features.extract",
        *EXTRACTORS.values(),
        "robust_mer.training.train",
        "robust_mer.evaluation.evaluate",
    ]
    assert not closure(*clean) & kinds
    assert not any(module.startswith("robust_mer.corruption.raw") for module in closure(*clean))
    assert not closure("robust_mer.corruption.raw.signals") & kinds
    for kind in kinds:
        assert closure(kind) & kinds == {kind}


def refused(raw: dict) -> str:
    with pytest.raises(InputError) as error:
        plan_of(raw)
    return str(error.value)


def test_experiments_in_which_they_could_not_be_measured():
    raw = copy.deepcopy(DEFAULT)
    raw["experiments"]["demo"] |= {"tested_on": ["babble_5dB"], "evaluate": "one_per_utterance"}
    assert "every_condition" in refused(raw)
    raw = copy.deepcopy(DEFAULT)
    raw["models"]["men"] = {"modalities": ["video", "text"]}
    raw["experiments"]["demo"] |= {"tested_on": ["babble_5dB"], "models": ["men"]}
    assert "corrupts audio, which none of the models uses" in refused(raw)


STREET = {"audio": "babble_5dB", "video": "blur_3px"}


def named(corruption, tested_on=("street",), **changes) -> dict:
    """A config with a corruption ``street``, and changes of its experiment."""
    raw = copy.deepcopy(DEFAULT)
    raw["corruption"]["named"] = {"street": corruption}
    raw["experiments"]["demo"] |= {"tested_on": list(tested_on), **changes}
    return raw


def test_sound_and_picture_are_corrupted_together():
    settings = plan_of(named({**STREET, "text": "gaussian_-10dB"}))
    street = settings.corruption("demo", "street")
    assert street.recorded == STREET
    assert list(street.noises) == ["text"]
    assert (set(street.touched), street.seed) == ({"audio", "video", "text"}, 1)
    assert [raw.name for raw in settings.corruptions.recordings("street")] == list(STREET.values())
    alone = settings.corruption("demo", "babble_5dB")
    assert (alone.recorded, alone.noises, alone.seed) == ({"audio": "babble_5dB"}, {}, None)


def test_a_model_hears_what_touches_its_modalities():
    raw = named(STREET)
    raw["models"]["deaf"] = {"class": "men", "modalities": ["video", "text"]}
    raw["experiments"]["demo"]["models"] = ["deaf", "men"]
    settings = plan_of(raw)
    assert settings.corruption("demo", "street", "deaf").recorded == {"video": "blur_3px"}
    files = {
        model: evaluate_model(
            settings,
            Wildcards(corpus="demo", model=model, trained_on="clean", tested_on="street"),
        ).inputs["corrupted"]
        for model in ("deaf", "men")
    }
    blurred = "results/demo/corrupted/blur_3px/features/mini_xception.h5"
    babbled = "results/demo/corrupted/babble_5dB/features/is13.h5"
    assert files == {"deaf": [blurred], "men": [babbled, blurred]}


def test_only_noise_on_features_has_a_schedule():
    settings = plan_of(named(STREET))
    (experiment,) = settings.grid.experiments.values()
    assert settings.scheduled(experiment) == ["gaussian_-10dB"]
    made = Targets(settings).corrupted
    assert "results/demo/corrupted/babble_5dB/features/is13.h5" in made
    assert not any("street" in path for path in made)
    settings = plan_of(named({**STREET, "text": "gaussian_-20dB"}))
    (experiment,) = settings.grid.experiments.values()
    assert settings.scheduled(experiment) == ["gaussian_-10dB", "street"]
    job = schedule_noise(settings, Wildcards(corpus="demo", corruption="street"))
    assert [modality.name for modality in job.spec.modalities] == ["text"]
    assert job.inputs["features"] == ["results/demo/features/minilm.h5"]


def test_what_corrupted_features_were_resampled_from_is_discarded_with_them():
    raw = named(STREET)
    raw["corpora"]["demo"]["modalities"]["audio"]["frame_rate"] = 5
    targets = Targets(plan_of(raw))
    folder = "results/demo/corrupted/babble_5dB/features"
    assert f"{folder}/is13@5Hz.h5" in targets.corrupted_features
    assert targets.corrupted_sources == [f"{folder}/is13.h5"]
    assert Targets(plan_of(named(STREET))).corrupted_sources == []


def test_corrupted_recordings_of_a_mapping_are_in_the_report_but_not_calibrated():
    report = plan_of(named(STREET)).report
    assert report.recordings("demo") == list(STREET.items())
    assert report.raw_corruptions("demo") == []
    assert not report.experiment("demo").has_raw


def test_features_of_a_mapping_with_recordings_are_not_exported():
    settings = plan_of(named(STREET))
    assert not any("street" in path for path in Targets(settings).exported_features)
    with pytest.raises(InputError, match="street: features of corrupted recordings are not exp"):
        export_features(settings, Wildcards(corpus="demo", corruption="street", fold="1"))


@pytest.mark.parametrize(
    ("corruption", "told"),
    [
        ({"video": "babble_5dB"}, "named.street.video: babble_5dB corrupts audio, not video"),
        ({"audio": "babble_5%"}, "named.street.audio: babble_5%: the amount of babble is in dB"),
        ({"audio": "bable_5dB"}, "did you mean 'babble'"),
        ({**STREET, "text": "clean"}, "named.street.text is clean: remove the modality"),
        ({**STREET, "smell": "gaussian_-10dB"}, "named.street.smell does not exist"),
        (["clean", "blur_300px"], "named.street: blur_300px: the amount of blur is 300 px"),
    ],
)
def test_wrong_mappings(corruption, told):
    assert told in refused(named(corruption))


def test_a_mapping_is_tested_where_it_can_be_measured():
    plan_of(named(STREET, evaluate="one_per_utterance"))
    alone = named({"audio": "babble_5dB"}, evaluate="one_per_utterance")
    assert "street has one partial condition" in refused(alone)
    unheard = named(STREET, models=["unimodal_text"], conditions=["none"])
    assert "street corrupts audio, video, which none of the models uses" in refused(unheard)


def test_published_features_have_no_recordings():
    raw = copy.deepcopy(DEFAULT)
    mosi = yaml.safe_load((ROOT / "resources/experiments/mosi.yaml").read_text(encoding="utf-8"))
    raw["corpora"] |= mosi["corpora"]
    raw["experiments"]["demo"] |= {"corpus": "mosi", "tested_on": ["babble_5dB"]}
    assert "brings published features" in refused(raw)


def test_tables_of_openface_have_no_recordings():
    raw = copy.deepcopy(DEFAULT)
    raw["features"]["extractors"]["units"] = {"class": "openface", "folder": "/tables"}
    raw["corpora"]["demo"]["modalities"]["video"] |= {"extractor": "units"}
    plan_of(raw)
    raw["experiments"]["demo"]["tested_on"] = ["blur_3px"]
    assert "units, reads tables that were made of the recordings as they are" in refused(raw)


def test_a_noises_name_is_not_given_to_another():
    raw = copy.deepcopy(DEFAULT)
    raw["corruption"]["noises"]["gaussian"] = {"class": "laplace"}
    assert "gaussian is the name of another" in refused(raw)


def test_experiments_name_corruptions_of_a_list_one_by_one():
    raw = copy.deepcopy(DEFAULT)
    raw["corruption"]["named"] = {"some": ["gaussian_-10dB", "gaussian_-20dB"]}
    raw["experiments"]["demo"] |= {"corruptions": ["some"], "tested_on": ["babble_5dB"]}
    settings = plan_of(raw)
    (experiment,) = settings.grid.experiments.values()
    names = ["gaussian_-10dB", "gaussian_-20dB", "babble_5dB"]
    assert settings.grid.every_corruption(experiment) == names


def test_faces_of_corrupted_pictures_are_detected_in_these():
    raw = default_config()
    raw["experiments"]["demo"]["tested_on"] = ["blur_3px"]
    plan = plan_of(raw)
    extractor = plan.corpora["demo"].modality("video").extractor
    assert plan.extractors[extractor].looks_at_faces
    wildcards = Wildcards(corpus="demo", extractor=extractor, raw="blur_3px")
    assert extract_corrupted(plan, wildcards).inputs["faces"] == []


@pytest.mark.parametrize(("mode", "betas"), [("paper", "linear"), ("exact", "scaled_linear")])
def test_what_the_section_corruption_says_reaches_the_jobs(mode, betas):
    raw = default_config()
    raw["corruption"] |= {"mode": mode, "schedule": betas, "seed": 7}
    raw["experiments"]["demo"]["evaluate"] = "one_per_utterance"
    plan = plan_of(raw)
    experiment = plan.report.experiment("demo")
    spec = schedule_noise(plan, Wildcards(corpus="demo", corruption="gaussian_-10dB")).spec
    assert (spec.mode, spec.schedule) == (mode, betas)
    assert (experiment.one_condition_seed, experiment.protocol_seed) == (7, 7)
    assert len({draw_seed(seed, draw) for seed in (1, 2) for draw in (1, 2, 3)}) == 6
