"""What NMER's open choices do to its latent, measured on validation data.

    python benchmarks/nmer_latent.py --results results --out nmer_latent.csv

Trains the models of resources/experiments/nmer_latent.yaml one replica after the other, on one fold
with one seed before the next. It appends a row to the table after each, and leaves out those that
the table holds already. ``--markdown`` prints means over the replicas.
"""

import argparse
import sys
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch
import yaml
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from robust_mer.corruption.corrupt import read_alpha_bars
from robust_mer.data import read_labelled_corpus
from robust_mer.engine.checkpoint import load_checkpoint
from robust_mer.engine.corruption import NO_CORRUPTION, corruption_of_fold, evaluation_frames
from robust_mer.engine.frames import load_frames
from robust_mer.engine.nets import Nets
from robust_mer.engine.predict import PaddedPart, combine, embed
from robust_mer.engine.replica import training_conditions
from robust_mer.models.nmer.nmer import NMER, divergence_from_prior
from robust_mer.plan.grid import Training, TrainingJob
from robust_mer.plan.plan import Plan
from robust_mer.plan.rules import Rules
from robust_mer.replicas import Replica
from robust_mer.runtime import Runtime
from robust_mer.training.spec import TrainFiles, TrainSpec
from robust_mer.training.train import train_replicas

ROOT = Path(__file__).parents[1]
ACTIVE = 0.01
"""Variance of a unit's mean over utterances from which on it counts as active."""
DRAWS = 8
"""Of z, for the validation UA of predictions that draw it."""
CONFIGS = [
    "config.yaml",
    "resources/experiments/composite.yaml",
    "resources/experiments/nmer_latent.yaml",
]


