"""RAVDESS' tree: 7356 files of 24 actors, 1440 clips of speech and 1012 of song."""

from collections.abc import Iterable
from pathlib import Path

MODALITIES = {"01": "mp4", "02": "mp4", "03": "wav"}
SPEECH, SONG = "01", "02"
EMOTIONS = {SPEECH: 8, SONG: 6}


def clips(channel: str, actor: int) -> list[str]:
    """Names of an actor's clips, without the modality."""
    if channel == SONG and actor == 18:
        return []
    names = []
    for emotion in range(1, EMOTIONS[channel] + 1):
        for intensity in (1, 2) if emotion > 1 else (1,):
            for statement in (1, 2):
                for repetition in (1, 2):
                    fields = (emotion, intensity, statement, repetition, actor)
                    names.append("-".join([channel, *(f"{field:02}" for field in fields)]))
    return names


def make_ravdess(
    root: Path,
    channels: Iterable[str] = (SPEECH,),
    modalities: Iterable[str] = tuple(MODALITIES),
    zips: bool = False,
    actors: Iterable[int] = range(1, 25),
) -> None:
    """Write the tree; a recording's content is its name.

    Args:
        root: Where to.
        channels: Speech, song or both.
        modalities: Full, silent video, audio alone.
        zips: With the folders into which the release's zips are unpacked.
        actors: Their numbers.
    """
    for actor in actors:
        for channel in channels:
            of_what = "Speech" if channel == SPEECH else "Song"
            for modality in modalities:
                packed = f"Video_{of_what}_Actor_{actor:02}"
                if modality == "03":
                    packed = f"Audio_{of_what}_Actors_01-24"
                folder = root / (packed if zips else "") / f"Actor_{actor:02}"
                folder.mkdir(parents=True, exist_ok=True)
                for clip in clips(channel, actor):
                    path = folder / f"{modality}-{clip}.{MODALITIES[modality]}"
                    path.write_text(path.name)
