"""Training the replicas (folds and seeds) of one model."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from robust_mer.corruption.corrupt import read_alpha_bars
from robust_mer.data import LabelledCorpus, Normaliser, fit_normalisers, read_labelled_corpus
from robust_mer.engine.corruption import corruption_of_fold
from robust_mer.engine.device import pick_device
from robust_mer.engine.frames import Frames, load_frames
from robust_mer.engine.nets import Nets
from robust_mer.engine.replica import ReplicaData, training_conditions
from robust_mer.errors import InputError
from robust_mer.faults import is_out_of_gpu_memory
from robust_mer.jobs import log
from robust_mer.models.fitted import FittedModel
from robust_mer.models.model import Model
from robust_mer.replicas import Replica
from robust_mer.runtime import Runtime
from robust_mer.training.fit import fit_replica
from robust_mer.training.held_out import HeldOutPart
from robust_mer.training.loop import LoopOptions, train_as_one
from robust_mer.training.peeking import Peeked, peek
from robust_mer.training.recorded import RecordedFeatures
from robust_mer.training.resume import (
    OnEpoch,
    ReplicaRun,
    identity,
    identity_of_test_part,
    waiting,
)
from robust_mer.training.saved import Saved, corpus_identity
from robust_mer.training.spec import TrainFiles, TrainSpec, validation_column

_FILLS_A_GPU = 10  # replicas; a job with fewer logs that it could have more


def train_replicas(
    spec: TrainSpec,
    files: TrainFiles,
    runtime: Runtime,
    save_every: float = 60.0,
    on_epoch: OnEpoch | None = None,
) -> None:
    """Train the replicas of a model; write the best epoch and the history of each.

    Each time a training sample is used, its condition and its noise are drawn again, and one of the
    draws of its corrupted recordings is picked. Validation data have the same corruption, with
    fixed noise and draw 1. The epoch with the best value of the task's selection metric, pooled
    over the training conditions, is kept. Test data are not used; an audit (``files.peeked``) keeps
    the answers for them after every epoch, which changes nothing else.

    With several corruptions, each sample's corruption is also drawn each time, and the metric is
    the mean over the corruptions.

    A replica's draws depend on its fold and seed only, not on the replicas that train with it.
    Replicas that an earlier job trained with the same data, settings and code are reused.
    Interrupted ones resume after the last saved epoch.

    Args:
        spec: What to train.
        files: Input and output files.
        runtime: Device, threads, and the largest number of replicas that train as one.
        save_every: Seconds between saves, at the end of an epoch; 0: after every epoch.
        on_epoch: Called after every epoch, before it is recorded, with its number and the replicas
            that train as one.

    A replica of a candidate of a tuned model may diverge; its metric is then NaN.

    Raises:
        InputError: a fold cannot be trained on, another training diverged, or memory does not
            suffice.
    """
    torch.set_num_threads(runtime.threads)
    device = pick_device(runtime.device)
    corpus = read_labelled_corpus(
        files.utterances, files.folds, spec.modalities, files.features, spec.task
    )
    recorded = RecordedFeatures.read(spec, files, corpus)
    runs = _prepare(spec, files, corpus, recorded, device)
    options = LoopOptions(save_every, on_epoch)
    unfinished = waiting(runs, device.type)
    if unfinished:
        model = unfinished[0].new_model()
        _say_what_becomes_of_layers(model)
        if isinstance(model, FittedModel):
            _fit_all(unfinished, corpus, recorded)
        else:
            _train_all(unfinished, corpus, recorded, device, runtime.max_replicas, options)
    diverged = [run for run in runs if run.diverged]
    if diverged and not spec.is_candidate:
        raise InputError(
            f"training diverged, the loss is no longer finite: {'; '.join(map(str, diverged))}. "
            f"Lower the learning_rate. Other replicas, which are kept: {len(runs) - len(diverged)}"
        )
    for run in diverged:
        run.give_up()
    for run in runs:
        run.saved.publish()


def _prepare(
    spec: TrainSpec,
    files: TrainFiles,
    corpus: LabelledCorpus,
    recorded: RecordedFeatures,
    device: torch.device,
) -> list[ReplicaRun]:
    """The replicas that the files name, before training."""
    schedules = iter(files.schedules)
    alpha_bars = [
        read_alpha_bars(next(schedules)) if corruption.noises else {}
        for corruption in spec.corruptions
    ]
    protocol = spec.protocol.build()
    names = [modality.name for modality in spec.modalities]
    is_present = corpus.is_present
    conditions = [training_conditions(names, protocol, one, is_present) for one in spec.corruptions]
    shared = {
        "spec": asdict(replace(spec, is_candidate=False)),
        "corpus": corpus_identity(corpus),
        "torch": torch.__version__,
        **recorded.identity(),
    }
    histories, teachers = _by_replica(files.histories), _by_replica(files.teachers)
    audited = _by_replica(files.peeked)
    normalisers: dict[int, dict[str, Normaliser]] = {}
    runs = []
    for key, checkpoint in _by_replica(files.checkpoints).items():
        parts = _check_fold(corpus, key.fold, files.folds)
        if key.fold not in normalisers:
            normalisers[key.fold] = fit_normalisers(corpus, key.fold)
        corruptions = [
            corruption_of_fold(corruption, of_folds, key.fold, recorded.begins)
            for corruption, of_folds in zip(spec.corruptions, alpha_bars, strict=True)
        ]
        data = ReplicaData(*key, parts, normalisers[key.fold], corruptions, conditions)
        teacher = teachers.get(key)
        peeked = audited.get(key)
        saved = Saved(
            checkpoint,
            histories[key],
            identity(shared, data, teacher),
            peeked,
            identity_of_test_part(data),
        )
        facts = _facts(spec, corpus, key, device)
        trusted = [spec.teacher or "", spec.task.implementation]
        run = ReplicaRun(data, facts, teacher, trusted, saved, corpus.task.selection)
        if peeked is not None:
            run.peeked = Peeked(data, corpus, [one.name for one in spec.corruptions])
        runs.append(run)
    return runs


def _by_replica(paths: list[Path]) -> dict[Replica, Path]:
    return {Replica.of(path): path for path in paths}


def _facts(
    spec: TrainSpec, corpus: LabelledCorpus, key: Replica, device: torch.device
) -> dict[str, Any]:
    """Facts of a replica's checkpoint."""
    return {
        **asdict(spec.model),
        "inputs": {
            modality.name: asdict(corpus.features[modality.name].shape(modality.encoder))
            for modality in spec.modalities
        },
        "task": {
            **asdict(spec.task),
            "description": corpus.task.describe(),
        },
        "trained_on": spec.trained_on,
        "fold": key.fold,
        "seed": key.seed,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
    }


