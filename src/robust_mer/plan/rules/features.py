"""Jobs of workflow/rules/features.smk, and of corruption.smk where it extracts."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from robust_mer.corpora.reader import FeatureReader
from robust_mer.corruption.raw.files import ReadsFiles
from robust_mer.errors import InputError
from robust_mer.features.imported import ImportSpec
from robust_mer.features.specs import (
    AlignSpec,
    DenseFaceSpec,
    ExtractSpec,
    FacesSpec,
    FeaturesTableSpec,
    RawSpec,
    RecogniseSpec,
    ResampleSpec,
    SheetsSpec,
)
from robust_mer.plan.job import Job, Paths
from robust_mer.plan.layout import IMPORTED
from robust_mer.plan.network import Network
from robust_mer.plan.plan import Plan
from robust_mer.plan.rules.joined import join_features
from robust_mer.runtime import Runtime

TEXTS = "texts.csv"
EXTRACT = "robust_mer.features.extract:extract_features"


def find_faces(plan: Plan, wildcards: Any) -> Job:
    """The faces of a corpus."""
    if members := plan.corpora[wildcards.corpus].members:
        raise InputError(
            f"the faces of {wildcards.corpus} are those of the corpora that it joins: "
            f"{', '.join(member.name for member in members)}"
        )
    return Job(
        "robust_mer.features.find_faces:find_faces",
        FacesSpec(plan.faces),
        inputs=_recorded(plan, wildcards.corpus),
        runtime=_runtime(plan, wildcards.corpus),
        gpu=int(plan.extracts_on_gpu),
    )


def draw_contact_sheets(plan: Plan, wildcards: Any) -> Job:
    """Contact sheets of a corpus' faces."""
    return Job(
        "robust_mer.features.contact_sheets:draw_contact_sheets",
        SheetsSpec(),
        inputs={
            "utterances": plan.layout.utterances(wildcards.corpus),
            "faces": plan.layout.faces(wildcards.corpus),
        },
    )


def extract_features(plan: Plan, wildcards: Any) -> Job:
    """Features of uncorrupted recordings."""
    return _extract(plan, wildcards.corpus, wildcards.extractor, None)


def extract_corrupted(plan: Plan, wildcards: Any) -> Job:
    """Features of corrupted recordings."""
    raw, _, draw = wildcards.raw.partition("/draw")
    return _extract(plan, wildcards.corpus, wildcards.extractor, raw, int(draw or 1))


def _extract(plan: Plan, corpus: str, name: str, raw_name: str | None, draw: int = 1) -> Job:
    if plan.corpora[corpus].members:
        folder = (
            plan.layout.corrupted_folder(raw_name, draw) if raw_name is not None else "features"
        )
        return join_features(plan, plan.corpora[corpus], name, folder)
    extractor = plan.extractors[name]
    received = _Received.of(plan, corpus, raw_name, draw)
    looks = extractor.looks_at_faces and raw_name is None
    return Job(
        EXTRACT,
        ExtractSpec(
            extractor=extractor.resolved.plugin,
            weights_sha256=extractor.weights_sha256,
            corruption=received.spec,
            transcript=extractor.transcript,
        ),
        inputs={
            **_recorded(plan, corpus),
            "faces": plan.layout.faces(corpus) if looks else [],
            "folds": received.folds,
            "texts": received.texts if extractor.is_heard else [],
        },
        chosen=received.files,
        uses=(extractor.resolved.plugin.implementation, *received.uses),
        runtime=_runtime(plan, corpus),
        gpu=int(extractor.resolved.kind.uses_gpu and plan.extracts_on_gpu),
        network=_network(extractor.resolved.plugin.settings),
    )


def recognise_words(plan: Plan, wildcards: Any) -> Job:
    """The words that are heard in uncorrupted recordings."""
    return _recognise(plan, wildcards.corpus, None)


def recognise_corrupted(plan: Plan, wildcards: Any) -> Job:
    """The words that are heard in corrupted recordings."""
    raw, _, draw = wildcards.raw.partition("/draw")
    return _recognise(plan, wildcards.corpus, raw, int(draw or 1))


def _recognise(plan: Plan, corpus: str, raw_name: str | None, draw: int = 1) -> Job:
    if members := plan.corpora[corpus].members:
        raise InputError(
            f"the recognised words of {corpus} are those of the corpora that it joins: "
            f"{', '.join(member.name for member in members)}"
        )
    received = _Received.of(plan, corpus, raw_name, draw)
    return Job(
        "robust_mer.features.recognise:recognise_words",
        RecogniseSpec(plan.recogniser, received.spec, _needs_only_missing(plan, corpus)),
        inputs={**_recorded(plan, corpus), "folds": received.folds},
        chosen=received.files,
        uses=received.uses,
        runtime=_runtime(plan, corpus),
        gpu=int(plan.extracts_on_gpu),
        network=_network(plan.recogniser),
    )


def _needs_only_missing(plan: Plan, corpus: str) -> bool:
    """Whether all extractors that receive a corpus' recognised words keep its transcripts."""
    transcripts = {
        plan.extractors[one.modality(name).extractor].transcript
        for one in plan.corpora.values()
        if plan.corpora[corpus] in one.recorded
        for name in one.heard
    }
    return transcripts == {"recognised_if_missing"}


