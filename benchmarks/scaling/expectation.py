"""What a lab may expect: hours of workloads, from measured rates and the jobs of the configs.

Everything here was measured on a CPU, because no GPU was available. The hours on GPUs therefore
rest on an assumed ratio of speed between one GPU and one core, which is printed with them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from snakemake.utils import update_config

from robust_mer.plan.grid import TrainingJob
from robust_mer.plan.plan import Plan as RunPlan
from scaling.measure import print_head, print_row

ROOT = Path(__file__).parents[2]

# docs/composite.md, Time: processor seconds of one replica, and its epochs, by class of model.
_COMPOSITE = {
    "unimodal": (12, 40),
    "invariance_teacher": (33, 40),
    "men": (34, 40),
    "if_mmin": (41, 40),
    "snr_fusion": (44, 40),
    "nmer_without_vae": (62, 60),
    "mmin": (69, 60),
    "men_oracle_drop": (72, 80),
    "men_augmented": (73, 80),
    "nmer": (124, 60),
    "nmer_without_invariance": (126, 60),
    "cm_arr": (129, 80),
    "mctn": (168, 60),
}
_COMPOSITE_UTTERANCES = 571
_REGRESSION = 8 / _COMPOSITE_UTTERANCES  # the same place; it has no epochs
# benchmarks/README.md, training.py (c): two parallel processes on two cores, 999 utterances as long
# as IEMOCAP's; core seconds per epoch and utterance.
_IEMOCAP = {"men": 2 * 1.37 / 999, "nmer": 2 * 2.14 / 999}
_FITTED = {"majority": 0.0, "logistic_regression": _REGRESSION}

# Core seconds of extraction. Per second of recording: results/composite/benchmarks (24 and 26 s
# for 2,096 s of speech); benchmarks/README.md, extraction_faces.py (2.1 s for 20 s of video with
# two heads). Per utterance: results/composite/benchmarks (135 to 141 and 18 to 20 s for 571).
_IS13, _FACES = 26 / 2096, 2.1 / 20
_MINI_XCEPTION, _MINILM = 141 / 571, 20 / 571
_PICTURES_A_SECOND, _TOKENS = 5, 22
_MEAN_SECONDS = {"iemocap": 4.5, "own": 4.0, "demo": 1.3}

_START = 4.5  # core seconds that a job of training or evaluation takes to start
_GPU = (10, 50)  # assumed: number of cores that are as fast as one GPU
_CORES_A_GPU = 8


@dataclass(frozen=True)
class Plan:
    """How a run is divided into jobs.

    ``jobs`` is their number; the longest chain is that of a teacher and a student, in core seconds.
    """

    jobs: int
    longest: float


@dataclass(frozen=True)
class Workload:
    """Core seconds of a run without the starts of its jobs, and its division into jobs.

    ``sound_and_faces`` stays on the CPU beside a GPU, ``networks`` are the extractors'. ``narrow``
    has one training job per fold, as on a CPU, ``wide`` one for ten folds, which fill a GPU.
    """

    name: str
    trainings: int
    evaluations: int
    replicas: int
    sound_and_faces: float
    networks: float
    training: float
    evaluation: float
    narrow: Plan
    wide: Plan

    def on_cores(self, cores: int) -> float:
        """Hours on ``cores`` cores if all of them are busy until the end."""
        work = self.sound_and_faces + self.networks + self.training + self.evaluation
        return max((work + _START * self.narrow.jobs) / cores, self.narrow.longest) / 3600

    def on_gpus(self, gpus: int, times: float) -> float:
        """Hours on GPUs that are each as fast as ``times`` cores, with eight cores per GPU.

        A GPU does not speed up the start of a job.
        """
        work = (self.networks + self.training + self.evaluation) / times
        chain = self.wide.longest / times + 2 * _START
        beside = self.sound_and_faces / (gpus * _CORES_A_GPU)
        return (beside + max((work + _START * self.wide.jobs) / gpus, chain)) / 3600


def print_expectations() -> None:
    """Print hours by workload and machine."""
    large, denseface = _bert_large(), _denseface()
    print("\nWhat to expect\n")
    print(
        f"BERT-large's architecture: {large:.2f} core s a text of {_TOKENS} tokens; DenseFace: "
        f"{denseface:.3f} core s a face; measured now, one thread.\n"
    )
    seconds = 5531 * _MEAN_SECONDS["iemocap"]
    iemocap = {
        "sound_and_faces": seconds * (_IS13 + _FACES),
        "networks": seconds * _PICTURES_A_SECOND * denseface + 5531 * large,
    }
    imports = {"sound_and_faces": 3 * 8.0, "networks": 0.0}  # benchmarks/README.md, corpora.py
    composite = ["composite", "composite_told", "composite_missing", "composite_unimodal"]
    of_iemocap = ["iemocap", "iemocap_unimodal", "iemocap_none", "iemocap_missing"]
    of_mosei = ["mosei", "mosei_unimodal", "mosei_none"]
    workloads = [
        _workload(
            "demo", (None, ["demo", "demo_unimodal"]), 300, 0.2, _small(300, "demo"), _narrow
        ),
        _workload(
            "own clips, 1,000; `composite.yaml`",
            ("composite", composite),
            1000,
            0.4,
            _small(1000, "own"),
            _narrow,
        ),
        _workload("IEMOCAP, `paper.yaml`", ("paper", of_iemocap), 5531, 0.2, iemocap, _wide),
        _workload("CMU-MOSEI, `paper.yaml`", ("paper", of_mosei), 22_777, 0.29, imports, _wide),
    ]
    low, high = _GPU
    print_head(
        [
            "run",
            "trainings",
            "evaluations",
            "replicas",
            "core h: features",
            "core h: training",
            "core h: evaluation",
            "h: 8 cores",
            *(f"h: {count} GPU at {high} to {low} cores" for count in (1, 8, 32)),
        ]
    )
    for w in workloads:
        ranges = [
            f"{w.on_gpus(count, high):.2g} to {w.on_gpus(count, low):.2g}" for count in (1, 8, 32)
        ]
        hours = [part / 3600 for part in (w.sound_and_faces + w.networks, w.training, w.evaluation)]
        print_row([w.name, w.trainings, w.evaluations, w.replicas, *hours, w.on_cores(8), *ranges])
    paper = sum(w.training + w.evaluation for w in workloads[2:])
    print(
        f"\nTo train and test all of `paper.yaml` in an hour, GPUs must do {paper / 3600:,.0f} "
        "cores' work."
    )


def _workload(
    name: str,
    run: tuple[str | None, list[str]],
    utterances: int,
    held_out: float,
    features: dict[str, float],
    rate: Callable[[str], float],
) -> Workload:
    """Sum over the training and evaluation jobs of a config.

    Args:
        name: In the table.
        run: File of ``resources/experiments``, None for none, and its experiments.
        utterances: Of the corpus.
        held_out: Fraction of them in the validation and test parts of a fold.
        features: Core seconds of extraction.
        rate: Core seconds per epoch and utterance by class of model. A replica's evaluation,
            forward only but under several conditions, counts as an epoch over that part.
    """
    run_plan = _plan(*run)

    def seconds(job: TrainingJob) -> float:
        model = run_plan.models[job.training.model]
        epochs = model.settings.get("epochs_constant", 1) + model.settings.get("epochs_falling", 0)
        return len(job.replicas) * epochs * utterances * rate(model.kind)

    def plan(one: RunPlan) -> Plan:
        longest: dict[str, float] = {}
        for job in one.grid.training_jobs:
            name = job.training.model
            longest[name] = max(seconds(job), longest.get(name, 0.0))
        chains = [
            seconds_of + longest.get(one.models[model].teacher or "", 0.0)
            for model, seconds_of in longest.items()
        ]
        return Plan(len(one.grid.training_jobs) + len(one.grid.replicas), max(chains))

    jobs, replicas = run_plan.grid.training_jobs, run_plan.grid.replicas
    return Workload(
        name,
        len(jobs),
        len(replicas),
        sum(len(job.replicas) for job in jobs),
        **features,
        training=sum(map(seconds, jobs)),
        evaluation=sum(
            len(group) * held_out * utterances * rate(run_plan.models[training.model].kind)
            for (training, _), group in replicas.items()
        ),
        narrow=plan(run_plan),
        wide=plan(_plan(*run, folds_per_job=10)),
    )


def _plan(file: str | None, run: list[str], folds_per_job: int = 1) -> RunPlan:
    """The default config with a file of ``resources/experiments``, its corpora anywhere."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    if file:
        path = ROOT / f"resources/experiments/{file}.yaml"
        update_config(config, yaml.safe_load(path.read_text(encoding="utf-8")))
    for section in config["corpora"].values():
        if "generator" not in section:
            section["root"] = str(ROOT)
    config["training"]["folds_per_job"] = folds_per_job
    return RunPlan({**config, "run": run}, published=str(ROOT / "resources/published"))


