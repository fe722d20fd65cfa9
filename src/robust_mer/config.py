"""The config: checked as a whole before the first job, then asked by the workflow's rules."""

import math
import os
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from robust_mer.corpora.registry import GENERATORS, IMPORTERS, READERS, WORDS
from robust_mer.corruption.noise import Noise
from robust_mer.corruption.raw.kind import MODALITY, RawKind
from robust_mer.corruption.raw.registry import RAW_KINDS
from robust_mer.corruption.registry import NOISES
from robust_mer.errors import InputError
from robust_mer.features.denseface import DenseFaceTrainingSettings
from robust_mer.features.extractor import Extractor
from robust_mer.features.faces import FacesSettings
from robust_mer.features.registry import EXTRACTORS
from robust_mer.features.visual import VisualSettings
from robust_mer.modality import Encoder
from robust_mer.models import registry
from robust_mer.models.registry import MODELS
from robust_mer.models.settings import ModelSettings
from robust_mer.plan.messages import settings_error
from robust_mer.protocol import (
    CLEAN,
    MISSING,
    NONE,
    PARTIAL,
    CorruptionName,
    NoiseSpec,
    letters,
    parse_corruption,
    parse_trained_on,
    partial_conditions,
    read_name,
)
from robust_mer.settings import (
    complete,
    load,
    load_class,
    unknown,
    validated,
)

# Keys of a corpus that are the workflow's; all others are its reader's.
_CORPUS_KEYS = (
    "reader",
    "root",
    "generator",
    "folds",
    "max_left_out",
    "split_by",
    "modalities",
    "note",
    "published",
    "contains",
)

IMPORTED = "imported_"  # before a modality: published features that the corpus' reader brings

ALIGNED, RATE = "@words", "Hz"  # behind an extractor: how models read its features

_FOLD_KEYS = {"groups": ("session_groups", "speaker_groups"), "validation": ("part",)}

_REFUSE = "refuse"  # values that are not finite are an error

# More than any config has; what anchors of YAML repeat counts every time.
_MOST_VALUES = 20_000
_DEEPEST = 30
_SHOWN = 500  # characters of a wrong value
_LARGEST = 2**63  # integers from here on are no numbers of seconds, epochs or anything else

# Beyond this one of signal and noise is lost among the rounding errors of the other in float32.
_MAX_SNR_DB = 100


@dataclass(frozen=True)
class TrainingJob:
    """The replicas of one model that one job trains; all seeds of a fold belong together."""

    corpus: str
    model: str
    trained_on: str
    replicas: list[tuple[int, int]]  # (fold, seed)

    @property
    def folds(self) -> str:
        """The folds in a name, e.g. ``fold1`` or ``folds1-3``."""
        first, last = self.replicas[0][0], self.replicas[-1][0]
        return f"fold{first}" if first == last else f"folds{first}-{last}"


@dataclass(frozen=True)
class Experiment:
    """A selection from what the config describes: what is trained, and tested on what."""

    name: str
    corpus: str
    models: list[str]
    corruptions: list[str]
    conditions: list[str]
    folds: list[int]
    seeds: list[int]
    tested_on: list[str] = field(default_factory=list)
    evaluate: str = "every_condition"