@dataclass(frozen=True)
class _Received:
    """What corrupts recordings or transcripts before an extraction, if anything does."""

    texts: str
    """The words that are heard then."""
    spec: RawSpec | None = None
    folds: Paths = field(default_factory=list)
    files: Mapping[str, list[str]] = field(default_factory=dict)
    """What determines the files that the corruption reads."""
    uses: tuple[str, ...] = ()

    @classmethod
    def of(cls, plan: Plan, corpus: str, raw_name: str | None, draw: int) -> "_Received":
        texts = plan.layout.recognised(corpus, TEXTS)
        raw = plan.corruptions.raw(raw_name) if raw_name is not None else None
        if raw is None:
            return cls(texts)
        if raw.modality == "audio":
            folder = plan.layout.corrupted_folder(raw.name, draw, "recognised")
            texts = plan.layout.recognised(corpus, TEXTS, folder)
        plugin, kind = raw.resolved.plugin, raw.resolved.kind
        seed = draw_seed(plan.config.corruption.seed, draw)
        return cls(
            texts,
            RawSpec(kind=raw.kind, corruption=plugin, amount=raw.amount, seed=seed),
            plan.layout.folds(corpus) if kind.needs_others else [],
            {"noise": plugin.build().content()} if issubclass(kind, ReadsFiles) else {},
            (plugin.implementation,),
        )


def draw_seed(seed: int, draw: int) -> int:
    """Seed of a draw of corrupted recordings; that of draw 1 is the config's."""
    if draw == 1:
        return seed
    digest = hashlib.sha256(f"{seed}\0draw {draw}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def resample_features(plan: Plan, wildcards: Any) -> Job:
    """Features at another frame rate."""
    source = plan.layout.of_corpus(wildcards.corpus, f"{wildcards.extracted}/{wildcards.extractor}")
    modality = plan.extractors[wildcards.extractor].modality
    return Job(
        "robust_mer.features.resampling:resample_features",
        ResampleSpec(
            frame_rate=float(wildcards.rate),
            not_finite=plan.corpora[wildcards.corpus].modality(modality).not_finite,
        ),
        inputs={"source": f"{source}.h5", "source_table": f"{source}.csv"},
    )


def align_features(plan: Plan, wildcards: Any) -> Job:
    """Features averaged over words."""
    corpus = wildcards.corpus
    source = plan.layout.of_corpus(corpus, f"{wildcards.extracted}/{wildcards.extractor}")
    modality = plan.extractors[wildcards.extractor].modality
    return Job(
        "robust_mer.features.alignment:align_features",
        AlignSpec(modality=modality, not_finite=plan.corpora[corpus].modality(modality).not_finite),
        inputs={
            "source": f"{source}.h5",
            "source_table": f"{source}.csv",
            "words": plan.layout.of_corpus(corpus, "words.csv"),
            "problems": plan.layout.of_corpus(corpus, "words_problems.csv"),
            "utterances": plan.layout.utterances(corpus),
        },
    )


def import_features(plan: Plan, wildcards: Any) -> Job:
    """Published features of a modality."""
    corpus = plan.corpora[wildcards.corpus]
    if corpus.members:
        return join_features(plan, corpus, IMPORTED + wildcards.modality)
    reader = corpus.open_reader()
    if not isinstance(reader, FeatureReader):
        raise InputError(f"the reader of {corpus.name} brings no features")
    sources = sorted(map(str, reader.sources(wildcards.modality)))
    return Job(
        "robust_mer.features.imported:import_features",
        ImportSpec(reader=corpus.plugin, modality=wildcards.modality),
        inputs={"utterances": plan.layout.utterances(corpus.name)},
        corpus_files={"source": sources},
        chosen={"source": sources},
        uses=(corpus.plugin.implementation,),
        runtime=replace(
            _runtime(plan, corpus.name),
            refuse_not_finite=corpus.modality(wildcards.modality).not_finite is None,
        ),
    )


def tabulate_features(plan: Plan, wildcards: Any) -> Job:
    """The table of problems with the features, counted by modality."""
    modalities = feature_names(plan, wildcards.corpus)
    return Job(
        "robust_mer.features.table:write_features_table",
        FeaturesTableSpec(modalities=tuple(modalities.values())),
        chosen={"features": list(modalities)},
        inputs={
            "tables": [plan.layout.features(wildcards.corpus, name, ".csv") for name in modalities]
        },
    )


def train_denseface(plan: Plan, wildcards: Any) -> Job:
    """DenseFace's network, trained on FER2013."""
    settings = plan.denseface_training
    function = "robust_mer.features.train_denseface:train_denseface"
    return Job(
        function,
        DenseFaceSpec(settings=settings),
        inputs={"faces": [settings[key] for key in ("faces", "votes") if settings[key]]},
        runtime=Runtime(device=plan.config.features.device),
        gpu=int(plan.extracts_on_gpu),
    )


def feature_names(plan: Plan, corpus: str) -> dict[str, str]:
    """Modality by the name of its feature file, first as extracted, then as models read it."""
    modalities = plan.corpora[corpus].modalities
    names = {modality.extractor: modality.name for modality in modalities}
    return names | {modality.features: modality.name for modality in modalities}


def has_faces(plan: Plan, corpus: str) -> bool:
    """Whether an extractor of a corpus reads faces."""
    return any(
        not modality.extractor.startswith(IMPORTED)
        and plan.extractors[modality.extractor].looks_at_faces
        for modality in plan.corpora[corpus].modalities
    )


def _recorded(plan: Plan, corpus: str) -> dict[str, Paths]:
    """What tells a job which recordings there are, and which they are."""
    return {
        "utterances": plan.layout.utterances(corpus),
        "recordings": plan.layout.recordings(corpus),
    }


def _network(settings: Mapping[str, Any]) -> Network | None:
    model, precision = settings.get("model"), settings.get("precision", "float32")
    return Network(model, precision) if isinstance(model, str) else None


def _runtime(plan: Plan, corpus: str) -> Runtime:
    features = plan.config.features
    return Runtime(
        device=features.device,
        root=plan.corpora[corpus].config.root,
        max_failed_fraction=features.max_failed_fraction,
        max_seconds=features.max_seconds_per_utterance,
    )