def _narrow(kind: str) -> float:
    """On composite: recordings of four seconds and narrow features."""
    if kind in _FITTED:
        return _FITTED[kind]
    seconds, epochs = _COMPOSITE[kind]
    return seconds / epochs / _COMPOSITE_UTTERANCES


def _wide(kind: str) -> float:
    """At IEMOCAP's size, where MEN and NMER were measured.

    The other models take the times that follow from their ratios on composite.
    """
    if kind in _FITTED:
        return _FITTED[kind]
    least, most = _narrow("men"), _narrow("nmer")
    place = (_narrow(kind) - least) / (most - least)
    return _IEMOCAP["men"] + place * (_IEMOCAP["nmer"] - _IEMOCAP["men"])


def _small(utterances: int, corpus: str) -> dict[str, float]:
    """Extraction of IS13, mini-Xception and MiniLM."""
    seconds = utterances * _MEAN_SECONDS[corpus]
    networks = utterances * (_MINI_XCEPTION + _MINILM)
    return {"sound_and_faces": seconds * (_IS13 + _FACES), "networks": networks}


def _bert_large() -> float:
    """Core seconds per text of BERT-large's architecture, with random weights."""
    import torch
    from transformers import BertConfig, BertModel

    torch.set_num_threads(1)
    size = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16}
    network = BertModel(BertConfig(**size, intermediate_size=4096, vocab_size=1000)).eval()
    tokens = torch.randint(0, 1000, (8, _TOKENS))
    return _cpu_seconds(lambda: network(tokens)) / len(tokens)


def _denseface() -> float:
    """Core seconds per face of DenseFace's network, with random weights."""
    import torch

    from robust_mer.features.densenet import SIZE, DenseNet

    torch.set_num_threads(1)
    network = DenseNet(8).eval()
    faces = torch.rand(16, SIZE, SIZE)
    return _cpu_seconds(lambda: network(faces)) / len(faces)


def _cpu_seconds(work: Callable) -> float:
    """Seconds of a call: the least of three, after a warm-up call."""
    import torch

    with torch.inference_mode():
        work()
        spent = []
        for _ in range(3):
            started = time.process_time()
            work()
            spent.append(time.process_time() - started)
    return min(spent)
