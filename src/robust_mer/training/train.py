"""Training the replicas (folds and seeds) of one model: several at a time, as one."""

import hashlib
import json
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from robust_mer.corruption.draws import send
from robust_mer.data import Corpus, Normaliser, fit_normalisers, read_corpus
from robust_mer.errors import InputError
from robust_mer.faults import is_out_of_gpu_memory
from robust_mer.files import sha256
from robust_mer.jobs import log
from robust_mer.metrics import ua, wa
from robust_mer.models.fitted import FittedModel
from robust_mer.models.model import Batch, Model
from robust_mer.protocol import CLEAN, Corruption, noise_specs, parse_trained_on
from robust_mer.training.checkpoint import build_model, load_checkpoint
from robust_mer.training.fit import fit_replica
from robust_mer.training.frames import Frames, Normalise, load_frames, pad
from robust_mer.training.nets import Nets, Optimiser
from robust_mer.training.predict import PaddedPart, combine, embed, pick_device
from robust_mer.training.replica import (
    NO_CORRUPTION,
    CorruptionOfFold,
    EpochDraws,
    Replica,
    corrupt_afresh,
    corruption_of_fold,
    evaluation_frames,
    replica_seed,
    training_conditions,
)
from robust_mer.training.saved import Saved, corpus_identity

Key = tuple[int, int]  # fold and seed

_FILLS_A_GPU = 10  # replicas below which a job says that it could have more


def train_replicas(
    checkpoints: dict[Key, str | Path],
    histories: dict[Key, str | Path],
    utterances_csv: str | Path,
    folds_csv: str | Path,
    features: dict[str, str | Path],
    corruptions: dict[str, dict],
    alpha_bars: dict[str, dict[tuple[int, str], float]],
    teachers: dict[Key, str | Path],
    trained_on: str,
    model: dict,
    normalise: dict[str, bool],
    not_finite: dict[str, float | None],
    code: str,
    device: str,
    max_replicas: int | None,
    threads: int,
    save_every: float = 60.0,
) -> None:
    """Train a model on some folds with some seeds; write each one's best epoch and history.

    Training noise is drawn anew at every access, one random condition per sample. Validation data
    carry the same corruption with fixed noise of their own; the epoch with the highest validation
    UA, pooled over the training conditions, is kept. Test data are not looked at.

    Where there are several corruptions, every sample meets one of them, drawn anew at every access
    too, and the validation UA is the mean of those under each.

    A replica's draws depend on its fold and seed alone, not on which others train beside it.
    Replicas that were trained before, with the same data, settings and code, are taken over, and
    those that were broken off go on where they were saved last.

    Args:
        checkpoints: The .safetensors file to write, per fold and seed.
        histories: The csv to write, a row an epoch, per fold and seed.
        utterances_csv: The index.
        folds_csv: The folds.
        features: Feature file per modality.
        corruptions: By name, ``noises`` of a corruption, as `robust_mer.config.Config.noises` tells
            them, and ``seed`` of its noise in the validation data. ``clean`` has no noises.
        alpha_bars: By name, abar by (fold, modality) from the corruption's schedule.
        teachers: Checkpoint per fold and seed, where the model needs a teacher.
        trained_on: e.g. ``clean``, ``gaussian_-10dB`` or ``gaussian_-10dB_none``.
        model: ``implementation`` and ``settings``.
        normalise: Per modality, whether features are normalised.
        not_finite: Per modality, what takes the place of values that are not finite; None: they
            are an error.
        code: Identity of the code, which a replica that is taken over must share.
        device: ``auto``, ``cpu`` or ``cuda``.
        max_replicas: How many are trained as one at most; None: one on a CPU, all on a GPU.
        threads: CPU threads for torch.
        save_every: Seconds after which replicas are saved, at the end of an epoch; 0: at every one.

    Raises:
        InputError: a fold cannot be trained on, training diverged, or memory does not suffice.
    """
    torch.set_num_threads(threads)
    where = pick_device(device)
    corpus = read_corpus(utterances_csv, folds_csv, features, not_finite)
    _, which = parse_trained_on(trained_on)
    conditions = [
        training_conditions(list(features), which if how["noises"] else CLEAN, how["noises"])
        for how in corruptions.values()
    ]
    shared = {
        "model": model,
        "trained_on": trained_on,
        "normalise": normalise,
        "corruptions": corruptions,
        "code": code,
        "corpus": corpus_identity(corpus),
        "torch": torch.__version__,
    }
    normalisers: dict[int, dict[str, Normaliser]] = {}
    courses = []
    for fold, seed in checkpoints:
        parts = _check_fold(corpus, fold, folds_csv)
        if fold not in normalisers:
            normalisers[fold] = fit_normalisers(corpus, fold, normalise)
        of_fold = [
            corruption_of_fold(
                Corruption(name, noise_specs(how["noises"]), how["seed"]),
                alpha_bars.get(name, {}),
                fold,
            )
            for name, how in corruptions.items()
        ]
        replica = Replica(fold, seed, parts, normalisers[fold], of_fold, conditions)
        teacher = teachers.get((fold, seed))
        facts = {
            **model,
            "widths": {m: len(store.names) for m, store in corpus.features.items()},
            "classes": corpus.classes,
            "trained_on": trained_on,
            "fold": fold,
            "seed": seed,
            "device": torch.cuda.get_device_name(where) if where.type == "cuda" else "cpu",
        }
        identity = _identity(shared, replica, teacher)
        saved = Saved(checkpoints[fold, seed], histories[fold, seed], identity)
        courses.append(_Course(replica, facts, teacher, saved))
    _train_all(courses, corpus, where, max_replicas, save_every)
    diverged = [course for course in courses if course.diverged]
    if diverged:
        raise InputError(
            f"training diverged, the loss is no longer finite: {'; '.join(map(str, diverged))}. "
            f"Lower the learning_rate. The other {len(courses) - len(diverged)} replicas are kept"
        )
    for course in courses:
        course.saved.publish()


