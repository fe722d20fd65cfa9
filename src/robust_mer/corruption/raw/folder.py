"""Noise from a folder of the user's recordings at an acoustic SNR in dB."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.files import (
    ReadsFiles,
    check_files,
    deal,
    groups_of,
    hash_files,
    list_files,
    seconds_of,
)
from robust_mer.corruption.raw.kind import Amount, AudioKind
from robust_mer.corruption.raw.mix import mix, speaking
from robust_mer.corruption.raw.signals import RawCorruption
from robust_mer.errors import UtteranceError
from robust_mer.features.audio import read_audio
from robust_mer.features.utterance import Utterance
from robust_mer.settings import Settings
from robust_mer.table import read_table

_PLACES, _FILES = 5, 5  # to try if noise is silent while somebody speaks
_LEAST_POWER = 0.01  # while somebody speaks, of that in the whole utterance


class FolderSettings(Settings):
    """Settings of `FolderNoise`."""

    folder: Annotated[str, Field(min_length=1)]
    """Folder with wav or flac files, at any depth, e.g. MUSAN's ``noise`` or DEMAND."""


class FolderNoise(AudioKind, ReadsFiles):
    """Part of a noise file in the background, another one for each utterance.

    Each utterance hears one file from a random place on. A file that is too short is repeated.
    Files are dealt to groups of utterances, so that training never hears a file that a test
    utterance of the same fold hears (see `robust_mer.corruption.raw.files`). With fewer files than
    groups, every utterance may hear every file.
    """

    settings_class = FolderSettings
    settings: FolderSettings
    unit = "dB"
    lowest, highest = -40, 60
    places = ("folder",)
    needs_others = True  # of the corpus' tables, it reads the folds

    def at(
        self, name: str, amount: Amount, seed: int, tables: tuple[Path, Path, Path] | None = None
    ) -> "FolderCorruption":
        """The corruption at an amount; see `RawKind.at`."""
        return FolderCorruption(self, name, amount, seed, tables)

    def check(self, groups: int) -> None:
        """Look for the files."""
        check_files(self.settings.folder, groups)

    def content(self) -> str:
        """Hash of the files."""
        return hash_files(self.settings.folder)

    def corrupt(
        self,
        samples: np.ndarray,
        rate: int,
        amount: float,
        draws: Draws,
        files: list[str] | None = None,
    ) -> np.ndarray:
        """Speech with noise in the background: float32 [samples].

        Args:
            samples: The speech.
            rate: In Hz.
            amount: SNR in dB while somebody speaks.
            draws: Source of the random numbers.
            files: Those to choose from, relative to the folder; None: all.

        Raises:
            UtteranceError: a file cannot be decoded, or those that were tried are silent while
                somebody speaks.
        """
        generator = draws.of()
        paths, active = files or list_files(self.settings.folder), speaking(samples, rate)
        place = int(generator.integers(len(paths)))
        tried: list[str] = []
        while True:
            path = Path(self.settings.folder, paths[place])
            for start in generator.random(_PLACES):
                noise = _excerpt(path, start, len(samples), rate)
                if _is_heard(noise, active):
                    return mix(samples, noise, rate, amount)
            tried.append(paths[place])
            others = [number for number, name in enumerate(paths) if name not in tried]
            if not others or len(tried) == _FILES:
                when = " while somebody speaks" if active.any() else ""
                raise UtteranceError(f"noise is silent{when}: {', '.join(tried)}")
            place = int(generator.choice(others))


@dataclass(frozen=True)
class FolderCorruption(RawCorruption):
    """A `FolderNoise` at an amount."""

    kind: FolderNoise

    def __call__(self, utterance: Utterance) -> Utterance:
        """The corrupted utterance."""
        draws = Draws(self.seed, self.name, utterance.utterance)
        group = self._groups.get(utterance.utterance)
        files = self._files if self._dealt is None or group is None else self._dealt[group]
        amount = self.amount_of(draws)
        alter = partial(self.kind.corrupt, amount=amount, draws=draws, files=files)
        return replace(utterance, alter_audio=alter)

    def describe(self) -> dict[str, Any]:
        """The entry of the feature file, without the folder.

        ``is_apart`` says whether training and test part of a fold hear different files.
        """
        return {**super().describe(), "settings": {}, "is_apart": self._dealt is not None}

    def identity(self) -> list[Any]:
        """As that of any corruption, with the content of the folder."""
        return [*super().identity(), self.kind.content()]

    @cached_property
    def _files(self) -> list[str]:
        return list_files(self.kind.settings.folder)

    @cached_property
    def _groups(self) -> dict[str, str]:
        if self.tables is None:
            return {}
        folds = read_table(self.tables[1], ["fold", "part", "utterance"])
        columns = (folds[name] for name in ("fold", "part", "utterance"))
        return groups_of(list(zip(*columns, strict=True)))

    @cached_property
    def _dealt(self) -> Mapping[str, list[str]] | None:
        """Files by group of utterances; None if every utterance may hear every file."""
        return deal(self._files, sorted(set(self._groups.values()))) if self._groups else None


def _is_heard(noise: np.ndarray, active: np.ndarray) -> bool:
    """Whether there is noise while somebody speaks; in an utterance of silence, at all.

    Too little would be raised to the SNR, and what lies in the pauses with it.
    """
    power = np.square(noise, dtype=np.float64)
    everywhere = power.mean() if len(power) else 0.0
    if not active.any():
        return bool(everywhere > 0)
    return bool(everywhere > 0 and power[active].mean() >= _LEAST_POWER * everywhere)


def _excerpt(path: Path, place: float, length: int, rate: int) -> np.ndarray:
    """Noise of a length in samples from a place in [0, 1) of a file on, repeated if need be."""
    seconds, needed = seconds_of(path), length / rate
    start = place * (seconds - needed) if seconds > needed else None
    end = None if start is None else start + needed
    try:
        noise = read_audio(Utterance("noise", path, None, "", start, end, "", audio_is_cut=False))
    except UtteranceError as error:
        raise UtteranceError(f"the noise {path} cannot be used: {error}") from error
    if start is None:
        noise = np.roll(noise, -int(place * len(noise)))
    return np.resize(noise, length)
