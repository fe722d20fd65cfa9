"""MSP-IMPROV's tree: 8438 turns of 12 actors, 7798 of them of the four classes."""

import os
import random
from pathlib import Path

# By condition: all turns, and those of each class.
TURNS = {
    "T": (652, {"A": 115, "S": 106, "H": 136, "N": 283}),
    "R": (620, {"A": 169, "S": 80, "H": 88, "N": 241}),
    "S": (4381, {"A": 470, "S": 633, "H": 1048, "N": 1789}),
    "P": (2785, {"A": 38, "S": 66, "H": 1372, "N": 1164}),
}


def make_msp_improv(
    root: Path, label_file: str = "Evalution.txt", apart: bool = False, conditions: str = "PRST"
) -> None:
    """Write the tree.

    Args:
        root: Where to.
        label_file: Both spellings occur.
        apart: Below ``Audio`` and ``Video`` instead of both in one folder.
        conditions: Those that are written.
    """
    draw = random.Random(1)
    scenarios = [f"S{sentence:02}{emotion}" for sentence in range(1, 6) for emotion in "AHSN"]
    lines = []
    recording = root / ".recording"
    transcripts = root / "All_human_transcriptions"
    transcripts.mkdir(parents=True)
    recording.write_bytes(b"RIFF")
    folders = set()
    for condition in conditions:
        total, classes = TURNS[condition]
        letters = [letter for letter, n in classes.items() for _ in range(n)]
        letters += ["OX"[place % 2] for place in range(total - len(letters))]
        draw.shuffle(letters)
        for place, letter in enumerate(letters):
            session, turn = place % 6 + 1, place // 12
            gender = "FM"[place // 6 % 2]
            scenario = scenarios[turn % 20]
            pair = "FM" if gender == "M" else "MF"
            name = f"IMPROV-{scenario}-{gender}{session:02}-{condition}-{pair}{turn // 20 + 1:02}"
            folder = f"session{session}/{scenario}/{condition}"
            for kind, extension in (("Audio", "wav"), ("Video", "avi")):
                where = root / (f"{kind}/{folder}" if apart else folder)
                if where not in folders:
                    where.mkdir(parents=True, exist_ok=True)
                    folders.add(where)
                os.link(recording, where / f"MSP-{name}.{extension}")
            (transcripts / f"MSP-{name}.txt").write_text(f"Said as {name}.\n")
            ratings = (
                "A:NaN; V:NaN; D:NaN ; N:NaN;"
                if place % 97 == 0
                else f"A:3.000000; V:{1 + place % 9 / 2:.6f}; D:3.000000 ; N:3.400000;"
            )
            rater = "WORKER00000003; N; Neutral; A:3.000000; V:3.000000; D:NaN; N:4.000000;"
            lines += [f"UTD-{name}.avi; {letter}; {ratings}", rater, rater, ""]
    (root / label_file).write_text("\n".join(lines) + "\n")
