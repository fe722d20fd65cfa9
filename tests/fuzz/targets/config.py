"""The config: its content, and the plan that rules make of it."""

import json
import re
from pathlib import Path

import yaml

from fuzz.engine import Target
from fuzz.mutate import Files
from robust_mer.errors import InputError
from robust_mer.plan.plan import Plan

_ROOT = Path(__file__).parents[3]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FIT = re.compile(r"[A-Za-z][A-Za-z0-9_.%@-]{0,120}\Z")  # in paths

_SMALL = """
run: [demo]
experiments:
  demo: {corpus: demo, models: [men, nmer, one], corruptions: [clean, gaussian_-10dB, uneven,
    several, missing], tested_on: [blur_3px, dropped_30%], conditions: [partial], folds: [1, 2],
    seeds: [1]}
corpora:
  demo:
    reader: iemocap
    root: results/demo/raw
    generator: {class: demo, sessions: 2}
    folds: {scheme: session_groups, groups: 3}
    split_by: [script]
    max_left_out: 0.1
    modalities:
      audio: {extractor: is13, normalise: true, not_finite: 0, frame_rate: 5}
      video: {extractor: faces_of_mine, normalise: true}
      text: {extractor: glove, normalise: false, aligned_to: words}
    note: a note
    contains: [RAVDESS]
    published: IEMOCAP
  mine: {reader: npz, root: tests, folds: {scheme: part, validation: 0.1}, labels: {a: b},
    modalities: {audio: {extractor: imported_audio, normalise: true},
                 text: {extractor: imported_text, normalise: false}}}
features:
  device: auto
  max_failed_fraction: 0.1
  max_seconds_per_utterance: 600
  faces: {frame_rate: 5}
  extractors: {is13: {frame_rate: 5.0}, faces_of_mine: {class: denseface}, glove: {vectors: x.txt}}
  denseface_training: {faces: data/fer2013.csv}
corruption:
  mode: paper
  schedule: linear
  seed: 1
  noises: {gaussian: {}, mine: {class: gaussian}, bursts: {}, missing: {}, dropped: {}}
  named: {uneven: {audio: gaussian_-10dB, text: mine_-5dB}, several: [gaussian_-10dB, bursts_-20dB]}
  raw: {blur: {}, wer: {}, hiss: {class: whitenoise}}
models:
  men: {batch_size: 32}
  invariance_teacher: {weight_cmd: 0.1}
  nmer: {teacher: invariance_teacher, learning_rate: 5.0e-4}
  one: {class: logistic_regression, modalities: [audio, text]}
training: {device: auto, folds_per_job: 1, max_replicas: auto}
gpu: {jobs_per_gpu: 1}
"""


def _seeds() -> list[Files]:
    experiments = _ROOT / "resources/experiments"
    default = yaml.safe_load((_ROOT / "config.yaml").read_text(encoding="utf-8"))
    found = [{"config.yaml": _SMALL.encode()}]
    for names in (("mosi",), ("composite", "composite_raw")):
        merged = default
        for name in names:
            text = (experiments / f"{name}.yaml").read_text(encoding="utf-8")
            over = {
                key: {**merged[key], **value} if isinstance(value, dict) else value
                for key, value in yaml.safe_load(text).items()
            }
            merged = json.loads(json.dumps({**merged, **over}))
        for corpus in merged["corpora"].values():
            corpus["root"] = corpus["root"] if "generator" in corpus else "tests"
        found.append({"config.yaml": yaml.safe_dump(merged, sort_keys=False).encode()})
    return found


def _read(root: Path, results: Path) -> None:
    path = root / "config.yaml"
    if not path.is_file():
        return
    try:
        raw = yaml.load(path.read_bytes(), _LOADER)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"config: Snakemake refuses it: {error}"[:200]) from error
    if not isinstance(raw, dict):
        raise InputError("config: Snakemake refuses it")
    plan = Plan(raw, published=str(_ROOT / "resources/published"))
    for job in plan.grid.training_jobs:
        names = [*job.training, job.folds, *plan.split_columns]
        modalities = plan.modalities(job.training.corpus, job.training.model)
        names += [modality.features for modality in modalities]
        if strange := [name for name in names if not _FIT.match(name)]:
            raise AssertionError(f"in a path: {strange[0][:100]!r}")
    for name, experiment in plan.grid.experiments.items():
        names = [name]
        for _, trained_on, tested_on in plan.grid.evaluations(experiment):
            names += [trained_on, tested_on]
            plan.corruption(experiment.corpus, tested_on)
        plan.report.experiment(name)
        plan.report.facts(name)
        if strange := [name for name in names if not _FIT.match(name)]:
            raise AssertionError(f"in a path: {strange[0][:100]!r}")


TARGETS = [Target("config", _seeds, _read, names=("config: ",))]