class Config:
    """A checked config.

    Args:
        raw: The config as Snakemake merged it.
        schema: Path of the schema that it must follow.

    Raises:
        InputError: with the key, what is there and what was expected.
    """

    def __init__(self, raw: dict, schema: str | Path) -> None:
        self._raw = raw
        _check_values(raw)
        _check_schema(raw, Path(schema))
        for name in raw["corpora"]:
            self._check_corpus(name)
        _ = self.faces  # raises where it is wrong
        for name in raw["features"]["extractors"]:
            if name.startswith(IMPORTED):
                raise InputError(
                    f"config: features.extractors.{name}: names with {IMPORTED} stand for the "
                    "published features of a corpus' reader"
                )
            self.extractor(name)
        _ = self.denseface_training  # raises where it is wrong
        for name in raw["corruption"]["noises"]:
            self._noise_class(name)
        for name in raw["corruption"]["named"]:
            self._check_named(name)
        for name in self._raw_section:
            self._check_raw_kind(name)
        for name in raw["models"]:
            self._check_model(name)
        for name in raw["experiments"]:
            self._check_experiment(name)
        for name in raw["run"]:
            if name not in raw["experiments"]:
                raise InputError(unknown(f"run: {name}", name, raw["experiments"]))
        for experiment in self.experiments.values():
            self._check_files(experiment)

    # -- what the rules ask ----------------------------------------------------------------------

    @cached_property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments of ``run``, by name."""
        return {
            name: Experiment(name=name, **self._raw["experiments"][name])
            for name in dict.fromkeys(self._raw["run"])
        }

    @property
    def corpora(self) -> list[str]:
        """The corpora of ``run``."""
        return list(dict.fromkeys(e.corpus for e in self.experiments.values()))

    @property
    def training(self) -> dict:
        """The section ``training``."""
        return self._raw["training"]

    @property
    def jobs_per_gpu(self) -> int:
        """How many jobs may share a GPU."""
        return self._raw["gpu"]["jobs_per_gpu"]

    @property
    def corruption_mode(self) -> str:
        """``paper`` or ``exact``."""
        return self._raw["corruption"]["mode"]

    @property
    def corruption_schedule(self) -> str:
        """``linear`` or ``scaled_linear``."""
        return self._raw["corruption"]["schedule"]

    @property
    def corruption_seed(self) -> int:
        """Seed of all that is drawn for validation and test."""
        return self._raw["corruption"]["seed"]

    @property
    def split_columns(self) -> list[str]:
        """Columns of the corpora of ``run`` by which results are split."""
        return sorted({c for name in self.corpora for c in self.corpus(name).get("split_by", [])})

    def corpus(self, name: str) -> dict:
        """A corpus' section as it stands in the config."""
        return self._raw["corpora"][name]

    def reader(self, corpus: str) -> dict:
        """``implementation`` and ``settings`` of a corpus' reader."""
        section = self.corpus(corpus)
        implementation = READERS[section["reader"]]
        given = {key: value for key, value in section.items() if key not in _CORPUS_KEYS}
        return {
            "implementation": implementation,
            "settings": complete(implementation, given, f"corpora.{corpus}"),
        }

    def importer(self, corpus: str) -> dict:
        """As `reader`, with the ``implementation`` that gives published features."""
        reader = self.corpus(corpus)["reader"]
        if reader not in IMPORTERS:
            raise InputError(
                f"config: corpora.{corpus}.reader: {reader} brings no features; those that do: "
                f"{', '.join(IMPORTERS)}"
            )
        return {**self.reader(corpus), "implementation": IMPORTERS[reader]}

    def generator(self, corpus: str) -> dict | None:
        """``implementation`` and ``settings`` of what makes a corpus; None for a real one."""
        section = self.corpus(corpus).get("generator")
        if section is None:
            return None
        given = {key: value for key, value in section.items() if key != "class"}
        if section["class"] not in GENERATORS:
            where = f"corpora.{corpus}.generator.class: {section['class']}"
            raise InputError(unknown(where, section["class"], GENERATORS))
        implementation = GENERATORS[section["class"]]
        return {
            "implementation": implementation,
            "settings": complete(implementation, given, f"corpora.{corpus}.generator"),
        }

    def modalities(self, corpus: str, model: str | None = None) -> list[str]:
        """The modalities of a corpus, or those of them that a model uses."""
        every = list(self.corpus(corpus)["modalities"])
        chosen = self._raw["models"][model].get("modalities") if model else None
        return [modality for modality in every if chosen is None or modality in chosen]

    def extractors(self, corpus: str, model: str | None = None) -> dict[str, str]:
        """Per modality, the name of its extractor."""
        return {
            modality: self.corpus(corpus)["modalities"][modality]["extractor"]
            for modality in self.modalities(corpus, model)
        }

    def features(self, corpus: str, model: str | None = None) -> dict[str, str]:
        """Per modality, the name of its feature file.

        The extractor's, where frames are read as they were extracted; ``is13@words`` where they are
        averaged over words, ``is13@10Hz`` where they are brought to another rate.
        """
        names = self.extractors(corpus, model)
        for modality in names:
            how = self.corpus(corpus)["modalities"][modality]
            if "aligned_to" in how:
                names[modality] += ALIGNED
            elif "frame_rate" in how:
                names[modality] += f"@{how['frame_rate']:g}{RATE}"
        return names

    def words(self, corpus: str) -> dict:
        """As `reader`, with the ``implementation`` that gives the times of words."""
        reader = self.corpus(corpus)["reader"]
        if reader not in WORDS:
            raise InputError(
                f"{reader} knows no times of words; readers that do: {', '.join(WORDS)}"
            )
        return {**self.reader(corpus), "implementation": WORDS[reader]}

    def normalise(self, corpus: str, model: str | None = None) -> dict[str, bool]:
        """Per modality, whether its features are normalised."""
        return {
            modality: self.corpus(corpus)["modalities"][modality]["normalise"]
            for modality in self.modalities(corpus, model)
        }

    def encoders(self, corpus: str, model: str | None = None) -> dict[str, Encoder]:
        """Per modality, what models encode it with: tokens are convolved, frames are recurrent."""
        return {
            modality: "convolutional" if modality == "text" else "recurrent"
            for modality in self.modalities(corpus, model)
        }

    def not_finite(self, corpus: str, model: str | None = None) -> dict[str, float | None]:
        """Per modality, what takes the place of values that are not finite; None refuses them."""
        chosen = {
            modality: self.corpus(corpus)["modalities"][modality].get("not_finite", _REFUSE)
            for modality in self.modalities(corpus, model)
        }
        return {m: None if value == _REFUSE else float(value) for m, value in chosen.items()}

    def extractor(self, name: str) -> dict:
        """``implementation``, ``settings`` and, if given, ``weights_sha256`` of an extractor.

        Those of an extractor of pictures have the settings of ``faces`` among them.
        """
        section = self._raw["features"]["extractors"][name]
        where = f"features.extractors.{name}"
        implementation, kind = self._extractor_class(name)
        general = ("class", "weights_sha256")
        given = {key: value for key, value in section.items() if key not in general}
        if issubclass(kind.settings_class, VisualSettings):
            if "faces" in given:
                raise InputError(
                    f"config: {where}.faces: all extractors share the settings of features.faces; "
                    "change them there"
                )
            given["faces"] = self.faces
        return {
            "implementation": implementation,
            "settings": complete(implementation, given, where),
            "weights_sha256": section.get("weights_sha256", ""),
        }

    def extracted_modality(self, extractor: str) -> str:
        """The modality that an extractor is made for."""
        return self._extractor_class(extractor)[1].modality

    @cached_property
    def faces(self) -> dict:
        """Settings that faces are found with."""
        return validated(FacesSettings, self._raw["features"].get("faces", {}), "features.faces")

    def looks_at_faces(self, extractor: str) -> bool:
        """Whether an extractor reads faces, and not whole pictures or something else."""
        if extractor.startswith(IMPORTED):
            return False
        _, kind = self._extractor_class(extractor)
        return kind.looks_at_faces and self.extractor(extractor)["settings"].get("of") != "frame"

    def trained_on_of(self, extractor: str) -> list[str] | None:
        """Collections that an extractor's network was trained on; None where they are unknown."""
        if extractor.startswith(IMPORTED):
            return None
        trained_on = self._extractor_class(extractor)[1].trained_on
        return None if trained_on is None else list(trained_on)

    @property
    def features_device(self) -> str:
        """Where networks that extract features run: ``auto`` or ``cpu``."""
        return self._raw["features"]["device"]

    def extraction_gpus(self, name: str) -> int:
        """How many GPUs the extraction with an extractor takes, where there are any."""
        uses_gpu = self._extractor_class(name)[1].uses_gpu
        return int(uses_gpu and self.features_device != "cpu")

    @property
    def denseface_training(self) -> dict:
        """Settings of the training of DenseFace's network."""
        return validated(
            DenseFaceTrainingSettings,
            self._raw["features"].get("denseface_training", {}),
            "features.denseface_training",
        )

    def named(self, corruption: str) -> dict[str, str] | list[str] | None:
        """What a name of ``corruption.named`` stands for; None for any other name."""
        return self._raw["corruption"]["named"].get(corruption)

    def members(self, corruption: str) -> list[str]:
        """The corruptions that training on one draws from, each of which is tested on apart."""
        named = self.named(corruption)
        return named if isinstance(named, list) else [corruption]

    def noises(self, corpus: str, corruption: str, model: str | None = None) -> dict[str, dict]:
        """What a corruption does to the features, per modality that it touches; none for ``clean``.

        Args:
            corpus: Name of the corpus.
            corruption: Name of one corruption, not of several. One of recordings does nothing
                to features: they are extracted from what it leaves.
            model: Where one is named, its modalities alone.

        Returns:
            Per modality ``kind`` and ``target_snr_db`` (None where there is none), as the name says
            them, ``implementation`` and ``settings`` of what is drawn, and ``is_mask``, which is
            true where that multiplies the features instead of being added.

        Raises:
            InputError: there is no such corruption, or the name stands for several.
        """
        modalities = self.modalities(corpus, model)
        named = self.named(corruption)
        if self.raw(corruption):
            return {}
        if named is None:
            how = self._noise(corruption)
            return {} if how is None else dict.fromkeys(modalities, how)
        if isinstance(named, list):
            raise InputError(f"{corruption} is several corruptions: {', '.join(named)}")
        return {m: self._noise(named[m]) for m in modalities if m in named}

    def _noise(self, corruption: str) -> dict | None:
        parsed = parse_corruption(corruption)
        if parsed is None:
            return None
        noises = self._raw["corruption"]["noises"]
        where = f"corruption.noises.{parsed.kind}"
        if parsed.kind not in noises:
            known = [*noises, *self._raw_section]
            raise InputError(unknown(f"{where} (for {corruption})", parsed.kind, known))
        implementation, noise = self._noise_class(parsed.kind)
        given = {key: value for key, value in noises[parsed.kind].items() if key != "class"}
        if parsed.unit != noise.unit:
            raise InputError(f"{corruption!r}: the amount of {parsed.kind} is in {noise.unit}")
        if noise.unit == "dB" and abs(parsed.amount) > _MAX_SNR_DB:
            raise InputError(
                f"{corruption!r}: expected an SNR of {-_MAX_SNR_DB} to {_MAX_SNR_DB} dB"
            )
        if noise.unit == "%":
            if not 0 < parsed.amount <= 100:
                raise InputError(f"{corruption!r}: expected a rate above 0 % and at most 100 %")
            given["rate"] = parsed.amount / 100
        spec = NoiseSpec(
            kind=parsed.kind,
            target_snr_db=parsed.amount if noise.unit == "dB" else None,
            implementation=implementation,
            settings=complete(implementation, given, where),
            is_mask=noise.is_mask,
        )
        return asdict(spec)

    def _noise_class(self, name: str) -> tuple[str, type[Noise]]:
        """Implementation of a noise, checked with its settings, and its class."""
        section = self._raw["corruption"]["noises"][name]
        kind, where = section.get("class", name), f"corruption.noises.{name}"
        given = {key: value for key, value in section.items() if key != "class"}
        implementation = NOISES.get(kind, kind)
        if ":" not in implementation:
            raise InputError(unknown(f"{where}.class: {kind}", kind, NOISES))
        noise = load_class(implementation, Noise, f"{where}.class")
        complete(implementation, given, where)
        if name in NOISES and kind != name:
            raise InputError(
                f"config: {where}.class is {kind}: {name} is the name of another; rename yours"
            )
        if (kind == MISSING) != (name == MISSING):
            raise InputError(f"config: {where}.class is {kind}: {MISSING} has no other name")
        if noise.unit == "%" and "rate" in given:
            raise InputError(f"config: {where}.rate: the corruption's name says it")
        return implementation, noise

    @property
    def raw_kinds(self) -> list[str]:
        """Names of the kinds of raw corruption."""
        return list(self._raw_section)

    def raw(self, corruption: str) -> dict | None:
        """A corruption of recordings or transcripts; None for one of features.

        Returns:
            ``kind``, ``implementation``, ``settings``, ``amount`` and ``seed``.

        Raises:
            InputError: the unit or the amount does not belong to the kind.
        """
        parsed = read_name(corruption)
        if parsed is None or parsed.kind not in self._raw_section:
            return None
        parse_corruption(corruption)  # refuses another spelling of the amount
        kind, settings = self._raw_kind(parsed.kind)
        _check_amount(corruption, parsed, kind)
        return {
            "kind": parsed.kind,
            "implementation": RAW_KINDS[self._raw_class(parsed.kind)],
            "settings": settings,
            "amount": parsed.amount,
            "seed": self._raw["corruption"]["seed"],
        }

    def raw_modality(self, corruption: str) -> str:
        """The modality that a raw corruption touches."""
        return MODALITY[self._raw_kind(read_name(corruption).kind)[0].signal]

    def raw_needs_others(self, corruption: str) -> bool:
        """Whether a raw corruption draws on what other speakers of the corpus say."""
        return self._raw_kind(read_name(corruption).kind)[0].needs_others

    def raw_corruptions(self, experiment: Experiment) -> list[str]:
        """The raw ones of an experiment's corruptions."""
        return [name for name in self.every_corruption(experiment) if self.raw(name)]

    def every_corruption(self, experiment: Experiment) -> list[str]:
        """What an experiment trains or tests on, each corruption of a list by its own name."""
        names = [*experiment.corruptions, *experiment.tested_on]
        return list(dict.fromkeys(member for name in names for member in self.members(name)))

    def is_mask_aware(self, model: str) -> bool:
        """Whether a model knows which modalities are corrupted."""
        return self.model_facts(model).is_mask_aware

    def described_class(self, corpus: str, model: str) -> str:
        """A model's class, with its modalities where it does not use all of the corpus'."""
        chosen = self.modalities(corpus, model)
        restricted = chosen != self.modalities(corpus)
        return self.model_class(model) + (f" on {', '.join(chosen)}" if restricted else "")

    def reconstructs(self, model: str) -> bool:
        """Whether a model rebuilds the representation of a missing modality."""
        return self.model_facts(model).reconstructs

    def model_class(self, name: str) -> str:
        """The class of a model."""
        return self._raw["models"][name].get("class", name)

    def model_facts(self, name: str) -> type[ModelSettings]:
        """The settings class of a model, which says what planning must know of it."""
        return registry.settings_class(self.model_class(name))

    def model(self, name: str) -> dict:
        """``implementation`` and ``settings`` of a model."""
        given = {
            key: value
            for key, value in self._raw["models"][name].items()
            if key not in ("class", "modalities", "teacher")
        }
        kind = self.model_facts(name)
        try:
            settings = kind(**given).model_dump()
        except ValidationError as error:
            raise settings_error(error, f"models.{name}", kind) from None
        implementation = registry.implementation(self.model_class(name))
        return {"implementation": implementation, "settings": settings}

    def teacher(self, model: str) -> str | None:
        """Name of the model that must be trained first, where a model has a teacher."""
        return self._raw["models"][model].get("teacher", self.model_facts(model).teacher)

    def trained_on(self, experiment: Experiment, model: str) -> list[str]:
        """What a model is trained on in an experiment."""
        if self.model_facts(model).trained_on_clean:
            return [CLEAN]
        names = []
        for corruption in experiment.corruptions:
            if corruption == CLEAN:
                names.append(CLEAN)
                continue
            for which in experiment.conditions:
                names.append(corruption if which == PARTIAL else f"{corruption}_{NONE}")
        return names

    def evaluations(self, experiment: Experiment) -> list[tuple[str, str, str]]:
        """(model, trained on, tested on) of an experiment.

        A model meets in the test what it was trained on; one that is trained on clean data alone
        meets every corruption. All meet what the experiment's ``tested_on`` names.
        """
        return [
            (model, trained_on, tested_on)
            for model in experiment.models
            for trained_on in self.trained_on(experiment, model)
            for tested_on in dict.fromkeys(
                member
                for corruption in (
                    *(
                        experiment.corruptions
                        if self.model_facts(model).trained_on_clean
                        else [parse_trained_on(trained_on)[0]]
                    ),
                    *experiment.tested_on,
                )
                for member in self.members(corruption)
            )
        ]

    @cached_property
    def replicas(self) -> dict[tuple[str, str, str, str], list[tuple[int, int]]]:
        """(fold, seed) of all replicas of ``run``, by (corpus, model, trained on, tested on).

        Several experiments may share them.
        """
        asked: dict[tuple, set] = {}
        for experiment in self.experiments.values():
            pairs = {(fold, seed) for fold in experiment.folds for seed in experiment.seeds}
            for evaluation in self.evaluations(experiment):
                asked.setdefault((experiment.corpus, *evaluation), set()).update(pairs)
        return {key: sorted(pairs) for key, pairs in asked.items()}

    @cached_property
    def tested_on(self) -> dict[tuple[str, str, str], list[str]]:
        """What is tested on in any experiment of the run, by (corpus, model, trained on)."""
        found: dict[tuple, list] = {}
        for corpus, model, trained_on, tested_on in self.replicas:
            found.setdefault((corpus, model, trained_on), []).append(tested_on)
        return found

    @cached_property
    def training_jobs(self) -> list[TrainingJob]:
        """Who trains these replicas and those of their teachers, ``folds_per_job`` at a time."""
        asked: dict[tuple, set] = {}
        for (corpus, model, trained_on, _), pairs in self.replicas.items():
            while model is not None:
                asked.setdefault((corpus, model, trained_on), set()).update(pairs)
                model, trained_on = self.teacher(model), CLEAN
        jobs = []
        for key, pairs in asked.items():
            of_folds = [list(some) for _, some in groupby(sorted(pairs), key=itemgetter(0))]
            width = self.training["folds_per_job"]
            for first in range(0, len(of_folds), width):
                some = of_folds[first : first + width]
                jobs.append(TrainingJob(*key, list(chain.from_iterable(some))))
        return jobs

    @cached_property
    def teachers(self) -> set[str]:
        """The models of these jobs that teach others of them."""
        return {self.teacher(job.model) for job in self.training_jobs} - {None}

    # -- checks ----------------------------------------------------------------------------------

    def _check_corpus(self, name: str) -> None:
        section = self.corpus(name)
        if section["reader"] not in READERS:
            where = f"corpora.{name}.reader: {section['reader']}"
            raise InputError(unknown(where, section["reader"], READERS))
        self.reader(name)
        if self.generator(name) is not None and section["root"] != f"results/{name}/raw":
            raise InputError(
                f"config: corpora.{name}.root is {section['root']!r}; a generated corpus lies in "
                f"results/{name}/raw"
            )
        for key, schemes in _FOLD_KEYS.items():
            if key in section["folds"] and section["folds"]["scheme"] not in schemes:
                raise InputError(
                    f"config: corpora.{name}.folds.{key} is for the scheme {' or '.join(schemes)}, "
                    f"not {section['folds']['scheme']}"
                )
        letters(list(section["modalities"]))
        extractors = self._raw["features"]["extractors"]
        for modality, how in section["modalities"].items():
            where = f"corpora.{name}.modalities.{modality}.extractor"
            if how["extractor"].startswith(IMPORTED):
                self._check_import(name, modality, where)
            elif how["extractor"] not in extractors:
                raise InputError(
                    unknown(f"{where}: {how['extractor']}", how["extractor"], extractors)
                )
            value = how.get("not_finite", _REFUSE)
            self._check_reading(name, modality)
            if how["extractor"].startswith(IMPORTED):
                continue
            _, kind = self._extractor_class(how["extractor"])
            if kind.modality != modality:
                raise InputError(
                    f"config: {where}: {how['extractor']} extracts {kind.modality}, not {modality}"
                )
            if kind.unfilled and value == _REFUSE:
                reasons = "; ".join(f"{feature}: {why}" for feature, why in kind.unfilled.items())
                raise InputError(
                    f"config: {where}: {how['extractor']} leaves features NaN ({reasons}). "
                    f"Say what takes their place: not_finite: 0 for the {modality} of {name}"
                )

    def _check_import(self, corpus: str, modality: str, where: str) -> None:
        extractor = self.corpus(corpus)["modalities"][modality]["extractor"]
        if extractor != IMPORTED + modality:
            raise InputError(f"config: {where} is {extractor}, expected {IMPORTED}{modality}")
        self.importer(corpus)

    def _check_reading(self, corpus: str, modality: str) -> None:
        how = self.corpus(corpus)["modalities"][modality]
        where = f"config: corpora.{corpus}.modalities.{modality}"
        given = [key for key in ("aligned_to", "frame_rate") if key in how]
        if len(given) > 1:
            raise InputError(f"{where}: has aligned_to and frame_rate; expected one of them")
        if given and how["extractor"].startswith(IMPORTED):
            raise InputError(
                f"{where}.{given[0]}: of published features nobody knows when their frames are"
            )
        if "frame_rate" in how and modality == "text":
            raise InputError(f"{where}.frame_rate: frames of text are tokens and have no rate")
        if "aligned_to" in how:
            try:
                self.words(corpus)
            except InputError as error:
                raise InputError(f"{where}.aligned_to: {error}") from None

    def _extractor_class(self, name: str) -> tuple[str, type[Extractor]]:
        """Implementation of an extractor, and its class."""
        kind = self._raw["features"]["extractors"][name].get("class", name)
        implementation, where = EXTRACTORS.get(kind, kind), f"features.extractors.{name}.class"
        if ":" not in implementation:
            raise InputError(unknown(f"{where}: {kind}", kind, EXTRACTORS))
        return implementation, load_class(implementation, Extractor, where)

    def _check_model(self, name: str) -> None:
        kind = self.model_class(name)
        if ":" in kind:
            self._check_own_model(name, kind)
        elif kind not in MODELS:
            raise InputError(unknown(f"models.{name}.class: {kind}", kind, MODELS))
        self.model(name)
        teacher, needed = self.teacher(name), self.model_facts(name).teacher
        if needed is None:
            if teacher is not None:
                raise InputError(f"config: models.{name}.teacher: {kind} has no teacher")
            return
        models = self._raw["models"]
        if teacher not in models:
            raise InputError(unknown(f"models.{name}.teacher: {teacher}", teacher, models))
        if self.model_class(teacher) != needed:
            raise InputError(
                f"config: models.{name}.teacher: {teacher} is of class "
                f"{self.model_class(teacher)}, expected {needed}"
            )

    def _check_own_model(self, name: str, kind: str) -> None:
        where = f"config: models.{name}.class: {kind}"
        try:
            settings = registry.settings_class(kind)
        except (ImportError, ValueError) as error:
            raise InputError(f"{where} cannot be imported: {error}") from None
        except AttributeError:
            raise InputError(
                f"{where} is no model: expected module:Class of a class with a settings_class"
            ) from None
        if not (isinstance(settings, type) and issubclass(settings, ModelSettings)):
            raise InputError(
                f"{where}: its settings_class is no subclass of robust_mer.models.settings:"
                "ModelSettings"
            )

    def _check_experiment(self, name: str) -> None:
        section = self._raw["experiments"][name]
        where = f"experiments.{name}"
        if section["corpus"] not in self._raw["corpora"]:
            raise InputError(
                unknown(
                    f"{where}.corpus: {section['corpus']}", section["corpus"], self._raw["corpora"]
                )
            )
        for model in section["models"]:
            if model not in self._raw["models"]:
                raise InputError(unknown(f"{where}.models: {model}", model, self._raw["models"]))
            known = self.modalities(section["corpus"])
            for modality in self._raw["models"][model].get("modalities", []):
                if modality not in known:
                    raise InputError(
                        unknown(f"models.{model}.modalities: {modality}", modality, known)
                    )
            self._check_modalities(section, model, where)
        for key in ("corruptions", "tested_on"):
            for corruption in section.get(key, []):
                for member in self.members(corruption):
                    self._check_corruption(section["corpus"], member, f"{where}.{key}")
                    if self.raw(member):
                        self._check_experiment_of_raw(section, member, f"{where}.{key}")
        for model in section["models"]:
            if not self.model_facts(model).trained_on_clean:
                for corruption in section["corruptions"]:
                    for member in self.members(corruption):
                        self._check_trained_on(section, model, member, where)

    def _check_corruption(self, corpus: str, corruption: str, where: str) -> None:
        try:
            if self.raw(corruption):
                self._check_raw(corpus, corruption)
                return
            self.noises(corpus, corruption)
            named = self.named(corruption) or {}
            known = self.modalities(corpus)
            for modality in named:
                if modality not in known:
                    raise InputError(
                        unknown(f"corruption.named.{corruption}.{modality}", modality, known)
                    )
        except InputError as error:
            raise InputError(f"config: {where}: {error}") from None

    def _check_experiment_of_raw(self, section: dict, corruption: str, where: str) -> None:
        modality = self.raw_modality(corruption)
        used = {m for name in section["models"] for m in self.modalities(section["corpus"], name)}
        if modality not in used:
            raise InputError(
                f"config: {where}: {corruption} is of {modality}, which none of the models uses"
            )
        if section.get("evaluate") == "one_per_utterance":
            raise InputError(
                f"config: {where}: {corruption} has one partial condition, which all utterances "
                "are tested under; expected evaluate: every_condition"
            )

    def _check_named(self, name: str) -> None:
        where, named = f"corruption.named.{name}", self.named(name)
        try:
            parse_corruption(name)
        except InputError:
            pass
        else:
            raise InputError(f"config: {where}: {name} is the name of another corruption")
        if name.endswith(f"_{NONE}"):
            raise InputError(f"config: {where}: the name of a corruption does not end in _{NONE}")
        for corruption in named.values() if isinstance(named, dict) else named:
            parsed = read_name(corruption)
            if parsed and parsed.kind in self._raw_section:
                raise InputError(
                    f"config: {where}: {corruption} corrupts recordings; a name of your own "
                    "stands for noises on features"
                )
        if isinstance(named, dict):
            for modality, corruption in named.items():
                try:
                    how = self._noise(corruption)
                except InputError as error:
                    raise InputError(f"config: {where}.{modality}: {error}") from None
                if how is None:
                    raise InputError(
                        f"config: {where}.{modality} is {CLEAN}: leave the modality out, it then "
                        "stays clean"
                    )
            return
        for corruption in named:
            if isinstance(self.named(corruption), list):
                raise InputError(f"config: {where}: {corruption} is a list of corruptions itself")
            try:
                if self.named(corruption) is None:
                    self._noise(corruption)
            except InputError as error:
                raise InputError(f"config: {where}: {error}") from None

    def _check_trained_on(self, section: dict, model: str, corruption: str, where: str) -> None:
        """A model can only be trained under conditions that the corruption has."""
        if corruption == CLEAN:
            return
        if self.raw(corruption):
            raise InputError(
                f"config: {where}.corruptions: {model} cannot be trained on {corruption}, which is "
                "one of recordings; expected it in tested_on"
            )
        modalities = self.modalities(section["corpus"], model)
        touched = list(self.noises(section["corpus"], corruption, model))
        absent = [
            which
            for which in section["conditions"]
            if not (
                len(touched) == len(modalities)
                if which == NONE
                else partial_conditions(modalities, touched)
            )
        ]
        if absent:
            raise InputError(
                f"config: {where}.conditions: of {', '.join(modalities)}, which {model} uses, "
                f"{corruption} touches {', '.join(touched) or 'none'}, so none of its conditions "
                f"is {absent[0]}; leave that out, or train {model} in an experiment of its own"
            )

    def _check_raw(self, corpus: str, corruption: str) -> None:
        extractor = self.extractors(corpus).get(self.raw_modality(corruption), "")
        if extractor.startswith(IMPORTED):
            raise InputError(
                f"{corruption} corrupts recordings, but corpora.{corpus} brings published features"
            )
        if "@" in self.features(corpus).get("text", "") and self.raw_modality(corruption) == "text":
            raise InputError(
                f"{corruption} changes words, but corpora.{corpus}.modalities.text.aligned_to asks "
                "for those of the transcript"
            )
        if self.raw_modality(corruption) not in self.modalities(corpus):
            raise InputError(
                f"{corruption} is of {self.raw_modality(corruption)}, which "
                f"corpora.{corpus}.modalities does not have, only "
                f"{', '.join(self.modalities(corpus))}"
            )

    @property
    def _raw_section(self) -> dict:
        return self._raw["corruption"].get("raw", {})

    def _raw_class(self, name: str) -> str:
        return self._raw_section[name].get("class", name)

    def _raw_kind(self, name: str) -> tuple[type[RawKind], dict]:
        implementation = RAW_KINDS[self._raw_class(name)]
        given = {key: value for key, value in self._raw_section[name].items() if key != "class"}
        kind: type[RawKind] = load(implementation)
        return kind, complete(implementation, given, f"corruption.raw.{name}")

    def _check_raw_kind(self, name: str) -> None:
        kind = self._raw_section[name].get("class", name)
        if kind not in RAW_KINDS:
            raise InputError(unknown(f"corruption.raw.{name}.class: {kind}", kind, RAW_KINDS))
        if name in self._raw["corruption"]["noises"]:
            raise InputError(
                f"config: corruption.raw.{name} stands in corruption.noises too; a name is one's"
            )
        self._raw_kind(name)

    def _check_modalities(self, section: dict, model: str, where: str) -> None:
        models, teacher = self._raw["models"], self.teacher(model)
        if teacher and models[model].get("modalities") != models[teacher].get("modalities"):
            raise InputError(
                f"config: models.{model} and its teacher {teacher} use different modalities"
            )
        chosen, kind = self.modalities(section["corpus"], model), self.model_class(model)
        facts = self.model_facts(model)
        taken, trained_on_clean = facts.modalities, facts.trained_on_clean
        if taken not in (None, len(chosen)):
            raise InputError(
                f"config: {where}.models: {kind} takes {taken} of the modalities, not "
                f"{', '.join(chosen)}; choose by models.{model}.modalities"
            )
        trained_on_noise = not trained_on_clean and set(section["corruptions"]) != {CLEAN}
        if len(chosen) == 1 and trained_on_noise and PARTIAL in section["conditions"]:
            raise InputError(
                f"config: {where}.conditions: {model} has {chosen[0]} alone, so none of its "
                f"conditions is {PARTIAL}; expected [{NONE}]"
            )

    def _check_files(self, experiment: Experiment) -> None:
        """What must lie on disk before the first job of a run."""
        root = Path(self.corpus(experiment.corpus)["root"])
        if self.generator(experiment.corpus) is None and not os.path.isdir(root):  # noqa: PTH112
            raise InputError(
                f"config: corpora.{experiment.corpus}.root: there is no folder {root} "
                f"(looked for {root.resolve()}). Point it at the corpus, in the config or by "
                f"--config 'corpora={{{experiment.corpus}: {{root: /path/to/it}}}}'"
            )


