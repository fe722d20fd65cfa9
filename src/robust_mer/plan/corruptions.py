"""Resolves the name of a corruption to its effect on each modality."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from robust_mer.conditions import (
    CLEAN,
    MISSING,
    Corruption,
    CorruptionName,
    NoiseSpec,
    parse_corruption,
    read_name,
)
from robust_mer.corruption.noise import Noise
from robust_mer.corruption.raw.files import ReadsFiles
from robust_mer.corruption.raw.kind import MODALITY, Amount, RawKind
from robust_mer.corruption.raw.registry import RAW_KINDS, is_random
from robust_mer.corruption.registry import NOISES
from robust_mer.errors import InputError
from robust_mer.plan.config import CorruptionConfig
from robust_mer.plan.messages import unknown
from robust_mer.plan.plugins import Resolved, resolve

# Beyond this, float32 rounds away either the signal or the noise.
_MAX_SNR_DB = 100


@dataclass(frozen=True)
class RawCorruption:
    """A corruption of recordings or transcripts, at an amount or over a range of them."""

    name: str
    kind: str
    """Its name in the config."""
    resolved: Resolved[RawKind]
    amount: Amount

    @property
    def modality(self) -> str:
        """The modality of the signal that it changes."""
        return MODALITY[self.resolved.kind.signal]

    def touches(self, heard: Sequence[str]) -> list[str]:
        """The modalities that it touches.

        Args:
            heard: Those whose words are recognised from the sound.
        """
        return [self.modality, *(heard if self.modality == "audio" else ())]

    @property
    def is_random(self) -> bool:
        """Whether its draws differ."""
        plugin, settings = self.resolved.plugin, self.resolved.settings
        return isinstance(self.amount, tuple) or is_random(plugin.implementation, settings)


class Corruptions:
    """All corruptions of the config.

    Args:
        config: The section ``corruption``.

    Raises:
        InputError: with the key that is wrong.
    """

    def __init__(self, config: CorruptionConfig) -> None:
        self.config = config
        self._noises = {name: self._resolve_noise(name) for name in config.noises}
        self._raw = {name: self._resolve_raw(name) for name in config.raw}
        for name in config.named:
            self._check_named(name)

    @property
    def raw_kinds(self) -> list[str]:
        """Names of the corruptions of recordings."""
        return list(self._raw)

    def without_places(self, section: dict[str, Any]) -> dict[str, Any]:
        """The section ``corruption`` as the config gives it, without places on this machine."""
        raw = {}
        for name, given in section.get("raw", {}).items():
            kind = self._raw[name].kind
            hidden = kind.places if issubclass(kind, ReadsFiles) else ()
            raw[name] = {key: value for key, value in given.items() if key not in hidden}
        return {**section, "raw": raw}

    def named(self, name: str) -> Any:
        """What a name of ``corruption.named`` stands for; None for any other name."""
        return self.config.named.get(name)

    def members(self, name: str) -> list[str]:
        """The single corruptions that a name stands for; training mixes them, tests do not."""
        named = self.named(name)
        return named if isinstance(named, list) else [name]

    def raw(self, name: str) -> RawCorruption | None:
        """A corruption of recordings; None for any other.

        Raises:
            InputError: the kind has another unit or does not allow the amount.
        """
        parsed = read_name(name)
        if parsed is None or parsed.kind not in self._raw or parsed.amount is None:
            return None
        parse_corruption(name)  # refuses another spelling of the amount
        resolved = self._raw[parsed.kind]
        amount = _checked_amount(name, parsed, resolved.kind)
        return RawCorruption(name, parsed.kind, resolved, amount)

    def recordings(self, name: str) -> list[RawCorruption]:
        """The corruptions of recordings behind a name, each once."""
        singles = [
            single
            for member in self.members(name)
            for single in (self.named(member) or {member: member}).values()
        ]
        raws = [self.raw(single) for single in dict.fromkeys(singles)]
        return [raw for raw in raws if raw is not None]

    def has_schedule(self, name: str) -> bool:
        """Whether there is a schedule of a single corruption: its noise, or a measured SNR."""
        named = self.named(name)
        return named is None or any(self.raw(one) is None for one in named.values())

    def resolve(
        self, name: str, modalities: Sequence[str], heard: Sequence[str] = ()
    ) -> Corruption:
        """What a corruption does to ``modalities``.

        Args:
            name: Of the corruption.
            modalities: In their order.
            heard: Those whose words are recognised from the sound.

        Raises:
            InputError: there is no such corruption, or the name stands for several.
        """
        named = self.named(name)
        if isinstance(named, list):
            raise InputError(f"{name} means several corruptions, expected one: {', '.join(named)}")
        if named is None:
            raw = self.raw(name)
            named = dict.fromkeys(modalities if raw is None else raw.touches(heard), name)
        recorded, noises = {}, {}
        for modality in modalities:
            if modality in named and self.raw(named[modality]) is not None:
                recorded[modality] = named[modality]
            elif modality in named and (noise := self._noise(named[modality])) is not None:
                noises[modality] = noise
        return Corruption(name, noises, self.config.seed if noises else None, recorded)

    def _noise(self, name: str) -> NoiseSpec | None:
        parsed = parse_corruption(name)
        if parsed is None:
            return None
        if parsed.kind not in self._noises:
            place = f"corruption.noises.{parsed.kind} (for {name})"
            raise InputError(unknown(place, parsed.kind, [*self._noises, *self._raw]))
        resolved = self._noises[parsed.kind]
        unit = resolved.kind.unit
        if parsed.unit != unit:
            expected = f"the amount of {parsed.kind} in {unit}" if unit else f"{parsed.kind} alone"
            raise InputError(f"{name!r}: expected {expected}")
        settings, section = dict(resolved.settings), self.config.noises[parsed.kind]
        target, span = _snrs(parsed, self.config.mode) if unit == "dB" else (None, 0.0)
        if unit == "%" and parsed.amount is not None:
            settings |= _rates(parsed)
        if section.lost is not None:
            _check_lost(parsed, unit, span)
        return NoiseSpec(
            kind=parsed.kind,
            target_snr_db=target,
            implementation=resolved.plugin.implementation,
            settings=settings,
            is_mask=resolved.kind.is_mask,
            stretch=section.stretch,
            snr_span_db=span,
            lost=section.lost,
        )

    def _resolve_noise(self, name: str) -> Resolved[Noise]:
        section, place = self.config.noises[name], f"corruption.noises.{name}"
        kind = section.kind or name
        resolved = resolve(NOISES, kind, section.settings, place, Noise, section.own_keys())
        if name in NOISES and kind != name:
            raise InputError(
                f"config: {place}.class is {kind}, but {name} is the name of another noise; rename "
                "yours"
            )
        if (kind == MISSING) != (name == MISSING):
            raise InputError(f"config: {place}.class is {kind}, which cannot have another name")
        if resolved.kind.is_mask and section.settings:
            raise InputError(
                f"config: {place}.{min(section.settings)}: the name of the corruption sets it; "
                "remove it"
            )
        return resolved

    def _resolve_raw(self, name: str) -> Resolved[RawKind]:
        section, place = self.config.raw[name], f"corruption.raw.{name}"
        resolved = resolve(
            RAW_KINDS, section.kind or name, section.settings, place, RawKind, section.own_keys()
        )
        if name in self.config.noises:
            raise InputError(
                f"config: {place} has the same name as one of corruption.noises; rename one of them"
            )
        return resolved

    def _check_named(self, name: str) -> None:
        place, named = f"corruption.named.{name}", self.named(name)
        try:
            parse_corruption(name)
        except InputError:
            pass
        else:
            raise InputError(
                f"config: {place}: {name} is the name of another corruption; choose another name"
            )
        if isinstance(named, dict):
            for modality, corruption in named.items():
                self._check_part(f"{place}.{modality}", modality, corruption)
            return
        for corruption in named:
            if isinstance(self.named(corruption), list):
                raise InputError(
                    f"config: {place}: {corruption} is itself a list of corruptions; expected one"
                )
            if self.named(corruption) is None:
                self._checked(corruption, place)

    def _check_part(self, place: str, modality: str, corruption: str) -> None:
        """Check what a mapping says of a modality."""
        part = self._checked(corruption, place)
        if part is None:
            raise InputError(
                f"config: {place} is {CLEAN}: remove the modality, it then stays clean"
            )
        is_heard = modality == "text"  # whether the corpus' words are recognised, checks tell
        if isinstance(part, RawCorruption) and modality not in part.touches(["text"] * is_heard):
            raise InputError(
                f"config: {place}: {corruption} corrupts {part.modality}, not {modality}"
            )

    def _checked(self, corruption: str, place: str) -> RawCorruption | NoiseSpec | None:
        try:
            return self.raw(corruption) or self._noise(corruption)
        except InputError as error:
            message = str(error).removeprefix("config: ")
            raise InputError(f"config: {place}: {message}") from None


def _snrs(name: CorruptionName, mode: str) -> tuple[float, float]:
    """The SNR in dB and 0, or the middle of a range and its width."""
    assert name.amount is not None
    low, high = name.amount, name.amount if name.highest is None else name.highest
    if max(abs(low), abs(high)) > _MAX_SNR_DB:
        raise InputError(f"{str(name)!r}: expected an SNR of {-_MAX_SNR_DB} to {_MAX_SNR_DB} dB")
    if name.highest is not None and low >= high:
        raise InputError(f"{str(name)!r}: expected the lower SNR first, e.g. {name.kind}_-20to10dB")
    if name.highest is not None and mode != "exact":
        raise InputError(
            f"{str(name)!r}: a whole number of steps cannot meet every SNR of a range; set "
            "corruption.mode: exact"
        )
    return (low + high) / 2, high - low


def _check_lost(name: CorruptionName, unit: str | None, span: float) -> None:
    place = f"corruption.noises.{name.kind}.lost"
    if unit != "dB":
        raise InputError(f"{place}: {name.kind} has no SNR, on which the loss depends; remove it")
    if not span:
        raise InputError(
            f"{str(name)!r}: {place} needs a range of SNRs, in which a low one loses more; "
            f"expected a name such as {name.kind}_-20to10dB"
        )


def _rates(name: CorruptionName) -> dict[str, float]:
    """The rate as a setting, or both ends of a range."""
    assert name.amount is not None
    if name.highest is None and 0 < name.amount <= 100:
        return {"rate": name.amount / 100}
    if name.highest is not None and 0 <= name.amount < name.highest <= 100:
        return {"rate": name.amount / 100, "highest": name.highest / 100}
    raise InputError(
        f"{str(name)!r}: expected a rate above 0 % and at most 100 %, or a range such as "
        f"{name.kind}_0to90%"
    )


def _checked_amount(name: str, parsed: CorruptionName, kind: type[RawKind]) -> Amount:
    """The amount of a corruption of recordings, or both ends of a range."""
    if parsed.unit != kind.unit:
        raise InputError(
            f"{name}: the amount of {parsed.kind} is in {kind.unit}, not {parsed.unit}; expected "
            f"e.g. {parsed.kind}_{kind.highest:g}{kind.unit}"
        )
    assert parsed.amount is not None
    for amount in (parsed.amount, parsed.highest):
        if amount is not None and not kind.lowest <= amount <= kind.highest:
            lowest = f"{kind.lowest:g}"
            expected = lowest if kind.lowest == kind.highest else f"{lowest} to {kind.highest:g}"
            raise InputError(
                f"{name}: the amount of {parsed.kind} is {amount:g} {parsed.unit}, expected "
                f"{expected}"
            )
    if parsed.highest is None:
        return parsed.amount
    if parsed.amount >= parsed.highest:
        ends = sorted({parsed.amount, parsed.highest})
        expected = f"{parsed.kind}_{'to'.join(f'{end:g}' for end in ends)}{kind.unit}"
        raise InputError(
            f"{name}: a range has two amounts, the lower one first; expected {expected}"
        )
    return parsed.amount, parsed.highest
