"""Training one replica: a model on one fold with one seed, selected on validation data."""

import copy
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from robust_mer.corruption.draws import FreshDraws
from robust_mer.corruption.names import CLEAN, parse_trained_on
from robust_mer.corruption.noise import add_noise
from robust_mer.data import (
    Corpus,
    fit_normaliser,
    read_corpus,
    training_frames,
)
from robust_mer.errors import InputError
from robust_mer.files import whole
from robust_mer.jobs import log
from robust_mer.metrics import ua, wa
from robust_mer.models.model import Batch, Model
from robust_mer.training.checkpoint import build_model, load_checkpoint, save_checkpoint
from robust_mer.training.predict import combine, embed, pick_device
from robust_mer.training.replica import (
    NO_CORRUPTION,
    CorruptionOfFold,
    Frames,
    corrupted_part,
    corruption_of_fold,
    normalised_frames,
    replica_seed,
    selection_conditions,
    training_conditions,
)

_OPTIMISERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def train_replica(
    checkpoint: str | Path,
    history: str | Path,
    utterances_csv: str | Path,
    folds_csv: str | Path,
    features: dict[str, str | Path],
    alpha_bars: dict[tuple[int, str], float],
    teacher: str | Path | None,
    trained_on: str,
    fold: int,
    seed: int,
    model: dict,
    normalise: dict[str, bool],
    noise: dict | None,
    device: str,
    threads: int,
) -> None:
    """Train a model on one fold and write its best epoch and its history.

    Training noise is drawn anew at every access, one random condition per sample. Validation data
    carry the same corruption with fixed noise of their own; the epoch with the highest validation
    UA, pooled over the training conditions, is kept. Test data are not looked at.

    Args:
        checkpoint: The .safetensors file to write.
        history: The csv to write, a row an epoch.
        utterances_csv: The index.
        folds_csv: The folds.
        features: Feature file per modality.
        alpha_bars: abar by (fold, modality) from the noise schedule.
        teacher: Checkpoint of the same fold and seed, where the model needs one.
        trained_on: e.g. ``clean``, ``gaussian_-10dB`` or ``gaussian_-10dB_none``.
        fold: Which fold.
        seed: Which seed.
        model: ``implementation`` and ``settings``.
        normalise: Per modality, whether features are normalised.
        noise: ``implementation`` and ``settings`` of the noise, and ``seed`` of that in the
            validation data; None for ``clean``.
        device: ``auto``, ``cpu`` or ``cuda``.
        threads: CPU threads for torch.

    Raises:
        InputError: the fold cannot be trained on, or training diverged.
    """
    torch.set_num_threads(threads)
    where = pick_device(device)
    corpus = read_corpus(utterances_csv, folds_csv, features)
    parts = _check_fold(corpus, fold, folds_csv)
    modalities = list(features)
    corruption, which = parse_trained_on(trained_on)
    which = CLEAN if corruption == CLEAN else which
    normalisers = {
        modality: fit_normaliser(training_frames(store, parts["train"]), normalise[modality])
        for modality, store in corpus.features.items()
    }
    of_fold = corruption_of_fold(corruption, noise, alpha_bars, fold, modalities)
    facts = {
        **model,
        "widths": {m: len(store.names) for m, store in corpus.features.items()},
        "classes": corpus.classes,
        "trained_on": trained_on,
        "fold": fold,
        "seed": seed,
    }
    torch.manual_seed(replica_seed(seed, fold, "model"))
    net = build_model(facts)
    frames = normalised_frames(corpus, normalisers, where)
    targets: dict[str, Tensor] = {}
    if teacher is not None:
        master, _, _ = load_checkpoint(teacher)
        net.start_from(master)
        targets = _targets(master.to(where), frames)
    net.to(where)
    log.info(
        "fold %d, seed %d, trained on %s: %d parameters, %d training utterances, %s",
        fold,
        seed,
        trained_on,
        sum(p.numel() for p in net.parameters()),
        len(parts["train"]),
        where,
    )
    generator = torch.Generator(where).manual_seed(replica_seed(seed, fold, "data"))
    trainer = _Trainer(
        net, corpus, frames, parts, of_fold, which, targets, generator, model["settings"]
    )
    best, rows = trainer.run()
    net.load_state_dict(best)
    facts["selected_epoch"] = max(rows, key=lambda row: (row["validation_ua"], -row["epoch"]))[
        "epoch"
    ]
    with whole(history) as unfinished:
        pd.DataFrame(rows).to_csv(unfinished, index=False)
    save_checkpoint(checkpoint, net.cpu(), normalisers, facts)


def _check_fold(corpus: Corpus, fold: int, folds_csv: str | Path) -> dict[str, np.ndarray]:
    if fold not in corpus.parts:
        raise InputError(f"{folds_csv} has no fold {fold}, only {sorted(corpus.parts)}")
    parts = corpus.parts[fold]
    for part, rows in parts.items():
        if not len(rows):
            raise InputError(f"{folds_csv}: the {part} part of fold {fold} is empty")
    absent = set(range(len(corpus.classes))) - set(corpus.label[parts["train"]])
    if absent:
        names = ", ".join(corpus.classes[place] for place in sorted(absent))
        raise InputError(f"{folds_csv}: fold {fold} has no training utterance of: {names}")
    return parts


def _targets(teacher: Model, frames: dict[str, Frames]) -> dict[str, Tensor]:
    """What the teacher says of every utterance when clean; computed once, not in every epoch."""
    with torch.no_grad():
        return teacher.teach(embed(teacher, frames))


