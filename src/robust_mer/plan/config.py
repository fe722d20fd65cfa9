"""The config as typed values: its shape, its ranges, its defaults.

`robust_mer.plan.checks` checks what involves several sections. Settings of readers, extractors,
noises and models are typed beside their code; a section keeps them in ``model_extra``.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from robust_mer.conditions import NONE, PARTIAL
from robust_mer.features.specs import Transcript
from robust_mer.plan.fields import (
    Corruptions,
    CorruptionText,
    Fraction,
    ModalityName,
    Name,
    Names,
    NoiseName,
    Number,
    TunedValue,
    Word,
    matching,
    two_or_more,
    unique,
)
from robust_mer.plan.messages import settings_error
from robust_mer.plan.values import check_values

_REFUSE = "refuse"


class Section(BaseModel):
    """A section of the config; an unknown key is an error."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
        populate_by_name=False,
        protected_namespaces=(),
    )


class OpenSection(Section):
    """A section whose further keys are settings of the class that it names."""

    model_config = ConfigDict(extra="allow")

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that the config gives, without defaults."""
        return dict(self.model_extra or {})

    @classmethod
    def own_keys(cls) -> list[str]:
        """The keys that are no settings of the class."""
        return [field.alias or name for name, field in cls.model_fields.items()]


class PluginConfig(OpenSection):
    """A class, by its registered name or as ``module:Class``, with its settings."""

    kind: str | None = Field(None, alias="class")
    """The class; by default the name of the section."""


class AuditConfig(Section):
    """What is measured besides the results, and changes none of them."""

    peeking: bool = False
    """Whether training also scores the test part after every epoch, to report what a selection on
    test data would print."""


class ExperimentConfig(Section):
    """What is trained, and what it is tested on."""

    corpus: str
    """One of ``corpora``."""
    models: Names
    """Names of ``models``."""
    corruptions: Corruptions
    """What models are trained on; each is tested on the same corruption."""
    conditions: Annotated[list[str], Field(min_length=1), AfterValidator(unique)]
    """Training protocols: ``partial``, ``none``, ``fixed_{condition}``, ``random_{rate}%``, or a
    name of ``protocols``."""
    folds: Annotated[
        list[Annotated[int, Field(ge=1, le=999_999_999)]],
        Field(min_length=1),
        AfterValidator(unique),
    ]
    """Folds that are trained and tested."""
    seeds: Annotated[list[Number], Field(min_length=1), AfterValidator(unique)]
    """Seeds of the models' weights and training noise."""
    tested_on: Annotated[list[CorruptionText], AfterValidator(unique)] = []
    """Further corruptions that all models are tested on."""
    tested_under: Annotated[list[str], AfterValidator(unique)] = []
    """Protocols that all models are tested under, beside those of ``conditions``."""
    evaluate: Literal["every_condition", "one_per_utterance"] = "every_condition"
    """Whether each utterance is tested under all conditions, or under one drawn at random."""
    audit: AuditConfig = AuditConfig()
    """What is measured besides the results."""

    @property
    def protocols_of_tests(self) -> list[str]:
        """The protocols that draw a condition of each utterance for its tests.

        Every test has the conditions of ``partial`` and ``none`` in any case.
        """
        trained = [name for name in self.conditions if name not in (PARTIAL, NONE)]
        return list(dict.fromkeys([*trained, *self.tested_under]))


class FoldsConfig(Section):
    """Which utterances are for training, validation and test."""

    scheme: Literal["session_speakers", "session_groups", "speakers", "speaker_groups", "part"]
    """How folds are made."""
    groups: Annotated[int, Field(ge=3)] | None = None
    """Number of groups into which sessions or speakers are divided."""
    validation: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Fraction of the training part used for validation if the corpus has no validation part."""

    @model_validator(mode="after")
    def _check_groups(self) -> "FoldsConfig":
        if self.scheme in ("session_groups", "speaker_groups") and self.groups is None:
            raise ValueError(f"the scheme {self.scheme} needs groups, which is missing")
        return self


def _not_finite(value: Any) -> Any:
    if value == _REFUSE:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number or {_REFUSE}")
    return float(value)


class ModalityConfig(Section):
    """How the frames of a modality are extracted and read."""

    extractor: Name
    """A name of ``features.extractors``, or ``imported_{modality}`` for published features."""
    normalise: bool
    """Whether frames are normalised with the training part's statistics."""
    not_finite: Annotated[float | None, BeforeValidator(_not_finite)] = None
    """Replacement for NaN and infinities; ``refuse`` makes them an error."""
    frame_rate: Annotated[float, Field(ge=0.01, le=1000)] | None = None
    """Frame rate in Hz to which features are resampled."""
    aligned_to: Literal["words"] | None = None
    """Units over which frames are averaged."""
    encoder: Literal["recurrent", "convolutional"] | None = None
    """Encoder in models: an LSTM or TextCNN; by default the extractor decides."""