@dataclass(eq=False)
class _Course:
    """A replica on its way through the epochs."""

    replica: Replica
    facts: dict
    teacher: str | Path | None
    saved: Saved
    history: list[dict] = field(default_factory=list)
    diverged: bool = False

    def __str__(self) -> str:
        return f"fold {self.replica.fold}, seed {self.replica.seed}"

    @property
    def best_epoch(self) -> int:
        """The first epoch with the highest validation UA."""
        return max(self.history, key=lambda row: (row["validation_ua"], -row["epoch"]))["epoch"]


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


def _identity(shared: dict, replica: Replica, teacher: str | Path | None) -> str:
    """Hash of all that makes a replica what it is."""
    own = {
        "fold": replica.fold,
        "seed": replica.seed,
        "parts": {part: rows.tolist() for part, rows in replica.parts.items() if part != "test"},
        "alpha_bar": [
            {modality: how.alpha_bar for modality, how in corruption.modalities.items()}
            for corruption in replica.corruptions
        ],
        "teacher": None if teacher is None else sha256(teacher),
    }
    return hashlib.sha256(json.dumps([shared, own], sort_keys=True).encode()).hexdigest()


def _train_all(
    courses: list[_Course],
    corpus: Corpus,
    device: torch.device,
    max_replicas: int | None,
    save_every: float,
) -> None:
    """Train what is not finished, as many replicas at a time as there may be and memory holds."""
    waiting = []
    for course in courses:
        if course.saved.is_finished():
            log.info("%s was trained before on the same data: taken over", course)
            continue
        course.history = course.saved.history(device.type)
        if course.history:
            log.info("%s goes on after epoch %d", course, len(course.history))
        waiting.append(course)
    if not waiting:
        return
    if isinstance(build_model(waiting[0].facts), FittedModel):
        _fit_all(waiting, corpus)
        return
    width = max_replicas or (1 if device.type == "cpu" else len(waiting))
    frames: dict[str, Frames] = {}
    if device.type == "cuda" and len(waiting) < _FILLS_A_GPU:
        log.info(
            "%d replicas leave a GPU idle for much of the time: a larger training.folds_per_job "
            "gives a job more of them",
            len(waiting),
        )
    while waiting:
        # Those that were broken off at the same epoch go on together.
        begun = len(waiting[0].history)
        wave = [course for course in waiting if len(course.history) == begun][:width]
        behind = len(waiting) - len(wave)
        try:
            frames = frames or load_frames(corpus, device)
            _Wave(wave, corpus, frames, save_every, behind).run()
        except RuntimeError as error:
            if not is_out_of_gpu_memory(error):
                raise
            if len(wave) == 1:
                raise InputError(
                    "the memory of the GPU does not suffice for one replica. Lower the "
                    f"batch_size of the model, or set training.device to cpu ({error})"
                ) from None
            short = True
        else:
            short = False
        if short:  # out here the error no longer holds on to the wave's tensors
            width = -(-len(wave) // 2)
            torch.cuda.empty_cache()
            log.warning("out of memory with %d replicas as one: going on with %d", len(wave), width)
            for course in wave:
                course.history = course.saved.history(device.type)
            continue
        waiting = [course for course in waiting if course not in wave]


def _fit_all(courses: list[_Course], corpus: Corpus) -> None:
    frames = load_frames(corpus, torch.device("cpu"))
    for course in courses:
        torch.manual_seed(replica_seed(course.replica.seed, course.replica.fold, "model"))
        model = build_model(course.facts)
        course.history = fit_replica(model, course.replica, corpus, frames)
        log.info("%s: fitted, validation UA %.3f", course, course.history[0]["validation_ua"])
        facts = {**course.facts, "selected_epoch": 1}
        history = pd.DataFrame(course.history).to_csv(index=False)
        course.saved.finish(model, course.replica.normalisers, facts, history)


class _Wave:
    """Some replicas that train as one. One instance trains them once."""

    def __init__(
        self,
        courses: list[_Course],
        corpus: Corpus,
        frames: dict[str, Frames],
        save_every: float,
        behind: int,
    ) -> None:
        self.courses, self.frames, self.save_every = courses, frames, save_every
        self.behind = behind  # how many replicas wait for the end of this wave
        self.replicas = [course.replica for course in courses]
        self.device = next(iter(frames.values())).values.device
        self.conditions = self.replicas[0].conditions
        # by replica and modality, what each of its corruptions does to that
        self.corruptions = [
            {m: [each.modalities.get(m) for each in replica.corruptions] for m in frames}
            for replica in self.replicas
        ]
        self.settings = courses[0].facts["settings"]
        self.label = torch.from_numpy(corpus.label).to(self.device)
        self.normalise = [
            {m: Normalise.on(self.device, n) for m, n in replica.normalisers.items()}
            for replica in self.replicas
        ]
        models, teachers = [], []
        for course in courses:
            torch.manual_seed(replica_seed(course.replica.seed, course.replica.fold, "model"))
            model = build_model(course.facts)
            if course.teacher is not None:
                teachers.append(load_checkpoint(course.teacher)[0])
                model.start_from(teachers[-1])
            models.append(model)
        self.needs_clean = models[0].needs_clean
        self.nets = Nets(models, self.device)
        self.optimiser = Optimiser(self.nets, self.settings)
        self.best = self.nets.weights.clone()
        for place, course in enumerate(courses):
            if course.history:
                self._load(place, course.saved.tensors())
        self.targets = self._teach(teachers, corpus) if teachers else {}
        self._prepare_validation(corpus)

    def run(self) -> None:
        """Train all epochs and keep every replica's best one."""
        settings, courses = self.settings, self.courses
        begun = len(courses[0].history)
        epochs = settings["epochs_constant"] + settings["epochs_falling"]
        log.info(
            "%s%s: %d parameters, %d training utterances, %s",
            courses[0],
            f" to {courses[-1]} as one ({len(courses)} replicas)" if len(courses) > 1 else "",
            self.nets.weights.shape[1],
            len(self.replicas[0].parts["train"]),
            self.device,
        )
        started = said = saved = time.monotonic()
        patience = self.save_every
        for epoch in range(begun + 1, epochs + 1):
            before = time.monotonic()
            rate = self.optimiser.set_epoch(epoch)
            losses = self._train_epoch(epoch)
            figures = self._validate()
            now = time.monotonic()
            for place, course in enumerate(courses):
                if course.diverged:
                    continue
                row = {"epoch": epoch, "learning_rate": rate, **losses[place], **figures[place]}
                # its own share of the time of all that train as one
                course.history.append({**row, "seconds": round((now - before) / len(courses), 3)})
                if course.best_epoch == epoch:
                    self.best[place] = self.nets.weights[place]
            if epoch in (begun + 1, epochs) or now - said > 10:
                said = now
                waves_behind = -(-self.behind // len(courses))
                self._say(
                    epoch,
                    epochs,
                    (now - started) / (epoch - begun) * (epochs - epoch + epochs * waves_behind),
                )
            if all(course.diverged for course in courses):
                return
            if epoch < epochs and now - saved > patience:
                self._save()
                saved = time.monotonic()
                # Where saving is slow, at most a twentieth of the time goes into it.
                patience = max(self.save_every, 20 * (saved - now)) if self.save_every else 0.0
        for place, course in enumerate(courses):
            if not course.diverged:
                self._finish(place, course)

    def _train_epoch(self, epoch: int) -> list[dict[str, float]]:
        """One epoch of every replica: mean parts of the loss."""
        size = self.settings["batch_size"]
        draws = [
            EpochDraws.of(replica, epoch, size, self.nets.sites, self.device)
            for replica in self.replicas
        ]
        sums, names = torch.zeros(()), []
        for step in range(max(len(drawn.keys) for drawn in draws)):
            for count, which in self._of_one_size(draws, step).items():
                batch, keys = self._batch(which, draws, step, size)
                parts = self.nets.backward(which, batch, keys, self.settings["clip_norm"])
                self.optimiser.step(which)
                if not names:
                    names = list(parts)
                    sums = torch.zeros(len(names), len(self.replicas), device=self.device)
                sums[:, which] += torch.stack(list(parts.values())) * count
        counts = [len(replica.parts["train"]) for replica in self.replicas]
        means = [
            dict(zip(names, (np.array(values) / count).tolist(), strict=True))
            for values, count in zip(sums.T.tolist(), counts, strict=True)
        ]
        finite = self.nets.weights.isfinite().all(dim=1).tolist()
        for place, course in enumerate(self.courses):
            is_finite = finite[place] and np.isfinite(means[place]["loss"])
            if not (is_finite or course.diverged):
                log.error("%s diverged in epoch %d and is left out", course, epoch)
                course.diverged = True
        return means

    def _of_one_size(self, draws: list[EpochDraws], step: int) -> dict[int, list[int]]:
        """Replicas by the number of samples that they have in a step.

        Folds differ in size, so at an epoch's end some replicas have a smaller batch, or none.
        """
        size, found = self.settings["batch_size"], defaultdict(list)
        for place, (drawn, course) in enumerate(zip(draws, self.courses, strict=True)):
            count = len(drawn.order[step * size : (step + 1) * size])
            if count and not course.diverged:
                found[count].append(place)
        return found

    def _batch(
        self, which: list[int], draws: list[EpochDraws], step: int, size: int
    ) -> tuple[Batch, Tensor]:
        samples = slice(step * size, (step + 1) * size)
        places = [draws[r].order[samples] for r in which]
        rows = [
            self.replicas[r].parts["train"][place] for r, place in zip(which, places, strict=True)
        ]
        received, lengths, clean = {}, {}, {}
        is_clean = np.stack([draws[r].is_clean[samples] for r in which])
        corruption = np.stack([draws[r].corruption[samples] for r in which])
        for column, (modality, frames) in enumerate(self.frames.items()):
            length = np.stack([frames.length[some] for some in rows])
            values = frames.take(np.concatenate(rows))
            for r, part in zip(which, values.split(length.sum(axis=1).tolist()), strict=True):
                self.normalise[r][modality](part)
            if self.needs_clean:
                clean[modality] = pad(values, length)
            if not is_clean[..., column].all():
                is_noisy = ~is_clean[..., column]
                self._add_noise(values, which, draws, modality, is_noisy, corruption, length)
            received[modality] = pad(values, length)
            lengths[modality] = send(length, self.device)
        targets = {}
        if self.targets:
            taught = send(np.stack(places), self.device)
            targets = {
                name: torch.stack([value[r][some] for r, some in zip(which, taught, strict=True)])
                for name, value in self.targets.items()
            }
        label = self.label[send(np.stack(rows), self.device)]
        keys = send(np.stack([draws[r].keys[step] for r in which]), self.device)
        batch = Batch(received, lengths, label, targets, send(is_clean, self.device), clean)
        return batch, keys

    def _add_noise(
        self,
        values: Tensor,
        which: list[int],
        draws: list[EpochDraws],
        modality: str,
        is_noisy: np.ndarray,
        corruption: np.ndarray,
        length: np.ndarray,
    ) -> None:
        """Fresh noise on the frames [n, D] of those utterances [k, B] that are noisy."""
        frames = send(np.repeat(is_noisy.ravel(), length.ravel()).nonzero()[0], self.device)
        parts = values.index_select(0, frames).split((length * is_noisy).sum(axis=1).tolist())
        received = [
            corrupt_afresh(
                part,
                length[row][is_noisy[row]],
                corruption[row][is_noisy[row]],
                self.corruptions[r][modality],
                draws[r].noise,
            )
            for row, (r, part) in enumerate(zip(which, parts, strict=True))
        ]
        values.index_copy_(0, frames, torch.cat(received))

    def _teach(self, teachers: list[Model], corpus: Corpus) -> dict[str, list[Tensor]]:
        """What each teacher says of its training part when that is clean; computed once.

        One teacher after the other: all at once would need a copy of the corpus for each.
        """
        taught = defaultdict(list)
        for replica, teacher in zip(self.replicas, teachers, strict=True):
            net = Nets([teacher], self.device)
            part = PaddedPart.of([self._part(corpus, replica, "train", NO_CORRUPTION)])
            of_zeros = embed(net, part.silent())
            for name, value in net.call("teach", embed(net, part), of_zeros).items():
                taught[name].append(value[0])
        return taught

    def _part(
        self, corpus: Corpus, replica: Replica, part: str, corruption: CorruptionOfFold
    ) -> dict[str, Frames]:
        return evaluation_frames(
            self.frames,
            replica.normalisers,
            corpus.utterances,
            replica.parts[part],
            part,
            corruption,
        )

    def _prepare_validation(self, corpus: Corpus) -> None:
        self.validation_label = [corpus.label[r.parts["validation"]] for r in self.replicas]
        clean = [self._part(corpus, r, "validation", NO_CORRUPTION) for r in self.replicas]
        self.validation_clean = PaddedPart.of(clean)
        self.validation_noisy = [
            self._validation_under(corpus, place) for place in range(len(self.conditions))
        ]

    def _validation_under(self, corpus: Corpus, place: int) -> PaddedPart:
        """Validation parts under one of the corruptions."""
        if not self.replicas[0].corruptions[place].modalities:
            return self.validation_clean
        noisy = [self._part(corpus, r, "validation", r.corruptions[place]) for r in self.replicas]
        return PaddedPart.of(noisy)

    def _validate(self) -> list[dict[str, float]]:
        """UA and WA of every replica, pooled over the conditions that it is trained under.

        Where it is trained on several corruptions, their means over these.
        """
        clean = embed(self.nets, self.validation_clean)
        found = [
            self._predict(clean, noisy, conditions)
            for noisy, conditions in zip(self.validation_noisy, self.conditions, strict=True)
        ]
        figures = []
        for place, label in enumerate(self.validation_label):
            own = {m: values[[place], : len(label)] for m, values in found[0][1].items()}
            health = self.nets.call("health", own, which=[place])
            pairs = [
                (
                    np.tile(label, predicted.shape[1]),
                    predicted[place, :, : len(label)].flatten().numpy(),
                )
                for predicted, _ in found
            ]
            figures.append(
                {
                    "validation_ua": float(np.mean([ua(*pair) for pair in pairs])),
                    "validation_wa": float(np.mean([wa(*pair) for pair in pairs])),
                    **{name: value.item() for name, value in health.items()},
                }
            )
        return figures

    def _predict(
        self, clean: dict[str, Tensor], part: PaddedPart, conditions: np.ndarray
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Classes [R, conditions, n] that a corrupted part is predicted to be of.

        And the embeddings that are received under the first of the conditions.
        """
        noisy = clean if part is self.validation_clean else embed(self.nets, part)
        predicted = [
            self.nets.call("predict", *combine(clean, noisy, is_clean)).argmax(dim=2)
            for is_clean in conditions
        ]
        return torch.stack(predicted, dim=1).cpu(), combine(clean, noisy, conditions[0])[0]

    def _say(self, epoch: int, epochs: int, left: float) -> None:
        courses = [course for course in self.courses if not course.diverged]
        if not courses:
            return
        last = [course.history[-1] for course in courses]
        found = [row["validation_ua"] for row in last]
        best = [max(row["validation_ua"] for row in course.history) for course in courses]
        log.info(
            "epoch %d of %d: loss %.4f, validation UA %.3f (best %.3f)%s, %.0f s left",
            epoch,
            epochs,
            np.mean([row["loss"] for row in last]),
            np.mean(found),
            np.mean(best),
            f", means of {len(last)} replicas ({min(found):.3f} to {max(found):.3f})"
            if len(last) > 1
            else "",
            left,
        )

    def _save(self) -> None:
        with ExitStack() as together:
            for place, course in enumerate(self.courses):
                if not course.diverged:
                    tensors = {
                        "weights": self.nets.weights[place],
                        "best": self.best[place],
                        **self.optimiser.state(place),
                    }
                    course.saved.save(together, tensors, course.history, self.device.type)

    def _load(self, place: int, tensors: dict[str, Tensor]) -> None:
        moments = dict(tensors)
        self.nets.load(place, moments.pop("weights"))
        self.best[place] = moments.pop("best")
        self.optimiser.load(place, moments)

    def _finish(self, place: int, course: _Course) -> None:
        if course.history[-1].get("active_latent_units") == 0:
            log.warning(
                "%s: the latent has collapsed, none of its units varies between utterances", course
            )
        facts = {**course.facts, "selected_epoch": course.best_epoch}
        history = pd.DataFrame(course.history).to_csv(index=False)
        model = self.nets.model(self.best[place])
        course.saved.finish(model, course.replica.normalisers, facts, history)
