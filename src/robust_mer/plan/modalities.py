"""Modalities of a corpus: what extracts them, and how models read them."""

from collections.abc import Mapping, Sequence

from robust_mer.conditions import letters
from robust_mer.corpora.reader import FeatureReader, Reader, WordReader
from robust_mer.corpora.registry import READERS
from robust_mer.errors import InputError
from robust_mer.features.rates import rate_ratio
from robust_mer.modality import Encoder, Modality
from robust_mer.plan.config import CorpusConfig, ModalityConfig
from robust_mer.plan.extractors import ExtractorPlan
from robust_mer.plan.layout import ALIGNED, IMPORTED, resampled
from robust_mer.plan.messages import unknown
from robust_mer.plan.plugins import Resolved
from robust_mer.settings import load


def plan_modalities(
    place: str,
    section: CorpusConfig,
    readers: Sequence[Resolved[Reader]],
    extractors: Mapping[str, ExtractorPlan],
) -> tuple[Modality, ...]:
    """The modalities of a corpus, or of joined ones with all their readers."""
    try:
        letters(list(section.modalities))
    except InputError as error:
        raise InputError(f"config: {place}.modalities: {error}") from None
    return tuple(
        _plan_modality(f"{place}.modalities.{name}", name, readers, modality, extractors)
        for name, modality in section.modalities.items()
    )


def heard(
    modalities: Sequence[Modality], extractors: Mapping[str, ExtractorPlan]
) -> tuple[str, ...]:
    """The modalities whose words are recognised from the sound."""
    return tuple(
        modality.name
        for modality in modalities
        if modality.extractor in extractors and extractors[modality.extractor].is_heard
    )


def _plan_modality(
    place: str,
    name: str,
    readers: Sequence[Resolved[Reader]],
    section: ModalityConfig,
    extractors: Mapping[str, ExtractorPlan],
) -> Modality:
    extractor = section.extractor
    encoder: Encoder = "convolutional" if name == "text" else "recurrent"
    if extractor.startswith(IMPORTED):
        _check_import(place, name, readers, section)
    elif extractor not in extractors:
        raise InputError(unknown(f"{place}.extractor: {extractor}", extractor, extractors))
    else:
        _check_signals(place, name, readers)
        _check_extractor(place, name, section, extractors[extractor])
        encoder = extractors[extractor].resolved.kind.encoder
    _check_reading(place, name, readers, section)
    features = extractor
    if section.aligned_to is not None:
        features += ALIGNED
    elif section.frame_rate is not None:
        features = resampled(extractor, repr(section.frame_rate).removesuffix(".0"))
    return Modality(
        name=name,
        extractor=extractor,
        features=features,
        normalise=section.normalise,
        not_finite=section.not_finite,
        encoder=section.encoder or encoder,
    )


def _check_import(
    place: str, name: str, readers: Sequence[Resolved[Reader]], section: ModalityConfig
) -> None:
    if section.extractor != IMPORTED + name:
        raise InputError(
            f"config: {place}.extractor is {section.extractor}, expected {IMPORTED}{name}"
        )
    for reader in _unable(readers, FeatureReader):
        corpus = place.partition(".modalities")[0]
        raise InputError(
            f"config: {corpus}.reader: {_reader_name(reader)} provides no features; readers that "
            f"do: {', '.join(_readers_with(FeatureReader))}"
        )
    for reader in readers:
        key = reader.kind.named_by if issubclass(reader.kind, FeatureReader) else None
        named = reader.settings[key] if key is not None else {name: ""}
        if name not in named:
            corpus = place.partition(".modalities")[0]
            raise InputError(unknown(f"{corpus}.{key}.{name}", name, named))


def _check_signals(place: str, name: str, readers: Sequence[Resolved[Reader]]) -> None:
    for reader in readers:
        if name not in reader.kind.signals:
            instead = "remove it"
            if issubclass(reader.kind, FeatureReader):
                instead = f"use its features, {IMPORTED}{name}, or remove it"
            raise InputError(
                f"config: {place}.extractor: the reader {_reader_name(reader)} has no {name} to "
                f"extract from; {instead}"
            )


def _check_extractor(
    place: str, name: str, section: ModalityConfig, extractor: ExtractorPlan
) -> None:
    if extractor.modality != name:
        raise InputError(
            f"config: {place}.extractor: {extractor.name} extracts {extractor.modality}, not {name}"
        )
    if extractor.is_heard and section.aligned_to is not None:
        raise InputError(
            f"config: {place}.aligned_to: {extractor.name} receives recognised words, which are "
            "not those of the corpus' word times; remove aligned_to"
        )
    if section.frame_rate is not None:
        rate = extractor.resolved.kind.rate_of(extractor.resolved.settings_object())
        if rate == 0:
            advice = "remove it"
            if extractor.resolved.kind.looks_at_faces:
                advice += " and set features.faces.frame_rate"
            raise InputError(
                f"config: {place}.frame_rate: the frames of {extractor.name} do not follow each "
                f"other at one rate; {advice}"
            )
        if rate is not None:
            rate_ratio(rate, section.frame_rate, f"config: {place}.frame_rate")
    unfilled = extractor.resolved.kind.unfilled
    if unfilled and section.not_finite is None:
        reasons = "; ".join(f"{feature}: {reason}" for feature, reason in unfilled.items())
        raise InputError(
            f"config: {place}.extractor: {extractor.name} leaves features NaN ({reasons}). Set a "
            f"value that replaces them, e.g. not_finite: 0"
        )


def _check_reading(
    place: str, name: str, readers: Sequence[Resolved[Reader]], section: ModalityConfig
) -> None:
    keys = [key for key in ("aligned_to", "frame_rate") if getattr(section, key) is not None]
    if len(keys) > 1:
        raise InputError(f"config: {place} has aligned_to and frame_rate; expected one of them")
    if keys and section.extractor.startswith(IMPORTED):
        raise InputError(
            f"config: {place}.{keys[0]}: the times of published frames are unknown, so they "
            "cannot be resampled or aligned"
        )
    if section.frame_rate is not None and name == "text":
        raise InputError(
            f"config: {place}.frame_rate: frames of text are tokens and have no rate; remove it"
        )
    for reader in _unable(readers, WordReader) if section.aligned_to is not None else []:
        raise InputError(
            f"config: {place}.aligned_to: {_reader_name(reader)} has no word times; readers that "
            f"have them: {', '.join(_readers_with(WordReader))}"
        )


def _unable(readers: Sequence[Resolved[Reader]], ability: type) -> list[Resolved[Reader]]:
    return [reader for reader in readers if not issubclass(reader.kind, ability)]


def _reader_name(reader: Resolved[Reader]) -> str:
    implementation = reader.plugin.implementation
    return next((n for n, known in READERS.items() if known == implementation), implementation)


def _readers_with(ability: type) -> list[str]:
    return [
        name
        for name, implementation in READERS.items()
        if issubclass(resolve_reader(implementation), ability)
    ]


def resolve_reader(implementation: str) -> type[Reader]:
    """The class of a registered reader."""
    kind: type[Reader] = load(implementation)
    return kind