class _Trainer:
    """The loop. One instance trains one replica once."""

    def __init__(
        self,
        net: Model,
        corpus: Corpus,
        frames: dict[str, Frames],
        parts: dict[str, np.ndarray],
        corruption: CorruptionOfFold,
        which: str,
        targets: dict[str, Tensor],
        generator: torch.Generator,
        settings: dict,
    ) -> None:
        self.net, self.frames, self.corruption, self.targets = net, frames, corruption, targets
        self.settings = settings
        device = next(net.parameters()).device
        modalities = list(frames)
        self.label = torch.as_tensor(corpus.label, device=device)
        self.train_rows = torch.as_tensor(parts["train"], device=device)
        self.conditions = training_conditions(modalities, which).to(device)
        self.generator, self.draws = generator, FreshDraws(generator)
        rows = parts["validation"]
        self.selection = selection_conditions(modalities, which)
        self.validation_label = np.tile(corpus.label[rows], len(self.selection))
        self.validation_clean = corrupted_part(
            frames, corpus.utterances, rows, "validation", NO_CORRUPTION
        )
        self.validation_noisy = corrupted_part(
            frames, corpus.utterances, rows, "validation", corruption
        )

    def run(self) -> tuple[dict[str, Tensor], list[dict]]:
        """Train all epochs: the weights of the best one and the history."""
        settings = self.settings
        if settings["optimiser"] not in _OPTIMISERS:
            raise InputError(
                f"optimiser is {settings['optimiser']!r}, expected one of {list(_OPTIMISERS)}"
            )
        optimiser = _OPTIMISERS[settings["optimiser"]](
            self.net.parameters(),
            lr=settings["learning_rate"],
            weight_decay=settings["weight_decay"],
            fused=True,
        )
        constant, falling = settings["epochs_constant"], settings["epochs_falling"]
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda epoch: 1 - max(0, epoch + 1 - constant) / (falling + 1)
        )
        epochs = constant + falling
        best, best_ua, history = None, -1.0, []
        started = said = time.monotonic()
        for epoch in range(1, epochs + 1):
            row = {"epoch": epoch, "learning_rate": scheduler.get_last_lr()[0]}
            row |= self._train_epoch(optimiser)
            row |= self._validate()
            scheduler.step()
            history.append(row)
            if row["validation_ua"] > best_ua:
                best_ua = row["validation_ua"]
                best = copy.deepcopy(self.net.state_dict())
            now = time.monotonic()
            if epoch in (1, epochs) or now - said > 10:
                said = now
                log.info(
                    "epoch %d of %d: loss %.4f, validation UA %.3f (best %.3f), %.0f s left",
                    epoch,
                    epochs,
                    row["loss"],
                    row["validation_ua"],
                    best_ua,
                    (now - started) / epoch * (epochs - epoch),
                )
        if history[-1].get("active_latent_units") == 0:
            log.warning("the latent has collapsed: none of its units varies between utterances")
        return best, history

    def _train_epoch(self, optimiser: torch.optim.Optimizer) -> dict[str, float]:
        self.net.train()
        order = torch.randperm(
            len(self.train_rows), generator=self.generator, device=self.train_rows.device
        )
        sums: dict[str, Tensor] = {}
        for places in order.split(self.settings["batch_size"]):
            rows = self.train_rows[places]
            parts = self.net.loss(self._batch(rows))
            loss = torch.stack(list(parts.values())).sum()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            for part in self.net.sub_networks():
                torch.nn.utils.clip_grad_norm_(part.parameters(), self.settings["clip_norm"])
            optimiser.step()
            for name, value in {"loss": loss, **parts}.items():
                sums[name] = sums.get(name, 0) + value.detach() * len(rows)
        means = {name: float(value) / len(self.train_rows) for name, value in sums.items()}
        if not np.isfinite(means["loss"]):
            raise InputError(
                f"training diverged: the loss is {means['loss']}. Lower the learning_rate"
            )
        return means

    def _batch(self, rows: Tensor) -> Batch:
        drawn = torch.randint(
            len(self.conditions), (len(rows),), generator=self.generator, device=rows.device
        )
        is_clean = self.conditions[drawn]
        received, lengths = {}, {}
        for place, (modality, frames) in enumerate(self.frames.items()):
            values, lengths[modality] = frames.gather(rows)
            received[modality] = values
            if self.corruption.noise is not None:
                noise = self.corruption.noise(tuple(values.shape), self.draws)
                noisy = add_noise(values, noise, self.corruption.alpha_bar[modality])
                real = (
                    torch.arange(values.shape[1], device=rows.device) < lengths[modality][:, None]
                )
                spoilt = real & ~is_clean[:, place, None]
                received[modality] = torch.where(spoilt[..., None], noisy, values)
        targets = {name: value[rows] for name, value in self.targets.items()}
        return Batch(received, lengths, self.label[rows], targets)

    def _validate(self) -> dict[str, float]:
        self.net.eval()
        with torch.no_grad():
            clean = embed(self.net, self.validation_clean)
            noisy = (
                clean if self.corruption.noise is None else embed(self.net, self.validation_noisy)
            )
            predicted = np.concatenate(
                [
                    self.net(combine(clean, noisy, is_clean)).argmax(dim=1).cpu().numpy()
                    for is_clean in self.selection
                ]
            )
            health = self.net.health(combine(clean, noisy, self.selection[0]))
        return {
            "validation_ua": ua(self.validation_label, predicted),
            "validation_wa": wa(self.validation_label, predicted),
            **health,
        }