def _check_amount(name: str, parsed: CorruptionName, kind: type[RawKind]) -> None:
    if parsed.unit != kind.unit:
        raise InputError(
            f"{name}: the amount of {parsed.kind} is in {kind.unit}, not {parsed.unit}; expected "
            f"e.g. {parsed.kind}_{kind.highest:g}{kind.unit}"
        )
    if not kind.lowest <= parsed.amount <= kind.highest:
        only = f"{kind.lowest:g}"
        expected = only if kind.lowest == kind.highest else f"{only} to {kind.highest:g}"
        raise InputError(
            f"{name}: the amount of {parsed.kind} is {parsed.amount:g} {parsed.unit}, expected "
            f"{expected}"
        )


def _check_values(raw: dict) -> None:
    """Refuse what no config holds: YAML can say much in few words, or nothing that is a value."""
    waiting: list[tuple[str, int, object]] = [("", 0, raw)]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        where, depth, value = waiting.pop()
        if depth > _DEEPEST:
            raise InputError(f"config: {where[:200]} ... goes on and on: it holds itself")
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    raise InputError(f"config: {where} has the key {key!r}, expected text: '{key}'")
            waiting += [(f"{where}.{key}"[-500:], depth + 1, one) for key, one in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{where}.{place}", depth + 1, one) for place, one in enumerate(value)]
        else:
            _check_value(where.removeprefix("."), value)
    raise InputError(f"config: it has more than {_MOST_VALUES} values; do anchors repeat them?")


def _check_value(where: str, value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"config: {where} is {value}, expected a number that is finite")
    if isinstance(value, int) and abs(value) >= _LARGEST:
        raise InputError(f"config: {where} is an integer of {value.bit_length()} bits")
    if isinstance(value, str) and "\0" in value:
        raise InputError(f"config: {where} is {value[:100]!r}, which has a character 0 in it")
    if not isinstance(value, (str, int, float, bool, type(None))):
        raise InputError(
            f"config: {where} is a {type(value).__name__} of YAML; put it in quotes if it is a text"
        )


def _check_schema(raw: dict, path: Path) -> None:
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    errors = sorted(
        Draft202012Validator(schema).iter_errors(raw), key=lambda e: (len(e.path), str(e.path))
    )
    if not errors:
        return
    error = errors[0]
    where = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        strange = next(key for key in error.instance if key not in known)
        raise InputError(unknown(f"{where}.{strange}".lstrip("."), strange, known))
    if error.validator in ("pattern", "maxLength") and "description" in error.schema:
        told = f"{error.instance[:_SHOWN]!r}: {error.schema['description']}"
        raise InputError(f"config: {where or 'the whole'}: {told}")
    raise InputError(f"config: {where or 'the whole'}: {error.message[:_SHOWN]}")