class CorpusConfig(OpenSection):
    """A corpus. Further keys are its reader's settings."""

    reader: str
    """A reader's name, or ``module:Class``; ``joined`` for corpora of other sections together."""
    root: Annotated[str, Field(min_length=1)] = ""
    """Folder of the corpus; joined corpora have none."""
    folds: FoldsConfig
    """Which utterances are for training, validation and test."""
    modalities: Annotated[dict[ModalityName, ModalityConfig], Field(min_length=2)]
    """In their order."""
    task: str = "classification"
    """What is predicted: ``classification``, ``regression``, ``multilabel`` or ``module:Class``."""
    target: str | list[str] | None = None
    """Column of the index that holds the target, or several; by default the task decides."""
    target_range: list[float] | None = None
    """Least and greatest value of the scale, for the task ``regression``."""
    selection: str | None = None
    """Metric by which epochs are chosen and models are compared; by default the task decides."""
    unlabelled: Literal["leave_out", "keep"] = "leave_out"
    """Utterances without a target: left out, or kept in the training part alone, where the losses
    that need no target learn from them (not for classes)."""
    generator: PluginConfig | None = None
    """Generator, for a corpus that is not recorded."""
    split_by: Annotated[
        list[
            Annotated[str, AfterValidator(matching(r"[A-Za-z0-9_]+", 100, "letters, digits and _"))]
        ],
        AfterValidator(unique),
    ] = []
    """Columns of the index by whose values results are split."""
    max_left_out: Fraction = 0.1
    """The run stops if problems on disk cost more than this fraction of the utterances."""
    note: str | None = None
    """Printed above every table and figure of the corpus."""
    published: Literal["IEMOCAP", "CMU-MOSEI", "MSP-IMPROV"] | None = None
    """Name of the corpus in the papers, whose numbers appear beside ours."""
    contains: Annotated[list[str], Field(min_length=1), AfterValidator(unique)] | None = None
    """Collections that the corpus consists of, for the validity audit."""


class ExtractorConfig(PluginConfig):
    """An extractor. Further keys are its settings."""

    weights_sha256: Annotated[
        str, AfterValidator(matching(r"([0-9a-f]{64})?", 64, "64 hexadecimal digits in lower case"))
    ] = ""
    """Refuse weights with another SHA-256."""
    trained_on: Annotated[list[str], AfterValidator(unique)] | None = None
    """Corpora that its network was trained or tuned on, for the audit; an empty list if it has no
    trained part. They add to what is known of it."""
    transcript: Transcript = "index"
    """Whose words an extractor of text receives: those of the index, those that the recogniser of
    ``features.asr`` hears, or these where the index has none."""


class FeaturesConfig(Section):
    """How features are extracted."""

    device: Literal["auto", "cpu"]
    """``auto`` uses a GPU if there is one."""
    max_failed_fraction: Fraction
    """The run stops if an extractor fails on more than this fraction of the utterances."""
    max_seconds_per_utterance: Annotated[float, Field(gt=0)]
    """Time limit in seconds for one utterance, after which the extractor's process is killed."""
    extractors: dict[Name, ExtractorConfig]
    """By name."""
    faces: dict[str, Any] = {}
    """Settings of the face search."""
    sound: dict[str, Any] = {}
    """What counts as sound."""
    asr: dict[str, Any] = {}
    """Settings of the speech recogniser."""
    denseface_training: dict[str, Any] = {}
    """Settings of ``snakemake train_denseface``."""


def _named(value: Any) -> Any:
    is_mapping = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    is_list = isinstance(value, list) and all(isinstance(v, str) for v in value)
    if is_mapping and value:
        return {str(key): _modality_name(str(key)) and name for key, name in value.items()}
    if is_list and len(value) > 1:
        return unique(value)
    raise ValueError("expected a corruption per modality, or a list of two or more corruptions")


_modality_name = matching(r"[a-z]+", 50, "a modality's name, up to 50 lower-case letters")


def _stretch(value: Any) -> Any:
    is_pair = isinstance(value, list) and len(value) == 2
    if not is_pair or not all(isinstance(one, int | float) for one in value):
        raise ValueError("expected start and end, two fractions of the utterance")
    if not 0 <= value[0] < value[1] <= 1:
        raise ValueError("expected 0 <= start < end <= 1")
    return tuple(map(float, value))


