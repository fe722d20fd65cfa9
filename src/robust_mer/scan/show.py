"""What a scan prints."""

import shlex
from collections.abc import Iterable
from pathlib import Path

import yaml

from robust_mer.corpora.reader import FeatureReader
from robust_mer.corpora.registry import READERS
from robust_mer.scan.corpus import Scan, count_of
from robust_mer.scan.write import Outputs
from robust_mer.settings import load

_MOST_VALUES, _MOST_RATES = 12, 3
_ROOT = Path(__file__).parents[3]


def as_text(result: Scan, outputs: Outputs | None) -> str:
    """The scan for people.

    Args:
        result: The scan.
        outputs: What was written; None: nothing.
    """
    files = count_of(len(result.clips), "sound, video or text file")
    lines = [f"{result.folder}: {files}, {count_of(len(result.rows), 'utterance')}"]
    lines += [f"  {line}" for line in (*_media(result), *_names(result))]
    for reader in result.known:
        lines += [
            "",
            f"This is a corpus for the reader {reader}, which knows its labels and folds:",
        ]
        lines += [f"  {line}" for line in _of_reader(reader, result)]
    if "manifest" in result.readers and outputs is None:
        lines += ["", "The folder has a manifest.csv, which the reader manifest reads:"]
        lines += ["  see docs/corpora/own.md"]
    if result.remarks:
        lines += ["", "Could not tell, or odd:"]
        lines += [f"  - {remark}" for remark in result.remarks]
    if outputs is not None:
        lines += ["", f"Wrote {outputs.manifest} and {outputs.config}"]
        if outputs.link is not None:
            lines += [f"Linked {outputs.link} to {result.folder.resolve()}"]
        first = "" if result.is_complete else "Complete the manifest first, see above. "
        lines += [f"{first}To run it, in the folder of robust-mer:"]
        lines += [
            f"  snakemake --cores 8 --configfile {shlex.quote(str(outputs.config.resolve()))}"
        ]
    elif result.rows and result.known:
        lines += ["", "Wrote nothing. To write a manifest anyway, give --pattern."]
    elif result.rows:
        lines += ["", "Wrote nothing. To write another manifest, give --out FOLDER or --force."]
    else:
        lines += ["", "Wrote nothing."]
    return "\n".join(lines)


def _media(result: Scan) -> list[str]:
    lines = []
    for kind in ("audio", "video", "text"):
        clips = [clip for clip in result.clips if clip.kind == kind and not clip.problem]
        if not clips:
            continue
        facts = [count_of(len(clips), "file")]
        if kind != "text":
            facts.append(f"{sum(clip.seconds or 0 for clip in clips) / 60:.1f} min")
            facts += [f"{rate} Hz" for rate in _different(clip.sample_rate for clip in clips)]
        if kind == "video":
            rates = _different(clip.pictures_per_second for clip in clips)
            facts += [f"{rate:.6g} pictures per second" for rate in rates]
            sound = sum(clip.sample_rate is not None for clip in clips)
            parts = {0: "without sound", len(clips): "with sound"}
            facts.append(parts.get(sound, f"{sound} of them with sound"))
        lines.append(f"{kind}: {', '.join(facts)}")
    if result.others:
        listed = ", ".join(f"{n} {suffix}" for suffix, n in result.others.most_common(6))
        lines.append(f"other files: {listed}")
    return lines


def _different(values: Iterable[float | None]) -> list[float]:
    """Different values in their order, if they are few."""
    different = sorted({value for value in values if value is not None})
    return different if len(different) <= _MOST_RATES else []


def _names(result: Scan) -> list[str]:
    lines = []
    for field in result.fields:
        counts = result.values(field)
        listed = ", ".join(f"{value} {n}" for value, n in sorted(counts.items())[:_MOST_VALUES])
        more = ", ..." if len(counts) > _MOST_VALUES else ""
        lines.append(f"{field}: {len(counts)} ({listed}{more})")
    return lines


def _of_reader(reader: str, result: Scan) -> list[str]:
    experiment, page = f"resources/experiments/{reader}.yaml", f"docs/corpora/{reader}.md"
    lines = []
    if (_ROOT / experiment).is_file():
        config = f"corpora={{{reader}: {{root: {result.folder.resolve()}}}}}"
        lines.append(
            f"snakemake --cores 8 --configfile {experiment} --config {shlex.quote(config)}"
        )
        missing = _missing(_ROOT / experiment, reader, result)
        lines += [f"this run needs {kind}, which the folder lacks" for kind in missing]
    if (_ROOT / page).is_file():
        lines.append(f"see {page}")
    elif issubclass(load(READERS[reader]), FeatureReader):
        lines.append("see docs/corpora/published_features.md")
    return lines or [f"reader: {reader}"]


def _missing(experiment: Path, corpus: str, result: Scan) -> list[str]:
    """Recordings that an experiment file needs, and no utterance has."""
    config = yaml.safe_load(experiment.read_text(encoding="utf-8"))
    needed = config["corpora"][corpus]["modalities"]
    kinds = [kind for kind in ("audio", "video") if kind in needed]
    return [kind for kind in kinds if result.rows and kind not in result.modalities]