def main() -> None:
    arguments = _parse()
    torch.set_num_threads(1)
    rows = pd.read_csv(arguments.out).to_dict("records") if arguments.out.exists() else []
    if arguments.markdown:
        print(_markdown(pd.DataFrame(rows)))
        return
    published = str(ROOT / "resources/published")
    plan = Plan(_config(), results=str(arguments.results), published=published)
    experiment = plan.config.experiments["nmer_latent"]
    known = {(row["model"], row["trained_on"], row["fold"], row["seed"]) for row in rows}
    for replica, trained_on, model in product(
        _order(plan.grid.replicas_of(experiment)), experiment.corruptions, experiment.models
    ):
        is_chosen = not arguments.replicas or replica.name in arguments.replicas
        if (model, trained_on, *replica) in known or not is_chosen:
            continue
        row = {"model": model, "trained_on": trained_on, **replica._asdict()}
        row |= _measure(plan, Training(experiment.corpus, model, trained_on), replica)
        rows.append(row)
        pd.DataFrame(rows).to_csv(arguments.out, index=False)
        print(row, flush=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--results", type=Path, default=Path("results"), help="with the features")
    parser.add_argument("--out", type=Path, required=True, help="table, a row per replica")
    parser.add_argument("--replicas", nargs="+", help="e.g. fold1_seed1; default: all")
    parser.add_argument("--markdown", action="store_true", help="print the table, train nothing")
    return parser.parse_args()


def _markdown(rows: pd.DataFrame) -> str:
    """Means over the replicas of each choice and corruption."""
    figures = ["active_units", "kl_nats", "share_of_z", "unexplained", "validation_ua"]
    groups = rows.groupby(["model", "trained_on"], sort=False)
    table = groups[[*figures, "validation_ua_drawn"]].mean().round(3)
    table.insert(0, "replicas", groups.size())
    lines = [["model", "trained on", *table.columns], ["---"] * (2 + len(table.columns))]
    lines += [[*key, *row] for key, row in zip(table.index, table.to_numpy().tolist(), strict=True)]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _config() -> dict:
    config: dict = {}
    for name in CONFIGS:
        _update(config, yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
    return config


def _update(config: dict, changes: dict) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(config.get(key), dict):
            _update(config[key], value)
        else:
            config[key] = value


def _order(replicas: list[Replica]) -> list[Replica]:
    """Another fold and seed each time, so that a part of the table already covers both."""
    folds, seeds = ({key[place]: None for key in replicas} for place in (0, 1))
    shifts = range(len(seeds))
    pairs = [
        Replica(fold, list(seeds)[(place + shift) % len(seeds)])
        for shift in shifts
        for place, fold in enumerate(folds)
    ]
    return [pair for pair in pairs if pair in replicas]


def _measure(plan: Plan, training: Training, replica: Replica) -> dict[str, float]:
    """Train a replica, its teacher before, and measure it."""
    spec, files = _train(plan, training, replica)
    history = pd.read_csv(files.histories[0])
    best = history.loc[history["validation_ua"].idxmax()]
    figures = {
        "epoch": best["epoch"],
        "validation_ua": best["validation_ua"],
        "last_validation_ua": history["validation_ua"].tail(10).mean(),
        "seconds": history["seconds"].sum(),
    }
    return figures | Measurement(spec, files, replica).figures()


def _train(plan: Plan, training: Training, replica: Replica) -> tuple[TrainSpec, TrainFiles]:
    teacher = plan.grid.teacher_of(training)
    if teacher is not None:
        _train(plan, teacher, replica)
    job = Rules(plan, str).training([TrainingJob(training, (replica,))]).job(_Wildcards(training))
    checkpoint = Path(plan.checkpoints(*training, [replica])[0])
    inputs = {
        name: [Path(one) for one in paths] if isinstance(paths, list) else Path(paths)
        for name, paths in job.inputs.items()
    }
    history = checkpoint.with_suffix(".history.csv")
    files = TrainFiles(**inputs, checkpoints=[checkpoint], histories=[history])
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    if not checkpoint.exists():
        train_replicas(job.spec, files, Runtime(device="cpu"))
    return job.spec, files


class _Wildcards(SimpleNamespace):
    """Wildcards as Snakemake passes them."""

    def __init__(self, training: Training) -> None:
        super().__init__(**training._asdict())

    def items(self) -> list[tuple[str, str]]:
        return list(vars(self).items())


@dataclass
class Measurement:
    """A trained replica on the validation part of its fold, pooled over its conditions."""

    spec: TrainSpec
    files: TrainFiles
    replica: Replica

    def figures(self) -> dict[str, float]:
        """What z of an NMER carries; nothing of another model."""
        model = self._model
        if not isinstance(model, NMER):
            return {}
        with torch.no_grad():
            posteriors = [model.posterior(one) for one in self._received]
            mean, log_variance, invariant = map(torch.cat, zip(*posteriors, strict=True))
            joint = model.decode(mean, invariant)
            still = model.decode(mean.mean(dim=0).expand_as(mean), invariant)
            error = joint - self._target.repeat(len(posteriors), 1)
        figures = {
            "active_units": int((mean.var(dim=0, correction=0) > ACTIVE).sum()),
            "share_of_z": (_variance(joint - still) / _variance(joint)).item(),
            "unexplained": (error.square().sum(dim=1).mean() / _variance(self._target)).item(),
        }
        if model.settings.kl != "none":
            divergence = divergence_from_prior(mean, log_variance).sum(dim=1).mean()
            figures["kl_nats"] = divergence.item()
            figures["validation_ua_drawn"] = self._ua_drawn(model, mean, log_variance, invariant)
        return figures

    def _ua_drawn(
        self, model: NMER, mean: Tensor, log_variance: Tensor, invariant: Tensor
    ) -> float:
        """Validation UA of predictions that draw z."""
        task, truth = self._corpus.task, np.tile(self._labels, len(self._received))
        torch.manual_seed(0)
        reached = []
        for _ in range(DRAWS):
            with torch.no_grad():
                z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
                decided = task.decide(model.classifier(model.decode(z, invariant)))
            reached.append(task.selection.of(truth, decided.numpy()))
        return float(np.mean(reached))

    @cached_property
    def _corpus(self):
        spec, files = self.spec, self.files
        return read_labelled_corpus(
            files.utterances, files.folds, spec.modalities, files.features, spec.task
        )

    @cached_property
    def _model(self):
        trusted = [self.spec.model.implementation, self.spec.task.implementation]
        return load_checkpoint(self.files.checkpoints[0], trusted)[0]

    @cached_property
    def _labels(self):
        return self._corpus.target[self._corpus.parts[self.replica.fold]["validation"]]

    @cached_property
    def _received(self) -> list[dict[str, Tensor]]:
        """Embeddings of the validation part under each condition."""
        (corruption,) = self.spec.corruptions
        names = [modality.name for modality in self.spec.modalities]
        conditions = training_conditions(names, self.spec.protocol.build(), corruption)
        of_fold = corruption_of_fold(
            corruption, read_alpha_bars(self.files.schedules[0]), self.replica.fold
        )
        clean, noisy = self._embed(self._model, NO_CORRUPTION), self._embed(self._model, of_fold)
        received = [combine(clean, noisy, is_clean)[0] for is_clean in conditions.is_clean]
        return [{m: values[0] for m, values in one.items()} for one in received]

    @cached_property
    def _target(self) -> Tensor:
        """The teacher's features of the clean validation part."""
        teacher = load_checkpoint(self.files.teachers[0])[0]
        clean = self._embed(teacher, NO_CORRUPTION)
        return torch.cat([values[0] for values in clean.values()], dim=1)

    def _embed(self, model, corruption) -> dict[str, Tensor]:
        _, normalisers, _ = load_checkpoint(
            self.files.checkpoints[0], [self.spec.model.implementation]
        )
        rows = self._corpus.parts[self.replica.fold]["validation"]
        cpu = torch.device("cpu")
        frames = evaluation_frames(
            load_frames(self._corpus, cpu),
            normalisers,
            self._corpus.utterances,
            rows,
            "validation",
            corruption,
        )
        return embed(Nets([model], cpu), PaddedPart.of([frames]))


def _variance(values: Tensor) -> Tensor:
    """Sum over dimensions of the variance over rows."""
    return values.var(dim=0, correction=0).sum()


if __name__ == "__main__":
    main()