class NoiseConfig(PluginConfig):
    """A noise on features. Further keys are its settings."""

    stretch: Annotated[tuple[float, float] | None, BeforeValidator(_stretch)] = None
    """Start and end of the part of each utterance that is hit, e.g. ``[0.2, 0.5]``; by default all
    of it."""
    lost: Annotated[float | None, Field(gt=0, lt=1)] = None
    """Mean rate at which an utterance loses the modality altogether, the more often the lower its
    SNR is within the corruption's range, e.g. ``gaussian_-20to10dB``; by default never."""


class CorruptionConfig(Section):
    """What corrupts features and recordings."""

    mode: Literal["paper", "exact"]
    """Whether the noise schedule takes whole steps or solves for the SNR."""
    schedule: Literal["linear", "scaled_linear"]
    """How the betas of the noise schedule grow."""
    seed: Number
    """Of the noise in validation and test."""
    noises: dict[NoiseName, NoiseConfig]
    """By name."""
    named: dict[Word, Annotated[Any, BeforeValidator(_named)]] = {}
    """Your own names for combinations of corruptions."""
    raw: dict[NoiseName, PluginConfig] = {}
    """Corruptions of recordings and transcripts, by name."""
    draws: Annotated[int, Field(ge=1, le=99)] = 2
    """How often the recordings of an utterance are corrupted and extracted for training, if models
    are trained on corruptions of recordings. Each training sample hears one of these draws."""


class ModelConfig(PluginConfig):
    """A model. Further keys are its hyperparameters."""

    teacher: Name | None = None
    """Model that is trained first."""
    modalities: Names | None = None
    """Modalities that it uses; all by default."""
    trained_on: CorruptionText | None = None
    """The only corruption that it is trained on, whatever an experiment's ``corruptions`` are; it
    is tested on all of those."""
    trained_under: CorruptionText | None = None
    """The protocol of that training; ``partial`` by default."""
    tune: dict[
        Word,
        Annotated[
            list[TunedValue],
            Field(json_schema_extra={"minItems": 2}),
            AfterValidator(two_or_more),
            AfterValidator(unique),
        ],
    ] = {}
    """Values of hyperparameters. Every combination is trained, and each replica keeps the one with
    the best selection metric on the validation part."""


def _max_replicas(value: Any) -> Any:
    if value == "auto":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("expected an integer of 1 or more, or auto")
    return value


class TrainingConfig(Section):
    """Device and batching of training. A change here reruns nothing."""

    device: Literal["auto", "cpu", "cuda"]
    """``auto`` uses a GPU if there is one; the others are mandatory."""
    folds_per_job: Annotated[int, Field(ge=1)]
    """Number of folds per job, with all their seeds."""
    max_replicas: Annotated[int | None, BeforeValidator(_max_replicas)]
    """Number of replicas trained at once; ``auto``: one on a CPU, as many as fit on a GPU."""


class GpuConfig(Section):
    """How GPUs are shared."""

    jobs_per_gpu: Annotated[int, Field(ge=1)]
    """How many jobs share a GPU."""


class Config(Section):
    """The whole config."""

    run: Names
    """The experiments to run."""
    experiments: dict[Name, ExperimentConfig]
    """By name."""
    corpora: dict[Name, CorpusConfig]
    """By name."""
    features: FeaturesConfig
    """How features are extracted."""
    corruption: CorruptionConfig
    """What corrupts features and recordings."""
    models: dict[Name, ModelConfig]
    """By name."""
    training: TrainingConfig
    """Device and batching of training."""
    gpu: GpuConfig
    """How GPUs are shared."""
    pathvars: dict[Literal["results"], Annotated[str, Field(min_length=1)]] = {}
    """``results``: the folder of everything that a run makes."""
    container: str | None = None
    """Image in which jobs run under ``--software-deployment-method apptainer``."""
    protocols: dict[Word, PluginConfig] = {}
    """Protocols with settings, and your own, by name."""
    metrics: dict[Word, PluginConfig] = {}
    """Further measures, by name; tables and figures without fixed measures show them wherever the
    task is one that they measure."""
    tables: dict[Word, PluginConfig] = {}
    """Your own tables, by name."""
    figures: dict[Word, PluginConfig] = {}
    """Your own figures, by name."""


def read_config(raw: dict[str, Any]) -> Config:
    """Check the shape of a config.

    Args:
        raw: The config as Snakemake merged it.

    Raises:
        InputError: with the key, what is there and what was expected.
    """
    check_values(raw)
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise settings_error(error, "", Config) from None
