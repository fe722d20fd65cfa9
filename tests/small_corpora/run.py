"""Run the experiment files of public corpora end to end, on a few generated clips.

    python tests/small_corpora/run.py ravdess crema_d meld emo_db

For each corpus, makes the release's tree with few speakers or dialogues, films and records the
clips that the reader finds, and runs the corpus' own experiment file on them: its own extractors
and models, one fold, one seed, two epochs. Speech and faces are those of the demo; an emotion has
its own pitch, rate and expression. Prints what each run took and what it reports; ends with status
1 if one fails.
"""

import argparse
import csv
import math
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "src"))
from generators.crema_d import FLV, make_crema_d
from generators.emo_db import make_emo_db
from generators.meld import SPAN, make_meld, mp4
from generators.ravdess import make_ravdess
from helpers.corpora import reader_of
from helpers.films import write_film
from helpers.project import Project

from robust_mer.corpora.demo.face import MOVEMENTS, Actor, Look, Pose
from robust_mer.corpora.demo.speech import SAMPLE_RATE, VOICES, Prosody, say

EPOCHS = {"epochs_constant": 1, "epochs_falling": 1}
RATE = 10  # pictures per second
SENTENCE = "Kids are talking by the door."


@dataclass(frozen=True)
class Small:
    """A corpus that is small enough to run."""

    make: Callable[[Path], None]
    experiments: tuple[str, ...]
    """Those of its file that are run."""
    folds: dict[str, Any]
    further: tuple[str, ...] = ()
    """Corpora of its file that read the same folder in another way."""


def ravdess(root: Path) -> None:
    """Six actors, one clip of each emotion."""
    make_ravdess(root, modalities=("01", "03"), actors=range(1, 7))
    for path in root.rglob("*-*-*"):
        if path.stem.split("-")[3:6] != ["01", "01", "01"]:
            path.unlink()


def crema_d(root: Path) -> None:
    """Six actors, two sentences in each emotion, with the raters' votes."""
    make_crema_d(root, range(1001, 1007), ("DFA", "ITS"))


def emo_db(root: Path) -> None:
    """Six speakers, at most two files of each emotion."""
    make_emo_db(root, ("03", "08", "09", "10", "11", "13"))
    for path in (root / "wav").iterdir():
        if path.stem[2:5] not in ("a01", "a02"):
            path.unlink()


def meld(root: Path) -> None:
    """One dialogue in 130, with the table's and the clips' damage."""
    make_meld(root, 130)


CORPORA = {
    "ravdess": Small(ravdess, ("ravdess", "ravdess_unimodal"), {"groups": 3}),
    "crema_d": Small(
        crema_d,
        ("crema_d", "crema_d_unimodal", "crema_d_votes"),
        {"groups": 3},
        further=("crema_d_votes",),
    ),
    "meld": Small(meld, ("meld", "meld_unimodal"), {}),
    "emo_db": Small(emo_db, ("emo_db",), {"groups": 3}),
}
LEARNING = ("men", "men_augmented", "mmin", "invariance_teacher", "nmer")
LEARNING += ("unimodal_audio", "unimodal_video", "unimodal_text")


def record(root: Path, reader: str) -> int:
    """Give every clip that the reader finds, and that is whole, its sound and pictures."""
    rows = reader_of(reader, root).read().rows
    emotions = sorted({row["label"] for row in rows})
    for row in rows:
        emotion, speaker = emotions.index(row["label"]), row["speaker"]
        draws = np.random.default_rng([*row["utterance"].encode()])
        pitch = 20 + 9 * emotion + draws.normal(0, 4)
        prosody = Prosody(rate=150 + 12 * emotion, volume=70, pitch=pitch, range=50)
        voice = (VOICES["F"] + VOICES["M"])[sum(speaker.encode()) % 10]
        sound = say(row["text"] or SENTENCE, voice, prosody).samples
        for path in {root / row[key] for key in ("audio", "video") if row.get(key)}:
            if path.suffix == ".wav":
                path.unlink()  # several names may share a file
                soundfile.write(path, sound, SAMPLE_RATE)
            elif path.read_bytes() in (path.name.encode(), mp4(SPAN), FLV):
                path.unlink()
                shown = list(pictures(emotion, speaker, sound, draws))
                codec = "flv" if path.suffix == ".flv" else "mpeg4"
                write_film(path, shown, codec, fps=RATE, sound=sound)
    return len(rows)


def pictures(emotion: int, speaker: str, sound: np.ndarray, draws: np.random.Generator) -> Any:
    """Yield a speaker's face with an emotion's expression."""
    looks = np.random.default_rng([*speaker.encode()])
    look = Look(
        mirrored=bool(looks.random() < 0.5),
        scale=looks.uniform(0.45, 0.56),
        place=(looks.uniform(82, 98), looks.uniform(59, 64)),
        tint=tuple(looks.uniform(0.9, 1.06, 3)),
        gamma=looks.uniform(0.8, 1.5),
        width=looks.uniform(0.95, 1.08),
        jaw=looks.uniform(0.92, 1.2),
        rest=tuple(looks.normal(0, 0.12, len(MOVEMENTS))),
    )
    shown = np.random.default_rng([emotion]).normal(0, 0.6, len(MOVEMENTS))
    actor, shown = Actor(look), (shown + draws.normal(0, 0.2, len(MOVEMENTS))).clip(-1.2, 1.2)
    for _ in range(math.ceil(len(sound) / SAMPLE_RATE * RATE)):
        yield actor.draw(Pose(shown.astype(np.float32), tuple(draws.normal(0, 1, 2))))


def run(name: str, folder: Path, cores: int) -> bool:
    """Run a corpus' experiment file; print figures, and the output if it fails."""
    small, root = CORPORA[name], folder / f"{name}_clips"
    small.make(root)
    count = record(root, name)
    project = Project.make(folder / name)
    experiment = f"resources/experiments/{name}.yaml"
    reading = {"root": str(root), "folds": small.folds}
    project.configure(
        {
            "run": list(small.experiments),
            "experiments": {one: {"folds": [1], "seeds": [1]} for one in small.experiments},
            "corpora": {corpus: reading for corpus in (name, *small.further)},
            "features": {"faces": {"frame_rate": 2}, "max_failed_fraction": 0.2},
            "models": dict.fromkeys(LEARNING, EPOCHS),
        }
    )
    began = time.monotonic()
    done = project.run(cores=cores, configfiles=(experiment, "small.yaml"))
    print(f"{name}: {count} clips, {time.monotonic() - began:.0f} s")
    if done.returncode:
        print(done.stdout[-5000:])
        return False
    results = project.folder / "results"
    for table in sorted((results / "tables").glob("*_average.csv")):
        for row in csv.DictReader(table.open(encoding="utf-8")):
            print(f"  {row['model']}, {row['trained_on']}, {row['tested_on']}: UA {row['ua_mean']}")
    for report in sorted((results / name / "features").glob("*.csv")):
        rows = list(csv.DictReader(report.open(encoding="utf-8")))
        status = [row["status"] for row in rows]
        counts = {one: status.count(one) for one in sorted(set(status))}
        print(f"  {report.stem}: {counts}")
    return (results / "report.html").is_file()


def main() -> None:
    """Run the named corpora, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", nargs="*", choices=CORPORA, default=list(CORPORA))
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep everything here; must not exist")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="small_corpora_"))
    folder.mkdir(parents=True, exist_ok=True)
    passed = [run(name, folder.resolve(), given.cores) for name in given.corpora]
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