def _check_fold(corpus: LabelledCorpus, fold: int, folds_csv: Path) -> dict[str, np.ndarray]:
    """Parts of a fold, after checking that it can be trained on."""
    if fold not in corpus.parts:
        raise InputError(f"{folds_csv} has no fold {fold}, only {sorted(corpus.parts)}")
    parts = corpus.parts[fold]
    for part, rows in parts.items():
        if not len(rows):
            raise InputError(f"{folds_csv}: the {part} part of fold {fold} is empty")
    if problem := corpus.task.problem(corpus.target[parts["train"]]):
        raise InputError(f"{folds_csv}: the training part of fold {fold} has {problem}")
    return parts


def _say_what_becomes_of_layers(model: Model) -> None:
    if model.layer_sums and (isinstance(model, FittedModel) or model.measures_data):
        log.info(
            "%s learns no weights of layers: it takes the plain mean of those of %s",
            type(model).__name__,
            ", ".join(model.layer_sums),
        )


def _fit_all(runs: list[ReplicaRun], corpus: LabelledCorpus, recorded: RecordedFeatures) -> None:
    """Fit replicas of a model without epochs, one after the other."""
    frames = load_frames(corpus, torch.device("cpu"), recorded.stores)
    for run in runs:
        model = run.new_model()
        assert isinstance(model, FittedModel)
        reached = fit_replica(model, run.data, corpus, frames)
        run.history = [{"epoch": 1, validation_column(run.selection): reached}]
        if run.peeked is not None:
            tested = HeldOutPart([run.data], corpus, frames, "test")
            peek(Nets([model], torch.device("cpu")), tested, {0: run.peeked})
        log.info("%s: fitted, validation %s %.3f", run, run.selection.title, reached)
        run.finish(model)


def _train_all(
    runs: list[ReplicaRun],
    corpus: LabelledCorpus,
    recorded: RecordedFeatures,
    device: torch.device,
    max_replicas: int | None,
    options: LoopOptions,
) -> None:
    """Train replicas, as many at a time as the settings and memory allow."""
    width = max_replicas or (1 if device.type == "cpu" else len(runs))
    if device.type == "cuda" and len(runs) < _FILLS_A_GPU:
        log.info(
            "a job of %d replicas leaves the GPU idle for much of the time; increase "
            "training.folds_per_job to give a job more replicas",
            len(runs),
        )
    frames: dict[str, Frames] = {}
    while runs:
        # Those that were interrupted at the same epoch resume together.
        begun = len(runs[0].history)
        wave = [run for run in runs if len(run.history) == begun][:width]
        try:
            frames = frames or load_frames(corpus, device, recorded.stores)
            train_as_one(wave, corpus, frames, options, waiting=len(runs) - len(wave))
        except RuntimeError as error:
            if not is_out_of_gpu_memory(error):
                raise
            if len(wave) == 1:
                raise InputError(
                    "the GPU has too little memory for one replica. Lower the batch_size of "
                    f"the model, or set training.device to cpu ({error})"
                ) from None
            is_short = True
        else:
            is_short = False
        if is_short:  # here, because inside `except` the error keeps the wave's tensors alive
            width = -(-len(wave) // 2)
            torch.cuda.empty_cache()
            log.warning(
                "out of memory with %d replicas at once: continuing with %d", len(wave), width
            )
            for run in wave:
                run.resume(device.type)
        else:
            runs = [run for run in runs if run not in wave]
