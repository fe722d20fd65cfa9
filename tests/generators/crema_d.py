"""CREMA-D's tree: 7442 clips of 91 actors, with votes as often as in the release."""

import os
import random
from collections.abc import Sequence
from pathlib import Path

SENTENCES = ("IEO", "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI")
EMOTIONS = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
# Clips that the release lacks.
MISSING = {
    *("1002_TIE_NEU_XX", "1076_ITS_NEU_XX"),
    *(f"1008_WSI_{emotion}_XX" for emotion in EMOTIONS),
    *(f"1009_MTI_{emotion}_XX" for emotion in EMOTIONS),
    *(f"1019_ITH_{emotion}_XX" for emotion in EMOTIONS),
}
# Clips with most votes for an emotion, and the column of the summary. The others are ties.
VOTES = {
    "VoiceVote": {"A": 986, "D": 547, "F": 645, "H": 353, "N": 3897, "S": 370},
    "FaceVote": {"A": 968, "D": 1057, "F": 822, "H": 1266, "N": 2076, "S": 783},
    "MultiModalVote": {"A": 1019, "D": 1139, "F": 1084, "H": 1219, "N": 1972, "S": 589},
}
ACTORS = range(1001, 1092)
WAV, FLV = b"RIFF", b"FLV\x01"  # what recordings hold


def clips(actors: range = ACTORS, sentences: Sequence[str] = SENTENCES) -> list[str]:
    """Names of the clips."""
    names = []
    for actor in actors:
        for sentence in sentences:
            for emotion in EMOTIONS:
                has_levels = sentence == "IEO" and emotion != "NEU"
                levels = ("LO", "MD", "HI") if has_levels else ("XX",)
                names += [f"{actor}_{sentence}_{emotion}_{level}" for level in levels]
    return [name for name in names if name not in MISSING]


def make_crema_d(root: Path, actors: range = ACTORS, sentences: Sequence[str] = SENTENCES) -> None:
    """Write the tree; its recordings are a few bytes.

    Args:
        root: Where to.
        actors: Whose clips are written.
        sentences: Their codes.
    """
    names = clips(actors, sentences)
    for folder, suffix, start in (("AudioWAV", "wav", WAV), ("VideoFlash", "flv", FLV)):
        (root / folder).mkdir(parents=True)
        recording = root / f".{suffix}"
        recording.write_bytes(start)
        for name in names:
            os.link(recording, root / folder / f"{name}.{suffix}")
    rows = ['"ActorID","Age","Sex","Race","Ethnicity"']
    for actor in actors:
        sex = "Female" if actor - ACTORS[0] < 43 else "Male"
        rows.append(f'{actor},{20 + actor % 55},"{sex}","Caucasian","Not Hispanic"')
    (root / "VideoDemographics.csv").write_text("\n".join(rows) + "\n")
    (root / "processedResults").mkdir()
    _write_votes(root / "processedResults", names)


def _write_votes(folder: Path, names: list[str]) -> None:
    """The votes as R writes tables: with the rows' numbers in a column without a name."""
    draw = random.Random(1)
    votes = {}
    for column, counts in VOTES.items():
        pool = [letter for letter, count in counts.items() for _ in range(count)]
        pool += [("A:D", "F:N", "A:D:N")[place % 3] for place in range(7442 - len(pool))]
        draw.shuffle(pool)
        votes[column] = pool[: len(names)]
    rows = ['"","FileName",' + ",".join(f'"{c}","{c.replace("Vote", "Level")}"' for c in votes)]
    for number, (name, *voted) in enumerate(zip(names, *votes.values(), strict=True), start=1):
        cells = (f'"{vote}","{":".join(["61.5"] * len(vote.split(":")))}"' for vote in voted)
        rows.append(f'"{number}","{name}",{",".join(cells)}')
    (folder / "summaryTable.csv").write_text("\n".join(rows) + "\n")
    rows = ['"","A","D","F","H","N","S","fileName","numResponses","agreement","emoVote"']
    for digit, column in enumerate(votes, start=1):
        for number, (name, vote) in enumerate(zip(names, votes[column], strict=True), start=1):
            counts = [4 if letter in vote else 1 for letter in "ADFHNS"]
            total = sum(counts)
            cells = f'{",".join(map(str, counts))},"{name}",{total},{4 / total:.3f},"{vote}"'
            rows.append(f'"{digit * 100_000 + number}",{cells}')
    (folder / "tabulatedVotes.csv").write_text("\n".join(rows) + "\n")
